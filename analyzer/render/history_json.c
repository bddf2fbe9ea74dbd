/*
 * history_json: a row has the documented keys; of a fault all that text says.
 */
#include <sys/mman.h>

#include "core/call_table.h"
#include "event_json.h"
#include "history_report.h"

static void flags(struct json *json, const char *key, unsigned prot, bool shared)
{
	const char text[] = { prot & PROT_READ ? 'r' : '-', prot & PROT_WRITE ? 'w' : '-',
		              prot & PROT_EXEC ? 'x' : '-', shared ? 's' : 'p', '\0' };

	json_member_string(json, key, text);
}

void history_json_row(struct json *json, const struct history_row *row,
                      const struct site_view *site)
{
	const struct frame *frames;
	size_t count = site_view_frames(site, &frames);

	json_object(json);
	json_member_number(json, "time_ns", row->event.time_ns);
	json_member_number(json, "seq", row->event.seq);
	json_member_thread(json, row->thread);
	json_member_string(json, "change", change_kind_name(row->seen.kind));
	json_member_string(json, "call", call_name(row->event.call));
	json_member_hex(json, "vm_start", row->start);
	json_member_hex(json, "vm_end", row->end);
	/* Those after it; of what is gone, those it had. */
	flags(json, "vm_flags",
	      row->seen.mapped_after ? row->seen.prot_after : row->seen.prot_before,
	      row->seen.shared);
	if (row->seen.kind == CHANGE_MOVE)
		json_member_hex(json, "old_start", row->old_start);
	json_key(json, "stack");
	json_stack(json, frames, count, site->by_frame_pointers);
	json_object_end(json);
}

void history_json_fault(struct json *json, const struct history_fault *fault,
                        const struct history_now *now)
{
	static const char *const accesses[] = {
		[PROT_READ] = "read",
		[PROT_WRITE] = "write",
		[PROT_EXEC] = "execute",
	};
	unsigned access = fault->fault.access;

	json_object(json);
	json_member_string(json, "signal", fault->fault.bus ? "SIGBUS" : "SIGSEGV");
	if (fault->fault.no_address)
		json_member_null(json, "address");
	else
		json_member_hex(json, "address", fault->fault.address);
	json_member_string(json, "reason", fault_reason_name(fault->reason));
	json_member_string(json, "access",
	                   access < sizeof(accesses) / sizeof(accesses[0]) ? accesses[access]
	                                                                   : NULL);
	json_member_number(json, "tid", fault->tid);
	json_member_thread_name(json, fault->thread);
	json_member_string(json, "source", fault->source);
	if (now->at_least)
		json_member_null(json, "time_ns");
	else
		json_member_number(json, "time_ns", now->time_ns);
	json_member_string(json, "kind", now->mapped ? vma_kind_name(now->kind) : NULL);
	json_key(json, "stack_of");
	if (now->owner) {
		json_object(json);
		json_member_thread(json, now->owner);
		json_object_end(json);
	} else {
		json_null(json);
	}
	json_object_end(json);
}
