/*
 * fuzz_seal: makes the checksums of a changed trace hold again, so that what lies behind them is reached.
 */
#ifndef VMATRACE_TESTS_FUZZ_SEAL_H
#define VMATRACE_TESTS_FUZZ_SEAL_H

#include <stddef.h>
#include <stdint.h>

enum { FUZZ_BYTES_LIMIT = 1 << 20 };

/* Wherever the trace's own section table says that a record or a slot lies. Any bytes may come in. */
void fuzz_seal(uint8_t *data, size_t size);

#endif
