/*
 * fault_access: what an instruction that faulted was about to do, from the page fault's error code that the
 * kernel hands on in the signal's context (Intel SDM volume 3, 4.7).
 */
#ifndef VMATRACE_ARCH_FAULT_ACCESS_H
#define VMATRACE_ARCH_FAULT_ACCESS_H

#include <stdint.h>
#include <ucontext.h>

#include "vmatrace/trace_format.h"

/* enum vmat_access; 0: it was no page fault. */
static inline uint32_t fault_access(const void *context)
{
	const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;
	enum { PAGE_FAULT = 14, ERROR_WRITE = 1 << 1, ERROR_FETCH = 1 << 4 };

	if (registers[REG_TRAPNO] != PAGE_FAULT)
		return 0;
	if (registers[REG_ERR] & ERROR_FETCH)
		return VMAT_ACCESS_EXECUTE;
	return registers[REG_ERR] & ERROR_WRITE ? VMAT_ACCESS_WRITE : VMAT_ACCESS_READ;
}

#endif
