/*
 * trace_image.c: see trace_image.h.
 */
#include "trace_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmatrace/crc32c.h"

struct vmat_control *image_control(struct image *image)
{
	return (struct vmat_control *)(void *)(image->bytes + CONTROL_AT);
}

struct vmat_event *image_slot(struct image *image, uint64_t seq)
{
	struct vmat_event *slots = (struct vmat_event *)(void *)(image->bytes + RING_AT);

	return &slots[seq & (image->header.slot_count - 1)];
}

uint32_t image_add_record(struct image *image, uint32_t type, const void *payload, size_t bytes,
                          uint32_t count)
{
	struct vmat_control *control = image_control(image);
	uint64_t at = control->arena_used;
	struct vmat_record record = { .type = type,
		                      .bytes = (uint32_t)bytes,
		                      .crc = crc32c_software(type, payload, bytes),
		                      .lap = count };

	control->arena_used += sizeof(record) + ((bytes + 15) & ~(size_t)15);
	if (control->arena_used > ARENA_BYTES) {
		fprintf(stderr, "make_trace: arena full\n");
		exit(1);
	}
	memcpy(image->bytes + ARENA_AT + at, &record, sizeof(record));
	memcpy(image->bytes + ARENA_AT + at + sizeof(record), payload, bytes);
	return (uint32_t)(at / VMAT_RECORD_ALIGN);
}

uint32_t image_add_struct_and_text(struct image *image, uint32_t type, const void *data,
                                   size_t bytes, const char *text)
{
	uint8_t payload[1024];
	size_t length = strlen(text);

	memcpy(payload, data, bytes);
	memcpy(payload + bytes, text, length);
	return image_add_record(image, type, payload, bytes + length, 0);
}

/* A list in two pieces, cut in the middle of a line as a read may cut it. */
void image_add_snapshot(struct image *image, uint32_t reason, uint64_t head, const char *text)
{
	uint32_t id = image->snapshots++;
	size_t half = strlen(text) / 2;
	char first[1024];
	struct vmat_maps_part part = { .snapshot = id };
	struct vmat_snapshot snapshot = {
		.snapshot = id,
		.reason = reason,
		.parts = 2,
		.tid = PID,
		.begin = head,
		.end = head,
		.clock = { 1000000 + head * 1000000, 1000000 + head * 1000000 },
	};

	memcpy(first, text, half);
	first[half] = '\0';
	image_add_struct_and_text(image, VMAT_RECORD_MAPS, &part, sizeof(part), first);
	part.part = 1;
	image_add_struct_and_text(image, VMAT_RECORD_MAPS, &part, sizeof(part), text + half);
	image_add_record(image, VMAT_RECORD_SNAPSHOT, &snapshot, sizeof(snapshot), 0);
	image_control(image)->snapshots = image->snapshots;
}

void image_store(struct image *image, uint64_t seq, struct vmat_event event)
{
	event.crc = crc32c_software((uint32_t)seq, &event.time,
	                            offsetof(struct vmat_event, crc) -
	                                    offsetof(struct vmat_event, time));
	event.stamp = seq + 1;
	*image_slot(image, seq) = event;
}

/* The next event: entered after all before it had ended. */
uint64_t image_add_event(struct image *image, uint16_t call, const uint64_t *args, uint64_t result,
                         int error, uint32_t object)
{
	uint64_t seq = image_control(image)->head++;
	struct vmat_event event = {
		.time = 1000000 + seq * 1000000,
		.duration = 1500,
		.enter = seq,
		.result = result,
		.caller = ANY_PC,
		.tid = PID,
		.stack = image->stack,
		.object = object,
		.error = error,
		.call = call,
		.flags = error ? VMAT_EVENT_FAILED : 0,
	};

	memcpy(event.args, args, sizeof(event.args));
	image_store(image, seq, event);
	return seq;
}

void image_map(struct image *image, uint64_t page, uint64_t pages)
{
	uint64_t at = AREA + page * PAGE;

	image_add_event(image, CALL_MMAP,
	                ARGS(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                     UINT64_MAX, 0),
	                at, 0, 0);
}

void image_unmap(struct image *image, uint64_t page, uint64_t pages)
{
	image_add_event(image, CALL_MUNMAP, ARGS(AREA + page * PAGE, pages * PAGE), 0, 0, 0);
}

void image_seal(struct image *image)
{
	image->header.crc = 0;
	image->header.crc = crc32c_software(0, image->bytes, VMAT_HEADER_BYTES);
}

void image_begin(struct image *image, uint64_t slots)
{
	static const char command_line[] = "app\0--flag\0two words";
	const uint64_t pcs[] = { ANY_PC, MODULE_AT + 0x1300 };
	struct vmat_module module = { .bias = MODULE_AT,
		                      .start = MODULE_AT,
		                      .end = MODULE_AT + 0x2000,
		                      .build_id_bytes = 20 };
	struct vmat_object object = { .dev_major = 0x103, .dev_minor = 1, .inode = 78 };
	struct vmat_header *header = &image->header;
	const struct vmat_section sections[] = {
		{ VMAT_SECTION_CONTROL, 0, CONTROL_AT, sizeof(struct vmat_control) },
		{ VMAT_SECTION_IN_FLIGHT, VMAT_IN_FLIGHT_BYTES, IN_FLIGHT_AT,
		  IN_FLIGHT_ENTRIES * VMAT_IN_FLIGHT_BYTES },
		{ VMAT_SECTION_ARENA, 0, ARENA_AT, ARENA_BYTES },
		{ VMAT_SECTION_RING, VMAT_SLOT_BYTES, RING_AT, slots * VMAT_SLOT_BYTES },
	};

	memset(image, 0, sizeof(*image));
	memcpy(header->magic, VMAT_MAGIC, VMAT_MAGIC_BYTES);
	header->version = VMAT_VERSION;
	header->header_bytes = VMAT_HEADER_BYTES;
	header->endian = VMAT_ENDIAN;
	header->machine = 62; /* EM_X86_64 */
	header->page_bytes = PAGE;
	header->slot_count = slots;
	header->slot_bytes = VMAT_SLOT_BYTES;
	header->section_count = sizeof(sections) / sizeof(sections[0]);
	memcpy(header->section, sections, sizeof(sections));
	header->pid = PID;
	header->parent_pid = PID - 1;
	header->file_id = 1;
	header->realtime_ns = 1700000000000000000;
	header->start = (struct vmat_clock_pair) { 1000000, 1000000 };
	header->clock = VMAT_CLOCK_MONOTONIC_NS;
	header->layers = VMAT_LAYER_WRAPPERS | VMAT_LAYER_SNAPSHOTS;
	header->sites_off = VMAT_SITES_NOT_BUILT;
	header->depth = 32;
	header->children = 1;
	header->start_stack = 0x7fff00020000;
	header->max_map_count = 65530;
	header->limit_as = UINT64_MAX;
	header->limit_data = UINT64_MAX;
	header->limit_stack = 8 << 20;
	header->limit_memlock = 8 << 20;
	strcpy(header->recorder_version, "0.1.0");
	strcpy(header->exe, "/nowhere/app");
	strcpy(header->cwd, "/nowhere");
	memcpy(header->command_line, command_line, sizeof(command_line));
	header->command_line_bytes = sizeof(command_line);
	image_control(image)->arena_used = VMAT_RECORD_ALIGN;
	image_control(image)->state = VMAT_STATE_RUNNING;
	image->stack = image_add_record(image, VMAT_RECORD_STACK, pcs, sizeof(pcs), 2);
	image_add_struct_and_text(image, VMAT_RECORD_MODULE, &module, sizeof(module), "");
	image->object = image_add_struct_and_text(image, VMAT_RECORD_OBJECT, &object,
	                                          sizeof(object), "/nowhere/data file");
	image->shm_name = image_add_record(image, VMAT_RECORD_STRING, "/shm", 4, 0);
	image_add_snapshot(image, VMAT_SNAPSHOT_START, 0, BASE_ROWS STACK_ROW);
}

void image_finish(struct image *image, const char *rows)
{
	image_add_snapshot(image, VMAT_SNAPSHOT_EXIT, image_control(image)->head, rows);
	image_control(image)->state = VMAT_STATE_EXITED;
}
