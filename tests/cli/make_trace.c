/*
 * make_trace.c: writes small traces from trace_format.h, without a recorder: whole ones, torn ones, such that
 * no recorder of this version would write. What the analyzer must make of each is known beforehand.
 *
 *     make_trace KIND FILE [SEED]
 *
 * Everything in them is fixed (no clock, no pid of a living process, no file that exists), so their text can
 * be compared. Times are nanoseconds; event number n begins at n milliseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "vmatrace/call.h"
#include "vmatrace/crc32c.h"
#include "vmatrace/trace_format.h"

enum {
	SLOTS_LIMIT = 64,
	IN_FLIGHT_ENTRIES = 4,
	CONTROL_AT = VMAT_HEADER_BYTES,
	IN_FLIGHT_AT = CONTROL_AT + 4096,
	ARENA_AT = IN_FLIGHT_AT + IN_FLIGHT_ENTRIES * VMAT_IN_FLIGHT_BYTES,
	ARENA_BYTES = 16384,
	RING_AT = ARENA_AT + ARENA_BYTES,
	FILE_BYTES = RING_AT + SLOTS_LIMIT * VMAT_SLOT_BYTES,
	PAGE = 4096,
	PID = 4711,
	MODULE_AT = 0x400000,
	ANY_PC = MODULE_AT + 0x1234,
};

/* 2^32: clear of all that the base maps. */
#define AREA 0x100000000ull

struct image {
	union {
		uint8_t bytes[FILE_BYTES];
		struct vmat_header header;
	};
	uint32_t stack; /* ids of records that events refer to */
	uint32_t object;
	uint32_t shm_name;
	uint32_t snapshots;
};

static struct vmat_control *control_of(struct image *image)
{
	return (struct vmat_control *)(void *)(image->bytes + CONTROL_AT);
}

static struct vmat_event *slot_of(struct image *image, uint64_t seq)
{
	struct vmat_event *slots = (struct vmat_event *)(void *)(image->bytes + RING_AT);

	return &slots[seq & (image->header.slot_count - 1)];
}

static uint32_t add_record(struct image *image, uint32_t type, const void *payload, size_t bytes,
                           uint32_t count)
{
	struct vmat_control *control = control_of(image);
	uint64_t at = control->arena_used;
	struct vmat_record record = { .type = type,
		                      .bytes = (uint32_t)bytes,
		                      .crc = crc32c_software(type, payload, bytes),
		                      .count = count };

	control->arena_used += sizeof(record) + ((bytes + 15) & ~(size_t)15);
	if (control->arena_used > ARENA_BYTES) {
		fprintf(stderr, "make_trace: arena full\n");
		exit(1);
	}
	memcpy(image->bytes + ARENA_AT + at, &record, sizeof(record));
	memcpy(image->bytes + ARENA_AT + at + sizeof(record), payload, bytes);
	return (uint32_t)(at / VMAT_RECORD_ALIGN);
}

static uint32_t add_struct_and_text(struct image *image, uint32_t type, const void *data,
                                    size_t bytes, const char *text)
{
	uint8_t payload[1024];
	size_t length = strlen(text);

	memcpy(payload, data, bytes);
	memcpy(payload + bytes, text, length);
	return add_record(image, type, payload, bytes + length, 0);
}

/* A list in two pieces, cut in the middle of a line as a read may cut it. */
static void add_snapshot(struct image *image, uint32_t reason, uint64_t head, const char *text)
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
	add_struct_and_text(image, VMAT_RECORD_MAPS, &part, sizeof(part), first);
	part.part = 1;
	add_struct_and_text(image, VMAT_RECORD_MAPS, &part, sizeof(part), text + half);
	add_record(image, VMAT_RECORD_SNAPSHOT, &snapshot, sizeof(snapshot), 0);
	control_of(image)->snapshots = image->snapshots;
}

static void store(struct image *image, uint64_t seq, struct vmat_event event)
{
	event.crc = crc32c_software((uint32_t)seq, &event.time,
	                            offsetof(struct vmat_event, crc) -
	                                    offsetof(struct vmat_event, time));
	event.stamp = seq + 1;
	*slot_of(image, seq) = event;
}

/* The next event: entered after all before it had ended. */
static uint64_t add_event(struct image *image, uint16_t call, const uint64_t *args, uint64_t result,
                          int error, uint32_t object)
{
	uint64_t seq = control_of(image)->head++;
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
	store(image, seq, event);
	return seq;
}

#define ARGS(...) ((const uint64_t[VMAT_ARGUMENT_WORDS]) { __VA_ARGS__ })

static void map_area(struct image *image, uint64_t page, uint64_t pages)
{
	uint64_t at = AREA + page * PAGE;

	add_event(image, CALL_MMAP,
	          ARGS(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	               UINT64_MAX, 0),
	          at, 0, 0);
}

static void unmap_area(struct image *image, uint64_t page, uint64_t pages)
{
	add_event(image, CALL_MUNMAP, ARGS(AREA + page * PAGE, pages * PAGE), 0, 0, 0);
}

static void seal_header(struct image *image)
{
	image->header.crc = 0;
	image->header.crc = crc32c_software(0, image->bytes, VMAT_HEADER_BYTES);
}

#define BASE_ROWS                                                                                  \
	"00400000-00402000 r-xp 00000000 103:01 77                               /nowhere/app\n"
#define STACK_ROW                                                                                  \
	"7fff00000000-7fff00021000 rw-p 00000000 00:00 0                          [stack]\n"

static void begin(struct image *image, uint64_t slots)
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
	control_of(image)->arena_used = VMAT_RECORD_ALIGN;
	control_of(image)->state = VMAT_STATE_RUNNING;
	image->stack = add_record(image, VMAT_RECORD_STACK, pcs, sizeof(pcs), 2);
	add_struct_and_text(image, VMAT_RECORD_MODULE, &module, sizeof(module), "");
	image->object = add_struct_and_text(image, VMAT_RECORD_OBJECT, &object, sizeof(object),
	                                    "/nowhere/data file");
	image->shm_name = add_record(image, VMAT_RECORD_STRING, "/shm", 4, 0);
	add_snapshot(image, VMAT_SNAPSHOT_START, 0, BASE_ROWS STACK_ROW);
}

static void finish(struct image *image, const char *rows)
{
	add_snapshot(image, VMAT_SNAPSHOT_EXIT, control_of(image)->head, rows);
	control_of(image)->state = VMAT_STATE_EXITED;
}

/* One of each spelling that events knows, an implicit change, a call in flight. */
static void make_good(struct image *image)
{
	struct vmat_in_flight *in_flight = (void *)(image->bytes + IN_FLIGHT_AT);

	begin(image, 64);
	map_area(image, 0, 4);
	add_event(image, CALL_MPROTECT, ARGS(AREA + PAGE, PAGE, PROT_READ), 0, 0, 0);
	unmap_area(image, 3, 1);
	add_event(image, CALL_MMAP, ARGS(0, PAGE, PROT_READ, MAP_SHARED | 0x40000000, 3, 2 * PAGE),
	          AREA + 16 * PAGE, 0, image->object);
	add_event(image, CALL_SHM_OPEN, ARGS(0x1000, O_CREAT | O_RDWR, 0600), 5, 0,
	          image->shm_name);
	add_event(image, CALL_SHM_UNLINK, ARGS(0x1000), UINT64_MAX, ENOENT, image->shm_name);
	add_event(image, CALL_MADVISE, ARGS(AREA, PAGE, MADV_DONTNEED), 0, 0, 0);
	add_event(image, CALL_MADVISE, ARGS(AREA, PAGE, 9999), UINT64_MAX, EINVAL, 0);
	add_event(image, CALL_MMAP,
	          ARGS(0, 1ull << 62, 0, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0), UINT64_MAX,
	          ENOMEM, 0);
	add_event(image, CALL_SBRK, ARGS(0), 0x500000, 0, 0);
	in_flight[1] = (struct vmat_in_flight) {
		.owner = (PID + 1) << 1 | 1,
		.time = 1000000 + 10500000,
		.enter = 10,
		.args = { AREA, PAGE },
		.caller = ANY_PC,
		.tid = PID + 1,
		.call = CALL_MUNMAP,
		.flags = VMAT_EVENT_STACK_UNKNOWN,
	};
	finish(image, BASE_ROWS "100000000-100001000 rw-p 00000000 00:00 0 \n"
	                        "100001000-100002000 r--p 00000000 00:00 0 \n"
	                        "100002000-100003000 rw-p 00000000 00:00 0 \n"
	                        "100010000-100011000 r--s 00002000 103:01 78                       "
	                        "       /nowhere/data file\n"
	                        "200000000-200001000 rw-p 00000000 00:00 0 \n" STACK_ROW);
}

static void make_torn(struct image *image)
{
	begin(image, 64);
	for (unsigned i = 0; i < 6; i++)
		map_area(image, 2 * i, 1);
	slot_of(image, 2)->stamp = 0;        /* died in it */
	slot_of(image, 4)->result ^= 0x1000; /* the checksum does not hold */
	control_of(image)->head += 2;        /* drawn, nothing stored */
	control_of(image)->dropped = 3;
	control_of(image)->arena_used += 64; /* reserved, never finished */
}

static void make_wrapped(struct image *image)
{
	begin(image, 16);
	for (unsigned i = 0; i < 36; i++)
		map_area(image, 2 * i, 1);
	add_snapshot(image, VMAT_SNAPSHOT_PERIODIC, 36,
	             BASE_ROWS "100000000-100001000 rw-p 00000000 00:00 0 \n" STACK_ROW);
	for (unsigned i = 0; i < 4; i++)
		map_area(image, 80 + 2 * i, 1);
	unmap_area(image, 80, 1);
}

/* What a later version might add: a call, a flag, a record, a section. */
static void make_unknown(struct image *image)
{
	struct vmat_event *last;
	uint64_t seq;

	begin(image, 64);
	map_area(image, 0, 1);
	seq = add_event(image, 999, ARGS(1, 2, 3, 4, 5, 6), 7, 0, 0);
	last = slot_of(image, seq);
	last->flags = 1u << 15;
	last->via = 9;
	store(image, seq, *last);
	add_record(image, 0x57454e56 /* "VNEW" */, "news", 4, 0);
	image->header.section[image->header.section_count++] =
		(struct vmat_section) { 99, 8, RING_AT, 64 };
	unmap_area(image, 0, 1);
	finish(image, BASE_ROWS STACK_ROW);
}

static void make_newer(struct image *image)
{
	make_good(image);
	image->header.version = VMAT_VERSION + 1;
}

static void make_incompatible(struct image *image)
{
	make_good(image);
	image->header.feature_incompat = 1;
}

/* Names that a terminal would obey and that are no UTF-8. */
static void make_hostile(struct image *image)
{
	static const char name[] = "/\033[2J\"\\\r\n\xff\xc0\xaf\xed\xa0\x80\x7f\xc2\x9b";

	begin(image, 64);
	add_event(image, CALL_SHM_OPEN, ARGS(0, O_RDONLY, 0), 5, 0,
	          add_record(image, VMAT_RECORD_STRING, name, sizeof(name) - 1, 0));
	add_event(image, CALL_SHM_OPEN, ARGS(0, O_RDONLY, 0), 5, 0, 0xfffffff);
	memcpy(image->header.exe, name, sizeof(name));
	image->header.command_line_bytes = UINT32_MAX;
	memset(image->header.command_line, '\033', sizeof(image->header.command_line));
	memset(image->header.cwd, 'x', sizeof(image->header.cwd));
	memset(image->header.recorder_version, 0x9b, sizeof(image->header.recorder_version));
}

/* A head far beyond the ring, sections of 2^62 bytes. */
static void make_huge(struct image *image)
{
	make_good(image);
	image->header.slot_count = 1ull << 54;
	image->header.section[3].length = 1ull << 61;
	image->header.section[2].length = 1ull << 60;
	image->header.section[2].offset = 1ull << 61;
	control_of(image)->head = (1ull << 47) - 1;
	control_of(image)->arena_used = UINT64_MAX;
}

/* Bytes of a good trace changed at random; the header's checksum holds, so that all below is reached. */
static void make_flipped(struct image *image, unsigned seed)
{
	make_good(image);
	srandom(seed);
	for (unsigned i = 0; i < 1 + seed % 40; i++) {
		size_t at = (size_t)random() % (RING_AT + 12 * VMAT_SLOT_BYTES);

		/* Most of the header is strings, and most of the file is unused. */
		if (at >= VMAT_HEADER_BYTES && random() % 2)
			at %= 512;
		image->bytes[at] = (uint8_t)random();
	}
	memcpy(image->header.magic, VMAT_MAGIC, VMAT_MAGIC_BYTES);
	image->header.version = VMAT_VERSION;
	image->header.endian = VMAT_ENDIAN;
	image->header.header_bytes = VMAT_HEADER_BYTES;
	image->header.feature_incompat = 0;
}

static uint64_t any_word(void)
{
	static const uint64_t words[] = { 0,          1,          UINT64_MAX,    INT64_MAX,
		                          1ull << 63, UINT32_MAX, 1ull << 47,    PAGE,
		                          PAGE - 1,   4,          0x7fff00000000 };

	switch (random() % 4) {
	case 0:
		return words[(size_t)random() % (sizeof(words) / sizeof(words[0]))];
	case 1:
		return (uint64_t)random() << 33 ^ (uint64_t)random() << 11;
	default:
		/* Near what is mapped, so that calls meet each other. */
		return AREA + (uint64_t)(random() % 64) * PAGE;
	}
}

/* Nonsense whose every checksum holds: nothing but the checks of meaning stands in its way. */
static void make_forged(struct image *image, unsigned seed)
{
	static const uint32_t types[] = { VMAT_RECORD_STACK,   VMAT_RECORD_STRING,
		                          VMAT_RECORD_OBJECT,  VMAT_RECORD_MODULE,
		                          VMAT_RECORD_ROWS,    VMAT_RECORD_MAPS,
		                          VMAT_RECORD_SNAPSHOT };
	struct vmat_in_flight *in_flight = (void *)(image->bytes + IN_FLIGHT_AT);
	uint32_t ids[16];

	srandom(seed);
	begin(image, seed % 2 ? 64 : 16);
	for (unsigned i = 0; i < 16; i++) {
		uint64_t payload[24];
		size_t bytes = (size_t)random() % sizeof(payload);

		for (unsigned k = 0; k < 24; k++)
			payload[k] = random() % 3 ? any_word() : (uint64_t)(random() % 3);
		ids[i] = add_record(image, types[random() % 7], payload, bytes,
		                    random() % 2 ? (uint32_t)(bytes / 8) : (uint32_t)random());
	}
	add_snapshot(image, VMAT_SNAPSHOT_PERIODIC, (uint64_t)(random() % 40),
	             random() % 2 ? BASE_ROWS STACK_ROW
	                          : "100000000-100004000 rw-p 00000000 00:00 0 \n"
	                            "100002000-100005000 r--s 00000000 103:01 7 /a\n" STACK_ROW);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t seq = control_of(image)->head++;
		struct vmat_event event = {
			.time = any_word(),
			.duration = any_word(),
			.enter = random() % 3 ? seq - (uint64_t)(random() % 4) : any_word(),
			.result =
				random() % 3 ? AREA + (uint64_t)(random() % 64) * PAGE : any_word(),
			.caller = any_word(),
			.tid = (uint32_t)(PID + random() % 3),
			.stack = random() % 2 ? ids[random() % 16] : (uint32_t)any_word(),
			.object = random() % 2 ? ids[random() % 16] : 0,
			.rows = random() % 4 ? 0 : ids[random() % 16],
			.error = random() % 4 ? 0 : (int32_t)any_word(),
			.call = (uint16_t)(random() % (CALL_LIMIT + 2)),
			.flags = (uint16_t)(random() % 4 ? 0 : random()),
			.via = (uint8_t)(random() % 5),
		};

		for (unsigned k = 0; k < VMAT_ARGUMENT_WORDS; k++)
			event.args[k] = random() % 3 ? any_word() : (uint64_t)(random() % 64);
		store(image, seq, event);
		if (random() % 20 == 0)
			in_flight[random() % IN_FLIGHT_ENTRIES] = (struct vmat_in_flight) {
				.owner = (uint64_t)event.tid << 1 | 1,
				.time = event.time,
				.enter = event.enter,
				.args = { any_word(), any_word(), any_word() },
				.tid = event.tid,
				.stack = event.stack,
				.object = event.object,
				.call = event.call,
			};
	}
	image->header.start_brk = any_word();
	image->header.start_stack = any_word();
	image->header.clock = (uint32_t)(random() % 4);
	image->header.on_full = (uint32_t)(random() % 4);
	control_of(image)->latest = (struct vmat_clock_pair) { any_word(), any_word() };
	finish(image, BASE_ROWS STACK_ROW);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct image *image);
	} kinds[] = {
		{ "good", make_good },       { "torn", make_torn },
		{ "wrapped", make_wrapped }, { "unknown", make_unknown },
		{ "newer", make_newer },     { "incompatible", make_incompatible },
		{ "hostile", make_hostile }, { "huge", make_huge },
	};
	struct image *image = malloc(sizeof(*image));
	bool known = false;
	FILE *file;

	if (argc < 3 || !image) {
		fprintf(stderr, "usage: make_trace KIND FILE [SEED]\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].make(image);
			known = true;
		}
	}
	if (strcmp(argv[1], "flipped") == 0 && argc > 3) {
		make_flipped(image, (unsigned)atoi(argv[3]));
		known = true;
	}
	if (strcmp(argv[1], "forged") == 0 && argc > 3) {
		make_forged(image, (unsigned)atoi(argv[3]));
		known = true;
	}
	if (!known) {
		fprintf(stderr, "make_trace: no kind '%s'\n", argv[1]);
		return 2;
	}
	seal_header(image);
	file = fopen(argv[2], "w");
	if (!file || fwrite(image->bytes, sizeof(image->bytes), 1, file) != 1 ||
	    fclose(file) != 0) {
		perror(argv[2]);
		return 1;
	}
	free(image);
	return 0;
}
