/*
 * given_change: see the header.
 */
#include "given_change.h"

static unsigned bits_of(const struct vma_change *change)
{
	const struct event *event = change->event;

	return (change->mapped_before ? GIVEN_MAPPED_BEFORE : 0u) |
	       (change->mapped_after ? GIVEN_MAPPED_AFTER : 0u) |
	       (change->shared ? GIVEN_SHARED : 0u) | (change->loaded ? GIVEN_LOADED : 0u) |
	       (event->failed ? GIVEN_FAILED : 0u) | (event->in_flight ? GIVEN_IN_FLIGHT : 0u) |
	       (event->left ? GIVEN_LEFT : 0u);
}

void given_change_pack(struct given_change *given, const struct vma_change *change,
                       enum vma_kind kind, bool owns_name)
{
	const struct event *event = change->event;

	*given = (struct given_change) {
		.start = change->start,
		.end = change->end,
		.old_start = change->old_start,
		.made_by = change->made_by,
		.name = change->name,
		.since = change->since,
		.mapped_bytes = change->mapped_bytes,
		.vma_count = change->vma_count,
		.seq = event->seq,
		.time_ns = event->time_ns,
		.caller = event->caller,
		.args = { event->args[0], event->args[1] },
		.tid = event->tid,
		.stack = event->stack,
		.call = event->call,
		.flags = event->flags,
		.kind = (uint8_t)change->kind,
		.cause = (uint8_t)change->cause,
		.vma_kind = (uint8_t)kind,
		.prot_before = change->prot_before,
		.prot_after = change->prot_after,
		.bits = (uint8_t)(bits_of(change) | (owns_name ? GIVEN_OWNS_NAME : 0u)),
	};
}

void given_change_unpack(const struct given_change *given, struct vma_change *change,
                         struct event *event)
{
	*event = (struct event) {
		.seq = given->seq,
		.time_ns = given->time_ns,
		.args = { given->args[0], given->args[1] },
		.caller = given->caller,
		.tid = given->tid,
		.stack = given->stack,
		.call = given->call,
		.flags = given->flags,
		.failed = given->bits & GIVEN_FAILED,
		.in_flight = given->bits & GIVEN_IN_FLIGHT,
		.left = given->bits & GIVEN_LEFT,
	};
	*change = (struct vma_change) {
		.kind = (enum change_kind)given->kind,
		.cause = (enum implicit_cause)given->cause,
		.start = given->start,
		.end = given->end,
		.prot_before = given->prot_before,
		.prot_after = given->prot_after,
		.mapped_before = given->bits & GIVEN_MAPPED_BEFORE,
		.mapped_after = given->bits & GIVEN_MAPPED_AFTER,
		.shared = given->bits & GIVEN_SHARED,
		.loaded = given->bits & GIVEN_LOADED,
		.old_start = given->old_start,
		.made_by = given->made_by,
		.name = given->name,
		.since = given->since,
		.event = event,
		.mapped_bytes = given->mapped_bytes,
		.vma_count = given->vma_count,
	};
}
