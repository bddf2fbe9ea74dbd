/*
 * objects: an open-addressed hash table from identity to id. Ids are positions in an array, so a run needs
 * four bytes for what lies under it and two runs have the same object if the ids are equal.
 */
#include "objects.h"

#include <stdlib.h>
#include <string.h>

struct object_table {
	struct object *objects; /* [0] is anonymous memory */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* ids; 0 is free, since object 0 is never looked up */
	uint32_t slot_count;
};

static const struct object anonymous = { .name = "" };

static uint32_t hash_identity(uint32_t dev_major, uint32_t dev_minor, uint64_t inode,
                              const char *name)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	hash = (hash ^ dev_major) * 0x100000001b3;
	hash = (hash ^ dev_minor) * 0x100000001b3;
	hash = (hash ^ inode) * 0x100000001b3;
	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	return (uint32_t)(hash ^ hash >> 32);
}

struct object_table *object_table_new(void)
{
	struct object_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->capacity = 64;
	table->slot_count = 256;
	table->objects = calloc(table->capacity, sizeof(*table->objects));
	table->slots = calloc(table->slot_count, sizeof(*table->slots));
	if (!table->objects || !table->slots) {
		object_table_free(table);
		return NULL;
	}
	table->objects[0] = anonymous;
	table->count = 1;
	return table;
}

void object_table_free(struct object_table *table)
{
	if (!table)
		return;
	for (uint32_t i = 1; i < table->count; i++)
		free((char *)table->objects[i].name);
	free(table->objects);
	free(table->slots);
	free(table);
}

/* Room for one object more, with the slots at most half full. */
static bool reserve(struct object_table *table)
{
	if (table->count == table->capacity) {
		struct object *objects =
			reallocarray(table->objects, 2 * (size_t)table->capacity, sizeof(*objects));

		if (!objects)
			return false;
		table->objects = objects;
		table->capacity *= 2;
	}
	if (2 * table->count >= table->slot_count) {
		uint32_t slot_count = 2 * table->slot_count;
		uint32_t *slots = calloc(slot_count, sizeof(*slots));

		if (!slots)
			return false;
		for (uint32_t id = 1; id < table->count; id++) {
			uint32_t at = table->objects[id].hash & (slot_count - 1);

			while (slots[at])
				at = (at + 1) & (slot_count - 1);
			slots[at] = id;
		}
		free(table->slots);
		table->slots = slots;
		table->slot_count = slot_count;
	}
	return true;
}

bool object_table_intern(struct object_table *table, uint32_t dev_major, uint32_t dev_minor,
                         uint64_t inode, const char *name, object_id *id)
{
	uint32_t hash;
	uint32_t at;
	char *copy;

	*id = OBJECT_ANONYMOUS;
	if (!dev_major && !dev_minor && !inode && !*name)
		return true;
	if (!reserve(table))
		return false;
	hash = hash_identity(dev_major, dev_minor, inode, name);
	for (at = hash & (table->slot_count - 1); table->slots[at];
	     at = (at + 1) & (table->slot_count - 1)) {
		const struct object *object = &table->objects[table->slots[at]];

		if (object->hash == hash && object->inode == inode &&
		    object->dev_major == dev_major && object->dev_minor == dev_minor &&
		    strcmp(object->name, name) == 0) {
			*id = table->slots[at];
			return true;
		}
	}
	copy = strdup(name);
	if (!copy)
		return false;
	table->objects[table->count] = (struct object) {
		.inode = inode,
		.dev_major = dev_major,
		.dev_minor = dev_minor,
		.name = copy,
		.hash = hash,
	};
	table->slots[at] = table->count;
	*id = table->count++;
	return true;
}

const struct object *object_table_at(const struct object_table *table, object_id id)
{
	return id < table->count ? &table->objects[id] : &anonymous;
}

bool object_has_offsets(const struct object *object)
{
	return object->dev_major || object->dev_minor || object->inode;
}

bool object_is_anonymous(const struct object *object)
{
	return !object_has_offsets(object) &&
	       (!*object->name || strncmp(object->name, "[anon:", strlen("[anon:")) == 0);
}

bool object_is_sysv(const struct object *object)
{
	return object_has_offsets(object) && strncmp(object->name, "/SYSV", strlen("/SYSV")) == 0;
}

bool object_renamed(const struct object *a, const struct object *b)
{
	return object_has_offsets(a) && a->dev_major == b->dev_major &&
	       a->dev_minor == b->dev_minor && a->inode == b->inode;
}
