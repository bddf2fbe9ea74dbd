/*
 * loads.c: see the header.
 */
#include "loads.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stddef.h>

#include "real.h"

struct loads loads;

/* Weak: musl, which does not have it, would not start a program with an undefined symbol in it. */
extern __typeof__(dladdr1) dladdr1 __attribute__((weak));

static int take_count(struct dl_phdr_info *info, size_t bytes, void *context)
{
	uint64_t *count = context;

	(void)bytes;
	*count = info->dlpi_adds;
	return 1;
}

static void look_for(uint64_t count)
{
	const uint64_t *global = dlsym(RTLD_DEFAULT, "_rtld_global");
	const ElfW(Sym) *symbol = NULL;
	Dl_info information;

	/* The first gives the message that it left behind, the second frees it. */
	if (!global) {
		dlerror();
		dlerror();
	}
	if (!global || !dladdr1(global, &information, (void **)&symbol, RTLD_DL_SYMENT) ||
	    !symbol || information.dli_saddr != global)
		return;
	for (size_t i = 0; i < symbol->st_size / sizeof(*global); i++) {
		if (global[i] != count)
			continue;
		/* Too many to be looked at with each event. */
		if (loads.count == LOADS_WORDS) {
			loads.count = 0;
			return;
		}
		loads.word[loads.count++] = &global[i];
	}
}

bool loads_watch(void)
{
	uint64_t count = 0;
	uint32_t kept = 0;

	real.dl_iterate_phdr(take_count, &count);
	if (!loads.count)
		look_for(count);
	for (uint32_t i = 0; i < loads.count; i++) {
		if (*loads.word[i] != count)
			continue;
		loads.word[kept] = loads.word[i];
		loads.seen[kept++] = count;
	}
	loads.count = kept;
	return kept != 0;
}

void loads_tell(void (*forget)(void))
{
	uint64_t now[LOADS_WORDS];

	for (uint32_t i = 0; i < loads.count; i++)
		now[i] = __atomic_load_n(loads.word[i], __ATOMIC_RELAXED);
	forget();
	for (uint32_t i = 0; i < loads.count; i++)
		__atomic_store_n(&loads.seen[i], now[i], __ATOMIC_RELAXED);
}
