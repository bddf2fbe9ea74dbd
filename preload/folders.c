/*
 * folders.c: see the header. Raw system calls only: before libc is initialised.
 */
#include "folders.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "raw_syscall.h"

void folders_make(char *path)
{
	for (char *at = path + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		RAW_3(SYS_mkdirat, AT_FDCWD, path, 0700);
		*at = '/';
	}
}

/* The rule of linux:fs/namei.c, may_follow_link. */
static bool may_follow(const struct stat *folder, const struct stat *link, uid_t user)
{
	return (folder->st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH) ||
	       link->st_uid == user || link->st_uid == folder->st_uid;
}

bool folders_are_safe(char *path)
{
	uid_t user = (uid_t)RAW_1(SYS_geteuid, 0);
	struct stat folder, here;
	bool safe = true;

	if (raw_failed(RAW_4(SYS_newfstatat, AT_FDCWD, "/", &folder, 0)))
		return true;
	for (char *at = path + 1; safe && *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (raw_failed(RAW_4(SYS_newfstatat, AT_FDCWD, path, &here, AT_SYMLINK_NOFOLLOW))) {
			*at = '/';
			return true; /* from here on there is nothing yet */
		}
		if (S_ISLNK(here.st_mode)) {
			safe = may_follow(&folder, &here, user);
			if (safe && raw_failed(RAW_4(SYS_newfstatat, AT_FDCWD, path, &here, 0)))
				safe = false;
		}
		folder = here;
		*at = '/';
	}
	return safe;
}
