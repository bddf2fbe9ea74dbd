/*
 * recipes: how to get from one frame to the next, for each pc met so far.
 *
 *     key = pc, and whether it is exact      the table, open addressing, in memory that the caller gives
 *       |                                      [ key | recipe ][ key | recipe ][  0  |   ] ...
 *       +--> hash --> probe -- found --> 8 bytes that say where CFA, return address and rbp are
 *                           \- empty --> recipes_learn(): asks cfi.h once, stores the answer
 *
 * Looking up takes no lock and makes no system call. Learning is done by one thread at a time, with signals
 * blocked, so that a handler can neither interrupt a learner nor wait for one; it costs about 10 us and a
 * few rt_sigprocmask (two are ours, the rest libunwind's). A thread that finds another one learning waits a
 * bounded while and then does without.
 *
 * A return address is looked up at pc - 1, the call it belongs to. What a signal interrupted is exact: looked
 * up at pc itself. The two may have different recipes, so the key tells them apart.
 *
 * Full: emptied and learnt anew, RECIPE_REFILLS times in a process; then pcs not yet known stay unknown.
 * Stale: when the loader unmaps an object that recipes were learnt in, those recipes are forgotten; likewise when
 * a pc is learnt in an object that lies where another one was, in case the loader's call was not seen. Each
 * time an epoch begins: what was made of recipes before (memo.h) holds no more.
 */
#ifndef VMATRACE_PRELOAD_RECIPES_H
#define VMATRACE_PRELOAD_RECIPES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum recipe_kind {
	RECIPE_UNKNOWN = 0, /* not learnt: no lock to be had, or the table is full */
	RECIPE_NOTED,  /* its module is noted, nothing else; kept for walks by frame pointers */
	RECIPE_SP,     /* CFA = sp + cfa_offset */
	RECIPE_BP,     /* CFA = rbp + cfa_offset */
	RECIPE_BX,     /* CFA = rbx + cfa_offset: the loader binding a function */
	RECIPE_LOADED, /* CFA = the word at rbp + cfa_offset: a frame that aligned its stack */
	RECIPE_SIGNAL, /* a signal trampoline: all registers lie in the ucontext at sp */
	RECIPE_END,    /* the outermost frame: _start, a thread's first */
	RECIPE_NO_CFI, /* nobody described this code: JIT, assembly */
	RECIPE_OPAQUE, /* described, but not in these terms */
};

/* What became of the caller's registers. What is not saved is untouched. */
enum recipe_saved {
	SAVED_BP = 1 << 0, /* rbp is in memory, bp_words from the base */
	SAVED_BX = 1 << 1, /* rbx is in memory, bx_words from the base */
	LOST_BX = 1 << 2,  /* rbx cannot be told */
};

/*
 * The return address is at CFA - 8 in all kinds that have a CFA, and the caller's sp is the CFA. The base of
 * saved registers is the CFA, below which rbp then is, but rbp in a RECIPE_LOADED.
 */
struct recipe {
	int32_t cfa_offset; /* bytes */
	int8_t bp_words;    /* of 8 bytes */
	int8_t bx_words;
	uint8_t kind;  /* enum recipe_kind */
	uint8_t saved; /* enum recipe_saved */
};

/* A recipe is read and written as one word (little-endian: the first member is the low end). */
union recipe_word {
	struct recipe recipe;
	uint64_t word;
};
_Static_assert(sizeof(union recipe_word) == 8, "one atomic load gives a whole recipe");

enum {
	RECIPE_WORD_BP = 32, /* bits to shift for a member */
	RECIPE_WORD_BX = 40,
	RECIPE_WORD_KIND = 48,
	RECIPE_WORD_SAVED = 56,
};

/* key 0: free. The recipe is stored first, the key last. */
struct recipe_entry {
	_Atomic uint64_t key;
	_Atomic uint64_t recipe;
};

enum {
	RECIPE_BITS = 14,
	RECIPE_ENTRIES = 1 << RECIPE_BITS,
	RECIPE_LIMIT =
		RECIPE_ENTRIES / 4 * 3, /* keys stored at most: a probe must meet a free one */
	RECIPE_REFILLS = 16,
};

/* A pc is never 0 nor, inverted, one of the program's; so keys are neither 0 nor each other's. */
static inline uint64_t recipe_key(uint64_t pc, bool exact)
{
	return exact ? ~pc : pc;
}

/* Where the key is looked for first; bytes from the start of the table, a multiple of an entry's. */
static inline uint64_t recipe_place(uint64_t key)
{
	/* 2^64 / golden ratio: neighbouring pcs land far apart (Knuth 6.4). The highest bits, in place. */
	return (key * 0x9e3779b97f4a7c15u) >> (64 - RECIPE_BITS - 4) & (RECIPE_ENTRIES - 1) << 4;
}

static inline uint64_t recipe_next_place(uint64_t place)
{
	return (place + sizeof(struct recipe_entry)) & (RECIPE_ENTRIES - 1) << 4;
}

_Static_assert(sizeof(struct recipe_entry) == 1 << 4, "a place is a multiple of it");

/* What the table says now; kind RECIPE_UNKNOWN: nothing. As a word, whose parts a walk takes as it needs them. */
static inline uint64_t recipes_find_word(const struct recipe_entry *table, uint64_t key)
{
	uint64_t place = recipe_place(key);
	const struct recipe_entry *entry;
	uint64_t word;

	for (;; place = recipe_next_place(place)) {
		uint64_t met;

		entry = (const void *)((const char *)table + place);
		/* Acquire: the recipe stored before this key is seen. */
		met = atomic_load_explicit(&entry->key, memory_order_acquire);

		if (__builtin_expect(met == key, 1))
			break;
		if (met == 0)
			return 0;
	}
	/* Acquire: if it is the recipe of a later key, the second look at the key sees that it went. */
	word = atomic_load_explicit(&entry->recipe, memory_order_acquire);
	return atomic_load_explicit(&entry->key, memory_order_relaxed) == key ? word : 0;
}

static inline struct recipe recipes_find(const struct recipe_entry *table, uint64_t key)
{
	return (union recipe_word) { .word = recipes_find_word(table, key) }.recipe;
}

/* Bytes of zeroed memory for the table and the learner. */
size_t recipes_memory_bytes(void);

/*
 * At start, and again in a fork child: then with learning given up for ever if another thread of the parent
 * was learning at that moment, because libunwind's own lock may be held by it. Returns the table.
 */
const struct recipe_entry *recipes_init(void *memory);

/* Loads what recipes are learnt from; see unwind_load(). */
bool recipes_load(void);

/* False before recipes_load() has succeeded, and in a fork child that may not learn. */
bool recipes_usable(void);

/*
 * The recipe of a key that recipes_find() does not know, which then knows it. Notes the module of a pc met
 * for the first time (modules.h). RECIPE_UNKNOWN: this time it could not be learnt. Keeps errno.
 */
struct recipe recipes_learn(uint64_t key);

/* Rises whenever a walk may give something else than before from the same words of a stack. */
uint32_t recipes_epoch(void);

/* The loader unmaps [start, end): what was learnt there is forgotten. */
void recipes_forget(uint64_t start, uint64_t end);

/* Notes only the module of a key that recipes_find() does not know, for walks that need no recipe. */
void recipes_note(uint64_t key);

#endif
