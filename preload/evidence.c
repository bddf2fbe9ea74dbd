/*
 * evidence.c: which effect wants what evidence (reference: linux:mm/mmap.c, mm/mprotect.c, mm/mremap.c;
 * the failing calls that change the map all the same are those of mmap(MAP_FIXED), mprotect, mremap).
 */
#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "depot.h"
#include "raw_syscall.h"
#include "resource_limits.h"
#include "snapshot.h"
#include "text.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum {
	PATH_BYTES = 512, /* on the program's stack; longer ones go straight to the arena */
	LONG_PATH_BYTES = 4096,
	HUGE_PAGE = 2 << 20,
};

static void rows(struct recording *recording, uint64_t start, uint64_t length)
{
	recording->event.rows = snapshot_rows(start, start + length);
}

/* dev_t to the two numbers that maps prints (linux:include/linux/kdev_t.h, new_encode_dev). */
static void split_device(struct vmat_object *object, uint64_t device)
{
	object->dev_major = (uint32_t)((device >> 8) & 0xfff);
	object->dev_minor = (uint32_t)((device & 0xff) | ((device >> 12) & 0xfff00));
}

/*
 * True if maps names another device than fstat: btrfs has one for each subvolume, overlays one for each layer.
 * All of those have major 0, and so has tmpfs, which does not lie.
 */
static bool device_is_another(const struct vmat_object *object, int fd)
{
	struct statfs system;

	return object->dev_major == 0 && !raw_failed(RAW_2(SYS_fstatfs, fd, &system)) &&
	       (system.f_type == BTRFS_SUPER_MAGIC || system.f_type == OVERLAYFS_SUPER_MAGIC);
}

/* The file behind fd as maps will name it. False: it is none whose row could be foretold. */
static bool take_file(struct recording *recording, int fd)
{
	char name[32], path[PATH_BYTES];
	struct text text = text_in(name, sizeof(name));
	struct vmat_object object = { 0 };
	struct stat status;
	char *payload;
	long bytes;

	if (raw_failed(RAW_2(SYS_fstat, fd, &status)))
		return false;
	split_device(&object, status.st_dev);
	object.inode = status.st_ino;
	text_string(&text, "/proc/thread-self/fd/");
	text_number(&text, (uint64_t)fd, 10);
	bytes = RAW_4(SYS_readlinkat, AT_FDCWD, name, path, sizeof(path));
	if (raw_failed(bytes))
		return false;
	if (bytes < PATH_BYTES) {
		recording->event.object = depot_object(&object, path, (size_t)bytes);
	} else {
		payload = depot_begin(sizeof(object) + LONG_PATH_BYTES, &recording->event.object);
		if (!payload)
			return false;
		__builtin_memcpy(payload, &object, sizeof(object));
		bytes = RAW_4(SYS_readlinkat, AT_FDCWD, name, payload + sizeof(object),
		              LONG_PATH_BYTES);
		depot_finish(payload, recording->event.object, VMAT_RECORD_OBJECT,
		             sizeof(object) + LONG_PATH_BYTES,
		             sizeof(object) + (raw_failed(bytes) ? 0 : (size_t)bytes));
	}
	/* hugetlbfs files are regular, but lengths are rounded to their block, a huge page. */
	return S_ISREG(status.st_mode) && status.st_blksize < HUGE_PAGE &&
	       !device_is_another(&object, fd);
}

static void before_mapping(struct recording *recording)
{
	uint64_t flags = recording->event.args[3];

	if (!(flags & MAP_ANONYMOUS))
		recording->rows_wanted = !take_file(recording, (int)recording->event.args[4]);
	else if ((flags & MAP_TYPE) != MAP_PRIVATE || (flags & MAP_HUGETLB))
		recording->rows_wanted =
			true; /* an inode, or a length, that only the kernel knows */
}

static void after_mapping(struct recording *recording)
{
	const struct vmat_event *event = &recording->event;
	uint64_t flags = event->args[3];

	if (!event->error && recording->rows_wanted)
		rows(recording, event->result, event->args[1]);
	else if (event->error && (flags & MAP_FIXED) && !(flags & MAP_FIXED_NOREPLACE))
		rows(recording, event->args[0], event->args[1] + HUGE_PAGE);
}

static void after_protecting(struct recording *recording)
{
	const struct vmat_event *event = &recording->event;

	if (event->error || recording->rows_wanted ||
	    (event->args[2] & (PROT_GROWSDOWN | PROT_GROWSUP)))
		rows(recording, event->args[0], event->args[1]);
}

static void after_unmapping(struct recording *recording)
{
	if (recording->rows_wanted)
		rows(recording, recording->event.args[0], recording->event.args[1]);
}

/* What the program left in the register of an argument that its flags say is not there. */
static void before_moving(struct recording *recording)
{
	if (!(recording->event.args[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		recording->event.args[4] = 0;
}

/* A failed MREMAP_FIXED may have moved some and unmapped some: the rows of both ranges, lower one first. */
static void after_moving(struct recording *recording)
{
	const struct vmat_event *event = &recording->event;
	uint64_t old = event->args[0], old_end = old + event->args[1];
	uint64_t new = event->args[4], new_end = new + event->args[2];

	if (event->error && (event->args[3] & MREMAP_FIXED))
		recording->event.rows = snapshot_rows_of_two(old, old_end, new, new_end);
}

/* The two words are ours, whatever syscall() brought in them. */
static void before_attaching(struct recording *recording)
{
	recording->event.args[3] = recording->event.args[4] = 0;
}

static void after_attaching(struct recording *recording)
{
	struct vmat_event *event = &recording->event;
	struct shmid_ds segment;

	if (event->error)
		return;
	if (!raw_failed(RAW_3(SYS_shmctl, event->args[0], IPC_STAT, &segment))) {
		event->args[3] = segment.shm_segsz;
		event->args[4] = (uint32_t)segment.shm_perm.__key;
	}
	rows(recording, event->result, event->args[3] ? event->args[3] : 1);
}

static const struct {
	void (*before)(struct recording *recording);
	void (*after)(struct recording *recording);
} evidence[EFFECT_COUNT] = {
	[EFFECT_MAPS] = { before_mapping, after_mapping },
	[EFFECT_UNMAPS] = { NULL, after_unmapping },
	[EFFECT_PROTECTS] = { NULL, after_protecting },
	[EFFECT_MOVES] = { before_moving, after_moving },
	[EFFECT_ATTACHES] = { before_attaching, after_attaching },
};

static const uint8_t effect_of[CALL_LIMIT] = {
#define CALL(ID, name, wire, number, result, effect, args) [CALL_##ID] = EFFECT_##effect,
#include "vmatrace/calls.def"
};

void evidence_before(struct recording *recording)
{
	void (*take)(struct recording *) = evidence[effect_of[recording->event.call]].before;

	if (take)
		take(recording);
}

void evidence_after(struct recording *recording, uint64_t seq)
{
	enum call_effect effect = effect_of[recording->event.call];
	void (*take)(struct recording *) = evidence[effect].after;
	int error = recording->event.error;

	if (take)
		take(recording);
	/* EAGAIN: what would be locked is more than may be. */
	if (__builtin_expect(error == ENOMEM || error == EAGAIN, 0) && effect != EFFECT_NONE)
		resource_limits_note(seq);
}
