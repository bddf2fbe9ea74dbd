/*
 * fault: see the header.
 */
#include "fault.h"

#include <sys/mman.h>

/* vm.mmap_min_addr is 64 KiB almost everywhere: nothing can be mapped below. */
#define NULL_LIMIT (64ull << 10)
/* The kernel leaves a gap of 256 pages below a stack; a big frame may step over some more. */
#define STACK_REACH (8ull << 20)
/* SI_KERNEL */
enum { SIGNAL_OF_KERNEL = 0x80 };

static const char *const names[FAULT_REASONS] = {
	[FAULT_NULL] = "null-pointer",     [FAULT_UNMAPPED] = "unmapped",
	[FAULT_MOVED] = "moved",           [FAULT_NEVER] = "never-mapped",
	[FAULT_GUARD] = "guard",           [FAULT_STACK_LIMIT] = "stack-limit",
	[FAULT_PROTECTED] = "protected",   [FAULT_BEYOND_FILE] = "beyond-file",
	[FAULT_NO_ADDRESS] = "no-address", [FAULT_UNKNOWN] = "unknown",
};

const char *fault_reason_name(enum fault_reason reason)
{
	return reason < FAULT_REASONS ? names[reason] : "";
}

enum fault_origin fault_origin(int code)
{
	if (code <= 0)
		return FAULT_SENT;
	return code == SIGNAL_OF_KERNEL ? FAULT_OF_KERNEL : FAULT_OF_ACCESS;
}

static enum fault_reason of_hole(const struct fault *fault, const struct fault_facts *facts)
{
	if (fault->address < NULL_LIMIT)
		return FAULT_NULL;
	if (facts->moved_away)
		return FAULT_MOVED;
	if (facts->has_last)
		return FAULT_UNMAPPED;
	if (facts->stack_start && fault->address < facts->stack_start &&
	    facts->stack_start - fault->address <= STACK_REACH)
		return FAULT_STACK_LIMIT;
	return FAULT_NEVER;
}

enum fault_reason fault_explain(const struct fault *fault, const struct fault_facts *facts)
{
	if (fault->no_address)
		return FAULT_NO_ADDRESS;
	if (!facts->mapped)
		return of_hole(fault, facts);
	if (facts->prot == PROT_NONE && facts->kind == KIND_GUARD)
		return FAULT_GUARD;
	if (fault->bus && facts->file)
		return FAULT_BEYOND_FILE;
	if (fault->access ? !(facts->prot & fault->access) : facts->prot != 7 && !fault->bus)
		return FAULT_PROTECTED;
	return FAULT_UNKNOWN;
}
