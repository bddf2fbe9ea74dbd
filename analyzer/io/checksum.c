/*
 * checksum.c: picks the fastest way this processor has to the CRC-32C of the trace format.
 */
#include "checksum.h"

#include <string.h>

#include "vmatrace/crc32c.h"

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t
checksum_instruction(uint32_t crc, const void *data, size_t bytes)
{
	const uint8_t *byte = data;
	uint64_t wide = crc;
	uint64_t word;

	for (; bytes >= sizeof(word); bytes -= sizeof(word), byte += sizeof(word)) {
		memcpy(&word, byte, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; bytes; bytes--)
		crc = __builtin_ia32_crc32qi(crc, *byte++);
	return crc;
}

uint32_t checksum(uint32_t seed, const void *data, size_t bytes)
{
	if (__builtin_cpu_supports("sse4.2"))
		return checksum_instruction(seed, data, bytes);
	return crc32c_software(seed, data, bytes);
}

#else

uint32_t checksum(uint32_t seed, const void *data, size_t bytes)
{
	return crc32c_software(seed, data, bytes);
}

#endif
