/*
 * quantity: numbers as people write them in policies: 5000, 2GiB, 0600.
 *
 * K, M, G, T and KiB, MiB, GiB, TiB are powers of 1024; KB, MB, GB, TB are powers of 1000.
 */
#ifndef VMATRACE_CORE_QUANTITY_H
#define VMATRACE_CORE_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Digits and nothing else. False: no number, or too large. */
bool quantity_count(const char *text, uint64_t *number);
bool quantity_bytes(const char *text, uint64_t *number);
/* Octal permission bits, 0 to 0777. */
bool quantity_mode(const char *text, uint64_t *number);

/* "2 GiB" where that is exact, else with one decimal; returns text. */
char *quantity_text(char *text, size_t bytes, uint64_t number);

#endif
