/*
 * unwind: the walk over a stack, by recipes or by frame pointers.
 *
 * A word is read only where the stack must be mapped. What that is depends on where sp lies:
 *
 *     main thread      within MAIN_REACH below main_stack_end: up to that. The kernel keeps other mappings
 *                      at least 128 MiB below the top of the stack (mm/util.c, MIN_GAP).
 *     another thread   within THREAD_REACH below the thread pointer: up to that, for glibc puts the thread's
 *                      control block at the top of its stack.
 *     foreign          an alternate signal stack, a coroutine: nobody says where it ends. By CFI, which
 *                      describes frames that do exist, each step may go FOREIGN_REACH up; a frame pointer,
 *                      which may be anything, is believed only in the page that sp is known to be in.
 *
 * Where an alternate stack lies below its thread's own, it passes for that; a step by CFI is as right there
 * as elsewhere.
 *
 * Each step must go up, except over a signal frame, behind which the stack may be another one. The depth
 * ends a walk in any case.
 */
#include "unwind.h"

#include <errno.h>

#include "frames.h"
#include "recipes.h"

enum {
	MAIN_REACH = 128 << 20,
	THREAD_REACH = 64 << 20,
	FOREIGN_REACH = 1 << 20,
	PAGE_BYTES = 4096, /* the smallest there is */
};

struct unwind_state {
	const struct recipe_entry *table;
	uint64_t main_stack_end;
	uint64_t main_thread_pointer;
	bool ready;
};
static struct unwind_state state;

/* A frame on the way: registers as they are when its callee has returned. */
struct frame {
	uint64_t pc;
	uint64_t sp;
	uint64_t bp;
	uint64_t bound; /* words below it may be read */
	bool foreign;   /* bound is no more than sp + FOREIGN_REACH */
	bool exact;     /* pc is where a signal came in, not a return address */
};

enum step {
	STEP_FRAME,   /* the frame is the caller's now */
	STEP_END,     /* there is no caller */
	STEP_STOPPED, /* there is one, but nobody knows where */
};

size_t unwind_memory_bytes(void)
{
	return recipes_memory_bytes();
}

void unwind_init(void *memory, uint64_t main_stack_end)
{
	/* A fork child's only thread may run on what was a thread's stack: the first answer stays right. */
	if (!state.main_thread_pointer)
		state.main_thread_pointer = frames_thread_pointer();
	state.main_stack_end = main_stack_end;
	state.table = recipes_init(memory);
}

bool unwind_load(void)
{
	int error = errno;

	state.ready = recipes_load();
	errno = error;
	return state.ready;
}

bool unwind_ready(void)
{
	return state.ready;
}

static void find_bound(struct frame *frame)
{
	uint64_t thread = frames_thread_pointer();

	frame->foreign = false;
	if (state.main_stack_end - frame->sp < MAIN_REACH)
		frame->bound = state.main_stack_end;
	else if (thread != state.main_thread_pointer && thread - frame->sp < THREAD_REACH)
		frame->bound = thread;
	else
		frame->foreign = true;
	if (frame->foreign)
		frame->bound = frame->sp + FOREIGN_REACH;
}

/* True if a word at `address` lies between sp and the bound. */
static bool may_read(const struct frame *frame, uint64_t address)
{
	return address % 8 == 0 && address >= frame->sp && address < frame->bound &&
	       frame->bound - address >= 8;
}

/* Where a signal came in between the pops of an epilogue, CFI has rbp still in the slot just popped. */
static bool in_red_zone(const struct frame *frame, uint64_t address)
{
	return frame->exact && address % 8 == 0 && frame->sp - address <= FRAMES_RED_ZONE;
}

static uint64_t word_at(uint64_t address)
{
	return *(const uint64_t *)address;
}

/* Reads rbp as the recipe says, sp being still the callee's. False: from where nothing may be read. */
static bool restore_bp(struct frame *frame, struct recipe recipe, uint64_t cfa)
{
	const uint64_t base[] = {
		[SAVED_AT_CFA] = cfa,
		[SAVED_AT_BP] = frame->bp,
		[SAVED_AT_SP] = frame->sp,
	};
	uint64_t address = base[recipe.bp_saved] + (uint64_t)(recipe.bp_words * 8);

	if (!may_read(frame, address) && !in_red_zone(frame, address))
		return false;
	frame->bp = word_at(address);
	return true;
}

static enum step arrive(struct frame *frame)
{
	return frame->pc ? STEP_FRAME : STEP_END;
}

static enum step step_to_cfa(struct frame *frame, struct recipe recipe, uint64_t cfa)
{
	if (cfa <= frame->sp || !may_read(frame, cfa - 8))
		return STEP_STOPPED;
	if (recipe.bp_saved != SAVED_NOWHERE && !restore_bp(frame, recipe, cfa))
		return STEP_STOPPED;
	frame->pc = word_at(cfa - 8);
	frame->sp = cfa;
	frame->exact = false;
	if (frame->foreign)
		frame->bound = cfa + FOREIGN_REACH;
	return arrive(frame);
}

static enum step step_over_signal(struct frame *frame)
{
	uint64_t context = frame->sp;

	if (!may_read(frame, context) || !may_read(frame, context + FRAMES_SIGNAL_PC))
		return STEP_STOPPED;
	frame->pc = word_at(context + FRAMES_SIGNAL_PC);
	frame->bp = word_at(context + FRAMES_SIGNAL_BP);
	frame->sp = word_at(context + FRAMES_SIGNAL_SP);
	frame->exact = true;
	find_bound(frame);
	return arrive(frame);
}

/* rbp 0 marks the outermost frame (psABI 3.4.1). */
static enum step step_by_frame_pointer(struct frame *frame)
{
	uint64_t at = frame->bp;

	if (at == 0)
		return STEP_END;
	if (!may_read(frame, at) || !may_read(frame, at + 8))
		return STEP_STOPPED;
	/* The return address below sp was read, or will be. */
	if (frame->foreign && (at + 15) / PAGE_BYTES != (frame->sp - 8) / PAGE_BYTES)
		return STEP_STOPPED;
	frame->bp = word_at(at);
	frame->pc = word_at(at + 8);
	frame->sp = at + 16;
	frame->exact = false;
	if (frame->foreign)
		frame->bound = frame->sp + FOREIGN_REACH;
	return arrive(frame);
}

static enum step step_by_recipe(struct frame *frame, struct recipe recipe, uint16_t *flags)
{
	uint64_t offset = (uint64_t)(int64_t)recipe.cfa_offset;

	switch ((enum recipe_kind)recipe.kind) {
	case RECIPE_SP:
		return step_to_cfa(frame, recipe, frame->sp + offset);
	case RECIPE_BP:
		return step_to_cfa(frame, recipe, frame->bp + offset);
	case RECIPE_LOADED:
		if (!may_read(frame, frame->bp + offset))
			return STEP_STOPPED;
		return step_to_cfa(frame, recipe, word_at(frame->bp + offset));
	case RECIPE_SIGNAL:
		return step_over_signal(frame);
	case RECIPE_NO_CFI:
		*flags |= VMAT_EVENT_FP;
		return step_by_frame_pointer(frame);
	case RECIPE_END:
		return STEP_END;
	case RECIPE_UNKNOWN:
	case RECIPE_NOTED:
	case RECIPE_OPAQUE:
		break;
	}
	return STEP_STOPPED;
}

static enum step step_by_cfi(struct frame *frame, uint16_t *flags)
{
	uint64_t key = recipe_key(frame->pc, frame->exact);
	struct recipe recipe = recipes_find(state.table, key);

	if (recipe.kind <= RECIPE_NOTED)
		recipe = recipes_learn(key);
	return step_by_recipe(frame, recipe, flags);
}

size_t unwind_stack(const struct frame_registers *at, enum vmat_stack_mode mode, uint64_t *pcs,
                    size_t depth, uint16_t *flags)
{
	struct frame frame = { .pc = at->pc, .sp = at->sp, .bp = at->bp };
	bool by_cfi = mode == VMAT_STACK_CFI && recipes_usable();
	enum step step = STEP_FRAME;
	size_t count = 0;

	if (!by_cfi)
		*flags |= VMAT_EVENT_FP;
	find_bound(&frame);
	while (step == STEP_FRAME && count < depth) {
		pcs[count++] = frame.pc;
		if (!by_cfi)
			recipes_note(frame.pc);
		step = by_cfi ? step_by_cfi(&frame, flags) : step_by_frame_pointer(&frame);
	}
	/* STEP_FRAME: the depth was reached and a caller found above it. */
	if (step != STEP_END)
		*flags |= VMAT_EVENT_STACK_TRUNCATED;
	return count;
}
