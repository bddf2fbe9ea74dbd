/*
 * differential_map: random mmap and munmap. Rows are read where the recorder reads them (preload/evidence.c):
 * where only the kernel knows what lies there now.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "differential.h"

static struct maps rows_of_event;

void set_result(struct event *event, long result)
{
	event->failed = result == -1;
	event->error = event->failed ? errno : 0;
	event->result = (uint64_t)result;
}

void take_rows_of_two(struct event *event, uint64_t start, uint64_t length, uint64_t other_start,
                      uint64_t other_length)
{
	maps_read(&rows_of_event);
	maps_touching(&rows_of_event, start, start + length, other_start,
	              other_start + other_length);
	event->has_rows = true;
	event->rows = rows_of_event.rows;
	event->row_count = rows_of_event.count;
}

void take_rows(struct event *event, uint64_t start, uint64_t length)
{
	take_rows_of_two(event, start, length, start, length);
}

static void set_file(struct event *event, const struct file *file)
{
	event->has_object = true;
	event->dev_major = file->dev_major;
	event->dev_minor = file->dev_minor;
	event->inode = file->inode;
	event->text = file->path;
}

/* The call itself, with what the recorder would keep of it. */
static void call_mmap(struct places *places, struct event *event, uint64_t address, uint64_t length,
                      int prot, int flags, const struct file *file, uint64_t offset)
{
	bool anonymous = flags & MAP_ANONYMOUS;
	bool wants_rows = anonymous ? (flags & MAP_TYPE) != MAP_PRIVATE || flags & MAP_HUGETLB
	                            : !file || !file->regular;
	int fd = anonymous || !file ? -1 : file->fd;

	event->call = CALL_MMAP;
	event->args[0] = address;
	event->args[1] = length;
	event->args[2] = (uint64_t)prot;
	event->args[3] = (uint64_t)flags;
	event->args[4] = (uint64_t)fd;
	event->args[5] = offset;
	if (!anonymous && file)
		set_file(event, file);
	set_result(event, (long)mmap((void *)address, length, prot, flags, fd, (off_t)offset));
	if (!event->failed)
		note_mapping(places, event->result,
		             flags & MAP_HUGETLB ? (length + HUGE_PAGE - 1) & -(uint64_t)HUGE_PAGE
		                                 : length);
	if (!event->failed && wants_rows)
		take_rows(event, event->result, length);
	else if (event->failed && flags & MAP_FIXED && !(flags & MAP_FIXED_NOREPLACE))
		take_rows(event, address, length + HUGE_PAGE);
}

/* How the address is meant: fixed mostly, else a hint, else nothing. */
static int pick_placement(struct places *places, uint64_t *address)
{
	switch (pick(places, 12)) {
	case 0:
		*address = 0;
		return 0;
	case 1:
		return 0;
	case 2:
	case 3:
		return MAP_FIXED_NOREPLACE;
	default:
		return MAP_FIXED;
	}
}

/* Now and then an argument that is wrong. */
static void spoil(struct places *places, uint64_t *address, uint64_t *length)
{
	if (!one_in(places, 16))
		return;
	if (one_in(places, 2))
		*length = one_in(places, 2) ? 0 : 1ull << 50;
	else
		*address += 1 + pick(places, PAGE - 1);
}

static void map_anonymous(struct places *places, struct event *event)
{
	static const int more[] = { 0,
		                    0,
		                    0,
		                    0,
		                    MAP_LOCKED,
		                    MAP_NORESERVE,
		                    MAP_STACK,
		                    MAP_POPULATE,
		                    MAP_STACK | MAP_NORESERVE };
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | more[pick(places, 9)];

	flags |= pick_placement(places, &address);
	spoil(places, &address, &length);
	call_mmap(places, event, address, length, pick_prot(places), flags, NULL, 0);
}

/* It grows only when touched below its start, which nothing here does. */
static void map_growsdown(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);

	spoil(places, &address, &length);
	call_mmap(places, event, address, length, PROT_READ | PROT_WRITE,
	          MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, NULL, 0);
	if (!event->failed)
		places->growsdown = event->result;
}

static void map_shared_anonymous(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int flags = MAP_SHARED | MAP_ANONYMOUS | pick_placement(places, &address);

	spoil(places, &address, &length);
	call_mmap(places, event, address, length, pick_prot(places), flags, NULL, 0);
}

/* Of an ordinary file, writable or not: shared and writable on a read-only descriptor is EACCES. */
static void map_file(struct places *places, struct event *event)
{
	static const size_t choices[] = { 0, 1, 2, 6 };
	const struct file *file = &places->files[choices[pick(places, 4)]];
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int flags =
		(one_in(places, 2) ? MAP_SHARED : MAP_PRIVATE) | pick_placement(places, &address);

	if (one_in(places, 8))
		flags |= one_in(places, 2) ? MAP_NORESERVE : MAP_LOCKED;
	spoil(places, &address, &length);
	call_mmap(places, event, address, length, pick_prot(places), flags, file,
	          pick(places, 64) * PAGE + (one_in(places, 32) ? 8 : 0));
}

/* One of them is sealed against writing: shared and writable is EPERM. */
static void map_memfd(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int flags =
		(one_in(places, 3) ? MAP_PRIVATE : MAP_SHARED) | pick_placement(places, &address);

	call_mmap(places, event, address, length, pick_prot(places), flags,
	          &places->files[3 + pick(places, 2)], pick(places, 64) * PAGE);
}

/*
 * /dev/zero: what it becomes is the driver's choice, so the rows are read. Private, it is anonymous memory that
 * shows an offset, which an mremap changes if no page was ever written (compare.c): these are.
 */
static void map_device(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	bool shared = one_in(places, 2);
	int flags = (shared ? MAP_SHARED : MAP_PRIVATE | MAP_POPULATE) |
	            pick_placement(places, &address);
	int prot = shared ? pick_prot(places) : PROT_READ | PROT_WRITE;

	spoil(places, &address, &length);
	call_mmap(places, event, address, length, prot, flags, &places->files[5],
	          pick(places, 8) * PAGE);
}

/* Reserving needs free huge pages, of which there are none: ENOMEM, and MAP_FIXED leaves a hole. */
static void map_huge(struct places *places, struct event *event)
{
	uint64_t address = places->huge + pick(places, 3) * HUGE_PAGE;
	uint64_t length = 1 + pick(places, places->huge + 3 * HUGE_PAGE - address);
	int flags = MAP_ANONYMOUS | MAP_HUGETLB | MAP_FIXED |
	            (one_in(places, 3) ? MAP_SHARED : MAP_PRIVATE);

	if (!one_in(places, 3))
		flags |= MAP_NORESERVE;
	call_mmap(places, event, address, length, PROT_READ | PROT_WRITE, flags, NULL, 0);
}

static void unmap(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);

	/* What others put right above the break stays for hundreds of calls: without room it would never grow. */
	if (one_in(places, 16)) {
		address = ((uint64_t)sbrk(0) + PAGE - 1) & -(uint64_t)PAGE;
		length = places->heap + places->heap_pages * PAGE - address + PAGE;
	} else if (one_in(places, 32)) {
		address += 1;
	} else if (one_in(places, 32)) {
		length = 0;
	}
	event->call = CALL_MUNMAP;
	event->args[0] = address;
	event->args[1] = length;
	set_result(event, munmap((void *)address, length));
}

void unmap_stray(struct places *places, struct event *event)
{
	struct stray *stray;

	if (!places->stray_count) {
		unmap(places, event);
		return;
	}
	stray = &places->strays[pick(places, places->stray_count)];
	event->call = CALL_MUNMAP;
	event->args[0] = stray->start + (one_in(places, 8) ? 1 : 0);
	event->args[1] = stray->bytes;
	set_result(event, munmap((void *)event->args[0], stray->bytes));
	if (!event->failed)
		*stray = places->strays[--places->stray_count];
}

const struct call_kind map_kinds[] = {
	{ "mmap anonymous", map_anonymous, 20, NULL },
	{ "mmap MAP_GROWSDOWN", map_growsdown, 2, NULL },
	{ "mmap shared anonymous", map_shared_anonymous, 6, NULL },
	{ "mmap file", map_file, 16, NULL },
	{ "mmap memfd", map_memfd, 6, NULL },
	{ "mmap device", map_device, 3, NULL },
	{ "mmap MAP_HUGETLB", map_huge, 3, NULL },
	{ "munmap", unmap, 14, NULL },
	{ "munmap elsewhere", unmap_stray, 6, NULL },
	{ NULL, NULL, 0, NULL },
};
