/*
 * recipes: the table of recipes and the one place where something is added to it.
 *
 * All of it lies in the memory that the caller gave, and is empty when that is zeroed, so that a fork child
 * whose memory was wiped only knows less. Only the lock lives outside: it must survive the wipe.
 */
#include "recipes.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

#include "cfi.h"
#include "modules.h"
#include "raw_syscall.h"
#include "recorder.h"

enum {
	OBJECTS = 256, /* objects that recipes were learnt in; more than that: the oldest goes */
	LEARN_SPINS = 200, /* looks at the lock before the first sched_yield() ... */
	LEARN_YIELDS = 64, /* ... and how often that is done before going without */
	LEARN_NEVER = INT32_MAX,
	SIGNAL_SET_BYTES = 8, /* of the kernel's sigset_t */
};

/* An object that recipes were learnt in. */
struct known_object {
	_Atomic uint64_t start;
	_Atomic uint64_t end; /* 0: none */
	uint64_t print;       /* of where its unwind table is and what it says */
};

struct recipes_memory {
	struct recipe_entry table[RECIPE_ENTRIES];
	struct known_object object[OBJECTS];
	_Atomic uint32_t objects; /* ever stored; the next place is this modulo OBJECTS */
	uint32_t stored;          /* keys in the table */
	uint32_t refilled;        /* times it was emptied because it was full */
	struct cfi_desk desk;
};

struct recipes_state {
	struct recipes_memory *memory;
	bool loaded;
	/* 0: free; LEARN_NEVER: given up; else the number of the learner that has it. */
	_Atomic uint32_t lock;
	_Atomic uint32_t learners; /* numbers given out */
	_Atomic uint32_t
		waited; /* the learner that somebody waited for in vain: nobody does again */
	_Atomic uint32_t epoch; /* outside, too: a wiped one would begin anew */
};
static struct recipes_state state;

size_t recipes_memory_bytes(void)
{
	return sizeof(struct recipes_memory);
}

struct recipe_entry *recipes_init(void *memory)
{
	bool fork_child = state.memory != NULL;

	/*
	 * This thread was not learning when it forked, for a learner blocks signals. Whoever was, is not
	 * here, and libunwind's lock may be held.
	 */
	if (fork_child && atomic_load(&state.lock) != 0)
		atomic_store(&state.lock, LEARN_NEVER);
	state.memory = memory;
	return state.memory->table;
}

void recipes_begin_anew(void)
{
	if (!state.loaded || atomic_load(&state.lock) != LEARN_NEVER)
		return;
	recorder_own_calls(+1);
	if (cfi_begin_anew(&state.memory->desk))
		atomic_store(&state.lock, 0);
	recorder_own_calls(-1);
}

bool recipes_load(void)
{
	state.loaded = state.memory && cfi_load(&state.memory->desk);
	return state.loaded;
}

uint32_t recipes_epoch(void)
{
	return atomic_load_explicit(&state.epoch, memory_order_relaxed);
}

/* What was made of the recipes before is no longer to be had. */
static void begin_epoch(void)
{
	atomic_fetch_add_explicit(&state.epoch, 1, memory_order_relaxed);
}

bool recipes_usable(void)
{
	return state.loaded &&
	       atomic_load_explicit(&state.lock, memory_order_relaxed) != LEARN_NEVER;
}

static bool try_lock(void)
{
	uint32_t mine = atomic_fetch_add_explicit(&state.learners, 1, memory_order_relaxed) + 1;
	uint32_t none = 0;

	if (mine == 0 || mine == LEARN_NEVER)
		mine = 1;
	/* Acquire: what the learner before this one wrote is seen. */
	return atomic_compare_exchange_strong_explicit(&state.lock, &none, mine,
	                                               memory_order_acquire, memory_order_relaxed);
}

/*
 * True: this thread learns now. False: `key` is known by now, or another thread did not finish in time.
 * Signals are blocked here and in the learner, so that none can be waiting for the thread it interrupted.
 */
static bool lock_to_learn(uint64_t key)
{
	uint32_t holder = 0;

	for (int i = 0; i < LEARN_SPINS + LEARN_YIELDS; i++) {
		if (recipes_find(state.memory->table, key).kind > RECIPE_NOTED)
			return false;
		holder = atomic_load_explicit(&state.lock, memory_order_relaxed);
		if (holder == 0 && try_lock())
			return true;
		if (holder == LEARN_NEVER ||
		    holder == atomic_load_explicit(&state.waited, memory_order_relaxed))
			return false;
		if (i >= LEARN_SPINS)
			RAW_1(SYS_sched_yield, 0);
	}
	atomic_store_explicit(&state.waited, holder, memory_order_relaxed);
	return false;
}

static void unlock(void)
{
	/* Release: the next learner sees all of this one's work. */
	atomic_store_explicit(&state.lock, 0, memory_order_release);
}

/* The learner's. Readers may be at work: the epoch goes before a key, a key before its recipe does. */
static void empty_table(struct recipes_memory *memory)
{
	begin_epoch();
	for (size_t i = 0; i < RECIPE_ENTRIES; i++) {
		if (atomic_load_explicit(&memory->table[i].key, memory_order_relaxed))
			atomic_store_explicit(&memory->table[i].key, 0, memory_order_release);
	}
	memory->stored = 0;
}

/* The learner's. Puts it in, or in the place of what the key had. */
static void store(struct recipes_memory *memory, uint64_t key, struct recipe recipe)
{
	union recipe_word value = { .recipe = recipe };
	struct recipe_entry *entry;

	if (memory->stored >= RECIPE_LIMIT) {
		memory->refilled++;
		empty_table(memory);
	}
	entry = recipe_entry_at(memory->table, recipes_place_of(memory->table, key));
	memory->stored += atomic_load_explicit(&entry->key, memory_order_relaxed) != key;
	/*
	 * Release, all: a key seen means its recipe is seen; a new recipe, that the old key went. The key may be there
	 * already, of a recipe that was forgotten: whoever sees the new one sees its offset.
	 */
	atomic_store_explicit(&entry->bp_offset, recipe.cfa_offset + recipe.bp_words * 8,
	                      memory_order_release);
	atomic_store_explicit(&entry->recipe, value.word, memory_order_release);
	atomic_store_explicit(&entry->key, key, memory_order_release);
}

static bool is_full(const struct recipes_memory *memory)
{
	return memory->stored >= RECIPE_LIMIT && memory->refilled >= RECIPE_REFILLS;
}

/* No user address has its top bit set. */
static uint64_t address_of(uint64_t key)
{
	return key >> 63 ? ~key : key - 1;
}

/*
 * It is not known any more. Only the kind goes: a walk that has looked at it already must not read a CFA at sp.
 * The key stays, so that probes find what lies behind it.
 */
static void forget_entry(struct recipe_entry *entry)
{
	union recipe_word value = { .word = atomic_load_explicit(&entry->recipe,
		                                                 memory_order_relaxed) };

	value.recipe.kind = RECIPE_UNKNOWN;
	atomic_store_explicit(&entry->recipe, value.word, memory_order_relaxed);
}

/*
 * What was learnt in [start, end) is forgotten. Whoever learns at the same time stores a recipe of code that nobody
 * may unload now.
 */
static void forget_range(struct recipes_memory *memory, uint64_t start, uint64_t end)
{
	for (size_t i = 0; i < RECIPE_ENTRIES; i++) {
		struct recipe_entry *entry = &memory->table[i];
		uint64_t key = atomic_load_explicit(&entry->key, memory_order_relaxed);

		if (key && address_of(key) - start < end - start)
			forget_entry(entry);
	}
	for (uint32_t i = 0; i < OBJECTS; i++) {
		struct known_object *known = &memory->object[i];

		if (known->start < end && start < known->end)
			atomic_store_explicit(&known->end, 0, memory_order_relaxed);
	}
	begin_epoch();
}

/*
 * The learner's. What was learnt in a library that was unloaded unseen stays until code of another one at its
 * place is met. A new object begins an epoch: where it is, there may have been code that nobody described.
 */
static void meet_object(struct recipes_memory *memory, const struct dl_find_object *object)
{
	uint64_t start = (uint64_t)object->dlfo_map_start;
	uint64_t end = (uint64_t)object->dlfo_map_end;
	uint64_t print = cfi_print(object);
	struct known_object *place;

	for (uint32_t i = 0; i < OBJECTS; i++) {
		struct known_object *known = &memory->object[i];

		if (start >= known->end || known->start >= end)
			continue;
		if (known->start == start && known->end == end && known->print == print)
			return;
		forget_range(memory, known->start, known->end);
	}
	/* It may have been met before, or another one there, and the place been given away since. */
	if (memory->objects >= OBJECTS)
		forget_range(memory, start, end);
	begin_epoch();
	place = &memory->object[memory->objects++ % OBJECTS];
	/* Not half of it while somebody looks for what is unloaded: an end is stored last, and goes first. */
	atomic_store_explicit(&place->end, 0, memory_order_relaxed);
	place->start = start;
	place->print = print;
	atomic_store_explicit(&place->end, end, memory_order_release);
}

/* What is stored for a new key: its recipe, or only that its module was noted. */
static struct recipe learn(struct recipes_memory *memory, uint64_t key, uint64_t ip,
                           const struct dl_find_object *object, bool needs_recipe)
{
	struct recipe recipe = { .kind = RECIPE_NOTED };

	meet_object(memory, object);
	if (needs_recipe)
		recipe = cfi_recipe(&memory->desk, ip, object);
	store(memory, key, recipe);
	return recipe;
}

static struct recipe learn_new(uint64_t key, bool needs_recipe)
{
	struct recipe recipe = { .kind = RECIPE_UNKNOWN };
	uint64_t ip = address_of(key);
	const uint64_t all = UINT64_MAX;
	struct dl_find_object object;
	uint64_t mask;
	bool learns;
	int error = errno;
	int state_before, type_before;

	if (is_full(state.memory))
		return recipe;
	/* Not stored: code that no object holds may be made, moved and dropped at any time. */
	if (!cfi_object(ip, &object))
		return (struct recipe) { .kind = RECIPE_NO_CFI };
	if (raw_failed(RAW_4(SYS_rt_sigprocmask, SIG_BLOCK, &all, &mask, SIGNAL_SET_BYTES)))
		return recipe;
	/*
	 * libunwind's own masking lets the signal of an asynchronous cancellation through. The type is what
	 * the program gets it from afterwards: pthread_setcancelstate() would end the thread without
	 * PTHREAD_CANCELED as its result (glibc 2.36, nptl/pthread_setcancelstate.c).
	 */
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type_before);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_before);
	learns = lock_to_learn(key);
	if (learns) {
		recorder_own_calls(+1);
		recipe = learn(state.memory, key, ip, &object, needs_recipe);
		recorder_own_calls(-1);
		unlock();
	} else {
		recipe = recipes_find(state.memory->table, key);
	}
	/* Before a handler that waited can jump from here. Nothing is cancelled yet: the type is still deferred. */
	pthread_setcancelstate(state_before, NULL);
	RAW_4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, SIGNAL_SET_BYTES);
	if (learns)
		modules_note(ip);
	errno = error;
	pthread_setcanceltype(type_before, NULL);
	return recipe;
}

/* No lock, no system call: it must work in a sandbox, and in a process that learns no more. */
void recipes_forget(uint64_t start, uint64_t end)
{
	struct recipes_memory *memory = state.memory;
	bool met = memory && memory->objects > OBJECTS; /* whether it was is not known any more */

	for (uint32_t i = 0; memory && i < OBJECTS && !met; i++)
		met = memory->object[i].start < end && start < memory->object[i].end;
	if (met)
		forget_range(memory, start, end);
}

void recipes_forget_loaded(void)
{
	struct recipes_memory *memory = state.memory;

	for (size_t i = 0; memory && i < RECIPE_ENTRIES; i++) {
		struct recipe_entry *entry = &memory->table[i];
		uint64_t key = atomic_load_explicit(&entry->key, memory_order_relaxed);

		if (key && !modules_stay(address_of(key)))
			forget_entry(entry);
	}
	for (uint32_t i = 0; memory && i < OBJECTS; i++) {
		if (memory->object[i].end && !modules_stay(memory->object[i].start))
			atomic_store_explicit(&memory->object[i].end, 0, memory_order_relaxed);
	}
	begin_epoch();
}

struct recipe recipes_learn(uint64_t key)
{
	struct recipe recipe = learn_new(key, true);

	if (recipe.kind == RECIPE_NOTED)
		recipe.kind = RECIPE_UNKNOWN;
	return recipe;
}

void recipes_note(uint64_t key)
{
	learn_new(key, false);
}
