/*
 * dense_trace.c: traces that hold as many things as fit: what a reader keeps for each of them must be in
 * proportion to the file, whatever the file is full of.
 *
 *     dense_trace KIND FILE MEBIBYTES
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz_seal.h"
#include "vmatrace/call.h"
#include "vmatrace/trace_format.h"

enum {
	SLOTS = 16,
	CONTROL_AT = VMAT_HEADER_BYTES,
	ARENA_AT = CONTROL_AT + 4096,
};

/* The shortest line that the kernel can print (fs/proc/task_mmu.c show_vma_header_prefix). */
#define SHORTEST_ROW "00001000-00002000 ---p 00000000 00:00 0 \n"

struct dense {
	uint8_t *bytes;
	uint64_t arena_bytes;
	uint64_t used;
	uint32_t made; /* records so far */
};

static struct vmat_control *control_of(struct dense *dense)
{
	return (struct vmat_control *)(void *)(dense->bytes + CONTROL_AT);
}

/* False: it does not fit any more. */
static bool add(struct dense *dense, uint32_t type, const void *payload, size_t bytes,
                uint32_t count)
{
	struct vmat_record record = { .type = type, .bytes = (uint32_t)bytes, .lap = count };
	size_t whole = sizeof(record) + ((bytes + 15) & ~(size_t)15);

	if (dense->arena_bytes - dense->used < whole)
		return false;
	memcpy(dense->bytes + ARENA_AT + dense->used, &record, sizeof(record));
	memcpy(dense->bytes + ARENA_AT + dense->used + sizeof(record), payload, bytes);
	dense->used += whole;
	dense->made++;
	return true;
}

static bool add_piece(struct dense *dense, uint32_t snapshot, const char *text)
{
	struct {
		struct vmat_maps_part part;
		char text[4096];
	} piece = { .part = { snapshot, 0 } };
	size_t bytes = strlen(text);

	memcpy(piece.text, text, bytes);
	return add(dense, VMAT_RECORD_MAPS, &piece, sizeof(piece.part) + bytes, 0);
}

static bool add_end(struct dense *dense, uint32_t snapshot)
{
	struct vmat_snapshot end = { .snapshot = snapshot, .parts = 1 };

	return add(dense, VMAT_RECORD_SNAPSHOT, &end, sizeof(end), 0);
}

static const char *repeated(char *text, size_t bytes, const char *what)
{
	size_t length = strlen(what), filled = 0;

	for (; filled + length < bytes; filled += length)
		memcpy(text + filled, what, length);
	text[filled] = '\0';
	return text;
}

static bool strings(struct dense *dense)
{
	return add(dense, VMAT_RECORD_STRING, "", 0, 0);
}

static bool objects(struct dense *dense)
{
	struct vmat_object object = { .inode = dense->made };

	return add(dense, VMAT_RECORD_OBJECT, &object, sizeof(object), 0);
}

static bool modules(struct dense *dense)
{
	struct {
		struct vmat_module module;
		char path;
	} module = { { .start = dense->made * 4096ull, .end = dense->made * 4096ull + 4096 }, '/' };

	return add(dense, VMAT_RECORD_MODULE, &module, sizeof(module.module) + 1, 0);
}

static bool stacks(struct dense *dense)
{
	uint64_t pc = 0x400000 + dense->made;

	return add(dense, VMAT_RECORD_STACK, &pc, sizeof(pc), 1);
}

static bool rows(struct dense *dense)
{
	char text[4096];

	repeated(text, sizeof(text), SHORTEST_ROW);
	return add(dense, VMAT_RECORD_ROWS, text, strlen(text), 0);
}

static bool lines(struct dense *dense)
{
	char text[33];

	repeated(text, sizeof(text), "\n");
	return add(dense, VMAT_RECORD_ROWS, text, strlen(text), 0);
}

static bool snapshots(struct dense *dense)
{
	uint32_t id = dense->made / 2;

	return add_piece(dense, id, SHORTEST_ROW) && add_end(dense, id);
}

static bool large_snapshots(struct dense *dense)
{
	uint32_t id = dense->made / 2;
	char text[4096];

	return add_piece(dense, id, repeated(text, sizeof(text), SHORTEST_ROW)) &&
	       add_end(dense, id);
}

/* One list, said to be complete again and again. */
static bool same_snapshot(struct dense *dense)
{
	char text[4096];

	if (dense->made)
		return add_end(dense, 0);
	return add_piece(dense, 0, repeated(text, sizeof(text), SHORTEST_ROW));
}

static bool unfinished(struct dense *dense)
{
	bool fits = dense->arena_bytes - dense->used >= VMAT_RECORD_ALIGN;

	dense->used += fits ? VMAT_RECORD_ALIGN : 0;
	return fits;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*add)(struct dense *dense);
	} kinds[] = {
		{ "strings", strings },
		{ "objects", objects },
		{ "modules", modules },
		{ "stacks", stacks },
		{ "rows", rows },
		{ "lines", lines },
		{ "snapshots", snapshots },
		{ "large_snapshots", large_snapshots },
		{ "same_snapshot", same_snapshot },
		{ "unfinished", unfinished },
	};
	struct dense dense = { .used = VMAT_RECORD_ALIGN };
	struct vmat_header *header;
	size_t bytes, kind = 0;
	FILE *file;

	while (argc == 4 && kind < sizeof(kinds) / sizeof(kinds[0]) &&
	       strcmp(kinds[kind].name, argv[1]) != 0)
		kind++;
	if (argc != 4 || kind == sizeof(kinds) / sizeof(kinds[0])) {
		fprintf(stderr, "usage: dense_trace KIND FILE MEBIBYTES\n");
		return 2;
	}
	dense.arena_bytes = strtoull(argv[3], NULL, 10) << 20;
	bytes = ARENA_AT + dense.arena_bytes + SLOTS * sizeof(struct vmat_event);
	dense.bytes = calloc(1, bytes);
	if (!dense.bytes)
		return 1;
	header = (struct vmat_header *)(void *)dense.bytes;
	*header = (struct vmat_header) {
		.version = VMAT_VERSION,
		.header_bytes = VMAT_HEADER_BYTES,
		.endian = VMAT_ENDIAN,
		.page_bytes = 4096,
		.slot_count = SLOTS,
		.slot_bytes = sizeof(struct vmat_event),
		.section_count = 3,
		.section = { { VMAT_SECTION_CONTROL, 0, CONTROL_AT, sizeof(struct vmat_control) },
		             { VMAT_SECTION_ARENA, 0, ARENA_AT, dense.arena_bytes },
		             { VMAT_SECTION_RING, sizeof(struct vmat_event),
		               ARENA_AT + dense.arena_bytes, SLOTS * sizeof(struct vmat_event) } },
		.clock = VMAT_CLOCK_MONOTONIC_NS,
		.exe = "/nowhere/app",
	};
	memcpy(header->magic, VMAT_MAGIC, VMAT_MAGIC_BYTES);
	while (kinds[kind].add(&dense))
		continue;
	control_of(&dense)->arena_used = dense.used;
	fuzz_seal(dense.bytes, bytes);
	file = fopen(argv[2], "w");
	if (!file || fwrite(dense.bytes, bytes, 1, file) != 1 || fclose(file) != 0) {
		perror(argv[2]);
		return 1;
	}
	free(dense.bytes);
	return 0;
}
