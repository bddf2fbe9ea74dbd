/*
 * shm_names: see the header. The calls are kept and sorted by name and time at the end.
 */
#include "shm_names.h"

#include <linux/fcntl.h> /* O_CREAT, O_EXCL: constants alone */
#include <stdlib.h>
#include <string.h>

bool shm_names_see(struct shm_names *names, const struct event *event, uint64_t start_ns,
                   uint32_t pid, struct shm_name **kept)
{
	bool makes = event->call == CALL_SHM_OPEN && event->args[1] & O_CREAT;
	bool unlinks = event->call == CALL_SHM_UNLINK;
	const char *name = event->text;
	struct shm_name *item;

	*kept = NULL;
	if ((!makes && !unlinks) || event->failed || event->in_flight || !name)
		return true;
	if (names->count == names->capacity) {
		size_t capacity = names->capacity ? 2 * names->capacity : 16;

		item = reallocarray(names->items, capacity, sizeof(*item));
		if (!item)
			return false;
		names->items = item;
		names->capacity = capacity;
	}
	item = &names->items[names->count];
	*item = (struct shm_name) {
		.name = strdup(name + strspn(name, "/")),
		.when_ns = start_ns + event->time_ns,
		.unlinks = unlinks,
		.exclusive = event->args[1] & O_EXCL,
		.mode = (uint32_t)event->args[2],
		.pid = pid,
		.seq = event->seq,
	};
	if (!item->name)
		return false;
	names->count++;
	*kept = item;
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct shm_name *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->when_ns > b->when_ns) - (a->when_ns < b->when_ns);
}

/* Of one name: who made what is there at the end, in *maker; false if it was unlinked last. */
static bool maker_of(const struct shm_name *first, size_t count, const struct shm_name **maker)
{
	*maker = NULL;
	for (size_t i = 0; i < count; i++) {
		if (first[i].unlinks)
			*maker = NULL;
		else if (!*maker) /* opened again it is the same object */
			*maker = &first[i];
	}
	return *maker != NULL;
}

void shm_names_finish(struct shm_names *names)
{
	size_t kept = 0;

	if (names->count)
		qsort(names->items, names->count, sizeof(*names->items), compare);
	for (size_t i = 0, end; i < names->count; i = end) {
		const struct shm_name *maker;
		struct shm_name one;

		for (end = i + 1; end < names->count; end++) {
			if (strcmp(names->items[i].name, names->items[end].name) != 0)
				break;
		}
		if (maker_of(&names->items[i], end - i, &maker))
			one = *maker;
		for (size_t at = i; at < end; at++) {
			if (&names->items[at] != maker)
				free(names->items[at].name);
		}
		if (maker)
			names->items[kept++] = one;
	}
	names->count = kept;
}

void shm_names_release(struct shm_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i].name);
	free(names->items);
	*names = (struct shm_names) { 0 };
}
