/*
 * cache_folder.c: see cache_folder.h.
 */
#include "cache_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_ours(const struct stat *status)
{
	return status->st_uid == geteuid() && (status->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* The folder `name` in `parent`, made if need be, and ours. Closes parent. */
static int enter(int parent, const char *name)
{
	struct stat status;
	int fd;

	if (parent < 0)
		return -1;
	mkdirat(parent, name, S_IRWXU);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	close(parent);
	if (fd < 0 || (fstat(fd, &status) == 0 && is_ours(&status)))
		return fd;
	close(fd);
	return -1;
}

int cache_folder_open(void)
{
	const char *cache = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	int fd = -1;

	/* The XDG base directory specification: a relative path is to be ignored. */
	if (cache && cache[0] == '/') {
		mkdir(cache, S_IRWXU);
		fd = open(cache, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else if (home && home[0] == '/') {
		fd = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0) {
			int below;

			mkdirat(fd, ".cache", S_IRWXU);
			below = openat(fd, ".cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			close(fd);
			fd = below;
		}
	}
	return enter(enter(fd, "vmatrace"), "symbols");
}

static bool read_all(int fd, char *data, size_t bytes)
{
	for (size_t at = 0; at < bytes;) {
		ssize_t n = read(fd, data + at, bytes - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

void *cache_folder_read(int folder, const char *name, size_t limit, size_t *bytes)
{
	int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	char *data = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && is_ours(&status) &&
	    status.st_size > 0 && (size_t)status.st_size <= limit) {
		*bytes = (size_t)status.st_size;
		data = malloc(*bytes);
	}
	if (data && !read_all(fd, data, *bytes)) {
		free(data);
		data = NULL;
	}
	close(fd);
	return data;
}

static bool write_all(int fd, const char *data, size_t bytes)
{
	for (size_t at = 0; at < bytes;) {
		ssize_t n = write(fd, data + at, bytes - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

bool cache_folder_write(int folder, const char *name, const void *data, size_t bytes)
{
	char temporary[64];
	bool fine;
	int fd;

	/* A thread's own: diff's two write here at once. */
	snprintf(temporary, sizeof(temporary), ".new.%ld", (long)gettid());
	/* Of a run that was killed and had our number. */
	unlinkat(folder, temporary, 0);
	fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	            S_IRUSR | S_IWUSR);
	if (fd < 0)
		return false;
	fine = write_all(fd, data, bytes);
	fine = close(fd) == 0 && fine;
	fine = fine && renameat(folder, temporary, folder, name) == 0;
	if (!fine)
		unlinkat(folder, temporary, 0);
	return fine;
}

struct entry {
	struct timespec written;
	char name[256];
};

static int older_first(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	if (a->written.tv_sec != b->written.tv_sec)
		return a->written.tv_sec < b->written.tv_sec ? -1 : 1;
	return (a->written.tv_nsec > b->written.tv_nsec) -
	       (a->written.tv_nsec < b->written.tv_nsec);
}

static struct entry *list_files(DIR *stream, size_t *count)
{
	struct entry *entries = NULL;
	struct dirent *found;

	*count = 0;
	while ((found = readdir(stream))) {
		struct entry *grown;
		struct stat status;

		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0 ||
		    fstatat(dirfd(stream), found->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		grown = reallocarray(entries, *count + 1, sizeof(*entries));
		if (!grown)
			break;
		entries = grown;
		entries[*count].written = status.st_mtim;
		snprintf(entries[*count].name, sizeof(entries->name), "%s", found->d_name);
		++*count;
	}
	return entries;
}

void cache_folder_trim(int folder, size_t most)
{
	/* Not a duplicate: the position of the stream would be the folder's. */
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct entry *entries;
	size_t count;

	if (!stream) {
		if (fd >= 0)
			close(fd);
		return;
	}
	entries = list_files(stream, &count);
	if (count > most) {
		qsort(entries, count, sizeof(*entries), older_first);
		for (size_t i = 0; i < count - most * 3 / 4; i++)
			unlinkat(folder, entries[i].name, 0);
	}
	free(entries);
	closedir(stream);
}
