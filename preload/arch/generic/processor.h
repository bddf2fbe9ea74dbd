/*
 * processor: nothing is taken from the processor: times come from the clock, checksums are computed.
 */
#ifndef VMATRACE_ARCH_PROCESSOR_H
#define VMATRACE_ARCH_PROCESSOR_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmatrace/crc32c.h"

/* The linker's name for where this library begins: its own header says what it was built for. */
extern const Elf64_Ehdr processor_own_header __asm__("__ehdr_start")
	__attribute__((visibility("hidden")));

#define PROCESSOR_MACHINE (processor_own_header.e_machine)

static inline bool processor_has_invariant_counter(void)
{
	return false;
}

static inline bool processor_has_crc32c(void)
{
	return false;
}

/* Never called. */
static inline uint64_t processor_counter(void)
{
	return 0;
}

static inline uint32_t processor_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	return crc32c_software(crc, data, bytes);
}

#endif
