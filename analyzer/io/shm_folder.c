/*
 * shm_folder: see the header. Folders are opened one in the other, never by a path; what is no folder is not opened.
 */
#include "shm_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH = 32, OBJECTS = 1 << 20 }; /* beyond these it is not known */

static const char path[] = "/dev/shm";

/* On what mount an open folder is; false: the kernel does not say (before Linux 5.8). */
static bool look(int fd, uint64_t *mount, uint64_t *device)
{
	struct statx status;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &status) != 0 ||
	    !(status.stx_mask & STATX_MNT_ID))
		return false;
	*mount = status.stx_mnt_id;
	*device = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor;
	return true;
}

/* proc(5): "ID PARENT MAJOR:MINOR ROOT ...". A bind mount of a folder has that for its root. */
static bool is_whole(uint64_t mount)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t bytes = 0;
	bool whole = false;

	while (file && getline(&line, &bytes, file) > 0) {
		unsigned long long id;
		int root = 0;

		if (sscanf(line, "%llu %*u %*u:%*u %n", &id, &root) < 1 || !root || id != mount)
			continue;
		whole = strncmp(line + root, "/ ", 2) == 0;
		break;
	}
	free(line);
	if (file)
		fclose(file);
	return whole;
}

static bool add(struct shm_folder *folder, uint64_t inode)
{
	/* Full at each power of two. */
	if ((folder->count & (folder->count - 1)) == 0) {
		size_t count = folder->count ? 2 * folder->count : 1;
		uint64_t *grown = count <= OBJECTS
		                          ? reallocarray(folder->inodes, count, sizeof(*grown))
		                          : NULL;

		if (!grown)
			return false;
		folder->inodes = grown;
	}
	folder->inodes[folder->count++] = inode;
	return true;
}

static bool read_open(struct shm_folder *folder, int fd, unsigned depth);

static bool read_entry(struct shm_folder *folder, int parent, const struct dirent *entry,
                       unsigned depth)
{
	int fd;

	if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
		return true;
	if (entry->d_type != DT_DIR)
		return entry->d_type != DT_UNKNOWN && add(folder, entry->d_ino);
	fd = depth < DEPTH ? openat(parent, entry->d_name,
	                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
	                   : -1;
	if (fd < 0)
		return depth < DEPTH && errno == ENOENT;
	return read_open(folder, fd, depth + 1);
}

/* Takes the descriptor over. False: something in it is not known. */
static bool read_open(struct shm_folder *folder, int fd, unsigned depth)
{
	uint64_t mount, device;
	const struct dirent *entry;
	DIR *stream;
	bool known = look(fd, &mount, &device) && mount == folder->mount;

	stream = known ? fdopendir(fd) : NULL;
	if (!stream) {
		close(fd);
		return false;
	}
	while (known && (errno = 0, entry = readdir(stream)))
		known = read_entry(folder, fd, entry, depth);
	known = known && !errno;
	closedir(stream);
	return known;
}

static int compare(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static void read_all(struct shm_folder *folder)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	folder->is_read = true;
	if (fd < 0)
		return;
	if (!look(fd, &folder->mount, &folder->device) || !is_whole(folder->mount)) {
		close(fd);
		return;
	}
	folder->is_known = read_open(folder, fd, 0);
	if (folder->count)
		qsort(folder->inodes, folder->count, sizeof(*folder->inodes), compare);
}

/* One component; where it leads to, if it is a link, is not looked at. */
static bool is_named(const char *name)
{
	struct stat status;
	char file[300];

	return strchr(name, '/') ||
	       (size_t)snprintf(file, sizeof(file), "%s/%s", path, name) >= sizeof(file) ||
	       lstat(file, &status) == 0 || errno != ENOENT;
}

bool shm_folder_lost(struct shm_folder *folder, const char *name, uint64_t device, uint64_t inode)
{
	if (!inode || is_named(name))
		return false;
	if (!folder->is_read)
		read_all(folder);
	return folder->is_known && folder->device == device &&
	       !(folder->count &&
	         bsearch(&inode, folder->inodes, folder->count, sizeof(*folder->inodes), compare));
}

void shm_folder_release(struct shm_folder *folder)
{
	free(folder->inodes);
	*folder = (struct shm_folder) { 0 };
}
