/*
 * checksum: CRC-32C as vmatrace/crc32c.h defines it, with the processor's instruction where there is one.
 * A pass over a trace checks every slot; the instruction makes that a tenth of the cost.
 */
#ifndef VMATRACE_IO_CHECKSUM_H
#define VMATRACE_IO_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint32_t checksum(uint32_t seed, const void *data, size_t bytes);

/*
 * Of `count` pieces of `bytes` bytes, `stride` apart: sums[i] is that of piece i, seeded with seed + i. Far cheaper
 * than as many calls.
 */
void checksum_each(uint32_t seed, const void *data, size_t stride, size_t bytes, size_t count,
                   uint32_t *sums);

#endif
