/*
 * shared_objects: see the header. Acts on a name wait as objects of inode 0 until all are known.
 */
#include "shared_objects.h"

#include <inttypes.h>
#include <linux/fcntl.h> /* O_CREAT: a constant alone */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "call_table.h"
#include "pages.h"
#include "runs.h"
#include "vmatrace/trace_format.h"

const char *shared_act_name(enum shared_act_kind kind)
{
	static const char *const names[SHARED_ACT_KINDS] = {
		[SHARED_CREATED] = "created",   [SHARED_OPENED] = "opened",
		[SHARED_MAPPED] = "mapped",     [SHARED_UNMAPPED] = "unmapped",
		[SHARED_UNLINKED] = "unlinked",
	};

	return kind < SHARED_ACT_KINDS ? names[kind] : "";
}

/* Room for one more in an array that doubles. */
static void *append(void **items, size_t *count, size_t size)
{
	if ((*count & (*count - 1)) == 0) {
		void *grown = reallocarray(*items, *count ? 2 * *count : 1, size);

		if (!grown)
			return NULL;
		*items = grown;
	}
	return (char *)*items + (*count)++ * size;
}

static char *without_deleted(const char *name)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(name);

	if (length > strlen(deleted) && strcmp(name + length - strlen(deleted), deleted) == 0)
		length -= strlen(deleted);
	return strndup(name, length);
}

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t hash(uint64_t so_far, uint64_t number)
{
	return (so_far ^ number ^ number >> 32) * FNV_PRIME;
}

static uint64_t hash_text(const char *text)
{
	uint64_t so_far = FNV_BASIS;

	for (; *text; text++)
		so_far = hash(so_far, (unsigned char)*text);
	return so_far;
}

/* inode 0: an object that only its name is known of. */
static bool find(struct shared_objects *shared, uint32_t dev_major, uint32_t dev_minor,
                 uint64_t inode, const char *name, size_t *index)
{
	uint64_t key =
		hash(hash(hash(inode ? FNV_BASIS : hash_text(name), dev_major), dev_minor), inode);
	uint64_t *newest = number_table_at(&shared->objects_by, key);
	struct shared_object *object;

	if (!newest)
		return false;
	for (size_t i = *newest; i; i = object->next) {
		object = &shared->objects[i - 1];
		if (object->inode == inode && object->dev_major == dev_major &&
		    object->dev_minor == dev_minor && (inode || strcmp(object->name, name) == 0)) {
			*index = i - 1;
			return true;
		}
	}
	object = append((void **)&shared->objects, &shared->object_count, sizeof(*object));
	if (!object)
		return false;
	*object = (struct shared_object) {
		.dev_major = dev_major,
		.dev_minor = dev_minor,
		.inode = inode,
		.name = without_deleted(name),
		.next = *newest,
	};
	*newest = shared->object_count;
	*index = shared->object_count - 1;
	return object->name != NULL;
}

static bool act(struct shared_objects *shared, enum shared_act_kind kind, size_t object,
                const struct event *event, uint64_t bytes)
{
	uint64_t key = hash(hash(hash(hash(FNV_BASIS, shared->first_act), kind), object),
	                    event->stack ^ event->caller);
	uint64_t *newest = number_table_at(&shared->acts_by, key);
	struct shared_act *found;

	if (!newest)
		return false;
	/* Each memfd is an object of its own, whatever its name. */
	for (size_t i = event->call == CALL_MEMFD_CREATE ? 0 : *newest; i > shared->first_act;
	     i = found->next) {
		found = &shared->acts[i - 1];
		if (found->kind == kind && found->object == object &&
		    found->first.stack == event->stack && found->first.caller == event->caller) {
			found->count += found->last != event->seq;
			found->last = event->seq;
			found->bytes += bytes;
			return true;
		}
	}
	found = append((void **)&shared->acts, &shared->act_count, sizeof(*found));
	if (!found)
		return false;
	*found = (struct shared_act) {
		.kind = kind,
		.object = object,
		.pid = shared->pid,
		.count = 1,
		.bytes = bytes,
		.when_ns = shared->start_ns + event->time_ns,
		.first = *event,
		.last = event->seq,
		.tag = SIZE_MAX,
		.next = *newest,
	};
	*newest = shared->act_count;
	return true;
}

/* --- one process -------------------------------------------------------------------------------------- */

void shared_objects_enter(struct shared_objects *shared, uint32_t pid, uint64_t start_ns)
{
	shared->pid = pid;
	shared->start_ns = start_ns;
	shared->first_act = shared->act_count;
	number_table_release(&shared->told);
}

/* The object's name as maps would print it: "/dev/shm/NAME", "/memfd:NAME". */
static bool on_name(struct shared_objects *shared, enum shared_act_kind kind, const char *prefix,
                    const struct event *event)
{
	const char *text = event->text ? event->text : "";
	size_t bytes, object;
	char *name;
	bool fine;

	text += kind == SHARED_CREATED && event->call == CALL_MEMFD_CREATE ? 0 : strspn(text, "/");
	bytes = strlen(prefix) + strlen(text) + 1;
	name = malloc(bytes);
	if (!name)
		return false;
	strcpy(stpcpy(name, prefix), text);
	fine = find(shared, 0, 0, 0, name, &object) && act(shared, kind, object, event, 0);
	free(name);
	return fine;
}

/* MAP_SHARED | MAP_ANONYMOUS: the call that mapped it knew of no object, the list behind it does. */
static bool mapped_without_file(struct shared_objects *shared, const struct vma_run *run,
                                uint32_t page_bytes, size_t object)
{
	struct event event;
	uint64_t *told, bytes;

	if (run->created_by >= SEQ_IMPLICIT || !shared->event)
		return true;
	told = number_table_at(&shared->told, run->created_by);
	if (!told)
		return false;
	if ((*told)++ || !shared->event(shared->context, run->created_by, &event) ||
	    call_effect(event.call) != EFFECT_MAPS || event.has_object)
		return true;
	bytes = page_ceil(event.args[1], page_bytes);
	if (bytes > shared->objects[object].mapped_to)
		shared->objects[object].mapped_to = bytes;
	return act(shared, SHARED_MAPPED, object, &event, bytes);
}

/* What of shared objects lies in the range goes. */
static bool unmaps(struct shared_objects *shared, const struct vma_map *map,
                   const struct event *event, const struct page_range *range)
{
	for (const struct vma_run *run = vma_map_at(map, range->start);
	     run && run->start < range->end; run = vma_map_next(map, run)) {
		const struct object *under = vma_map_object_at(map, run->object);
		uint64_t start = run->start > range->start ? run->start : range->start;
		uint64_t end = run->end < range->end ? run->end : range->end;
		size_t object;

		if (!run->shared || !under->inode || run->internal)
			continue;
		if (!find(shared, under->dev_major, under->dev_minor, under->inode, under->name,
		          &object) ||
		    !mapped_without_file(shared, run, vma_map_page_bytes(map), object) ||
		    !act(shared, SHARED_UNMAPPED, object, event, end - start))
			return false;
	}
	return true;
}

static bool maps(struct shared_objects *shared, const struct event *event, uint32_t page_bytes)
{
	unsigned type = event->args[3] & MAP_TYPE;
	uint64_t bytes = page_ceil(event->args[1], page_bytes);
	struct shared_object *known;
	size_t object;

	if ((type != MAP_SHARED && type != MAP_SHARED_VALIDATE) || !event->has_object ||
	    !event->inode || !event->text)
		return true;
	if (!find(shared, event->dev_major, event->dev_minor, event->inode, event->text, &object))
		return false;
	known = &shared->objects[object];
	if (event->args[5] + bytes > known->mapped_to)
		known->mapped_to = event->args[5] + bytes;
	return act(shared, SHARED_MAPPED, object, event, bytes);
}

/* A segment's inode is its id, on the device of the kernel's own files. */
static bool attaches(struct shared_objects *shared, const struct event *event, uint32_t page_bytes)
{
	uint64_t bytes = page_ceil(event->args[3], page_bytes);
	char name[32];
	size_t object;

	snprintf(name, sizeof(name), "/SYSV%08" PRIx32, (uint32_t)event->args[4]);
	if (!find(shared, 0, 1, event->args[0], name, &object))
		return false;
	if (bytes > shared->objects[object].mapped_to)
		shared->objects[object].mapped_to = bytes;
	return act(shared, SHARED_MAPPED, object, event, bytes);
}

/* All that one attachment has left, wherever holes are in it. */
static bool detaches(struct shared_objects *shared, const struct vma_map *map,
                     const struct event *event)
{
	const struct vma_run *run = vma_map_at(map, event->args[0]);
	uint32_t attach = run ? run->attach : 0;

	for (; run && run->attach == attach; run = vma_map_next(map, run)) {
		const struct page_range range = { run->start, run->end };

		if (!unmaps(shared, map, event, &range))
			return false;
		if (!attach) /* from before recording: how far it reaches is not known */
			break;
	}
	return true;
}

/* What it adds it maps; what it cuts off or writes over it unmaps; to be elsewhere is neither. */
static bool remaps(struct shared_objects *shared, const struct vma_map *map,
                   const struct event *event)
{
	uint32_t page_bytes = vma_map_page_bytes(map);
	uint64_t source = event->args[0], old_bytes = page_ceil(event->args[1], page_bytes);
	uint64_t new_bytes = page_ceil(event->args[2], page_bytes), added;
	const struct page_range over = { event->result, event->result + new_bytes };
	const struct page_range cut = { source + new_bytes, source + old_bytes };
	const struct vma_run *run = vma_map_at(map, source);
	const struct object *under = run ? vma_map_object_at(map, run->object) : NULL;
	struct shared_object *known;
	size_t object;

	if (event->args[3] & MREMAP_FIXED && !unmaps(shared, map, event, &over))
		return false;
	if (new_bytes < old_bytes)
		return unmaps(shared, map, event, &cut);
	/* A length of 0 asks for a copy. */
	added = event->args[3] & MREMAP_DONTUNMAP ? new_bytes : new_bytes - old_bytes;
	if (!added || !run || run->start > source || !run->shared || !under->inode || run->internal)
		return true;
	if (!find(shared, under->dev_major, under->dev_minor, under->inode, under->name, &object) ||
	    !mapped_without_file(shared, run, page_bytes, object))
		return false;
	known = &shared->objects[object];
	if (run->delta && source + run->delta + new_bytes > known->mapped_to)
		known->mapped_to = source + run->delta + new_bytes;
	return act(shared, SHARED_MAPPED, object, event, added);
}

bool shared_objects_before(struct shared_objects *shared, const struct walk *walk,
                           const struct event *event)
{
	const struct vma_map *map = walk_map(walk);
	enum call_effect effect = call_effect(event->call);
	uint32_t page_bytes = vma_map_page_bytes(map);
	struct touch touch;

	if (event->failed || event->in_flight || event->flags & VMAT_EVENT_INTERNAL)
		return true;
	if (event->call == CALL_SHM_OPEN)
		return on_name(shared, event->args[1] & O_CREAT ? SHARED_CREATED : SHARED_OPENED,
		               "/dev/shm/", event);
	if (event->call == CALL_SHM_UNLINK)
		return on_name(shared, SHARED_UNLINKED, "/dev/shm/", event);
	if (event->call == CALL_MEMFD_CREATE)
		return on_name(shared, SHARED_CREATED, "/memfd:", event);
	if (effect == EFFECT_DETACHES)
		return detaches(shared, map, event);
	if (effect == EFFECT_MOVES)
		return remaps(shared, map, event);
	event_touch(event, page_bytes, &touch);
	for (size_t i = 0; i < touch.count; i++) {
		bool takes = touch.roles[i] == TOUCH_RELEASES || touch.roles[i] == TOUCH_REPLACES;

		if (takes && !unmaps(shared, map, event, &touch.ranges[i]))
			return false;
	}
	if (effect == EFFECT_ATTACHES)
		return attaches(shared, event, page_bytes);
	return effect != EFFECT_MAPS || maps(shared, event, page_bytes);
}

static bool holds(struct shared_objects *shared, size_t object, uint64_t bytes)
{
	uint64_t *newest =
		number_table_at(&shared->holders_by, hash(hash(FNV_BASIS, shared->pid), object));
	struct shared_holder *holder;

	if (!newest)
		return false;
	for (size_t i = *newest; i; i = holder->next) {
		holder = &shared->holders[i - 1];
		if (holder->object == object && holder->pid == shared->pid) {
			holder->bytes += bytes;
			return true;
		}
	}
	holder = append((void **)&shared->holders, &shared->holder_count, sizeof(*holder));
	if (!holder)
		return false;
	*holder = (struct shared_holder) { object, shared->pid, bytes, *newest };
	*newest = shared->holder_count;
	return true;
}

bool shared_objects_leave(struct shared_objects *shared, const struct walk *walk)
{
	const struct vma_map *map = walk_map(walk);

	for (const struct vma_run *run = vma_map_at(map, 0); run; run = vma_map_next(map, run)) {
		const struct object *under = vma_map_object_at(map, run->object);
		size_t object;

		if (!run->shared || !under->inode || run->internal)
			continue;
		if (!find(shared, under->dev_major, under->dev_minor, under->inode, under->name,
		          &object) ||
		    !mapped_without_file(shared, run, vma_map_page_bytes(map), object) ||
		    !holds(shared, object, run->end - run->start))
			return false;
	}
	return true;
}

void shared_objects_release(struct shared_objects *shared)
{
	for (size_t i = 0; i < shared->object_count; i++)
		free(shared->objects[i].name);
	free(shared->objects);
	free(shared->acts);
	free(shared->holders);
	number_table_release(&shared->objects_by);
	number_table_release(&shared->acts_by);
	number_table_release(&shared->holders_by);
	number_table_release(&shared->told);
	*shared = (struct shared_objects) { 0 };
}
