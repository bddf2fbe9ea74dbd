/*
 * maps_json: one VMA as an object, with the names of struct vm_area_struct.
 */
#ifndef VMATRACE_RENDER_MAPS_JSON_H
#define VMATRACE_RENDER_MAPS_JSON_H

#include "core/event.h"
#include "io/symbols.h"
#include "thread_view.h"

/* Who made or changed a VMA. */
struct maps_author {
	bool known; /* false: before recording began */
	uint64_t seq;
	bool by_frame_pointers;
	const struct frame *frames;
	size_t frame_count;
};

/* A VMA, or what is of one kind in one that different calls mapped. */
struct maps_vma {
	const struct vma_row *row;
	const char *kind;                  /* of most of it */
	const struct thread_entry *thread; /* whose stack it is, or NULL */
	struct maps_author created_by;     /* the first of those that mapped it */
	struct maps_author last_changed_by;
};

/* An object that is left open, for its parts. */
void json_vma(struct json *json, const struct maps_vma *vma, uint32_t page_bytes);
void json_vma_part(struct json *json, const struct maps_vma *part);

#endif
