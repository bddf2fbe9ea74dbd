/*
 * in_flight.c: what becomes of a call that nobody will ever come back to. Rare: a jump has to hit the few
 * microseconds of a call.
 */
#include "in_flight.h"

#include "address_space.h"
#include "held_signals.h"
#include "snapshot.h"

/* The event is in its slot, or was, and written over since. */
static bool is_stored(uint64_t seq)
{
	const struct vmat_event *slot = &ring.slots[seq & (ring.slot_count - 1)];

	return __atomic_load_n(&slot->stamp, __ATOMIC_RELAXED) > seq;
}

static void leave(struct vmat_in_flight *entry)
{
	uint64_t owner = __atomic_load_n(&entry->owner, __ATOMIC_RELAXED);
	uint64_t slot = entry->slot;
	struct vmat_event event = {
		.time = entry->time,
		.enter = entry->enter,
		.caller = entry->caller,
		.tid = entry->tid,
		.stack = entry->stack,
		.object = entry->object,
		.call = entry->call,
		.flags = entry->flags | VMAT_EVENT_LEFT,
		.via = entry->via,
	};

	__builtin_memcpy(event.args, entry->args, sizeof(event.args));
	/* Another process on this thread's memory may do the same: one of the two has it. */
	if (!__atomic_compare_exchange_n(&entry->owner, &owner, 0, false, __ATOMIC_ACQ_REL,
	                                 __ATOMIC_RELAXED) ||
	    !(owner & 1) || (slot && is_stored(slot - 1)))
		return;
	if (ring_store(&event, slot ? slot - 1 : ring_draw(), address_space.state))
		snapshot_take(VMAT_SNAPSHOT_PERIODIC);
}

/* A handler in the middle, and a jump out of it, would leave neither an entry nor an event. */
void in_flight_leave(struct vmat_in_flight *entry)
{
	uint64_t mask = signals_hold();

	leave(entry);
	signals_let_go(mask);
}
