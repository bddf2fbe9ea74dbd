/*
 * lock_all.c: locks VMA by VMA what is the program's (linux:mm/mlock.c, apply_mlockall_flags).
 */
#include "lock_all.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "held_signals.h"
#include "own_proc.h"
#include "raw_syscall.h"
#include "real.h"
#include "ring.h"
#include "text.h"

#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

enum {
	READ_BYTES = 4096, /* whole lines, but for one that is longer */
	JUST_COUNT = -1,
};

static struct {
	bool future; /* MCL_FUTURE is in force */
} lock_all_state;

/* A system call in the place of the program's: an event of the recorder's own. */
static long own_call(enum call_id call, long number, uint64_t first, uint64_t second,
                     uint64_t third)
{
	struct vmat_event event = {
		.args = { first, second, third },
		.call = (uint16_t)call,
	};
	long result;

	event.time = ring_ticks();
	event.enter = ring_head();
	result = RAW_3(number, first, second, third);
	event.duration = ring_ticks() - event.time;
	if (raw_failed(result)) {
		event.result = UINT64_MAX;
		event.error = (int32_t)-result;
		event.flags = VMAT_EVENT_FAILED;
	}
	recorder_internal(&event);
	return result;
}

/* A line of maps; its bytes unless it is ours or lies in the kernel's half. mlock2: its flags, or JUST_COUNT. */
static uint64_t take_line(const char *line, int mlock2_flags)
{
	uint64_t start = text_parse(&line, 16);
	uint64_t end;

	line++;
	end = text_parse(&line, 16);
	if (start >= end || (int64_t)end < 0 || address_space_overlaps(start, end - start))
		return 0;
	/* What cannot be locked, or not be brought in, mlockall passes over as well. */
	if (mlock2_flags != JUST_COUNT)
		own_call(CALL_MLOCK2, SYS_mlock2, start, end - start, (uint64_t)mlock2_flags);
	return end - start;
}

/* All of the program's VMAs; their bytes, or 0: the list cannot be read. */
static uint64_t each_vma(int mlock2_flags)
{
	char buffer[READ_BYTES];
	uint64_t bytes = 0;
	size_t filled = 0;
	bool skips = false; /* the rest of a long line */
	uint64_t mask = signals_hold();
	long fd = own_maps_open();
	long got;

	if (raw_failed(fd)) {
		signals_let_go(mask);
		return 0;
	}
	while ((got = RAW_3(SYS_read, fd, buffer + filled, sizeof(buffer) - filled)) > 0) {
		size_t line = 0;

		filled += (size_t)got;
		for (size_t at = 0; at < filled; at++) {
			if (buffer[at] != '\n')
				continue;
			if (!skips)
				bytes += take_line(buffer + line, mlock2_flags);
			skips = false;
			line = at + 1;
		}
		if (line == 0 && filled == sizeof(buffer)) {
			if (!skips)
				bytes += take_line(buffer, mlock2_flags);
			skips = true;
			line = filled;
		}
		filled -= line;
		__builtin_memmove(buffer, buffer + line, filled);
	}
	RAW_1(SYS_close, fd);
	signals_let_go(mask);
	return bytes;
}

static int raw_lock_all(int flags)
{
	long result = own_call(CALL_MLOCKALL, SYS_mlockall, (uint64_t)flags, 0, 0);

	if (!raw_failed(result))
		return 0;
	errno = (int)-result;
	return -1;
}

static void leave_ours_out(void)
{
	own_call(CALL_MUNLOCK, SYS_munlock, (uint64_t)ring.header, ring.map_bytes, 0);
	own_call(CALL_MUNLOCK, SYS_munlock, address_space.private_start,
	         address_space.private_bytes, 0);
}

/* Beyond the limit it is the kernel's to say who may: nothing is brought in yet, and ours is given back. */
static int lock_beyond_limit(int flags)
{
	int status = raw_lock_all(flags | MCL_ONFAULT);

	if (status)
		return status;
	leave_ours_out();
	if (!(flags & MCL_ONFAULT)) {
		each_vma(0);
		if (flags & MCL_FUTURE)
			status = raw_lock_all(MCL_FUTURE);
	}
	return status;
}

int lock_all(struct recording *recording, int flags)
{
	const int known = MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT;
	bool future = lock_all_state.future;
	struct rlimit limit;
	uint64_t bytes;

	lock_all_state.future = flags & MCL_FUTURE;
	if (!recording->recording || !(flags & MCL_CURRENT) || flags & ~known ||
	    raw_failed(RAW_4(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, &limit)))
		return real.mlockall(flags);
	bytes = each_vma(JUST_COUNT);
	if (!bytes)
		return real.mlockall(flags);
	/* The system calls are made from here: none goes by a site. */
	recorder_awaits_none(recording);
	if (bytes > limit.rlim_cur)
		return lock_beyond_limit(flags);
	/* MCL_CURRENT alone ends MCL_FUTURE, and nothing else does but unlocking all. */
	if (future && !(flags & MCL_FUTURE))
		own_call(CALL_MUNLOCKALL, SYS_munlockall, 0, 0, 0);
	each_vma(flags & MCL_ONFAULT ? MLOCK_ONFAULT : 0);
	return flags & MCL_FUTURE ? raw_lock_all(flags & ~MCL_CURRENT) : 0;
}
