/*
 * perf_map: names of code that a JIT compiler made, from the file that many of them write for perf(1):
 * /tmp/perf-PID.map, lines "START SIZE NAME" in hexadecimal (linux, tools/perf/Documentation/jit-interface.txt).
 *
 * Anybody can write to /tmp: a file counts only if it is a regular file of this user's or root's that nobody
 * else may write to, and was written to after the trace began (a number is used again by later processes).
 *
 * It has no times. Where code was freed and other code made, several lines hold an address, and nobody can tell which of them
 * was there at the time of a call: the last one is taken, and counted.
 */
#ifndef VMATRACE_IO_PERF_MAP_H
#define VMATRACE_IO_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

struct perf_map;

/* root: as of open_regular(). NULL: there is none, or none to be trusted. */
struct perf_map *perf_map_open(const char *root, uint32_t pid, uint64_t began_ns);
void perf_map_close(struct perf_map *map);

/* The name of what was made at the address, or NULL; it lives as long as the map. NULL for a map: none. */
const char *perf_map_at(struct perf_map *map, uint64_t address);

/* How many lines gave their name to an address that other lines call otherwise. */
size_t perf_map_doubtful(const struct perf_map *map);

#endif
