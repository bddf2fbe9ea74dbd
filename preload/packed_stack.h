/*
 * packed_stack: a stack as the trace keeps it (VMAT_RECORD_PACKED_STACK): half of a new event's cost is the pages
 * that its stack is the first to touch.
 */
#ifndef VMATRACE_PRELOAD_PACKED_STACK_H
#define VMATRACE_PRELOAD_PACKED_STACK_H

#include <stddef.h>
#include <stdint.h>

#include "vmatrace/trace_format.h"

/*
 * Packs `count` pcs in place and returns the bytes, whole words. An entry is never longer than the pc it stands for, so
 * what is written never reaches one that is yet to be read. 0: one of them is no user address, nothing was changed.
 */
static inline size_t packed_stack(uint64_t *pcs, size_t count)
{
	uint8_t *out = (uint8_t *)pcs;
	uint64_t before = 0, any = 0;
	size_t rest;

	for (size_t i = 0; i < count; i++)
		any |= pcs[i];
	if ((any & ~VMAT_PC_MARKS) >> VMAT_PC_BITS)
		return 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t turned = pcs[i] << 2 | pcs[i] >> 62;
		uint64_t change = turned - before;
		uint64_t entry = (change << 1 ^ (uint64_t)((int64_t)change >> 63)) << 3;
		size_t bytes = 8 - (size_t)__builtin_clzll(entry | 1) / 8;

		entry |= bytes - 1;
		__builtin_memcpy(out, &entry, sizeof(entry));
		out += bytes;
		before = turned;
	}
	rest = (size_t)(out - (uint8_t *)pcs) % sizeof(*pcs);
	if (!rest)
		return (size_t)(out - (uint8_t *)pcs);
	out -= rest;
	*(uint64_t *)(void *)out |= UINT64_MAX << 8 * rest;
	return (size_t)(out - (uint8_t *)pcs) + sizeof(*pcs);
}

#endif
