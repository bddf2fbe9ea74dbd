/*
 * shm_names: see the header. The calls are kept and sorted by name and time at the end.
 */
#include "shm_names.h"

#include <errno.h>
#include <linux/fcntl.h> /* O_CREAT, O_EXCL: constants alone */
#include <stdlib.h>
#include <string.h>

/* What the kernel writes behind the path of a removed object: or the end of its name. */
static const char deleted[] = " (deleted)";
enum { DELETED_BYTES = sizeof(deleted) - 1 };

/* The object's name in a path of a mapping, with all that is behind it; NULL: it is none of /dev/shm. */
static const char *name_of_path(const char *path)
{
	static const char folder[] = "/dev/shm/";
	size_t bytes = sizeof(folder) - 1;

	return path && strncmp(path, folder, bytes) == 0 ? path + bytes : NULL;
}

static bool ends_deleted(const char *name)
{
	size_t length = strlen(name);

	return length > DELETED_BYTES && strcmp(name + length - DELETED_BYTES, deleted) == 0;
}

static uint64_t mix(uint64_t key, uint64_t part)
{
	return (key ^ part ^ part >> 32) * 0x100000001b3u;
}

/* Of an object under that name; inode 0: of the name alone. */
static uint64_t key_of(const char *name, uint64_t device, uint64_t inode)
{
	uint64_t key = 0xcbf29ce484222325u;

	for (; *name; name++)
		key = (key ^ (unsigned char)*name) * 0x100000001b3u;
	return mix(mix(key, device), inode);
}

/* Takes the name over. NULL: out of memory. */
static struct shm_name *add(struct shm_names *names, const struct shm_name *item)
{
	if (item->name && names->count == names->capacity) {
		size_t capacity = names->capacity ? 2 * names->capacity : 16;
		struct shm_name *items = reallocarray(names->items, capacity, sizeof(*items));

		if (items) {
			names->items = items;
			names->capacity = capacity;
		}
	}
	if (!item->name || names->count == names->capacity) {
		free(item->name);
		return NULL;
	}
	names->items[names->count] = *item;
	names->items[names->count].order = names->count;
	return &names->items[names->count++];
}

/* It says nothing new, as it was met since a name was made or unlinked last. */
static bool met(struct shm_names *names, const struct shm_name *item, const char *name, bool *fine)
{
	uint64_t key = key_of(name, item->device, item->inode);
	uint64_t *number = number_table_at(&names->met, mix(mix(key, item->act), names->changes));

	*fine = number && (!item->inode || number_table_at(&names->known, key));
	return !number || (*number)++;
}

static bool meet(struct shm_names *names, struct shm_name item, const char *name)
{
	bool fine;

	if (met(names, &item, name, &fine))
		return fine;
	item.name = strdup(name);
	return add(names, &item) != NULL;
}

static bool meet_path(struct shm_names *names, uint64_t when_ns, const char *path, uint64_t device,
                      uint64_t inode)
{
	const char *name = name_of_path(path);
	const struct shm_name item = {
		.when_ns = when_ns,
		.act = SHM_SEEN,
		.device = device,
		.inode = inode,
	};

	return !name || !inode || meet(names, item, name);
}

static uint64_t device_of(uint32_t dev_major, uint32_t dev_minor)
{
	return (uint64_t)dev_major << 32 | dev_minor;
}

bool shm_names_look(struct shm_names *names, const struct snapshot *snapshot, uint64_t start_ns)
{
	for (size_t i = 0; i < snapshot->row_count; i++) {
		const struct vma_row *row = &snapshot->rows[i];

		if (row->inode && !meet_path(names, start_ns + snapshot->time_ns, row->name,
		                             device_of(row->dev_major, row->dev_minor), row->inode))
			return false;
	}
	return true;
}

bool shm_names_wants(const struct event *event)
{
	if (event->in_flight || !event->text)
		return false;
	return event->call == CALL_SHM_OPEN || event->call == CALL_SHM_UNLINK ||
	       (!event->failed && event->has_object && event->inode && name_of_path(event->text));
}

bool shm_names_see(struct shm_names *names, const struct event *event, uint64_t start_ns,
                   uint32_t pid, struct shm_name **kept)
{
	bool opens = event->call == CALL_SHM_OPEN, unlinks = event->call == CALL_SHM_UNLINK;
	bool makes = opens && event->args[1] & O_CREAT;
	const char *name = event->text;
	struct shm_name item = {
		.when_ns = start_ns + event->time_ns,
		.exclusive = event->args[1] & O_EXCL,
		.mode = (uint32_t)event->args[2],
		.pid = pid,
		.seq = event->seq,
	};

	*kept = NULL;
	if (event->in_flight || !name)
		return true;
	if (!opens && !unlinks)
		return event->failed || !event->has_object ||
		       meet_path(names, item.when_ns, name,
		                 device_of(event->dev_major, event->dev_minor), event->inode);
	name += strspn(name, "/");
	if (event->failed) {
		item.act = SHM_MISSED;
		return makes || event->error != ENOENT || meet(names, item, name);
	}
	if (!makes && !unlinks)
		return true;
	names->changes++;
	item.act = makes ? SHM_MADE : SHM_UNLINKED;
	if (!number_table_at(&names->known, key_of(name, 0, 0)))
		return false;
	item.name = strdup(name);
	if (makes) {
		*kept = add(names, &item);
		return *kept != NULL;
	}
	return add(names, &item) != NULL;
}

static int compare(const void *left, const void *right)
{
	const struct shm_name *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (order)
		return order;
	if (a->when_ns != b->when_ns)
		return a->when_ns < b->when_ns ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

/* An object of one name. */
struct life {
	struct shm_name *maker;  /* NULL: there is none, or it was not made here */
	struct shm_name *opened; /* the last that may have made what is there now */
	uint64_t device;
	uint64_t inode; /* 0 unknown */
};

static void begin(struct life *life, struct shm_name *maker)
{
	*life = (struct life) { .maker = maker, .opened = maker };
}

/* Sorted: the number of the item that saw an object of a name first, + 1. */
static bool note_sightings(struct shm_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct shm_name *item = &names->items[i];
		uint64_t *first;

		if (item->act != SHM_SEEN && item->act != SHM_SEEN_DELETED)
			continue;
		first = number_table_at(&names->sighted,
		                        key_of(item->name, item->device, item->inode));
		if (!first)
			return false;
		if (!*first)
			*first = i + 1;
	}
	return true;
}

/* Seen earlier: it is of an object of the same name that was before it. */
static bool is_older(const struct shm_names *names, const struct life *life,
                     const struct shm_name *seen)
{
	const uint64_t *first =
		number_table_find(&names->sighted, key_of(seen->name, seen->device, seen->inode));

	return first && *first <= (uint64_t)(life->maker - names->items);
}

static void see(const struct shm_names *names, struct life *life, const struct shm_name *seen)
{
	bool same = life->inode == seen->inode;

	if (life->maker->removed || (life->inode && life->device != seen->device))
		return;
	if (seen->act == SHM_SEEN_DELETED) {
		life->maker->removed = same || (!life->inode && !is_older(names, life, seen));
		return;
	}
	/* What has the name now is another one: made by who opened it since, or by somebody unseen. */
	if (life->inode && !same && life->opened != life->maker)
		begin(life, life->opened);
	else if (life->inode && !same)
		life->maker->removed = true;
	life->device = seen->device;
	life->inode = seen->inode;
}

/* Of one name: who made what is there at the end; NULL: it was unlinked last. */
static struct shm_name *maker_of(const struct shm_names *names, struct shm_name *first,
                                 size_t count)
{
	struct life life = { 0 };

	for (struct shm_name *item = first; item < first + count; item++) {
		if (item->act == SHM_MADE) {
			/* Opened again it is the same object, but where that would have failed. */
			if (!life.maker || life.maker->removed || item->exclusive)
				begin(&life, item);
			life.opened = item;
		} else if (!life.maker) {
			continue;
		} else if (item->act == SHM_UNLINKED) {
			begin(&life, NULL);
		} else if (item->act == SHM_MISSED) {
			life.maker->removed = true;
		} else {
			see(names, &life, item);
		}
	}
	if (life.maker) {
		life.maker->device = life.device;
		life.maker->inode = life.inode;
	}
	return life.maker;
}

/* What ends so was removed when it was seen, unless a call had just that name and the object was not seen without. */
static void tell_deleted(struct shm_names *names)
{
	for (size_t i = 0; i < names->count; i++) {
		struct shm_name *item = &names->items[i];
		bool called;
		char *end;

		if (item->act != SHM_SEEN || !ends_deleted(item->name))
			continue;
		called = number_table_find(&names->known, key_of(item->name, 0, 0));
		end = item->name + strlen(item->name) - DELETED_BYTES;
		*end = '\0';
		if (called && !number_table_find(&names->known,
		                                 key_of(item->name, item->device, item->inode)))
			*end = deleted[0];
		else
			item->act = SHM_SEEN_DELETED;
	}
}

bool shm_names_finish(struct shm_names *names)
{
	size_t kept = 0;

	tell_deleted(names);
	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare);
	if (!note_sightings(names))
		return false;
	for (size_t i = 0, end; i < names->count; i = end) {
		struct shm_name *maker;
		struct shm_name one;

		for (end = i + 1; end < names->count; end++) {
			if (strcmp(names->items[i].name, names->items[end].name) != 0)
				break;
		}
		maker = maker_of(names, &names->items[i], end - i);
		if (maker)
			one = *maker;
		for (size_t at = i; at < end; at++) {
			if (&names->items[at] != maker)
				free(names->items[at].name);
		}
		if (maker)
			names->items[kept++] = one;
	}
	names->count = kept;
	return true;
}

void shm_names_release(struct shm_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i].name);
	free(names->items);
	number_table_release(&names->met);
	number_table_release(&names->known);
	number_table_release(&names->sighted);
	*names = (struct shm_names) { 0 };
}
