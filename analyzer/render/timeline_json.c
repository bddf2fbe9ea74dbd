/*
 * timeline_json: see the header.
 */
#include "timeline_json.h"

#include <sys/mman.h>

#include "core/call_table.h"
#include "event_json.h"
#include "vmatrace/trace_format.h"

static void flags(struct json *json, const char *key, bool mapped, unsigned prot, bool shared)
{
	const char text[] = { prot & PROT_READ ? 'r' : '-', prot & PROT_WRITE ? 'w' : '-',
		              prot & PROT_EXEC ? 'x' : '-', shared ? 's' : 'p', '\0' };

	json_member_string(json, key, mapped ? text : NULL);
}

void json_change(struct json *json, const struct vma_change *change, uint32_t pid, const char *kind,
                 const struct thread_entry *caller, const struct thread_entry *owner,
                 struct spelled *stacks, const struct stack_view *stack)
{
	const struct event *event = change->event;
	bool implicit = event->call == CALL_IMPLICIT;

	json_object(json);
	json_member_number(json, "time_ns", event->time_ns);
	json_member_number(json, "seq", event->seq);
	json_member_number(json, "pid", pid);
	json_member_number(json, "tid", event->tid);
	json_member_thread_name(json, caller);
	json_member_string(json, "change", change_kind_name(change->kind));
	json_member_string(json, "call", call_name(event->call));
	json_member_string(json, "cause",
	                   !implicit ? NULL
	                   : change->cause == CAUSE_UNEXPLAINED
	                           ? "unexplained"
	                           : implicit_cause_name(change->cause));
	if (change->since)
		json_member_number(json, "since_ns", change->since->time_ns);
	json_member_bool(json, "internal", event->flags & VMAT_EVENT_INTERNAL);
	json_member_hex(json, "vm_start", change->start);
	json_member_hex(json, "vm_end", change->end);
	/* Those after it; of what is gone, those it had. */
	flags(json, "vm_flags", true,
	      change->mapped_after ? change->prot_after : change->prot_before, change->shared);
	flags(json, "vm_flags_before", change->mapped_before, change->prot_before, change->shared);
	if (change->kind == CHANGE_MOVE)
		json_member_hex(json, "old_start", change->old_start);
	json_member_string(json, "vm_file", change->name[0] ? change->name : NULL);
	json_member_string(json, "kind", kind);
	json_key(json, "stack_of");
	if (owner) {
		json_object(json);
		json_member_thread(json, owner);
		json_object_end(json);
	} else {
		json_null(json);
	}
	json_member_number(json, "mapped_bytes", change->mapped_bytes);
	json_member_number(json, "vma_count", change->vma_count);
	json_key(json, "stack");
	json_stack_again(json, stacks, stack);
	json_object_end(json);
}
