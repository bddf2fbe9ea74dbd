/*
 * memo.c: a table of sets, each memo guarded by its state word alone.
 *
 *     state   0            empty
 *             even         version of what is here
 *             thread | 1   being filled by the thread with this thread pointer, which is a multiple of 8
 *
 * A reader takes nothing for true before it has seen that the state is what it was when it began: also not the
 * place of a word it is about to read, for the memo may be somebody else's by then.
 */
#include "memo.h"

enum {
	/* Between two looks at the state; walks are padded to it. */
	WORDS_AT_ONCE = 4,
	PAIRS_AT_ONCE = 4,
	SETS_TRIED = 8,
	DESKS = 4, /* sets to walk in, for stacks that are not kept */
	MISSED_MANY =
		64, /* stacks of a set in a row that nobody had walked: no more is expected ... */
	MISSED_LOOK = 16,     /* ... but one of so many is looked for and kept all the same */
	LEFT_AFTER = 1 << 10, /* walks, of all threads, after which a memo may be one left behind */
	CORRECTED_EVERY =
		16, /* walks: threads that took turns to correct each other would wait for the line */
};

/* What a look-up reads comes first: a line, and what the walk hangs on in the next. */
struct memo {
	uint64_t state;
	uint64_t thread;
	uint64_t pc;
	uint64_t sp;
	uint64_t bp;
	uint64_t epoch;
	struct memo_stack stack;
	uint32_t missed; /* of a set's first: stacks in a row that were not found in the set */
	uint32_t taken;  /* memo_table.next when it was */
	struct unwind_walk walk;
	uint64_t version; /* of the next filling; the filler's */
	bool is_desk;     /* taken to walk in, no more */
} __attribute__((aligned(64)));

_Static_assert(UNWIND_WORDS % WORDS_AT_ONCE == 0 && UNWIND_PAIRS % PAIRS_AT_ONCE == 0,
               "padding must fit");

/* Two words, compared as one. */
typedef uint64_t two_words __attribute__((vector_size(16)));
typedef two_words two_words_anywhere __attribute__((aligned(8), may_alias));

struct memo_table {
	struct memo memo[MEMO_SETS + DESKS][MEMO_WAYS];
	uint32_t next; /* way to take next; a lost update does no harm */
};

static struct memo_table *table;

size_t memo_memory_bytes(void)
{
	return sizeof(struct memo_table);
}

void memo_init(void *memory)
{
	table = memory;
}

static inline uint32_t set_number(const struct memo_key *key)
{
	/* 2^64 / golden ratio (Knuth 6.4). Stacks of threads differ in high bits, frames in low ones. */
	uint64_t mixed = (key->at.pc ^ (key->at.sp << 16) ^ key->at.sp) * 0x9e3779b97f4a7c15u;

	return mixed >> 32 & (MEMO_SETS - 1);
}

static inline uint64_t load(const uint64_t *word)
{
	return __atomic_load_n(word, __ATOMIC_RELAXED);
}

/* Nothing read before is taken for true unless the state still is `state`. */
static inline bool still(const struct memo *memo, uint64_t state)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return load(&memo->state) == state;
}

static inline bool is_for(const struct memo *memo, const struct memo_key *key)
{
	return load(&memo->pc) == key->at.pc && load(&memo->sp) == key->at.sp &&
	       load(&memo->thread) == key->thread && load(&memo->epoch) == key->epoch &&
	       (load(&memo->bp) == key->at.bp ||
	        !__atomic_load_n(&memo->walk.hangs_on_bp, __ATOMIC_RELAXED));
}

/* True if every word of the walk outside its pairs is as it was. */
static inline bool words_unchanged(const struct memo *memo, uint64_t state)
{
	const struct unwind_word *word = memo->walk.word;
	const struct unwind_word *end = word + __atomic_load_n(&memo->walk.words, __ATOMIC_RELAXED);

	for (; word < end; word += WORDS_AT_ONCE) {
		const uint64_t *place[WORDS_AT_ONCE];

#pragma GCC unroll 4
		for (int i = 0; i < WORDS_AT_ONCE; i++)
			place[i] = (const uint64_t *)load(&word[i].at);
		if (!still(memo, state))
			return false;
			/* One after the other: where one is is only known by those before it. */
#pragma GCC unroll 4
		for (int i = 0; i < WORDS_AT_ONCE; i++) {
			if (__builtin_expect(*place[i] != load(&word[i].value), 0))
				return false;
		}
	}
	return true;
}

/*
 * True if every pair is as it was. What was stored may be another walk's by now, or half of it: that is found out
 * when the state is looked at again.
 */
static inline bool pairs_unchanged(const struct memo *memo, uint64_t state)
{
	const struct unwind_pair *pair = memo->walk.pair;
	const struct unwind_pair *end = pair + __atomic_load_n(&memo->walk.pairs, __ATOMIC_RELAXED);

	for (; pair < end; pair += PAIRS_AT_ONCE) {
		const two_words_anywhere *place[PAIRS_AT_ONCE];
		two_words differ = { 0, 0 };

#pragma GCC unroll 4
		for (int i = 0; i < PAIRS_AT_ONCE; i++)
			place[i] = (const two_words_anywhere *)load(&pair[i].at);
		if (!still(memo, state))
			return false;
#pragma GCC unroll 4
		for (int i = 0; i < PAIRS_AT_ONCE; i++)
			differ |= *place[i] ^ *(const two_words *)pair[i].value;
		if (__builtin_expect((differ[0] | differ[1]) != 0, 0))
			return false;
	}
	return true;
}

/* By itself, for it has use for all registers that need not be kept. */
static __attribute__((noinline)) bool unchanged(const struct memo *memo, uint64_t state)
{
	return pairs_unchanged(memo, state) && words_unchanged(memo, state);
}

/* True if the stack that the pairs lie in is there, as it was then. */
static inline bool is_there(const struct memo *memo, uint64_t sp)
{
	return __atomic_load_n(&memo->walk.on_main_stack, __ATOMIC_RELAXED) ||
	       __atomic_load_n(&memo->walk.pairs, __ATOMIC_RELAXED) == 0 || unwind_is_sure(sp);
}

/*
 * True if it is worth while to look for a stack in the set, and to keep it there. Where stack after stack is new it is
 * not: comparing them with those before costs as much as half a walk.
 */
static bool is_worth(uint32_t missed)
{
	return missed < MISSED_MANY || missed % MISSED_LOOK == 0;
}

static struct memo *set_of(const struct memo_key *key)
{
	return table->memo[set_number(key)];
}

static uint32_t missed_in(const struct memo *set)
{
	return __atomic_load_n(&set->missed, __ATOMIC_RELAXED);
}

/* A lost update does no harm. */
static void set_missed(struct memo *set, uint32_t missed)
{
	if (missed != missed_in(set))
		__atomic_store_n(&set->missed, missed, __ATOMIC_RELAXED);
}

static bool is_among(const struct memo *set, const struct memo_key *key, struct memo_stack *found)
{
	for (int way = 0; way < MEMO_WAYS; way++) {
		const struct memo *memo = &set[way];
		/* Acquire: what was filled under this version is seen. */
		uint64_t state = __atomic_load_n(&memo->state, __ATOMIC_ACQUIRE);

		if (!is_for(memo, key) || state == 0 || state & 1)
			continue;
		if (!is_there(memo, key->at.sp) || !unchanged(memo, state))
			continue;
		found->id = __atomic_load_n(&memo->stack.id, __ATOMIC_RELAXED);
		found->flags = __atomic_load_n(&memo->stack.flags, __ATOMIC_RELAXED);
		if (still(memo, state))
			return true;
	}
	return false;
}

bool memo_find(const struct memo_key *key, struct memo_stack *found)
{
	struct memo *set = set_of(key);
	uint32_t missed = missed_in(set);

	if (is_worth(missed) && is_among(set, key, found)) {
		set_missed(set, 0);
		return true;
	}
	set_missed(set, missed + 1);
	return false;
}

/* True if this thread left the memo behind in the middle: see memo_take(). */
static bool is_left(const struct memo *memo, uint64_t state, uint64_t mine, uint32_t now)
{
	return state == mine && now - __atomic_load_n(&memo->taken, __ATOMIC_RELAXED) >= LEFT_AFTER;
}

/* One of the set that nobody fills, from the given way on. */
static struct memo *take_of(struct memo *set, uint32_t first, uint32_t now, uint64_t mine,
                            bool outermost)
{
	for (uint32_t i = 0; i < MEMO_WAYS; i++) {
		struct memo *memo = &set[(first + i) % MEMO_WAYS];
		uint64_t state = load(&memo->state);

		if (state & 1 && !(outermost && is_left(memo, state, mine, now)))
			continue;
		/* Acquire: the filler before this one is done. */
		if (!__atomic_compare_exchange_n(&memo->state, &state, mine, false,
		                                 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		__atomic_store_n(&memo->taken, now, __ATOMIC_RELAXED);
		/* No store of ours may be seen under the old state. */
		__atomic_thread_fence(__ATOMIC_RELEASE);
		return memo;
	}
	return NULL;
}

/* The same one each time, if it can be: its lines are near. */
static struct memo *take_desk(const struct memo_key *key, uint32_t now, bool outermost)
{
	uint32_t desk = (uint32_t)(key->thread * 0x9e3779b97f4a7c15u >> 32) % DESKS;
	struct memo *memo =
		take_of(table->memo[MEMO_SETS + desk], 0, now, key->thread | 1, outermost);

	if (memo)
		memo->is_desk = true;
	return memo;
}

/* Of another set it is a place to walk into, no more: nobody will look for it there. */
static struct memo *take_near(const struct memo_key *key, uint32_t now, bool outermost)
{
	uint32_t set = set_number(key);
	struct memo *memo = NULL;

	for (uint32_t i = 0; i < SETS_TRIED && !memo; i++)
		memo = take_of(table->memo[(set + i) % MEMO_SETS], now, now, key->thread | 1,
		               outermost);
	if (memo)
		memo->is_desk = false;
	return memo;
}

struct memo *memo_take(const struct memo_key *key, bool outermost)
{
	uint32_t now = __atomic_load_n(&table->next, __ATOMIC_RELAXED);
	uint32_t missed = missed_in(set_of(key));
	struct memo *memo = NULL;

	__atomic_store_n(&table->next, now + 1, __ATOMIC_RELAXED);
	/* What was just looked for in vain is counted already. */
	if (missed && !is_worth(missed - 1))
		memo = take_desk(key, now, outermost);
	if (!memo)
		memo = take_near(key, now, outermost);
	if (memo)
		memo->walk.corrects = now % CORRECTED_EVERY == 0;
	return memo;
}

struct unwind_walk *memo_walk(struct memo *memo)
{
	return &memo->walk;
}

/* Behind the last come copies of it, so that whole groups can be compared. */
static void pad(struct unwind_walk *walk)
{
	for (; walk->words % WORDS_AT_ONCE; walk->words++)
		walk->word[walk->words] = walk->word[walk->words - 1];
	for (; walk->pairs % PAIRS_AT_ONCE; walk->pairs++)
		walk->pair[walk->pairs] = walk->pair[walk->pairs - 1];
}

void memo_fill(struct memo *memo, const struct memo_key *key, const struct memo_stack *stack)
{
	bool whole = stack && memo->walk.repeatable && !memo->is_desk;

	if (whole) {
		pad(&memo->walk);
		memo->thread = key->thread;
		memo->pc = key->at.pc;
		memo->sp = key->at.sp;
		memo->bp = key->at.bp;
		memo->epoch = key->epoch;
		memo->stack = *stack;
		memo->version += 2;
	}
	/* Not if it is empty now: a child of a fork in the middle of this, whose memory was wiped. */
	if (load(&memo->state) == (key->thread | 1))
		__atomic_store_n(&memo->state, whole ? memo->version : 0, __ATOMIC_RELEASE);
}
