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

/* thread: whose stack it is, or NULL. */
void json_vma(struct json *json, const struct vma_row *row, uint32_t page_bytes, const char *kind,
              const struct thread_entry *thread, const struct maps_author *created_by,
              const struct maps_author *last_changed_by);

#endif
