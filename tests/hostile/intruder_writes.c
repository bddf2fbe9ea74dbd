/*
 * intruder_writes.c: stray writes. A program that stores where it should not, and happens to hit what is not its own.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "intruder.h"
#include "vmatrace/trace_format.h"

enum { DEEP = 3000 };

static unsigned next_random(void)
{
	static unsigned state = 2463534242u;

	state ^= state << 13;
	state ^= state >> 17;
	return state ^= state << 5;
}

/* What of the ring the operand says, by what it says. */
static void scribble(char *ring, size_t bytes)
{
	const struct {
		const char *name;
		size_t from, to;
	} parts[] = {
		{ "header", 0, VMAT_HEADER_BYTES },
		{ "control", VMAT_HEADER_BYTES, VMAT_HEADER_BYTES + sizeof(struct vmat_control) },
		{ "rest", VMAT_HEADER_BYTES + sizeof(struct vmat_control), bytes },
		{ "all", 0, bytes },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strncmp(operand, parts[i].name, strlen(parts[i].name)))
			continue;
		for (size_t at = parts[i].from; at < parts[i].to; at++)
			ring[at] = strstr(operand, "ones")     ? -1
			           : strstr(operand, "zeroes") ? 0
			                                       : (char)next_random();
	}
}

/* The lengths of what a fork child takes over of its parent's ring. */
static void shorten_modules(char *ring)
{
	const struct vmat_header *header = (const void *)ring;

	for (uint32_t i = 0; i < header->section_count && i < VMAT_SECTION_LIMIT; i++) {
		const struct vmat_section *section = &header->section[i];

		for (size_t at = 0; section->type == VMAT_SECTION_MODULES && at < section->length;
		     at += 256) {
			struct vmat_record *record = (void *)(ring + section->offset + at);

			if (record->type == VMAT_RECORD_MODULE)
				record->bytes = 1;
		}
	}
}

static __attribute__((noinline)) void map_from_the_deep(int frames)
{
	if (frames)
		map_from_the_deep(frames - 1);
	else
		map_and_unmap(count);
	__asm__ volatile("");
}

static void *map_in_thread(void *unused)
{
	map_and_unmap(count);
	return unused;
}

void ring_scribbled(void)
{
	static char header[VMAT_HEADER_BYTES];
	struct row ring = ring_row();
	pthread_t thread;
	pid_t pid;

	map_and_unmap(count);
	memcpy(header, ring.start, sizeof(header));
	if (!strcmp(operand, "modules"))
		shorten_modules(ring.start);
	if (!strncmp(operand, "depth", 5))
		((struct vmat_header *)(void *)ring.start)->depth = UINT32_MAX;
	scribble(ring.start, ring.length);
	map_and_unmap(count);
	map_from_the_deep(DEEP);
	if (strstr(operand, "and back"))
		memcpy(ring.start, header, sizeof(header));
	say("memfd_create", memfd_create("of the deep", 0));
	pthread_create(&thread, NULL, map_in_thread, NULL);
	pthread_join(thread, NULL);
	pid = fork();
	if (!pid) {
		map_from_the_deep(DEEP);
		_exit(0);
	}
	say_child("child", pid);
	map_from_the_deep(DEEP);
}

/* --- a stray write amid a fork child's first call, which takes over what its parent knew ------------------- */

enum { LENGTHS = 64 };

#define FAR_TOO_LONG (UINT32_C(1) << 31)

static int is_over;

/* The lengths of the records of modules become far too long, and right again, until it is over. */
static void *change_lengths(void *ring)
{
	const struct vmat_header *header = ring;
	uint32_t *length[LENGTHS];
	size_t lengths = 0;

	for (uint32_t i = 0; i < header->section_count; i++) {
		const struct vmat_section *section = &header->section[i];

		for (size_t at = 0; section->type == VMAT_SECTION_MODULES && at < section->length;
		     at += 256) {
			struct vmat_record *record = (void *)((char *)ring + section->offset + at);

			if (record->type == VMAT_RECORD_MODULE && lengths < LENGTHS)
				length[lengths++] = &record->bytes;
		}
	}
	while (!__atomic_load_n(&is_over, __ATOMIC_RELAXED)) {
		for (size_t i = 0; i < lengths; i++)
			__atomic_fetch_xor(length[i], FAR_TOO_LONG, __ATOMIC_RELAXED);
	}
	for (size_t i = 0; i < lengths; i++)
		*length[i] &= ~FAR_TOO_LONG;
	return NULL;
}

void ring_changing(void)
{
	struct row ring = ring_row();
	long unharmed = 0;
	pthread_t thread;

	map_and_unmap(1);
	pthread_create(&thread, NULL, change_lengths, ring.start);
	for (long i = 0; i < count; i++) {
		int status = -1;
		pid_t pid = fork();

		if (!pid) {
			map_and_unmap(1);
			_exit(0);
		}
		waitpid(pid, &status, 0);
		unharmed += status == 0;
	}
	__atomic_store_n(&is_over, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	dprintf(1, "children unharmed: %ld\n", unharmed);
}
