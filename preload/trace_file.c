/*
 * trace_file.c: makes the file of one address space: its name, its size, its mapping, its header.
 * Raw system calls only: it runs before libc is initialised, and in fork children of threaded programs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "folders.h"
#include "held_signals.h"
#include "modules_table.h"
#include "place.h"
#include "processor.h"
#include "raw_syscall.h"
#include "real.h"
#include "ring.h"
#include "steady.h"
#include "text.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	ARENA_LEAST = 1 << 20,
	ARENA_FAIR =
		32 << 20, /* some snapshots of 65,530 VMAs, as many as Linux lets a process have */
	ARENA_MOST = 256 << 20, /* what an id can name */
	MODULES_AT = VMAT_HEADER_BYTES + 4096 + VMAT_IN_FLIGHT_COUNT * VMAT_IN_FLIGHT_BYTES,
	THREADS_AT = MODULES_AT + MODULES_BYTES,
	PREFIX_BYTES = THREADS_AT + VMAT_THREAD_COUNT * VMAT_THREAD_BYTES,
	LAP_LEAST = 256 << 10,
	GROW_SLOTS =
		1 << 26, /* `grow` is a ring so long that its end is the disk's: 8 GiB, sparse */
	NAME_TRIES = 10000,
	SPACE_SHARE = 16, /* the ring takes no more than one part in so many of RLIMIT_AS */
	FIRST_SLOTS = 32, /* one page, ready before the first event */
	TRIM_SLACK = 512, /* slots left ready behind the last event at exit */
};

/* How the file is shared out. */
struct plan {
	uint64_t slots;
	uint64_t arena;
};

/* What stacks, strings and snapshots take where they repeat themselves: a quarter of what the events take. */
static uint64_t modest_arena(uint64_t slots)
{
	uint64_t bytes = slots * VMAT_SLOT_BYTES / 4;

	if (bytes < ARENA_LEAST)
		return ARENA_LEAST;
	return bytes > ARENA_MOST ? ARENA_MOST : bytes;
}

/* Room for many a stack, and for long lists of VMAs. It is sparse: what is not used costs nothing. */
static uint64_t ample_arena(uint64_t slots)
{
	uint64_t bytes = slots * VMAT_SLOT_BYTES / 2;

	if (bytes < ARENA_FAIR)
		return ARENA_FAIR;
	return bytes > ARENA_MOST ? ARENA_MOST : bytes;
}

/* Whole pages, as what is mapped is. */
static uint64_t file_bytes_for(struct plan plan)
{
	uint64_t bytes = PREFIX_BYTES + plan.arena + plan.slots * VMAT_SLOT_BYTES;

	return (bytes + 4095) & ~4095ull;
}

/* The pattern with its % words filled in, and ".N" before the suffix if n is not 0. False: too long. */
static bool expand(const struct settings *settings, unsigned n, char *path, size_t bytes)
{
	struct text text = text_in(path, bytes);
	size_t dot = 0;
	struct timespec now;

	for (const char *at = settings->out; *at; at++) {
		if (*at == '/')
			dot = 0;
		else if (*at == '.')
			dot = text.length;
		if (*at != '%') {
			text_byte(&text, *at);
			continue;
		}
		switch (*++at) {
		case 'p':
			text_number(&text, (uint64_t)RAW_1(SYS_getpid, 0), 10);
			break;
		case 'e':
			text_string(&text, settings->program);
			break;
		case 'h':
			text_string(&text, settings->host);
			break;
		case 't':
			real.clock_gettime(CLOCK_REALTIME, &now);
			text_number(&text, (uint64_t)now.tv_sec, 10);
			break;
		case '%':
			text_byte(&text, '%');
			break;
		case '\0':
			at--;
			/* fall through */
		default:
			text_byte(&text, '%');
			if (*at != '%')
				text_byte(&text, *at);
		}
	}
	if (n) {
		char suffix[64];
		struct text tail = text_in(suffix, sizeof(suffix));

		if (!dot)
			dot = text.length;
		if (text.length - dot >= sizeof(suffix))
			return false;
		text_string(&tail, path + dot);
		text.length = dot;
		text_byte(&text, '.');
		text_number(&text, n, 10);
		text_string(&text, suffix);
	}
	return !text.cut;
}

/* A new file, never an old one, never through a link. Its descriptor, or -errno. */
static long create(const struct settings *settings, char *path, size_t path_bytes)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	bool made_folders = false;
	long fd = -ENOENT;

	if (!settings->out[0])
		return fd;
	for (unsigned n = 0; n < NAME_TRIES; n++) {
		if (!expand(settings, n, path, path_bytes))
			return -ENAMETOOLONG;
		if (n == 0 && !folders_are_safe(path))
			return -ELOOP;
		fd = RAW_4(SYS_openat, AT_FDCWD, path, flags, 0600);
		if (fd == -ENOENT && !made_folders) {
			made_folders = true;
			folders_make(path);
			fd = RAW_4(SYS_openat, AT_FDCWD, path, flags, 0600);
		}
		if (fd != -EEXIST)
			return fd;
	}
	return fd;
}

static uint64_t soft_limit(int resource)
{
	struct rlimit limit;

	if (raw_failed(RAW_4(SYS_prlimit64, 0, resource, 0, &limit)))
		return RLIM_INFINITY;
	return limit.rlim_cur;
}

/* Sizes and maps the file; 0: this plan is beyond a limit. */
static long try_plan(long fd, struct plan plan)
{
	uint64_t bytes = file_bytes_for(plan);
	long result = RAW_2(SYS_ftruncate, fd, bytes);

	if (raw_failed(result))
		return result;
	return RAW_6(SYS_mmap, place_next(bytes), bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

/*
 * With a smaller arena, then with fewer slots, where address space or file size is short: within RLIMIT_FSIZE,
 * beyond which ftruncate raises SIGXFSZ, and a small part of RLIMIT_AS, which is there for the program.
 */
static long size_and_map(long fd, struct plan *plan, bool sparse)
{
	uint64_t file = soft_limit(RLIMIT_FSIZE);
	uint64_t space = soft_limit(RLIMIT_AS) / SPACE_SHARE;
	long result = -EFBIG;

	for (; plan->slots >= 16; plan->slots /= 2) {
		for (plan->arena = sparse ? ample_arena(plan->slots) : modest_arena(plan->slots);;
		     plan->arena = modest_arena(plan->slots)) {
			uint64_t bytes = file_bytes_for(*plan);

			if (bytes <= file && bytes <= space)
				result = try_plan(fd, *plan);
			if (!raw_failed(result))
				return result;
			if (plan->arena == modest_arena(plan->slots))
				break;
		}
	}
	return result;
}

static void set_sections(struct vmat_header *header, struct plan plan)
{
	struct vmat_section sections[] = {
		{ VMAT_SECTION_CONTROL, 0, VMAT_HEADER_BYTES, sizeof(struct vmat_control) },
		{ VMAT_SECTION_IN_FLIGHT, VMAT_IN_FLIGHT_BYTES, VMAT_HEADER_BYTES + 4096,
		  VMAT_IN_FLIGHT_COUNT * VMAT_IN_FLIGHT_BYTES },
		{ VMAT_SECTION_MODULES, 0, MODULES_AT, MODULES_BYTES },
		{ VMAT_SECTION_THREADS, VMAT_THREAD_BYTES, THREADS_AT,
		  VMAT_THREAD_COUNT * VMAT_THREAD_BYTES },
		{ VMAT_SECTION_ARENA, 0, PREFIX_BYTES, plan.arena },
		{ VMAT_SECTION_RING, VMAT_SLOT_BYTES, PREFIX_BYTES + plan.arena,
		  plan.slots * VMAT_SLOT_BYTES },
	};

	header->section_count = sizeof(sections) / sizeof(sections[0]);
	__builtin_memcpy(header->section, sections, sizeof(sections));
}

/* Kernels before 5.14 cannot be asked for pages ahead: all of the file's space is taken at once. */
static bool can_populate(void)
{
	char here;

	return RAW_3(SYS_madvise, (uint64_t)&here & ~4095ull, 4096, MADV_POPULATE_WRITE) == 0;
}

/* The pages that are stored to without asking: header, control, in flight, the first of what follows. */
static bool populate_first(long map)
{
	return !ring.populates ||
	       (RAW_3(SYS_madvise, map, MODULES_AT + 4096, MADV_POPULATE_WRITE) == 0 &&
	        RAW_3(SYS_madvise, ring.arena, 4096, MADV_POPULATE_WRITE) == 0 &&
	        RAW_3(SYS_madvise, ring.slots, FIRST_SLOTS * VMAT_SLOT_BYTES,
	              MADV_POPULATE_WRITE) == 0);
}

bool ring_create(const struct settings *settings, char *path, size_t path_bytes, int *why)
{
	struct plan plan = { .slots = settings->on_full == VMAT_GROW ? GROW_SLOTS
		                                                     : settings->slot_count };
	long fd = create(settings, path, path_bytes);
	bool laps = settings->on_full == VMAT_OVERWRITE;
	bool populates;
	long map;

	*why = (int)-fd;
	if (raw_failed(fd))
		return false;
	populates = can_populate();
	map = steady_make(fd) ? size_and_map(fd, &plan, populates) : -EOPNOTSUPP;
	*why = (int)-map;
	if (raw_failed(map)) {
		RAW_1(SYS_close, fd);
		RAW_3(SYS_unlinkat, AT_FDCWD, path, 0);
		return false;
	}
	ring = (struct ring) {
		.header = (struct vmat_header *)map,
		.control = (struct vmat_control *)(map + VMAT_HEADER_BYTES),
		.in_flight = (struct vmat_in_flight *)(map + VMAT_HEADER_BYTES + 4096),
		.modules = (uint8_t *)(map + MODULES_AT),
		.threads = (struct vmat_thread *)(map + THREADS_AT),
		.arena = (uint8_t *)(map + PREFIX_BYTES),
		.slots = (struct vmat_event *)((uint64_t)map + PREFIX_BYTES + plan.arena),
		.map_bytes = file_bytes_for(plan),
		.arena_bytes = plan.arena,
		.arena_half = laps ? plan.arena / 2 : plan.arena,
		.slot_count = plan.slots,
		.snapshot_at = plan.slots / 4,
		.lap_soft = plan.slots * VMAT_SLOT_BYTES / 8,
		.laps = laps,
		.stop_when_full = settings->on_full != VMAT_OVERWRITE,
		.populates = populates,
		.use_counter = processor_has_invariant_counter(),
		.use_crc32c = processor_has_crc32c(),
	};
	ring.arena_limit[0] = ring.arena_limit[1] = ring.arena_half;
	if (ring.lap_soft < LAP_LEAST)
		ring.lap_soft = LAP_LEAST;
	RAW_3(SYS_madvise, map, ring.map_bytes, MADV_DONTDUMP);
	/* Or the first store to a page brings in a huge one around it: 2.5 ms of zeroing (Linux 6.18, ext4). */
	RAW_3(SYS_madvise, map, ring.map_bytes, MADV_RANDOM);
	if ((!populates && raw_failed(RAW_4(SYS_fallocate, fd, 0, 0, ring.map_bytes))) ||
	    !populate_first(map)) {
		*why = ENOSPC;
		RAW_2(SYS_munmap, map, ring.map_bytes);
		RAW_1(SYS_close, fd);
		RAW_3(SYS_unlinkat, AT_FDCWD, path, 0);
		ring = (struct ring) { 0 };
		return false;
	}
	RAW_1(SYS_close, fd);
	ring.arena_ready[0] = ring.populates ? 4096 : ring.arena_half;
	ring.arena_ready[1] = ring.populates ? 0 : ring.arena_half;
	ring.modules_ready = ring.populates ? 4096 : MODULES_BYTES;
	ring.threads_ready = ring.populates ? 0 : UINT32_MAX;
	ring.threads_at = UINT64_MAX;
	ring.slots_ready = ring.populates && plan.slots > FIRST_SLOTS ? FIRST_SLOTS : plan.slots;
	/* No record has id 0. */
	ring.control->arena_used = VMAT_RECORD_ALIGN;
	set_sections(ring.header, plan);
	ring.header->slot_count = plan.slots;
	ring.header->feature_incompat = VMAT_FEATURE_LAPS | VMAT_FEATURE_PACKED_STACKS;
	return true;
}

/* The name may lead to another file by now: moved away, replaced, behind a chroot. */
static bool is_our_file(long fd)
{
	uint64_t id = 0;
	long got = RAW_4(SYS_pread64, fd, &id, sizeof(id), offsetof(struct vmat_header, file_id));

	return got == sizeof(id) && id == ring.header->file_id;
}

/* Cuts the file behind what may still be stored to. */
static void trim(long fd)
{
	uint64_t ready;

	/* What runs after us may still make events: some slack stays. */
	if (!ring_make_slots_ready(ring_head() + TRIM_SLACK))
		return;
	/*
	 * Whoever is populating now publishes `ready` with a compare and swap from the value it saw. Taking
	 * that value away makes it fail, so that nothing behind the cut is ever called ready, hence never
	 * stored to. The one slot given up stays inside the file.
	 */
	__atomic_store_n(&ring.frozen, 1, __ATOMIC_SEQ_CST);
	ready = __atomic_fetch_sub(&ring.slots_ready, 1, __ATOMIC_SEQ_CST);
	if (ready == ring.slot_count) {
		__atomic_store_n(&ring.slots_ready, ready, __ATOMIC_SEQ_CST);
		__atomic_store_n(&ring.frozen, 0, __ATOMIC_SEQ_CST);
		return;
	}
	RAW_2(SYS_ftruncate, fd,
	      (uint64_t)((uint8_t *)ring.slots - (uint8_t *)ring.header) + ready * VMAT_SLOT_BYTES);
}

static void open_and_trim(const char *path)
{
	long fd = -ENOSYS;

	if (ring.populates)
		fd = RAW_4(SYS_openat, AT_FDCWD, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		           0);
	if (raw_failed(fd))
		return;
	if (is_our_file(fd))
		trim(fd);
	RAW_1(SYS_close, fd);
}

void ring_trim(const char *path)
{
	uint64_t mask = signals_hold();

	open_and_trim(path);
	signals_let_go(mask);
}
