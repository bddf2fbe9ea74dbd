/*
 * snapshot.c: reads /proc/self/maps straight into the arena: no buffer on a stranger's stack, no allocation
 * that would change what is read. A descriptor is open during the read only.
 */
#include "snapshot.h"

#include <stdbool.h>
#include <sys/syscall.h>

#include "arena.h"
#include "depot.h"
#include "held_signals.h"
#include "own_proc.h"
#include "raw_syscall.h"
#include "ring.h"
#include "text.h"
#include "threads.h"

/* One read() of maps returns at most a page (linux:fs/proc/task_mmu.c, seq_file). */
enum { READ_BYTES = 4096, ROWS_LIMIT = 64 << 10, LOOKS_AT_THREADS = 4096 /* slots */ };

/* Stores one piece. Bytes read, 0 at the end of the list, -1 on failure. */
static long take_part(long fd, uint32_t snapshot, uint32_t part)
{
	size_t reserved = sizeof(struct vmat_maps_part) + READ_BYTES;
	struct vmat_maps_part *payload;
	uint32_t id;
	long got;

	payload = depot_begin(reserved, &id);
	if (!payload)
		return -1;
	payload->snapshot = snapshot;
	payload->part = part;
	got = RAW_3(SYS_read, fd, payload + 1, READ_BYTES);
	depot_finish(payload, id, VMAT_RECORD_MAPS, reserved,
	             sizeof(*payload) + (raw_failed(got) ? 0 : (size_t)got));
	return raw_failed(got) ? -1 : got;
}

void snapshot_take(enum vmat_snapshot_reason reason)
{
	struct vmat_snapshot end = {
		.snapshot = __atomic_fetch_add(&ring.control->snapshots, 1, __ATOMIC_RELAXED),
		.reason = reason,
		.tid = (uint32_t)RAW_1(SYS_gettid, 0),
		.begin = ring_head(),
	};
	const struct vmat_control *control = ring.control;
	struct vmat_snapshot *payload;
	/* Where there is one lap only, half of it is for what events refer to. */
	bool wanted =
		ring.laps || reason != VMAT_SNAPSHOT_PERIODIC ||
		__atomic_load_n(&ring.control->arena_used, __ATOMIC_RELAXED) < ring.arena_bytes / 2;
	uint64_t mask = signals_hold();
	long fd = wanted ? own_maps_open() : -1;
	uint64_t bytes = 0;
	long got = -1;
	uint32_t id;

	if (!raw_failed(fd)) {
		do {
			got = take_part(fd, end.snapshot, end.parts);
			end.parts++;
			bytes += sizeof(struct vmat_record) + sizeof(struct vmat_maps_part) +
			         (uint64_t)(got > 0 ? got : 0);
			if (ring.laps && bytes > arena_snapshot_limit())
				got = -1;
			/* The other ring is that of a fork child, whose handler has come back into this. */
		} while (got > 0 && ring.control == control);
		RAW_1(SYS_close, fd);
	}
	signals_let_go(mask);
	end.end = ring_head();
	end.brk = (uint64_t)RAW_1(SYS_brk, 0);
	end.clock = ring_clock_pair();
	payload = got == 0 ? depot_begin(sizeof(end), &id) : NULL;
	if (!payload) {
		ring_count(&ring.control->snapshots_failed);
		return;
	}
	*payload = end;
	depot_finish(payload, id, VMAT_RECORD_SNAPSHOT, sizeof(end), sizeof(end));
	arena_snapshot_taken(bytes);
	threads_note_first();
	/* Where snapshots come by the handful of events, it would be all that is done. */
	if (reason > VMAT_SNAPSHOT_PERIODIC ||
	    (reason == VMAT_SNAPSHOT_PERIODIC && ring.slot_count >= LOOKS_AT_THREADS))
		threads_look();
}

/*
 * Moves the complete lines of buffer[0, *filled) that touch a range to the front, behind the `*kept` bytes
 * that are there already, and the incomplete rest behind them. True: the list is past both ranges.
 */
static bool keep_touching(char *buffer, size_t *kept, size_t *filled, const uint64_t range[2][2])
{
	uint64_t last = range[0][1] > range[1][1] ? range[0][1] : range[1][1];
	size_t line = *kept;
	size_t to = *kept;
	bool past = false;

	for (size_t at = *kept; at < *filled && !past; at++) {
		const char *number = buffer + line;
		uint64_t row_start, row_end;
		size_t length = at + 1 - line;

		if (buffer[at] != '\n')
			continue;
		row_start = text_parse(&number, 16);
		number++;
		row_end = text_parse(&number, 16);
		past = row_start >= last;
		if ((row_start < range[0][1] && row_end > range[0][0]) ||
		    (row_start < range[1][1] && row_end > range[1][0])) {
			__builtin_memmove(buffer + to, buffer + line, length);
			to += length;
		}
		line = at + 1;
	}
	*kept = to;
	if (!past)
		__builtin_memmove(buffer + to, buffer + line, *filled - line);
	*filled = past ? to : to + (*filled - line);
	return past;
}

static uint32_t read_rows(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	const uint64_t range[2][2] = { { start, end }, { other_start, other_end } };
	size_t reserved = 2 * READ_BYTES;
	size_t kept = 0, filled = 0;
	bool past = false;
	uint32_t id = 0;
	long got = 0;
	long fd = own_maps_open();
	char *text;

	if (raw_failed(fd))
		return 0;
	/* Nearly always one row or two are kept; many need a larger piece, read again from the start. */
	while (reserved <= ROWS_LIMIT) {
		kept = filled = 0;
		past = false;
		text = depot_begin(reserved, &id);
		if (!text) {
			RAW_1(SYS_close, fd);
			return 0;
		}
		while (!past && reserved - filled >= READ_BYTES) {
			got = RAW_3(SYS_read, fd, text + filled, READ_BYTES);
			if (got <= 0)
				break;
			filled += (size_t)got;
			past = keep_touching(text, &kept, &filled, range);
		}
		if (past || got <= 0)
			break;
		depot_finish(text, id, VMAT_RECORD_STRING, reserved, 0);
		RAW_3(SYS_lseek, fd, 0, 0);
		reserved *= 2;
	}
	RAW_1(SYS_close, fd);
	if (!past && got != 0)
		return 0;
	depot_finish(text, id, VMAT_RECORD_ROWS, reserved, kept);
	return id;
}

uint32_t snapshot_rows_of_two(uint64_t start, uint64_t end, uint64_t other_start,
                              uint64_t other_end)
{
	uint64_t mask = signals_hold();
	uint32_t id = read_rows(start, end, other_start, other_end);

	signals_let_go(mask);
	return id;
}

uint32_t snapshot_rows(uint64_t start, uint64_t end)
{
	return snapshot_rows_of_two(start, end, start, end);
}
