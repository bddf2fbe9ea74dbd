/*
 * perf_map: names of code that a JIT compiler made, from the file that many of them write for perf(1):
 * /tmp/perf-PID.map, lines "START SIZE NAME" in hexadecimal (linux, tools/perf/Documentation/jit-interface.txt).
 *
 * Anybody can write to /tmp: a file counts only if it is a regular file of this user's or root's that nobody
 * else may write to, and was written to after the trace began (a number is used again by later processes). It has
 * no times: of several lines for an address, the last one is taken.
 */
#ifndef VMATRACE_IO_PERF_MAP_H
#define VMATRACE_IO_PERF_MAP_H

#include <stdint.h>

struct perf_map;

/* root: as of open_regular(). NULL: there is none, or none to be trusted. */
struct perf_map *perf_map_open(const char *root, uint32_t pid, uint64_t began_ns);
void perf_map_close(struct perf_map *map);

/* The name of what was made at the address, or NULL; it lives as long as the map. */
const char *perf_map_at(const struct perf_map *map, uint64_t address);

#endif
