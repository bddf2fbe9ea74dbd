/*
 * symbol_open.c: see symbol_open.h.
 */
#include "symbol_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* O_PATH opens the name, not the file. */
enum { NAME_FLAGS = O_PATH | O_CLOEXEC };

/* openat2(2), RESOLVE_IN_ROOT: as if the process had done chroot(root). Linux 5.6. */
static int name_in_root(const char *root, const char *path)
{
	const struct open_how how = {
		.flags = NAME_FLAGS,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int folder = open(root, NAME_FLAGS | O_DIRECTORY);
	int fd = -1;
	char *joined;

	if (folder < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
	close(folder);
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	/* An older kernel, or a sandbox that does not know the call: links may then lead out of the root. */
	if (asprintf(&joined, "%s/%s", root, path) < 0)
		return -1;
	fd = open(joined, NAME_FLAGS);
	free(joined);
	return fd;
}

int open_regular(const char *root, const char *path, struct stat *status)
{
	int name = root ? name_in_root(root, path) : open(path, NAME_FLAGS);
	char link[32];
	int fd = -1;

	if (name < 0)
		return -1;
	if (fstat(name, status) == 0 && S_ISREG(status->st_mode)) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", name);
		/* Some regular files of /proc and /sys block too. */
		fd = open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	}
	close(name);
	return fd;
}
