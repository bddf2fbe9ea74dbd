/*
 * stacks.c: see the header.
 */
#include "stacks.h"

#include "address_space.h"
#include "depot.h"
#include "frames.h"
#include "loads.h"
#include "memo.h"
#include "recipes.h"
#include "settings.h"

static size_t aligned(size_t bytes)
{
	return (bytes + 63) & ~(size_t)63;
}

size_t stacks_memory_bytes(void)
{
	return aligned(memo_memory_bytes()) + unwind_memory_bytes();
}

void stacks_init(void *memory, uint64_t main_stack_end)
{
	memo_init(memory);
	unwind_init((char *)memory + aligned(memo_memory_bytes()), main_stack_end);
}

/* The caller alone, and that there are others. */
static void take_caller(struct vmat_event *event, const struct frame_registers *caller)
{
	uint64_t pc = caller->pc;

	event->flags |= VMAT_EVENT_STACK_TRUNCATED;
	event->stack = depot_stack(&pc, 1);
}

static __attribute__((noinline)) void walk(struct vmat_event *event, const struct memo_key *key)
{
	/* Not those of the trace's header, which is the program's to damage. */
	const struct settings *settings = address_space.settings;
	struct memo *memo = memo_take(key, !(event->flags & VMAT_EVENT_NESTED));
	struct memo_stack stack;
	struct unwind_walk *walk;

	if (!memo) {
		take_caller(event, &key->at);
		return;
	}
	walk = memo_walk(memo);
	arena_expect();
	unwind_stack(&key->at, settings->stack_mode, settings->depth, walk);
	stack.flags = walk->flags;
	stack.id = depot_stack(walk->pc, walk->frames);
	event->flags |= stack.flags;
	event->stack = stack.id;
	memo_fill(memo, key, stack.id ? &stack : NULL);
}

void stacks_take(struct vmat_event *event, const struct frame_registers *caller)
{
	enum vmat_stack_mode mode = address_space.settings->stack_mode;
	struct memo_key key;
	struct memo_stack found;

	if (mode == VMAT_STACK_NONE) {
		event->flags |= VMAT_EVENT_STACK_UNKNOWN;
		return;
	}
	/* Frame pointers would be guesses here: libraries are built without them. The caller is certain. */
	if (mode == VMAT_STACK_CFI && !address_space.libc_is_ready) {
		event->flags |= VMAT_EVENT_EARLY;
		take_caller(event, caller);
		return;
	}
	if (__builtin_expect(loads_changed(), 0))
		loads_tell(recipes_forget_loaded);
	key = (struct memo_key) { .at = *caller,
		                  .thread = frames_thread_pointer(),
		                  .epoch = (uint64_t)depot_generation() << 32 | recipes_epoch() };
	if (memo_find(&key, &found)) {
		event->stack = found.id;
		event->flags |= found.flags;
		return;
	}
	walk(event, &key);
	if (!event->stack)
		event->flags |= VMAT_EVENT_STACK_UNKNOWN;
}
