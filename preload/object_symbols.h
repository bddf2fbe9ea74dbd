/*
 * object_symbols: what one loaded object defines, looked up in its own tables: no lock, no allocation, and no
 * relocation of this library needed.
 */
#ifndef VMATRACE_PRELOAD_OBJECT_SYMBOLS_H
#define VMATRACE_PRELOAD_OBJECT_SYMBOLS_H

struct link_map;

/* Where its exported function, or variable, `name` is, in the version that links get; NULL if there is none. */
const void *object_function(const struct link_map *object, const char *name);
const void *object_variable(const struct link_map *object, const char *name);

#endif
