/*
 * timeline_json: one change of the address space as an object. `change`, `call`, the range and the
 * stack are spelled as in every other document about changes.
 */
#ifndef VMATRACE_RENDER_TIMELINE_JSON_H
#define VMATRACE_RENDER_TIMELINE_JSON_H

#include "core/walk.h"
#include "io/symbols.h"
#include "json.h"

void json_change(struct json *json, const struct vma_change *change, uint32_t pid, const char *kind,
                 const struct frame *frames, size_t count);

#endif
