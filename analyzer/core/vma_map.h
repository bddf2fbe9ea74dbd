/*
 * vma_map: the address space of one process as a piecewise-constant function
 * page -> (prot, shared, object, offset), stored as sorted, disjoint runs.
 *
 *     before   [ text r-x )   [ heap rw-        )
 *     unmap                         |----|
 *     after    [ text r-x )   [ rw- )    [ rw-  )
 *
 * Equality with the kernel needs no merge or split rules: two neighbours are one VMA of /proc/PID/maps
 * if nothing visible differs. Beside the visible attributes a run carries who made it and who changed it
 * last (event sequence numbers), so runs may be finer than rows.
 *
 * Invariants: start < end; page-aligned; sorted, disjoint; no two touching runs equal in everything.
 * vma_map_check() tests them. Units: bytes, ranges half-open. Owner: the caller of _new.
 * Fails: false only when out of memory, and then the map is as it was.
 */
#ifndef VMATRACE_CORE_VMA_MAP_H
#define VMATRACE_CORE_VMA_MAP_H

#include "event.h"

/* What lies under a run: a file, shared memory, a special mapping; 0 is private anonymous memory. */
typedef uint32_t object_id;
#define OBJECT_ANONYMOUS 0u

struct vma_run {
	uint64_t start;
	uint64_t end;
	uint64_t delta; /* file offset minus address, modulo 2^64; 0 if the object has no offsets */
	uint32_t row; /* the kernel row it came from (1, 2, ... of the base), 0: made by an event */
	/* From here to grows_down: what two runs must have in common to be one VMA (runs.h). */
	object_id object;
	uint32_t attach; /* shmat: number of the attachment, for shmdt; 0 none or unknown */
	uint8_t prot;
	bool shared;
	bool internal;       /* the recorder's own */
	bool grows_down;     /* MAP_GROWSDOWN or [stack] */
	uint8_t map_flags;   /* RUN_* hints for reports; never part of what is compared */
	uint64_t created_by; /* seq of the event that mapped it, CREATED_BEFORE for the base */
	uint64_t changed_by; /* seq of the last event that changed it */
};

#define CREATED_BEFORE UINT64_MAX /* mapped before recording began */

/* A row with what reports want beside it: one line of `vmatrace maps`. */
struct vma_row_info {
	struct vma_row row;
	uint64_t created_by;
	uint64_t changed_by;
	bool internal;
	bool grows_down;
	bool loaded; /* RUN_LOADED, of its first run */
};

/* Bits of vma_run.map_flags. */
enum run_flag {
	RUN_LOCKED = 1u << 0, /* by mlock, MAP_LOCKED or MCL_FUTURE */
	RUN_SEALED = 1u << 1, /* by mseal */
	RUN_NORESERVE = 1u << 2,
	RUN_HUGETLB = 1u << 3,
	RUN_STACK = 1u << 4,         /* MAP_STACK */
	RUN_WRITABLE_ONCE = 1u << 5, /* writable now or before; set by the map itself */
	RUN_LOADED = 1u << 6,        /* a segment of an object that the dynamic loader mapped */
};

struct vma_map;

struct vma_map *vma_map_new(uint32_t page_bytes);
void vma_map_free(struct vma_map *map);
/* Who is told of large pieces of memory, from the next on, that huge pages would serve; see piece_pool.h. */
void vma_map_advise(struct vma_map *map, void (*advise)(void *memory, size_t bytes));
uint32_t vma_map_page_bytes(const struct vma_map *map);
bool vma_map_check(const struct vma_map *map);

/* The id of a file or special mapping, made at first sight. name is copied. OBJECT_ANONYMOUS for all 0 and "". */
bool vma_map_object(struct vma_map *map, uint32_t dev_major, uint32_t dev_minor, uint64_t inode,
                    const char *name, object_id *id);
const char *vma_map_object_name(const struct vma_map *map, object_id id);

/* Some changes later one will be about address: what it will meet can be fetched from memory meanwhile. */
void vma_map_expect(struct vma_map *map, uint64_t address);
/* Replaces whatever lies in [run->start, run->end). */
bool vma_map_set(struct vma_map *map, const struct vma_run *run);
/* Unmaps [start, end); holes are fine. */
bool vma_map_clear(struct vma_map *map, uint64_t start, uint64_t end);
/* The run that holds address, or else the next above it, or NULL. Valid until the next change. */
const struct vma_run *vma_map_at(const struct vma_map *map, uint64_t address);
const struct vma_run *vma_map_next(const struct vma_map *map, const struct vma_run *run);
/* The last run that begins below address, or NULL. */
const struct vma_run *vma_map_before(const struct vma_map *map, uint64_t address);

/* What a range meets, and what lies around that. Valid until the next change. */
struct vma_span {
	const struct vma_run *before; /* or NULL, like the others */
	const struct vma_run *first;  /* of those with pages in the range */
	const struct vma_run *last;
	const struct vma_run *after;
	bool one_row; /* from first to last all are one */
};

void vma_map_span(const struct vma_map *map, uint64_t start, uint64_t end, struct vma_span *span);

/* The map is kept as it is now, until the next call: what is changed afterwards is copied first. */
void vma_map_keep(struct vma_map *map);
/* It becomes what it was when it was kept, as it must have been. False: out of memory, it is to be freed then. */
bool vma_map_go_back(struct vma_map *map);

/* Visible rows, neighbours that differ in nothing visible joined (but rows apart in the base stay apart). */
size_t vma_map_rows(const struct vma_map *map, struct vma_row_info *rows, size_t limit);
/* The same, and what different events mapped stays apart. */
size_t vma_map_extents(const struct vma_map *map, struct vma_row_info *rows, size_t limit);
/* Number of visible rows and mapped bytes. */
size_t vma_map_count(const struct vma_map *map);
uint64_t vma_map_bytes(const struct vma_map *map);

/* True if the two rows would be one in /proc/PID/maps: touching, equal in all it shows ([heap], [stack] apart). */
bool vma_rows_join(const struct vma_row *low, const struct vma_row *high);

#endif
