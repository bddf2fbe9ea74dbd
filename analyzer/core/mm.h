/*
 * mm: what a process's mm_struct holds, as far as user space can know it: bounds, counts,
 * high-water marks. The kernel's own rules for the counts (mm/mmap.c vm_stat_account(),
 * fs/proc/task_mmu.c task_mem()):
 *
 *     total_vm   every page of every VMA, [vsyscall] excepted (it is no VMA)
 *     exec_vm    executable, not writable, no stack
 *     VmExe      of it from start_code to end_code; VmLib is the rest
 *     stack_vm   VMAs that grow down
 *     data_vm    private, writable, no stack
 *     locked_vm  pages under mlock(), mlockall(), MAP_LOCKED, MLOCK_ONFAULT
 *
 * The recorder's own pages are the kernel's business too: they are in the counts, and told apart. A
 * meter follows a walk (its three functions are an observer's); mm_view_read() reads it at any
 * moment.
 */
#ifndef VMATRACE_CORE_MM_H
#define VMATRACE_CORE_MM_H

#include "vmatrace/trace_format.h"
#include "walk.h"

struct mm_hole {
	uint64_t start;
	uint64_t end;
	bool mapped; /* not empty: a file or a shared mapping lies in the heap */
};

enum { MM_HOLE_LIMIT = 64 };

struct mm_view {
	/* VMAs as maps shows them; splits that it does not show are not counted. */
	uint64_t map_count;
	uint64_t total_bytes;
	uint64_t locked_bytes;
	uint64_t exec_bytes;
	uint64_t exe_bytes; /* of exec_bytes: the program's own text */
	uint64_t lib_bytes; /* and all other */
	uint64_t stack_bytes;
	uint64_t data_bytes;
	uint64_t shared_bytes; /* not a word of mm_struct, but asked for beside them */
	uint64_t own_bytes;    /* of total_bytes: the recorder's */
	uint64_t own_count;
	uint64_t highest_bytes; /* since recording began */
	uint64_t highest_count;
	uint64_t highest_locked;
	uint64_t brk;
	uint64_t hole_count; /* in [start_brk, brk); the first MM_HOLE_LIMIT of them: */
	uint64_t hole_bytes;
	struct mm_hole hole[MM_HOLE_LIMIT];
};

struct mm_meter;

/* NULL when out of memory. */
struct mm_meter *mm_meter_new(uint32_t page_bytes);
void mm_meter_free(struct mm_meter *meter);
/* False once memory ran out: locked pages are then unknown. */
bool mm_meter_fine(const struct mm_meter *meter);

/*
 * As the observer's functions of the same names; base: at the checkpoint that the walk begins with.
 */
void mm_meter_base(struct mm_meter *meter, const struct walk *walk);
void mm_meter_change(struct mm_meter *meter, const struct vma_change *change);
void mm_meter_after(struct mm_meter *meter, const struct walk *walk, const struct event *event);

/* The meter is kept as it is now, until the next call; and becomes that again. False: out of memory. */
void mm_meter_keep(struct mm_meter *meter);
bool mm_meter_go_back(struct mm_meter *meter);

/*
 * rows: the walk's, at the moment the meter stands at; `internal` is set on the recorder's own.
 * Of the header the bounds are taken, 0 where they are unknown.
 */
void mm_view_read(const struct mm_meter *meter, const struct walk *walk,
                  const struct vma_row_info *rows, size_t count, const struct vmat_header *header,
                  struct mm_view *view);

#endif
