/*
 * unwind_step.h: one step of a walk, from a frame to its caller's, and what may be read for it. A part of unwind.c, which
 * alone includes it: steps are compiled into the walk.
 *
 * A word is read only where the stack must be mapped. What that is depends on where sp lies:
 *
 *     main thread      within MAIN_REACH below main_stack_end: up to that. The kernel keeps other mappings
 *                      at least 128 MiB below the top of the stack (mm/util.c, MIN_GAP).
 *     another thread   within THREAD_REACH below the thread pointer: up to that, for glibc puts the thread's
 *                      control block at the top of its stack.
 *     foreign          an alternate signal stack, a coroutine: nobody says where it ends. A step by CFI may
 *                      go FOREIGN_REACH up; into another page than sp's, the kernel is asked for the word.
 *
 * Where an alternate stack or a coroutine's lies below its thread's own, it is foreign too. CFI describes frames
 * that do exist, but where a coroutine begins there is none. A frame pointer may be anything. Above sp on the
 * main stack there is nothing but the stack; of a thread, memory from sp to the thread pointer must have been
 * seen to be there without a gap, once; elsewhere a frame pointer is believed only in the page that sp is known
 * to be in.
 *
 * Each step must go up, except over a signal frame, behind which the stack may be another one. A register that a frame
 * saved is read only when a frame outside needs it.
 */
#ifndef VMATRACE_PRELOAD_UNWIND_STEP_H
#define VMATRACE_PRELOAD_UNWIND_STEP_H

#include "frames.h"
#include "readable.h"
#include "recipes.h"
#include "unwind.h"

enum {
	MAIN_REACH = 128 << 20,
	THREAD_REACH = 64 << 20,
	FOREIGN_REACH = 1 << 20,
	PAGE_BYTES = 4096,   /* the smallest there is */
	PAGES_ASKED = 4096,  /* of a thread's stack at most, in one go */
	CODE_FROM = 0x10000, /* no code lies below (vm.mmap_min_addr) */
};

struct unwind_state {
	struct recipe_entry *table;
	uint64_t main_stack_end;
	uint64_t main_thread_pointer;
	bool ready;
};
static struct unwind_state state;

/* From here up to its thread pointer the thread's memory has no gap; 0: not asked. */
static __thread uint64_t own_stack_from __attribute__((tls_model("initial-exec")));

#define BX_SKIPPED UINT64_MAX

enum step {
	STEP_FRAME,   /* this is a frame */
	STEP_END,     /* there is none: the one before was the outermost */
	STEP_STOPPED, /* there is one, but nobody knows where */
	STEP_AGAIN,   /* to be told by a walk that keeps track of rbx */
};

/*
 * A frame on the way: registers as they are when its callee has returned. A step takes the callee's and gives
 * the caller's, by value: so the compiler keeps the walk in registers.
 */
struct frame {
	uint64_t pc;
	uint64_t sp;
	uint64_t bound; /* words below it may be read */
	uint64_t bp_at; /* where rbp is: where a frame inside saved it, or in the walk */
	uint64_t bx_at; /* likewise; 0: nobody knows rbx, BX_SKIPPED: nobody kept track of it */
	enum step step;
	bool foreign; /* bound is no more than sp + FOREIGN_REACH */
	bool exact;   /* pc is where a signal came in, not a return address */
	bool guessed; /* the last step went by a frame pointer */
};

static inline struct frame with_bound(struct frame frame)
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

static inline struct frame first_frame(const struct frame_registers *at)
{
	return with_bound((struct frame) {
		.step = STEP_FRAME, .pc = at->pc, .sp = at->sp, .bp_at = (uint64_t)&at->bp });
}

static inline struct frame with_step(struct frame frame, enum step step)
{
	frame.step = step;
	return frame;
}

static inline bool is_first_bp(const struct unwind_walk *walk, uint64_t address)
{
	return address == (uint64_t)walk->bp;
}

/* The word at `address`, which may be read. The walk, if there is one, keeps what it hung on. */
static inline uint64_t read_word(struct unwind_walk *walk, uint64_t address)
{
	uint64_t value = *(const uint64_t *)address;

	if (!walk)
		return value;
	if (is_first_bp(walk, address)) {
		walk->hangs_on_bp = true;
	} else if (walk->words < UNWIND_WORDS) {
		walk->word[walk->words++] = (struct unwind_word) { address, value };
	} else {
		walk->repeatable = false;
	}
	return value;
}

/* A frame whose pc and sp were just found on the stack, by another way than a signal. */
static inline struct frame arrived(struct frame frame, uint64_t pc, uint64_t sp)
{
	frame.pc = pc;
	frame.sp = sp;
	frame.exact = false;
	if (frame.foreign)
		frame.bound = sp + FOREIGN_REACH;
	if (!frames_is_pc(pc))
		return with_step(frame, STEP_STOPPED);
	return with_step(frame, pc ? STEP_FRAME : STEP_END);
}

/* True if a word at `address` lies between sp and the bound. */
static inline bool may_read(struct frame frame, uint64_t address)
{
	return address % 8 == 0 && address >= frame.sp && address < frame.bound &&
	       frame.bound - address >= 8;
}

/* Where a signal came in between the pops of an epilogue, CFI has bp still in the slot just popped. */
static inline bool in_red_zone(struct frame frame, uint64_t address)
{
	return frame.exact && address % 8 == 0 && frame.sp - address <= FRAMES_RED_ZONE;
}

/*
 * True if memory from sp up to the thread pointer has no gap. Asks for each page once in the thread's life,
 * from the top down: a thread's own stack stays. A stack below it, with a guard between, is none of it.
 */
static bool is_own_stack(uint64_t sp)
{
	uint64_t from = own_stack_from;

	if (!from)
		from = frames_thread_pointer() & ~(uint64_t)(PAGE_BYTES - 1);
	for (unsigned asked = 0; from > sp && asked < PAGES_ASKED; asked++) {
		if (!readable(from - PAGE_BYTES))
			break;
		from -= PAGE_BYTES;
	}
	own_stack_from = from;
	return from <= sp;
}

/*
 * True if the word, which CFI says is the return address, can be read. On a coroutine's stack the outermost
 * function may have been entered by no call: what lies above it is the end of the mapping.
 */
static inline bool is_there(struct frame frame, uint64_t address)
{
	if (__builtin_expect(frame.bound == state.main_stack_end, 1))
		return true;
	/* The return address below sp was read. */
	if (!frame.exact && address / PAGE_BYTES == (frame.sp - 8) / PAGE_BYTES)
		return true;
	return (!frame.foreign && is_own_stack(frame.sp)) || readable(address);
}

/* The step of a recipe that has a CFA; registers were saved at offsets from the base. */
static inline __attribute__((always_inline)) struct frame step_to_cfa(struct frame frame,
                                                                      struct recipe recipe,
                                                                      uint64_t cfa, uint64_t base,
                                                                      struct unwind_walk *walk)
{
	uint64_t bp_at = base + (uint64_t)(recipe.bp_words * 8);
	uint64_t bx_at = base + (uint64_t)(recipe.bx_words * 8);

	if (cfa <= frame.sp || cfa > frame.bound || cfa % 8 || !is_there(frame, cfa - 8))
		return with_step(frame, STEP_STOPPED);
	if (recipe.saved & SAVED_BP) {
		/* In the frame itself: between its sp and its CFA. */
		if (bp_at - frame.sp >= cfa - frame.sp && !in_red_zone(frame, bp_at))
			return with_step(frame, STEP_STOPPED);
		frame.bp_at = bp_at;
	}
	if (recipe.saved & (SAVED_BX | LOST_BX))
		frame.bx_at =
			recipe.saved & SAVED_BX && bx_at - frame.sp < cfa - frame.sp ? bx_at : 0;
	return arrived(frame, read_word(walk, cfa - 8), cfa);
}

static struct frame step_over_signal(struct frame frame, struct unwind_walk *walk)
{
	uint64_t context = frame.sp;
	uint64_t pc, sp;

	if (!may_read(frame, context) || !may_read(frame, context + FRAMES_SIGNAL_PC))
		return with_step(frame, STEP_STOPPED);
	/* Behind it may lie another stack, whose words have no place in the count from this one. */
	if (walk)
		walk->repeatable = false;
	frame.bp_at = context + FRAMES_SIGNAL_BP;
	frame.bx_at = context + FRAMES_SIGNAL_BX;
	pc = read_word(walk, context + FRAMES_SIGNAL_PC);
	sp = read_word(walk, context + FRAMES_SIGNAL_SP);
	frame = arrived(frame, pc, sp);
	frame.exact = true;
	return with_bound(frame);
}

/* True if memory between sp and the two words at a frame pointer is there for sure. */
static inline bool may_guess(struct frame frame, uint64_t at)
{
	if (!may_read(frame, at) || !may_read(frame, at + 8))
		return false;
	if (frame.bound == state.main_stack_end)
		return true;
	/* The return address below sp was read, or will be. */
	return (at + 15) / PAGE_BYTES == (frame.sp - 8) / PAGE_BYTES ||
	       (!frame.foreign && is_own_stack(frame.sp));
}

/* A frame pointer of 0 marks the outermost frame (x86-64 psABI 3.4.1, AAPCS64 6.4.6). */
static inline struct frame step_by_frame_pointer(struct frame frame, struct unwind_walk *walk)
{
	uint64_t at, pc;

	frame.guessed = true;
	at = read_word(walk, frame.bp_at);
	if (at == 0)
		return with_step(frame, STEP_END);
	if (!may_guess(frame, at))
		return with_step(frame, STEP_STOPPED);
	pc = read_word(walk, at + 8);
	/* What points into the stack is data. */
	if ((pc && pc < CODE_FROM) || pc - frame.sp < frame.bound - frame.sp)
		return with_step(frame, STEP_STOPPED);
	frame.bp_at = at;
	frame.bx_at = 0;
	return arrived(frame, pc, at + 16);
}

static struct frame step_by_bx(struct frame frame, struct recipe recipe, struct unwind_walk *walk)
{
	uint64_t cfa;

	if (frame.bx_at == BX_SKIPPED)
		return with_step(frame, STEP_AGAIN);
	if (!frame.bx_at)
		return with_step(frame, STEP_STOPPED);
	cfa = read_word(walk, frame.bx_at) + (uint64_t)(int64_t)recipe.cfa_offset;
	return step_to_cfa(frame, recipe, cfa, cfa, walk);
}

static struct frame step_by_loaded_cfa(struct frame frame, struct recipe recipe,
                                       struct unwind_walk *walk)
{
	uint64_t bp = read_word(walk, frame.bp_at);
	uint64_t at = bp + (uint64_t)(int64_t)recipe.cfa_offset;

	if (!may_read(frame, at))
		return with_step(frame, STEP_STOPPED);
	return step_to_cfa(frame, recipe, read_word(walk, at), bp, walk);
}

/* All that is not the usual: kept out of the walk's loop. */
static __attribute__((noinline)) struct frame
step_otherwise(struct frame frame, struct recipe recipe, struct unwind_walk *walk)
{
	switch ((enum recipe_kind)recipe.kind) {
	case RECIPE_BX:
		return step_by_bx(frame, recipe, walk);
	case RECIPE_LOADED:
		return step_by_loaded_cfa(frame, recipe, walk);
	case RECIPE_SIGNAL:
		return step_over_signal(frame, walk);
	case RECIPE_NO_CFI:
		frame = step_by_frame_pointer(frame, walk);
		/* Code that nobody described may use rbp for a number. */
		return frame.step == STEP_END ? with_step(frame, STEP_STOPPED) : frame;
	case RECIPE_END:
		return with_step(frame, STEP_END);
	case RECIPE_UNKNOWN: /* it could be known the next time */
		if (walk)
			walk->repeatable = false;
		return with_step(frame, STEP_STOPPED);
	default:
		return with_step(frame, STEP_STOPPED);
	}
}

static inline __attribute__((always_inline)) struct frame
step_by_cfi(struct frame frame, struct recipe_entry *table, struct unwind_walk *walk)
{
	uint64_t key = recipe_key(frame.pc, frame.exact);
	struct recipe recipe = recipes_find(table, key);
	uint64_t cfa;

	if (__builtin_expect(recipe.kind <= RECIPE_NOTED, 0))
		recipe = recipes_learn(key);
	frame.guessed = false;
	if (recipe.kind == RECIPE_SP) {
		cfa = frame.sp + (uint64_t)(int64_t)recipe.cfa_offset;
		return step_to_cfa(frame, recipe, cfa, cfa, walk);
	}
	if (recipe.kind == RECIPE_BP) {
		cfa = read_word(walk, frame.bp_at) + (uint64_t)(int64_t)recipe.cfa_offset;
		return step_to_cfa(frame, recipe, cfa, cfa, walk);
	}
	return step_otherwise(frame, recipe, walk);
}

static inline uint64_t marked(struct frame frame)
{
	return frame.pc | (frame.guessed ? VMAT_PC_BY_FP : 0) | (frame.exact ? VMAT_PC_EXACT : 0);
}

static inline bool is_sure(struct frame frame)
{
	return __builtin_expect(frame.bound == state.main_stack_end, 1) ||
	       (!frame.foreign && own_stack_from && own_stack_from <= frame.sp);
}

#endif
