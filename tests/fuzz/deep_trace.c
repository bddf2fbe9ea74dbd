/*
 * deep_trace.c: a trace of an object with debug information, whose calls each have a stack of their own: as many
 * frames as fit in as few bytes as the format allows. What a reader makes of the stacks must not be more than it
 * can hold.
 *
 *     deep_trace OBJECT DEPTH FILE MEBIBYTES [maps|protects|fails|splits]
 *
 * Every event maps one page (or gives the one page that is mapped other rights; or finds no memory), from DEPTH
 * return addresses in OBJECT's code, one to three bytes apart. With a DEPTH of 1 there are as many call sites as a
 * file can hold: 160 bytes each. `splits` has no stacks, but as many VMAs as a file can hold: each event gives a page
 * in the middle of one mapping other rights, which is two more; then one more page is mapped, for most memory at the
 * same time, and all are unmapped.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fuzz_seal.h"
#include "vmatrace/call.h"
#include "vmatrace/trace_format.h"

enum {
	CONTROL_AT = VMAT_HEADER_BYTES,
	ARENA_AT = CONTROL_AT + 4096,
	PAGE_BYTES = 4096,
};

static const uint64_t bias = 0x555500000000, mapped = 0x7f0000000000;

struct object {
	const char *path;
	uint8_t build_id[VMAT_BUILD_ID_BYTES];
	uint32_t build_id_bytes;
	uint64_t code_start; /* in the file's addresses */
	uint64_t code_end;
};

static uint8_t *read_whole(const char *path)
{
	FILE *file = fopen(path, "r");
	uint8_t *bytes = NULL;
	long size;

	if (file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) > 0) {
		rewind(file);
		bytes = malloc((size_t)size);
		if (bytes && fread(bytes, (size_t)size, 1, file) != 1)
			bytes = NULL;
	}
	if (!bytes) {
		perror(path);
		exit(1);
	}
	fclose(file);
	return bytes;
}

/* An ELF file of our own making is not checked. */
static struct object object_at(const char *path)
{
	struct object object = { .path = path };
	uint8_t *bytes = read_whole(path);
	const Elf64_Ehdr *header = (const void *)bytes;
	const Elf64_Shdr *sections = (const void *)(bytes + header->e_shoff);
	const char *names = (const char *)(bytes + sections[header->e_shstrndx].sh_offset);

	for (unsigned i = 0; i < header->e_shnum; i++) {
		const Elf64_Shdr *section = &sections[i];

		if (strcmp(names + section->sh_name, ".text") == 0) {
			object.code_start = section->sh_addr;
			object.code_end = section->sh_addr + section->sh_size;
		} else if (strcmp(names + section->sh_name, ".note.gnu.build-id") == 0) {
			const Elf64_Nhdr *note = (const void *)(bytes + section->sh_offset);

			object.build_id_bytes = note->n_descsz;
			memcpy(object.build_id, (const uint8_t *)(note + 1) + note->n_namesz,
			       note->n_descsz);
		}
	}
	free(bytes);
	return object;
}

/* The id of the record; 0: it does not fit any more. */
static uint32_t add(uint8_t *arena, uint64_t arena_bytes, uint64_t *used, uint32_t type,
                    const void *payload, size_t bytes)
{
	struct vmat_record record = { .type = type, .bytes = (uint32_t)bytes };
	size_t whole = sizeof(record) + ((bytes + 15) & ~(size_t)15);
	uint32_t id = (uint32_t)(*used / VMAT_RECORD_ALIGN);

	if (arena_bytes - *used < whole)
		return 0;
	memcpy(arena + *used, &record, sizeof(record));
	memcpy(arena + *used + sizeof(record), payload, bytes);
	*used += whole;
	return id;
}

/* One return address into at, as trace_format.h packs them, after the one that was *turned. */
static size_t pack(uint8_t *at, uint64_t pc, uint64_t *turned)
{
	uint64_t now = pc << 2 | pc >> 62;
	uint64_t by = now - *turned;
	uint64_t zigzag = by << 1 ^ -(by >> 63);
	unsigned length = 1;

	while (length < 8 && zigzag >> (8 * length - 3))
		length++;
	zigzag = zigzag << 3 | (length - 1);
	for (unsigned i = 0; i < length; i++)
		at[i] = (uint8_t)(zigzag >> 8 * i);
	*turned = now;
	return length;
}

static size_t make_stack(uint8_t *packed, const struct object *object, unsigned depth,
                         uint64_t *random)
{
	uint64_t span = object->code_end - object->code_start - 4 * VMAT_DEPTH_LIMIT;
	uint64_t pc, turned = 0;
	size_t bytes = 0;

	*random = *random * 6364136223846793005u + 1442695040888963407u;
	pc = bias + object->code_start + 1 + (*random >> 24) % span;
	for (unsigned i = 0; i < depth; i++) {
		bytes += pack(packed + bytes, pc, &turned);
		pc += 1 + (*random >> (i % 60)) % 3;
	}
	return bytes;
}

static void maps(struct vmat_event *event, uint64_t number, uint64_t count)
{
	(void)count;
	event->result = mapped + 2 * PAGE_BYTES * number;
}

static void protects(struct vmat_event *event, uint64_t number, uint64_t count)
{
	(void)count;
	event->result = mapped;
	if (!number)
		return;
	event->call = CALL_MPROTECT;
	event->args[0] = mapped;
	event->args[2] = number % 2 ? PROT_READ | PROT_WRITE : PROT_READ;
	event->result = 0;
}

static void fails(struct vmat_event *event, uint64_t number, uint64_t count)
{
	(void)number;
	(void)count;
	event->flags = VMAT_EVENT_FAILED;
	event->error = ENOMEM;
	event->result = UINT64_MAX;
}

static void splits(struct vmat_event *event, uint64_t number, uint64_t count)
{
	if (number == count - 2) {
		event->result = mapped - 2 * PAGE_BYTES;
		return;
	}
	event->result = number ? 0 : mapped;
	event->args[0] = number ? mapped : 0;
	if (!number || number == count - 1) {
		event->call = number ? CALL_MUNMAP : CALL_MMAP;
		event->args[1] = 2 * count * PAGE_BYTES;
		return;
	}
	event->call = CALL_MPROTECT;
	event->args[0] = mapped + PAGE_BYTES * (2 * number + 1);
	event->args[2] = PROT_READ | PROT_WRITE;
}

/* Event `number` of `count`. */
static const struct {
	const char *name;
	void (*shape)(struct vmat_event *event, uint64_t number, uint64_t count);
	bool no_stacks;
} kinds[] = {
	{ "maps", maps, false },
	{ "protects", protects, false },
	{ "fails", fails, false },
	{ "splits", splits, true },
};

static void add_base(uint8_t *arena, uint64_t arena_bytes, uint64_t *used,
                     const struct object *object)
{
	struct {
		struct vmat_module module;
		char path[512];
	} module = { .module = { .bias = bias,
		                 .start = bias + object->code_start,
		                 .end = bias + object->code_end,
		                 .build_id_bytes = object->build_id_bytes } };
	struct {
		struct vmat_maps_part part;
		char text[64];
	} piece = { .text = "00001000-00002000 ---p 00000000 00:00 0 \n" };
	struct vmat_snapshot snapshot = { .parts = 1 };

	memcpy(module.module.build_id, object->build_id, sizeof(object->build_id));
	snprintf(module.path, sizeof(module.path), "%s", object->path);
	add(arena, arena_bytes, used, VMAT_RECORD_MODULE, &module,
	    sizeof(module.module) + strlen(module.path));
	add(arena, arena_bytes, used, VMAT_RECORD_MAPS, &piece,
	    sizeof(piece.part) + strlen(piece.text));
	add(arena, arena_bytes, used, VMAT_RECORD_SNAPSHOT, &snapshot, sizeof(snapshot));
}

int main(int argc, char **argv)
{
	uint64_t slot_bytes = sizeof(struct vmat_event), used = VMAT_RECORD_ALIGN, random = 1;
	uint8_t packed[8 * VMAT_DEPTH_LIMIT];
	uint64_t slots = 16, arena_bytes, bytes, count = 0;
	struct vmat_header *header;
	struct vmat_control *control;
	struct object object;
	uint8_t *trace;
	size_t kind = 0;
	unsigned depth;
	FILE *file;

	while (argc == 6 && kind < sizeof(kinds) / sizeof(kinds[0]) &&
	       strcmp(kinds[kind].name, argv[5]) != 0)
		kind++;
	if (argc < 5 || argc > 6 || kind == sizeof(kinds) / sizeof(kinds[0])) {
		fprintf(stderr, "usage: deep_trace OBJECT DEPTH FILE MEBIBYTES [KIND]\n");
		return 2;
	}
	object = object_at(argv[1]);
	depth = (unsigned)atoi(argv[2]);
	/* A slot for each stack, which is about as long as it is deep. */
	bytes = strtoull(argv[4], NULL, 10) << 20;
	while (2 * slots * (slot_bytes + 32 + depth) <= bytes)
		slots *= 2;
	arena_bytes = slots * (64 + 2 * depth) + 4096;
	bytes = ARENA_AT + arena_bytes + slots * slot_bytes;
	trace = calloc(1, bytes);
	if (!trace)
		return 1;
	header = (struct vmat_header *)(void *)trace;
	*header = (struct vmat_header) {
		.version = VMAT_VERSION,
		.header_bytes = VMAT_HEADER_BYTES,
		.endian = VMAT_ENDIAN,
		.feature_incompat = VMAT_FEATURE_LAPS | VMAT_FEATURE_PACKED_STACKS,
		.page_bytes = PAGE_BYTES,
		.slot_count = slots,
		.slot_bytes = sizeof(struct vmat_event),
		.section_count = 3,
		.section = { { VMAT_SECTION_CONTROL, 0, CONTROL_AT, sizeof(struct vmat_control) },
		             { VMAT_SECTION_ARENA, 0, ARENA_AT + slots * slot_bytes, arena_bytes },
		             { VMAT_SECTION_RING, sizeof(struct vmat_event), ARENA_AT,
		               slots * slot_bytes } },
		.clock = VMAT_CLOCK_MONOTONIC_NS,
	};
	snprintf(header->exe, sizeof(header->exe), "%s", object.path);
	memcpy(header->magic, VMAT_MAGIC, VMAT_MAGIC_BYTES);
	add_base(trace + ARENA_AT + slots * slot_bytes, arena_bytes, &used, &object);
	for (; count < slots; count++) {
		size_t length = make_stack(packed, &object, depth, &random);
		uint32_t stack = kinds[kind].no_stacks
		                         ? 0
		                         : add(trace + ARENA_AT + slots * slot_bytes, arena_bytes,
		                               &used, VMAT_RECORD_PACKED_STACK, packed, length);
		struct vmat_event event = {
			.stamp = count + 1,
			.time = 1000 * count,
			.duration = 500,
			.enter = count,
			.args = { 0, PAGE_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			          UINT64_MAX },
			.tid = 1,
			.stack = stack,
			.call = CALL_MMAP,
		};

		if (!stack && !kinds[kind].no_stacks)
			break;
		kinds[kind].shape(&event, count, slots);
		memcpy(trace + ARENA_AT + count * slot_bytes, &event, sizeof(event));
	}
	control = (struct vmat_control *)(void *)(trace + CONTROL_AT);
	control->head = count;
	control->arena_used = used;
	control->snapshots = 1;
	control->state = VMAT_STATE_EXITED;
	bytes = ARENA_AT + slots * slot_bytes + used;
	fuzz_seal(trace, bytes);
	file = fopen(argv[3], "w");
	if (!file || fwrite(trace, bytes, 1, file) != 1 || fclose(file) != 0) {
		perror(argv[3]);
		return 1;
	}
	free(trace);
	return 0;
}
