/*
 * crc32c.h: CRC-32C (Castagnoli, RFC 3720 appendix B.4), the checksum of trace_format.h.
 * Chained without the final inversion: crc32c(crc32c(s, a), b) is the sum of a followed by b.
 * Both halves include it; the recorder takes the processor's instruction where there is one.
 */
#ifndef VMATRACE_CRC32C_H
#define VMATRACE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Four bits a step: 16 words of table are enough for headers and records, and fit in one cache line. */
static inline uint32_t crc32c_software(uint32_t crc, const void *data, size_t bytes)
{
	static const uint32_t step[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
		0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const uint8_t *byte = data;

	for (size_t i = 0; i < bytes; i++) {
		crc ^= byte[i];
		crc = (crc >> 4) ^ step[crc & 15];
		crc = (crc >> 4) ^ step[crc & 15];
	}
	return crc;
}

#endif
