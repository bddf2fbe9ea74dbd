/*
 * processor: what the recorder takes from the processor itself: its time stamp counter where that is
 * invariant, and its CRC32C instruction where it has one. Both are looked up once, at start.
 */
#ifndef VMATRACE_ARCH_PROCESSOR_H
#define VMATRACE_ARCH_PROCESSOR_H

#include <cpuid.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "vmatrace/crc32c.h"

#define PROCESSOR_MACHINE 62 /* EM_X86_64 */

/* Runs at a constant rate in all power states (Intel SDM 3, 18.17.1; AMD APM 3, Fn8000_0007 EDX[8]). */
static inline bool processor_has_invariant_counter(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & (1u << 8));
}

static inline bool processor_has_crc32c(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 20));
}

static inline uint64_t processor_counter(void)
{
	return __builtin_ia32_rdtsc();
}

/* Only where processor_has_crc32c(). bytes: a multiple of 4. */
__attribute__((target("sse4.2"))) static inline uint32_t
processor_crc32c(uint32_t crc, const void *data, size_t bytes)
{
	const unsigned char *at = data;
	uint64_t sum = crc;
	uint64_t word;
	uint32_t half;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum = __builtin_ia32_crc32di(sum, word);
	}
	if (bytes >= sizeof(half)) {
		memcpy(&half, at, sizeof(half));
		sum = __builtin_ia32_crc32si((uint32_t)sum, half);
		at += sizeof(half);
		bytes -= sizeof(half);
	}
	return crc32c_software((uint32_t)sum, at, bytes);
}

#endif
