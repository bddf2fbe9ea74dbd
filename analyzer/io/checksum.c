/*
 * checksum.c: picks the fastest way this processor has to the CRC-32C of the trace format.
 */
#include "checksum.h"

#include <stdbool.h>
#include <string.h>

#include "vmatrace/crc32c.h"

#if defined(__x86_64__)

#define WITH_INSTRUCTION __attribute__((target("sse4.2")))

static bool has_instruction(void)
{
	return __builtin_cpu_supports("sse4.2");
}

WITH_INSTRUCTION static inline uint32_t by_instruction(uint32_t crc, const void *data, size_t bytes)
{
	const uint8_t *byte = data;
	uint64_t wide = crc;
	uint64_t word;
	uint32_t half;

	/* Four at a step: what else a step does would be most of it. */
	for (; bytes >= 4 * sizeof(word); bytes -= 4 * sizeof(word)) {
		for (size_t i = 0; i < 4; i++, byte += sizeof(word)) {
			memcpy(&word, byte, sizeof(word));
			wide = __builtin_ia32_crc32di(wide, word);
		}
	}
	for (; bytes >= sizeof(word); bytes -= sizeof(word), byte += sizeof(word)) {
		memcpy(&word, byte, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	if (bytes >= sizeof(half)) {
		memcpy(&half, byte, sizeof(half));
		crc = __builtin_ia32_crc32si(crc, half);
		bytes -= sizeof(half);
		byte += sizeof(half);
	}
	for (; bytes; bytes--)
		crc = __builtin_ia32_crc32qi(crc, *byte++);
	return crc;
}

#else

#define WITH_INSTRUCTION

static bool has_instruction(void)
{
	return false;
}

static uint32_t by_instruction(uint32_t crc, const void *data, size_t bytes)
{
	return crc32c_software(crc, data, bytes);
}

#endif

/* No sum waits for another: a processor has several of them in hand at a time. */
WITH_INSTRUCTION static void each_by_instruction(uint32_t seed, const uint8_t *data, size_t stride,
                                                 size_t bytes, size_t count, uint32_t *sums)
{
	for (size_t i = 0; i < count; i++)
		sums[i] = by_instruction(seed + (uint32_t)i, data + i * stride, bytes);
}

uint32_t checksum(uint32_t seed, const void *data, size_t bytes)
{
	return has_instruction() ? by_instruction(seed, data, bytes)
	                         : crc32c_software(seed, data, bytes);
}

void checksum_each(uint32_t seed, const void *data, size_t stride, size_t bytes, size_t count,
                   uint32_t *sums)
{
	if (has_instruction()) {
		each_by_instruction(seed, data, stride, bytes, count, sums);
		return;
	}
	for (size_t i = 0; i < count; i++)
		sums[i] = crc32c_software(seed + (uint32_t)i, (const uint8_t *)data + i * stride,
		                          bytes);
}
