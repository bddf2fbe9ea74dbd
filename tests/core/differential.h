/*
 * differential.h: the parts of the live differential test. Random calls are made on the running kernel, each
 * becomes the event that the recorder would have written, and after each the replayed list is held against
 * /proc/self/maps.
 *
 *     calls    makes one random call, fills in its event     differential_{map,pages,move,shm}.c
 *     places   where calls may go, and what they may map     differential_places.c
 *     maps     /proc/self/maps as rows, both sides joined    differential_maps.c
 *     main     a walk whose source makes the calls           differential.c
 *
 * The process maps nothing on its own while it runs: malloc is served from a heap that was made large
 * enough before, the stack has been touched, files are read into static buffers.
 */
#ifndef VMATRACE_TESTS_DIFFERENTIAL_H
#define VMATRACE_TESTS_DIFFERENTIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

enum { PAGE = 4096, HUGE_PAGE = 2 * 1024 * 1024 };

/* --- maps --------------------------------------------------------------------------------------------- */

enum { ROW_LIMIT = 4096 };

struct maps {
	struct vma_row rows[ROW_LIMIT];
	size_t count;
	char text[1 << 20]; /* the names point into it */
};

/* The kernel's list now. Exits if it cannot be read. */
void maps_read(struct maps *maps);
/* Keeps the rows that touch one of the two ranges, as the recorder does. */
void maps_touching(struct maps *maps, uint64_t start, uint64_t end, uint64_t other_start,
                   uint64_t other_end);
/* Joins neighbours that differ in nothing visible; a joined row has a label if a part of it had. */
size_t rows_join(struct vma_row *rows, size_t count);
/* True if the lists, both joined, are the same, labels too. Prints the first difference. */
bool rows_equal(const struct vma_row *model, size_t model_count, const struct vma_row *kernel,
                size_t kernel_count);

/* --- places ------------------------------------------------------------------------------------------- */

struct file {
	int fd;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	bool regular;
	char path[512];
};

enum { FILE_COUNT = 7, SEGMENT_COUNT = 8, STRAY_LIMIT = 64 };

struct places {
	uint64_t random;
	uint64_t arena;
	uint64_t arena_pages;
	uint64_t huge;       /* aligned to a huge page */
	uint64_t huge_pages; /* in small pages */
	uint64_t sealed;     /* what mseal may take: it stays */
	uint64_t sealed_pages;
	uint64_t heap; /* the break never falls below this */
	uint64_t heap_pages;
	struct file files[FILE_COUNT];
	int segments[SEGMENT_COUNT];
	uint64_t segment_bytes[SEGMENT_COUNT];
	int pkey;
	uint64_t growsdown; /* where such memory was mapped last; it may be gone */
	/* Mappings the kernel put outside of the areas; unmapped again one by one. */
	struct stray {
		uint64_t start;
		uint64_t bytes;
	} strays[STRAY_LIMIT];
	size_t stray_count;
};

void places_init(struct places *places, uint64_t seed);
void places_release(struct places *places);
/* 0 .. below - 1 */
uint64_t pick(struct places *places, uint64_t below);
bool one_in(struct places *places, uint64_t count);
/* A page and a length somewhere in the areas. *length is not always whole pages. */
uint64_t pick_range(struct places *places, uint64_t *length);
/* The same, in the ordinary area alone. */
uint64_t pick_arena_range(struct places *places, uint64_t *length);
int pick_prot(struct places *places);
/* Remembers what lies outside the areas. */
void note_mapping(struct places *places, uint64_t start, uint64_t bytes);
/* Remembers what has to be unmapped, wherever it is. */
void note_stray(struct places *places, uint64_t start, uint64_t bytes);

/* --- calls -------------------------------------------------------------------------------------------- */

/* One kind of call: makes one at random and fills in call, args, result, failed, error, object and rows. */
struct call_kind {
	const char *name;
	void (*make)(struct places *places, struct event *event);
	unsigned weight;
	/* False: a stray has to go first. NULL: always. */
	bool (*ready)(struct places *places);
};

/* Tables of kinds; each ends with a nameless one. */
extern const struct call_kind map_kinds[];  /* mmap in all its forms, munmap */
extern const struct call_kind page_kinds[]; /* what changes pages that stay mapped */
extern const struct call_kind move_kinds[]; /* mremap, brk, sbrk */
extern const struct call_kind shm_kinds[];  /* SysV segments, remap_file_pages */

/* munmap of a mapping the kernel placed by itself. */
void unmap_stray(struct places *places, struct event *event);

/* The outcome of a call as the recorder stores it; errno is read if it is -1. */
void set_result(struct event *event, long result);
/* Rows of the event, read now. */
void take_rows(struct event *event, uint64_t start, uint64_t length);
void take_rows_of_two(struct event *event, uint64_t start, uint64_t length, uint64_t other_start,
                      uint64_t other_length);

#endif
