/*
 * libc_symbols: functions of libc.so.6 itself. dlsym() gives the first definition behind ours, which may be
 * another interposer's; the sites are libc's.
 */
#ifndef VMATRACE_PRELOAD_LIBC_SYMBOLS_H
#define VMATRACE_PRELOAD_LIBC_SYMBOLS_H

#include <stdint.h>

struct link_map;

/* The object that defines __libc_start_main, or NULL. */
const struct link_map *libc_object(void);

/* The code of its exported function `name`, NULL if there is none. */
const uint8_t *libc_function(const struct link_map *libc, const char *name);

#endif
