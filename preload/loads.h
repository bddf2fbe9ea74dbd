/*
 * loads: whether the loader has loaded or unloaded anything, where no site sees it do so (VMATRACE_COVERAGE=calls):
 * an object that lies where another one was must not be taken for it (recipes.h, modules.h).
 *
 * The loader counts what it loads, for dl_iterate_phdr() to tell (dlpi_adds), but that takes its lock. The count is
 * a word of _rtld_global (glibc:sysdeps/generic/ldsodefs.h, _dl_load_adds), no one says which: all those that hold
 * it are watched. It rises before any code of the object runs, so whoever has that code on his stack sees it.
 */
#ifndef VMATRACE_PRELOAD_LOADS_H
#define VMATRACE_PRELOAD_LOADS_H

#include <stdbool.h>
#include <stdint.h>

enum { LOADS_WORDS = 6 };

struct loads {
	uint32_t count; /* 0: nothing is watched */
	const uint64_t *word[LOADS_WORDS];
	uint64_t seen[LOADS_WORDS];
};

extern struct loads loads;

/*
 * While there is one thread; takes the loader's lock. Again after something was loaded: words that have not followed
 * are watched no more. False: the count was not found.
 */
bool loads_watch(void);

/* True if anything was loaded or unloaded since loads_tell(). Two loads or three. */
static inline bool loads_changed(void)
{
	for (uint32_t i = 0; i < loads.count; i++) {
		if (__atomic_load_n(loads.word[i], __ATOMIC_RELAXED) !=
		    __atomic_load_n(&loads.seen[i], __ATOMIC_RELAXED))
			return true;
	}
	return false;
}

/* Calls forget(); until it has returned others are told, too. Async-signal-safe if that is. */
void loads_tell(void (*forget)(void));

#endif
