/*
 * objects: an open-addressed hash table from identity to id. Ids are positions in an array, so a run needs
 * four bytes for what lies under it and two runs have the same object if the ids are equal. Objects that a trace chose to
 * begin at one slot find none near it; these are in a tree.
 */
#include "objects.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct object_table {
	struct object *objects; /* [0] is anonymous memory */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* ids; 0 is free, since object 0 is never looked up */
	uint32_t slot_count;
	uint32_t near; /* objects in slots */
	void *far;     /* tsearch() of those in none */
};

/* Slots that are looked at. Objects as they come never find so many taken beside each other. */
enum { PROBES = 64 };

struct identity {
	uint32_t dev_major;
	uint32_t dev_minor;
	uint64_t inode;
	const char *name;
};

/* Of an object without a slot. Its name is the object's. */
struct far_object {
	struct identity identity;
	object_id id;
};

static const struct object anonymous = { .name = "" };

static uint32_t hash_identity(const struct identity *identity)
{
	const char *name = identity->name;
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	hash = (hash ^ identity->dev_major) * 0x100000001b3;
	hash = (hash ^ identity->dev_minor) * 0x100000001b3;
	hash = (hash ^ identity->inode) * 0x100000001b3;
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
	tdestroy(table->far, free);
	free(table->objects);
	free(table->slots);
	free(table);
}

static bool has_identity(const struct object *object, const struct identity *identity)
{
	return object->inode == identity->inode && object->dev_major == identity->dev_major &&
	       object->dev_minor == identity->dev_minor &&
	       strcmp(object->name, identity->name) == 0;
}

/* That of the object, or a free one; NULL: there is none near. */
static uint32_t *slot_of(const struct object_table *table, const struct identity *identity,
                         uint32_t hash)
{
	for (uint32_t i = 0; i < PROBES; i++) {
		uint32_t *slot = &table->slots[(hash + i) & (table->slot_count - 1)];
		const struct object *object = &table->objects[*slot];

		if (!*slot || (object->hash == hash && has_identity(object, identity)))
			return slot;
	}
	return NULL;
}

static int compare_far(const void *left, const void *right)
{
	const struct identity *a = &((const struct far_object *)left)->identity;
	const struct identity *b = &((const struct far_object *)right)->identity;

	if (a->inode != b->inode)
		return a->inode < b->inode ? -1 : 1;
	if (a->dev_major != b->dev_major)
		return a->dev_major < b->dev_major ? -1 : 1;
	if (a->dev_minor != b->dev_minor)
		return a->dev_minor < b->dev_minor ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool add_far(struct object_table *table, const struct identity *identity, object_id id)
{
	struct far_object *added = malloc(sizeof(*added));
	struct far_object **found;

	if (!added)
		return false;
	*added = (struct far_object) { *identity, id };
	found = tsearch(added, &table->far, compare_far);
	if (!found || *found != added) /* or it is there already */
		free(added);
	return found;
}

/* Into a slot, or where those are that find none. */
static bool place(struct object_table *table, object_id id)
{
	const struct object *object = &table->objects[id];
	const struct identity identity = { object->dev_major, object->dev_minor, object->inode,
		                           object->name };
	uint32_t *slot = slot_of(table, &identity, object->hash);

	if (!slot)
		return add_far(table, &identity, id);
	*slot = id;
	table->near++;
	return true;
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
	if (2 * (table->near + 1) >= table->slot_count) {
		uint32_t slot_count = 2 * table->slot_count;
		uint32_t *slots = calloc(slot_count, sizeof(*slots));
		bool fine = slots;

		if (!fine)
			return false;
		free(table->slots);
		table->slots = slots;
		table->slot_count = slot_count;
		table->near = 0;
		for (uint32_t id = 1; fine && id < table->count; id++)
			fine = place(table, id);
		return fine;
	}
	return true;
}

bool object_table_intern(struct object_table *table, uint32_t dev_major, uint32_t dev_minor,
                         uint64_t inode, const char *name, object_id *id)
{
	const struct far_object wanted = { { dev_major, dev_minor, inode, name }, 0 };
	struct far_object **far;
	uint32_t *slot;
	uint32_t hash;
	char *copy;

	*id = OBJECT_ANONYMOUS;
	if (!dev_major && !dev_minor && !inode && !*name)
		return true;
	if (!reserve(table))
		return false;
	hash = hash_identity(&wanted.identity);
	slot = slot_of(table, &wanted.identity, hash);
	far = slot ? NULL : tfind(&wanted, &table->far, compare_far);
	if (far || (slot && *slot)) {
		*id = far ? (*far)->id : *slot;
		return true;
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
	if (!place(table, table->count)) {
		free(copy);
		return false;
	}
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
