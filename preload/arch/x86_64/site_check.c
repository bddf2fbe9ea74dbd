/*
 * site_check.c: see site_check.h. Reads text and unwind information, changes nothing.
 */
#include "site_check.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>
#include <sys/syscall.h>

#include "instruction.h"
#include "vmatrace/call.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define NONE (-1)

enum {
	FUNCTION_LIMIT = 4096, /* bytes; a longer one is not a system call's */
	NEXT_BYTES = 6,        /* looked at behind the pair */
};

/* From calls.def, the one list. */
static const struct {
	long number;
	uint16_t call;
	uint8_t effect;
} numbers[] = {
#define CALL(ID, name, wire, nr, result, effect, args) { nr, CALL_##ID, EFFECT_##effect },
#include "vmatrace/calls.def"
};

/* The call that a system call number is, if it changes VMAs; else 0. Names of VMAs are the wrapper's alone. */
uint16_t site_call(uint32_t number)
{
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].number == (long)number && numbers[i].effect != EFFECT_NONE &&
		    numbers[i].effect != EFFECT_NAMES)
			return numbers[i].call;
	}
	return 0;
}

/* --- where functions begin and end -------------------------------------------------------------------- */

const struct cfi_table *site_functions(const void *address)
{
	const struct cfi_table *table;
	struct dl_find_object object;

	if (!cfi_object((uint64_t)address, &object))
		return NULL;
	table = object.dlfo_eh_frame;
	return cfi_has_table(table) && table->count > 1 ? table : NULL;
}

const uint8_t *site_function_start(const struct cfi_table *table, uint32_t row)
{
	return (const uint8_t *)table + table->row[row].start;
}

bool site_function(const struct cfi_table *table, const uint8_t *at, struct function *function)
{
	int64_t wanted = at - (const uint8_t *)table;
	uint32_t low = 0, high = table->count - 1;

	/* The last row is left out: its function's end is not known. */
	while (low + 1 < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->row[middle].start <= wanted)
			low = middle;
		else
			high = middle;
	}
	function->start = site_function_start(table, low);
	function->end = site_function_start(table, low + 1);
	return function->start <= at && at < function->end &&
	       function->end - function->start <= FUNCTION_LIMIT;
}

/* --- checks ------------------------------------------------------------------------------------------- */

uint32_t site_number(const uint8_t *at)
{
	uint32_t number;

	__builtin_memcpy(&number, at + 1, sizeof(number));
	return number;
}

bool site_is_pair(const uint8_t *at)
{
	return at[0] == 0xb8 && at[5] == 0x0f && at[6] == 0x05 && site_call(site_number(at));
}

/* Byte by byte ld.so, all of which is searched at each start, takes ten times as long. */
const uint8_t *site_next_pair(const uint8_t *from, const uint8_t *end)
{
	while (from + SITE_BYTES <= end) {
		const uint8_t *at = memchr(from, 0xb8, (size_t)(end - SITE_BYTES - from) + 1);

		if (!at || site_is_pair(at))
			return at;
		from = at + 1;
	}
	return NULL;
}

/* What follows a system call in libc: cmp $-4095 or -4096, %rax; neg %eax (posix_madvise); mov (brk). */
static bool known_next(const uint8_t *next)
{
	static const struct {
		uint8_t bytes[NEXT_BYTES];
		uint8_t count;
	} known[] = {
		{ { 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff }, 6 },
		{ { 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff }, 6 },
		{ { 0xf7, 0xd8 }, 2 },
		{ { 0x48, 0x8b }, 2 },
		{ { 0x48, 0x89 }, 2 },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!__builtin_memcmp(next, known[i].bytes, known[i].count))
			return true;
	}
	return false;
}

const char *site_check(const struct function *function, const uint8_t *at, uint32_t *frame_bytes)
{
	struct instruction instruction;
	bool on_boundary = false;

	*frame_bytes = 0;
	for (const uint8_t *pc = function->start; pc < function->end; pc += instruction.length) {
		if (!instruction_decode(pc, (size_t)(function->end - pc), &instruction))
			return "an instruction not known";
		if (instruction.jumps && instruction.target > (uint64_t)at &&
		    instruction.target < (uint64_t)at + SITE_BYTES)
			return "a jump into it";
		if (pc == at)
			on_boundary = true;
		if (pc >= at)
			continue;
		if (instruction.below_stack)
			return "the red zone in use";
		if (instruction.stack == STACK_UNKNOWN)
			return "a stack frame not known";
		*frame_bytes += instruction.stack_bytes;
	}
	if (!on_boundary)
		return "no instruction boundary";
	return known_next(at + SITE_BYTES) ? NULL : "an unknown next instruction";
}
