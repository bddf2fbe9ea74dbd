/*
 * place.c: one address that only ever falls. A fork child has its parent's, so its file goes below the
 * parent's, which is still mapped when the child's is made.
 */
#include "place.h"

#include <stdbool.h>

/*
 * 256 GiB: more than programs map, and still within the part of the address space where sanitizers expect
 * libraries (ThreadSanitizer: the highest 1.5 TiB, of which randomization takes at most 1).
 */
#define PLACE_DISTANCE (256ull << 30)
#define PLACE_ALIGN (2ull << 20)

static struct {
	uint64_t below; /* all from here on is taken; 0: nothing asked yet */
} place;

uint64_t place_next(uint64_t bytes)
{
	/* A hint for a file is taken only if a huge page more is free behind it (linux:mm/huge_memory.c). */
	uint64_t room = ((bytes + PLACE_ALIGN - 1) & ~(PLACE_ALIGN - 1)) + PLACE_ALIGN;
	uint64_t unset = 0;
	uint64_t first = ((uint64_t)&place & ~(PLACE_ALIGN - 1)) - PLACE_DISTANCE;

	__atomic_compare_exchange_n(&place.below, &unset, first, false, __ATOMIC_RELAXED,
	                            __ATOMIC_RELAXED);
	return __atomic_sub_fetch(&place.below, room, __ATOMIC_RELAXED);
}
