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
	PAGE_BYTES = 4096,  /* the smallest there is */
	REACHED_FRAMES = 6, /* of libc between a wrapper and a system call, with room */
};

struct unwind_state {
	const struct recipe_entry *table;
	uint64_t main_stack_end;
	uint64_t main_thread_pointer;
	bool ready;
};
static struct unwind_state state;

enum step {
	STEP_FRAME,   /* this is a frame */
	STEP_END,     /* there is none: the one before was the outermost */
	STEP_STOPPED, /* there is one, but nobody knows where */
};

/*
 * A frame on the way: registers as they are when its callee has returned. A step takes the callee's and gives
 * the caller's, by value: so the compiler keeps the walk in registers.
 */
struct frame {
	uint64_t sp;
	enum step step;
	bool foreign;  /* bound is no more than sp + FOREIGN_REACH */
	bool exact;    /* pc is where a signal came in, not a return address */
	bool knows_bx; /* bx is the frame's, unless bx_at is set */
	uint64_t pc;
	uint64_t bound; /* words below it may be read */
	uint64_t bp;
	uint64_t bx;
	uint64_t bx_at; /* a frame inside saved it here; read only when it is wanted */
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

static struct frame with_bound(struct frame frame)
{
	uint64_t thread = frames_thread_pointer();

	frame.foreign = false;
	if (state.main_stack_end - frame.sp < MAIN_REACH)
		frame.bound = state.main_stack_end;
	else if (thread != state.main_thread_pointer && thread - frame.sp < THREAD_REACH)
		frame.bound = thread;
	else
		frame.foreign = true;
	if (frame.foreign)
		frame.bound = frame.sp + FOREIGN_REACH;
	return frame;
}

static struct frame with_step(struct frame frame, enum step step)
{
	frame.step = step;
	return frame;
}

/* A frame whose pc and sp were just found on the stack, by another way than a signal. */
static struct frame arrived(struct frame frame, uint64_t pc, uint64_t sp)
{
	frame.pc = pc;
	frame.sp = sp;
	frame.exact = false;
	if (frame.foreign)
		frame.bound = sp + FOREIGN_REACH;
	return with_step(frame, pc ? STEP_FRAME : STEP_END);
}

/* True if a word at `address` lies between sp and the bound. */
static bool may_read(struct frame frame, uint64_t address)
{
	return address % 8 == 0 && address >= frame.sp && address < frame.bound &&
	       frame.bound - address >= 8;
}

/* Where a signal came in between the pops of an epilogue, CFI has bp still in the slot just popped. */
static bool in_red_zone(struct frame frame, uint64_t address)
{
	return frame.exact && address % 8 == 0 && frame.sp - address <= FRAMES_RED_ZONE;
}

static uint64_t word_at(uint64_t address)
{
	return *(const uint64_t *)address;
}

/* The step of a recipe that has a CFA. */
static inline struct frame step_to_cfa(struct frame frame, struct recipe recipe, uint64_t cfa)
{
	uint64_t base = recipe.kind == RECIPE_LOADED ? frame.bp : cfa;
	uint64_t bp_at = base + (uint64_t)(recipe.bp_words * 8);

	if (cfa <= frame.sp || !may_read(frame, cfa - 8))
		return with_step(frame, STEP_STOPPED);
	if (recipe.saved & SAVED_BP) {
		if (!may_read(frame, bp_at) && !in_red_zone(frame, bp_at))
			return with_step(frame, STEP_STOPPED);
		frame.bp = word_at(bp_at);
	}
	if (recipe.saved & SAVED_BX)
		frame.bx_at = base + (uint64_t)(recipe.bx_words * 8);
	if (recipe.saved & LOST_BX) {
		frame.bx_at = 0;
		frame.knows_bx = false;
	}
	return arrived(frame, word_at(cfa - 8), cfa);
}

static struct frame step_over_signal(struct frame frame)
{
	uint64_t context = frame.sp;

	if (!may_read(frame, context) || !may_read(frame, context + FRAMES_SIGNAL_PC))
		return with_step(frame, STEP_STOPPED);
	frame.bp = word_at(context + FRAMES_SIGNAL_BP);
	frame.bx = word_at(context + FRAMES_SIGNAL_BX);
	frame.bx_at = 0;
	frame.knows_bx = true;
	frame = arrived(frame, word_at(context + FRAMES_SIGNAL_PC),
	                word_at(context + FRAMES_SIGNAL_SP));
	frame.exact = true;
	return with_bound(frame);
}

/* A frame pointer of 0 marks the outermost frame (x86-64 psABI 3.4.1, AAPCS64 6.4.6). */
static inline struct frame step_by_frame_pointer(struct frame frame)
{
	uint64_t at = frame.bp;

	if (at == 0)
		return with_step(frame, STEP_END);
	if (!may_read(frame, at) || !may_read(frame, at + 8))
		return with_step(frame, STEP_STOPPED);
	/* The return address below sp was read, or will be. */
	if (frame.foreign && (at + 15) / PAGE_BYTES != (frame.sp - 8) / PAGE_BYTES)
		return with_step(frame, STEP_STOPPED);
	if (!frames_is_pc(word_at(at + 8)))
		return with_step(frame, STEP_STOPPED);
	frame.bp = word_at(at);
	frame.bx_at = 0;
	frame.knows_bx = false;
	return arrived(frame, word_at(at + 8), at + 16);
}

static struct frame step_by_bx(struct frame frame, struct recipe recipe)
{
	uint64_t bx = frame.bx;

	if (!frame.bx_at && !frame.knows_bx)
		return with_step(frame, STEP_STOPPED);
	if (frame.bx_at) {
		/* In a frame that was walked since the last signal: below sp, and not far. */
		if (frame.bx_at % 8 || frame.sp - frame.bx_at > FOREIGN_REACH)
			return with_step(frame, STEP_STOPPED);
		bx = word_at(frame.bx_at);
	}
	return step_to_cfa(frame, recipe, bx + (uint64_t)(int64_t)recipe.cfa_offset);
}

static struct frame step_by_loaded_cfa(struct frame frame, struct recipe recipe)
{
	uint64_t at = frame.bp + (uint64_t)(int64_t)recipe.cfa_offset;

	if (!may_read(frame, at))
		return with_step(frame, STEP_STOPPED);
	return step_to_cfa(frame, recipe, word_at(at));
}

/* All that is not the usual: kept out of the walk's loop. */
static __attribute__((noinline)) struct frame step_otherwise(struct frame frame,
                                                             struct recipe recipe, uint16_t *flags)
{
	switch ((enum recipe_kind)recipe.kind) {
	case RECIPE_BX:
		return step_by_bx(frame, recipe);
	case RECIPE_LOADED:
		return step_by_loaded_cfa(frame, recipe);
	case RECIPE_SIGNAL:
		return step_over_signal(frame);
	case RECIPE_NO_CFI:
		*flags |= VMAT_EVENT_FP;
		return step_by_frame_pointer(frame);
	case RECIPE_END:
		return with_step(frame, STEP_END);
	default:
		return with_step(frame, STEP_STOPPED);
	}
}

static inline struct frame step_by_cfi(struct frame frame, const struct recipe_entry *table,
                                       uint16_t *flags)
{
	uint64_t key = recipe_key(frame.pc, frame.exact);
	struct recipe recipe = recipes_find(table, key);
	uint64_t base;

	if (recipe.kind <= RECIPE_NOTED)
		recipe = recipes_learn(key);
	base = recipe.kind == RECIPE_SP ? frame.sp : frame.bp;
	if (recipe.kind == RECIPE_SP || recipe.kind == RECIPE_BP)
		return step_to_cfa(frame, recipe, base + (uint64_t)(int64_t)recipe.cfa_offset);
	return step_otherwise(frame, recipe, flags);
}

static size_t walk_by_cfi(struct frame frame, uint64_t *pcs, size_t depth, uint16_t *flags)
{
	const struct recipe_entry *table = state.table;
	size_t count = 0;

	while (frame.step == STEP_FRAME && count < depth) {
		pcs[count++] = frame.pc;
		frame = step_by_cfi(frame, table, flags);
	}
	/* STEP_FRAME: the depth is reached, and a caller was found above it. */
	if (frame.step != STEP_END)
		*flags |= VMAT_EVENT_STACK_TRUNCATED;
	return count;
}

static size_t walk_by_frame_pointers(struct frame frame, uint64_t *pcs, size_t depth,
                                     uint16_t *flags)
{
	const struct recipe_entry *table = state.table;
	size_t count = 0;

	while (frame.step == STEP_FRAME && count < depth) {
		uint64_t key = recipe_key(frame.pc, false);

		pcs[count++] = frame.pc;
		if (table && recipes_find(table, key).kind == RECIPE_UNKNOWN)
			recipes_note(key);
		frame = step_by_frame_pointer(frame);
	}
	if (frame.step != STEP_END)
		*flags |= VMAT_EVENT_STACK_TRUNCATED;
	*flags |= VMAT_EVENT_FP;
	return count;
}

size_t unwind_stack(const struct frame_registers *at, enum vmat_stack_mode mode, uint64_t *pcs,
                    size_t depth, uint16_t *flags)
{
	struct frame frame = { .step = STEP_FRAME, .pc = at->pc, .sp = at->sp, .bp = at->bp };

	frame = with_bound(frame);
	if (mode == VMAT_STACK_CFI && recipes_usable())
		return walk_by_cfi(frame, pcs, depth, flags);
	return walk_by_frame_pointers(frame, pcs, depth, flags);
}

bool unwind_reaches(const struct frame_registers *at, bool (*inside)(uint64_t pc))
{
	struct frame frame = { .step = STEP_FRAME, .pc = at->pc, .sp = at->sp, .bp = at->bp };
	uint16_t flags = 0;

	if (!recipes_usable())
		return false;
	frame = with_bound(frame);
	for (int i = 0; i < REACHED_FRAMES && frame.step == STEP_FRAME && !frame.exact; i++) {
		if (inside(frame.pc))
			return true;
		frame = step_by_cfi(frame, state.table, &flags);
	}
	return false;
}
