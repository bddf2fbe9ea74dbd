/*
 * objects.h: what can lie under a run, each thing stored once: a file, shared memory, a special mapping.
 * The key is all that /proc/PID/maps shows of it: device, inode and name. One inode may have several names
 * (hard links, a file unlinked while mapped); object_table_same() says when two ids are one thing.
 *
 * Owner: the table owns the names; they live as long as it does. Fails: false only when out of memory.
 */
#ifndef VMATRACE_CORE_OBJECTS_H
#define VMATRACE_CORE_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include "vma_map.h"

struct object {
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	const char *name;
	uint32_t hash;
};

struct object_table;

struct object_table *object_table_new(void);
void object_table_free(struct object_table *table);

/* OBJECT_ANONYMOUS for an object of which nothing is known: all 0 and "". */
bool object_table_intern(struct object_table *table, uint32_t dev_major, uint32_t dev_minor,
                         uint64_t inode, const char *name, object_id *id);

/* Valid until the next intern (its name for ever). An id that was never given out is the anonymous object. */
const struct object *object_table_at(const struct object_table *table, object_id id);

/* True if pages of it have an offset: it has a file, shown or not. */
bool object_has_offsets(const struct object *object);
/* True for private anonymous memory, named ("[anon:...]") or not. */
bool object_is_anonymous(const struct object *object);
/* True for a SysV shared memory segment, which shmdt() knows. */
bool object_is_sysv(const struct object *object);
/* True if both are one thing that only changed its name: the file was renamed or unlinked. */
bool object_renamed(const struct object *a, const struct object *b);

#endif
