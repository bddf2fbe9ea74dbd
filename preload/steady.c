/*
 * steady.c: see the header. Measured on Linux 6.18: all pages of a file stored to and written back, the disk filled
 * by another, each page stored to again. tmpfs, ext4, xfs: no SIGBUS; btrfs: one for each page, none with chattr +C,
 * and one for each page all the same where a qgroup is at its limit. fallocate changes nothing of that.
 */
#include "steady.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#include "raw_syscall.h"
#include "text.h"

enum {
	MAJOR = 6, /* the first Linux that stores in place without taking room first */
	MINOR = 17,
};

struct entry { /* getdents64(2) */
	uint64_t inode;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

static bool kernel_stores_in_place(void)
{
	struct utsname name;
	const char *at = name.release;
	uint64_t major, minor = 0;

	if (raw_failed(RAW_1(SYS_uname, &name)))
		return false;
	major = text_parse(&at, 10);
	if (*at++ == '.')
		minor = text_parse(&at, 10);
	return major > MAJOR || (major == MAJOR && minor >= MINOR);
}

/* The number that a file of sysfs in that folder holds; 0: none. */
static uint64_t number_in(long folder, const char *group, const char *file)
{
	char path[128], number[32] = "";
	struct text text = text_in(path, sizeof(path));
	const char *at = number;
	long fd;

	text_string(&text, group);
	text_byte(&text, '/');
	text_string(&text, file);
	fd = text.cut ? -1 : RAW_4(SYS_openat, folder, path, O_RDONLY | O_CLOEXEC, 0);
	if (raw_failed(fd))
		return 0;
	RAW_3(SYS_read, fd, number, sizeof(number) - 1);
	RAW_1(SYS_close, fd);
	return text_parse(&at, 10);
}

static bool any_is_limited(long folder)
{
	uint64_t buffer[128];
	long got;

	while ((got = RAW_3(SYS_getdents64, folder, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			const struct entry *entry = (const void *)((const char *)buffer + at);

			if (entry->name[0] != '.' && number_in(folder, entry->name, "limit_flags"))
				return true;
			at += entry->bytes;
		}
	}
	return false;
}

/* Which qgroups a file is charged to only root may ask: one with a limit anywhere is one too many. */
static bool has_quota(long fd)
{
	struct btrfs_ioctl_fs_info_args info = { 0 };
	char path[128];
	struct text text = text_in(path, sizeof(path));
	bool limited;
	long folder;

	if (raw_failed(RAW_3(SYS_ioctl, fd, BTRFS_IOC_FS_INFO, &info)))
		return false;
	text_string(&text, "/sys/fs/btrfs/");
	for (unsigned i = 0; i < sizeof(info.fsid); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text_byte(&text, '-');
		text_number(&text, info.fsid[i] >> 4, 16);
		text_number(&text, info.fsid[i] & 15, 16);
	}
	text_string(&text, "/qgroups");
	folder = RAW_4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (raw_failed(folder))
		return false;
	limited = any_is_limited(folder);
	RAW_1(SYS_close, folder);
	return limited;
}

/* False: the file system has no such files. */
static bool set_no_copy_on_write(long fd)
{
	int flags = 0;

	if (raw_failed(RAW_3(SYS_ioctl, fd, FS_IOC_GETFLAGS, &flags)))
		return false;
	flags |= FS_NOCOW_FL;
	return !raw_failed(RAW_3(SYS_ioctl, fd, FS_IOC_SETFLAGS, &flags));
}

bool steady_make(long fd)
{
	struct statfs system;

	if (raw_failed(RAW_2(SYS_fstatfs, fd, &system)))
		return true;
	/* An overlay passes the attribute on: what takes it is btrfs below. */
	if (system.f_type != BTRFS_SUPER_MAGIC && system.f_type != OVERLAYFS_SUPER_MAGIC)
		return true;
	if (!set_no_copy_on_write(fd))
		return system.f_type != BTRFS_SUPER_MAGIC;
	return kernel_stores_in_place() && !has_quota(fd);
}
