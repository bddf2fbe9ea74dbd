/*
 * differential_pages: random calls that change pages which stay mapped. Most show in no row, which is what
 * there is to test.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "differential.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

static void range_call(struct event *event, uint16_t call, uint64_t address, uint64_t length,
                       uint64_t third)
{
	event->call = call;
	event->args[0] = address;
	event->args[1] = length;
	event->args[2] = third;
}

static void set_protect_result(struct event *event, long result)
{
	set_result(event, result);
	if (event->failed || event->args[2] & PROT_GROWSDOWN)
		take_rows(event, event->args[0], event->args[1]);
}

static void protect(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int prot = pick_prot(places) | (one_in(places, 32) ? 0x80 : 0);

	address += one_in(places, 32) ? 8 : 0;
	range_call(event, CALL_MPROTECT, address, length, (uint64_t)prot);
	set_protect_result(event, mprotect((void *)address, length, prot));
}

/* Only MAP_GROWSDOWN memory takes it: tried near where such memory was mapped last, or anywhere. */
static void protect_growsdown(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_arena_range(places, &length);
	int prot = pick_prot(places) | PROT_GROWSDOWN;

	if (places->growsdown && !one_in(places, 3))
		address = places->growsdown + (pick(places, 4) - 1) * PAGE;
	range_call(event, CALL_MPROTECT, address, length, (uint64_t)prot);
	set_protect_result(event, mprotect((void *)address, length, prot));
}

static void protect_with_key(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int prot = pick_prot(places);
	int key = one_in(places, 8) ? 77 : one_in(places, 2) ? places->pkey : -1;

	range_call(event, CALL_PKEY_MPROTECT, address, length, (uint64_t)prot);
	event->args[3] = (uint64_t)key;
	set_protect_result(event, pkey_mprotect((void *)address, length, prot, key));
}

static void advise(struct places *places, struct event *event)
{
	/* All there are but HWPOISON and SOFT_OFFLINE, which would take the machine's memory away. */
	static const int advices[] = { 0,  1,  2,  3,  4,  8,  9,  10, 11, 12, 13,  14,  15,
		                       16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 102, 103, 999 };
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int advice = advices[pick(places, sizeof(advices) / sizeof(*advices))];

	range_call(event, CALL_MADVISE, address, length, (uint64_t)advice);
	set_result(event, madvise((void *)address, length, advice));
}

static void posix_advise(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	int advice = (int)pick(places, 6);

	range_call(event, CALL_POSIX_MADVISE, address, length, (uint64_t)advice);
	errno = posix_madvise((void *)address, length, advice);
	set_result(event, errno ? -1 : 0);
}

static void lock(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);

	range_call(event, CALL_MLOCK, address, length, 0);
	set_result(event, mlock((void *)address, length));
}

static void lock_on_fault(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	unsigned flags = one_in(places, 8) ? 2 : (unsigned)pick(places, 2);

	range_call(event, CALL_MLOCK2, address, length, flags);
	set_result(event, mlock2((void *)address, length, flags));
}

static void unlock(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);

	range_call(event, CALL_MUNLOCK, address, length, 0);
	set_result(event, munlock((void *)address, length));
}

static void bind_to_node(struct places *places, struct event *event)
{
	uint64_t length;
	uint64_t address = pick_range(places, &length);
	uint64_t mode = pick(places, 6); /* MPOL_DEFAULT .. MPOL_PREFERRED_MANY; 9 is none */
	unsigned long nodes = mode == MPOL_DEFAULT || mode == MPOL_LOCAL ? 0 : 1;

	range_call(event, CALL_MBIND, address, length, one_in(places, 16) ? 99 : mode);
	event->args[3] = (uint64_t)&nodes;
	event->args[4] = nodes ? 8 : 0;
	set_result(event, syscall(SYS_mbind, address, length, event->args[2], nodes ? &nodes : NULL,
	                          event->args[4], 0));
}

/* In an area of its own: what is sealed stays as it is until the process ends. */
static void seal(struct places *places, struct event *event)
{
	uint64_t address = places->sealed + pick(places, places->sealed_pages) * PAGE;
	uint64_t flags = one_in(places, 8);

	range_call(event, CALL_MSEAL, address, PAGE, flags);
	set_result(event, syscall(SYS_mseal, address, PAGE, flags));
}

const struct call_kind page_kinds[] = {
	{ "mprotect", protect, 20, NULL },
	{ "mprotect PROT_GROWSDOWN", protect_growsdown, 4, NULL },
	{ "pkey_mprotect", protect_with_key, 6, NULL },
	{ "madvise", advise, 12, NULL },
	{ "posix_madvise", posix_advise, 3, NULL },
	{ "mlock", lock, 4, NULL },
	{ "mlock2", lock_on_fault, 3, NULL },
	{ "munlock", unlock, 4, NULL },
	{ "mbind", bind_to_node, 4, NULL },
	{ "mseal", seal, 2, NULL },
	{ NULL, NULL, 0, NULL },
};
