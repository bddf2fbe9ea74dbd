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
	int8_t bp_words;    /* of 8 bytes; not saved: -1 */
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

/*
 * key 0: free. The recipe is stored first, the key last. caller: the place of the entry that the frame outside
 * was last found by, a guess that spares a walk the hashing; 0 none.
 */
struct recipe_entry {
	_Atomic uint64_t key;
	_Atomic uint64_t recipe;
	_Atomic uint32_t caller;
	/* cfa_offset + 8 * bp_words of a recipe that is RECIPE_SP or RECIPE_BP. */
	_Atomic int32_t bp_offset;
	uint64_t reserved;
};

enum {
	RECIPE_BITS = 14,
	RECIPE_ENTRIES = 1 << RECIPE_BITS,
	RECIPE_ENTRY_BITS = 5, /* its size: two of them in a cache line, none in two */
	RECIPE_LIMIT =
		RECIPE_ENTRIES / 4 * 3, /* keys stored at most: a probe must meet a free one */
	RECIPE_REFILLS = 16,
};

_Static_assert(sizeof(struct recipe_entry) == 1 << RECIPE_ENTRY_BITS,
               "a place is a multiple of it");

/* A pc is never 0 nor, inverted, one of the program's; so keys are neither 0 nor each other's. */
static inline uint64_t recipe_key(uint64_t pc, bool exact)
{
	return exact ? ~pc : pc;
}

/* Where the key is looked for first; bytes from the start of the table, a multiple of an entry's. */
static inline uint64_t recipe_place(uint64_t key)
{
	/* 2^64 / golden ratio: neighbouring pcs land far apart (Knuth 6.4). The highest bits, in place. */
	return (key * 0x9e3779b97f4a7c15u) >> (64 - RECIPE_BITS - RECIPE_ENTRY_BITS) &
	       (RECIPE_ENTRIES - 1) << RECIPE_ENTRY_BITS;
}

static inline uint64_t recipe_next_place(uint64_t place)
{
	return (place + sizeof(struct recipe_entry)) & (RECIPE_ENTRIES - 1) << RECIPE_ENTRY_BITS;
}

static inline struct recipe_entry *recipe_entry_at(struct recipe_entry *table, uint64_t place)
{
	return (void *)((char *)table + place);
}

/* The place of the key's entry, or of the free one where it is not. */
static inline uint64_t recipes_place_of(struct recipe_entry *table, uint64_t key)
{
	uint64_t place = recipe_place(key);

	for (;; place = recipe_next_place(place)) {
		/* Acquire: the recipe stored before this key is seen. */
		uint64_t met = atomic_load_explicit(&recipe_entry_at(table, place)->key,
		                                    memory_order_acquire);

		if (__builtin_expect(met == key, 1) || met == 0)
			return place;
	}
}

/* What the table says now; kind RECIPE_UNKNOWN: nothing. */
static inline struct recipe recipes_find(struct recipe_entry *table, uint64_t key)
{
	struct recipe_entry *entry = recipe_entry_at(table, recipes_place_of(table, key));
	/* Acquire: if it is the recipe of a later key, the second look at the key sees that it went. */
	uint64_t word = atomic_load_explicit(&entry->recipe, memory_order_acquire);

	if (atomic_load_explicit(&entry->key, memory_order_relaxed) != key)
		word = 0;
	return (union recipe_word) { .word = word }.recipe;
}

/* Bytes of zeroed memory for the table and the learner. */
size_t recipes_memory_bytes(void);

/*
 * At start, and again in a fork child: then with learning given up, until recipes_begin_anew(), if another thread of
 * the parent was learning at that moment, because libunwind's own lock may be held by it. Returns the table.
 */
struct recipe_entry *recipes_init(void *memory);

/* In such a child, when it records: see unwind_begin_anew(). */
void recipes_begin_anew(void);

/* Loads what recipes are learnt from; see unwind_load(). */
bool recipes_load(void);

/* False before recipes_load() has succeeded, and in a fork child that may not learn. */
bool recipes_usable(void);

/*
 * The recipe of a key that recipes_find() does not know, which then knows it. Notes the module of a pc met
 * for the first time (modules.h). RECIPE_UNKNOWN: this time it could not be learnt. Keeps errno.
 */
struct recipe recipes_learn(uint64_t key);

/*
 * Rises whenever a walk may give something else than before from the same words of a stack, and before a key
 * of the table becomes another's: a walk that found it the same before and after has read no recipe for another.
 */
uint32_t recipes_epoch(void);

/* The loader unmaps [start, end): what was learnt there is forgotten. */
void recipes_forget(uint64_t start, uint64_t end);

/* Likewise all that may have been unloaded unseen: what was not loaded at start. */
void recipes_forget_loaded(void);

/* Notes only the module of a key that recipes_find() does not know, for walks that need no recipe. */
void recipes_note(uint64_t key);

#endif
