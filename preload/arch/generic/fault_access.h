/*
 * fault_access: what an instruction that faulted was about to do: not known here.
 */
#ifndef VMATRACE_ARCH_FAULT_ACCESS_H
#define VMATRACE_ARCH_FAULT_ACCESS_H

#include <stdint.h>

/* enum vmat_access; 0: unknown. */
static inline uint32_t fault_access(const void *context)
{
	(void)context;
	return 0;
}

#endif
