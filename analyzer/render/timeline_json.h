/*
 * timeline_json: one change of the address space as an object. `change`, `call`, the range and the
 * stack are spelled as in every other document about changes.
 */
#ifndef VMATRACE_RENDER_TIMELINE_JSON_H
#define VMATRACE_RENDER_TIMELINE_JSON_H

#include "core/walk.h"
#include "io/symbols.h"
#include "event_json.h"
#include "thread_view.h"

/* stacks: as json_stack_again() has it. caller: who made the call; owner: whose stack it is about; each may be NULL. */
void json_change(struct json *json, const struct vma_change *change, uint32_t pid, const char *kind,
                 const struct thread_entry *caller, const struct thread_entry *owner,
                 struct spelled *stacks, const struct stack_view *stack);

#endif
