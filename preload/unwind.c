/*
 * unwind: the walk over a stack, by recipes or by frame pointers: one step after the other (unwind_step.h), and a quick
 * way over frames of the usual kinds. The depth ends a walk in any case.
 */
#include "unwind.h"

#include <errno.h>

#include "frames.h"
#include "recipes.h"
#include "unwind_step.h"

enum {
	REACHED_FRAMES = 6, /* of libc between a wrapper and a system call, with room */
	QUICK_WALKS =
		3, /* tried before a careful one: whoever learns throws his own first one away */
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

void unwind_begin_anew(void)
{
	int error = errno;

	recipes_begin_anew();
	errno = error;
}

bool unwind_ready(void)
{
	return state.ready;
}

bool unwind_is_sure(uint64_t sp)
{
	return is_sure(with_bound((struct frame) { .sp = sp }));
}

/* Below it words can be read without asking, which is_there() may do: the return address below sp was read. */
static inline uint64_t sure_bound(struct frame frame)
{
	return is_sure(frame) ? frame.bound : ((frame.sp - 8) | (PAGE_BYTES - 1)) + 1;
}

/* A recipe is read in parts here: the walk is thrown away if the epoch has changed when it is done. */
static inline const struct recipe *recipe_of(const struct recipe_entry *entry)
{
	return (const struct recipe *)(const void *)&entry->recipe;
}

static inline bool is_key(const struct recipe_entry *entry, uint64_t key)
{
	return atomic_load_explicit(&entry->key, memory_order_acquire) == key;
}

/* Not the pc that the entry was last called from: looked for, and put right. NULL: unknown. */
static __attribute__((noinline)) struct recipe_entry *
find_caller(struct recipe_entry *entry, uint64_t pc, const struct unwind_walk *walk)
{
	struct recipe_entry *table = state.table;
	uint64_t place = recipes_place_of(table, pc);

	if (!is_key(recipe_entry_at(table, place), pc))
		return NULL;
	if (walk->corrects || !atomic_load_explicit(&entry->caller, memory_order_relaxed))
		atomic_store_explicit(&entry->caller, (uint32_t)place, memory_order_relaxed);
	return recipe_entry_at(table, place);
}

/* How many frames may be walked: a step reads two words or a pair. */
static inline size_t steps_left(const struct unwind_walk *walk, size_t depth)
{
	size_t frames = depth - walk->frames;
	size_t pairs = UNWIND_PAIRS - walk->pairs;
	size_t words = (UNWIND_WORDS - walk->words) / 2;
	size_t least = pairs < words ? pairs : words;

	/* The first one's rbp is a word more. */
	return frames < least ? frames : least - (least > 0);
}

/*
 * The same as steps by CFI, over return addresses in frames of the usual two kinds: on to the first frame where
 * anything is not as usual, which is left for step_by_cfi() to judge. A function is mostly called from one
 * place: the entry that the last caller was found by is tried before any hashing, so that the walk need not wait
 * for one frame's return address to look for the next frame's recipe. Nothing is kept of rbx, which only the
 * loader's binder wants to know.
 */
static __attribute__((noinline)) void walk_the_usual(struct frame *frame, size_t depth,
                                                     struct unwind_walk *walk, bool pairs)
{
	struct recipe_entry *const table = state.table;
	struct recipe_entry *entry;
	struct unwind_word *word = walk->word + walk->words;
	struct unwind_pair *pair = walk->pair + walk->pairs;
	uint64_t *pcs = walk->pc + walk->frames;
	const uint64_t *const end = pcs + steps_left(walk, depth);
	/* Where rbp lies next to the return address; else it lies at no CFA. */
	const uint64_t below_cfa = pairs ? 16 : 0;
	const uint64_t sure = sure_bound(*frame);
	uint64_t pc = frame->pc, sp = frame->sp, bp_at = frame->bp_at;
	uint64_t base = sp;
	uint32_t kind;

	if (pcs == end)
		return;
	entry = recipe_entry_at(table, recipes_place_of(table, pc));
	if (!is_key(entry, pc))
		return;
	kind = recipe_of(entry)->kind;
	if (kind == RECIPE_BP)
		base = read_word(walk, bp_at);
	else if (kind != RECIPE_SP)
		return;
	word = walk->word + walk->words;
	do {
		uint64_t cfa = base + (uint64_t)(int64_t)recipe_of(entry)->cfa_offset;
		/* Where it is not saved, that is where the return address is (recipes.h). */
		uint64_t saved = base + (uint64_t)(int64_t)atomic_load_explicit(
						&entry->bp_offset, memory_order_relaxed);
		struct recipe_entry *caller;

		/*
		 * sp <= saved < cfa <= sure: a step goes up and stays on the stack, whatever is in rbp, which code
		 * that says nothing of it may have used for a number (-16 and a CFA at 0), and whatever half of an
		 * entry is another's by now.
		 */
		if (saved < sp || saved >= cfa || cfa > sure || cfa % 8)
			break;
		if (recipe_of(entry)->saved & SAVED_BP)
			bp_at = saved;
		*pcs++ = pc;
		pc = *(const uint64_t *)(cfa - 8);
		sp = base = cfa;
		caller = recipe_entry_at(
			table, atomic_load_explicit(&entry->caller, memory_order_relaxed));
		if (__builtin_expect(!is_key(caller, pc), 0)) {
			caller = find_caller(entry, pc, walk);
			if (!caller) {
				*word++ = (struct unwind_word) { cfa - 8, pc };
				break;
			}
		}
		entry = caller;
		/* No pc, but the key of a free entry, or of a place where a signal came in. */
		kind = (int64_t)pc > 0 ? recipe_of(entry)->kind : (uint32_t)RECIPE_UNKNOWN;
		if (kind == RECIPE_BP) {
			base = *(const uint64_t *)bp_at;
			if (__builtin_expect(bp_at == cfa - below_cfa, 1)) {
				pair->at = bp_at;
				pair->value[0] = base;
				pair->value[1] = pc;
				pair++;
				continue;
			}
		}
		*word++ = (struct unwind_word) { cfa - 8, pc };
		if (kind == RECIPE_SP)
			continue;
		if (kind != RECIPE_BP)
			break;
		if (is_first_bp(walk, bp_at))
			walk->hangs_on_bp = true;
		else
			*word++ = (struct unwind_word) { bp_at, base };
	} while (pcs < end);
	if (pcs == walk->pc + walk->frames)
		return;
	walk->frames = (uint32_t)(pcs - walk->pc);
	walk->words = (uint32_t)(word - walk->word);
	walk->pairs = (uint32_t)(pair - walk->pair);
	frame->bp_at = bp_at;
	frame->bx_at = BX_SKIPPED;
	*frame = arrived(*frame, pc, sp);
}

static void begin_walk(struct unwind_walk *walk, const struct frame_registers *at)
{
	walk->bp = &at->bp;
	walk->frames = 0;
	walk->words = 0;
	walk->pairs = 0;
	walk->flags = 0;
	walk->hangs_on_bp = false;
	walk->on_main_stack = false;
	walk->repeatable = true;
}

/* False: not to be told without rbx, which only a careful walk keeps track of. */
static __attribute__((noinline)) bool walk_by_cfi(const struct frame_registers *at, size_t depth,
                                                  struct unwind_walk *walk, bool careful)
{
	struct recipe_entry *table = state.table;
	struct frame frame = first_frame(at);
	bool pairs = is_sure(frame);
	uint32_t guesses = 0; /* in a row, up to this frame */
	uint32_t sure = 0;    /* frames to keep if they lead nowhere */

	begin_walk(walk, at);
	walk->on_main_stack = frame.bound == state.main_stack_end;
	while (frame.step == STEP_FRAME) {
		if (!frame.exact && !frame.guessed && !careful)
			walk_the_usual(&frame, depth, walk, pairs);
		if (frame.step != STEP_FRAME || walk->frames == depth)
			break;
		walk->pc[walk->frames++] = marked(frame);
		frame = step_by_cfi(frame, table, walk);
		if (__builtin_expect(!frame.guessed, 1)) {
			guesses = 0;
			continue;
		}
		if (frame.step == STEP_FRAME)
			walk->flags |= VMAT_EVENT_FP;
		if (++guesses == 2)
			sure = walk->frames;
	}
	if (frame.step == STEP_STOPPED && guesses >= 2)
		walk->frames = sure;
	/* STEP_FRAME: the depth is reached, and a caller was found above it. */
	if (frame.step != STEP_END)
		walk->flags |= VMAT_EVENT_STACK_TRUNCATED;
	return frame.step != STEP_AGAIN;
}

static void walk_by_frame_pointers(const struct frame_registers *at, size_t depth,
                                   struct unwind_walk *walk)
{
	struct recipe_entry *table = state.table;
	struct frame frame = first_frame(at);

	begin_walk(walk, at);
	frame.guessed = true;
	while (frame.step == STEP_FRAME && walk->frames < depth) {
		uint64_t key = recipe_key(frame.pc, false);

		walk->pc[walk->frames++] = marked(frame);
		if (table && recipes_find(table, key).kind == RECIPE_UNKNOWN)
			recipes_note(key);
		frame = step_by_frame_pointer(frame, walk);
	}
	if (frame.step != STEP_END)
		walk->flags |= VMAT_EVENT_STACK_TRUNCATED;
	walk->flags |= VMAT_EVENT_FP;
}

void unwind_stack(const struct frame_registers *at, enum vmat_stack_mode mode, size_t depth,
                  struct unwind_walk *walk)
{
	if (mode != VMAT_STACK_CFI || !recipes_usable()) {
		walk_by_frame_pointers(at, depth, walk);
		return;
	}
	for (int i = 0; i < QUICK_WALKS; i++) {
		uint32_t epoch = recipes_epoch();

		/* Acquire: the entries are looked at between the two looks at the epoch. */
		atomic_thread_fence(memory_order_acquire);
		if (!walk_by_cfi(at, depth, walk, false))
			break;
		atomic_thread_fence(memory_order_acquire);
		if (__builtin_expect(epoch == recipes_epoch(), 1))
			return;
	}
	walk_by_cfi(at, depth, walk, true);
}

bool unwind_reaches(const struct frame_registers *at, bool (*inside)(uint64_t pc))
{
	struct frame frame = first_frame(at);

	if (!recipes_usable())
		return false;
	for (int i = 0; i < REACHED_FRAMES && frame.step == STEP_FRAME && !frame.exact; i++) {
		if (inside(frame.pc))
			return true;
		frame = step_by_cfi(frame, state.table, NULL);
	}
	return false;
}
