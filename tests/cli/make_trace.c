/*
 * make_trace.c: writes small traces: whole ones, torn ones, such that no recorder of this version would write.
 * What the analyzer must make of each is known beforehand.
 *
 *     make_trace KIND FILE [SEED]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "trace_image.h"

/* One of each spelling that events knows, an implicit change, a call in flight. */
static void make_good(struct image *image)
{
	struct vmat_in_flight *in_flight = (void *)(image->bytes + IN_FLIGHT_AT);

	image_begin(image, 64);
	image_map(image, 0, 4);
	image_add_event(image, CALL_MPROTECT, ARGS(AREA + PAGE, PAGE, PROT_READ), 0, 0, 0);
	image_unmap(image, 3, 1);
	image_add_event(image, CALL_MMAP,
	                ARGS(0, PAGE, PROT_READ, MAP_SHARED | 0x40000000, 3, 2 * PAGE),
	                AREA + 16 * PAGE, 0, image->object);
	image_add_event(image, CALL_SHM_OPEN, ARGS(0x1000, O_CREAT | O_RDWR, 0600), 5, 0,
	                image->shm_name);
	image_add_event(image, CALL_SHM_UNLINK, ARGS(0x1000), UINT64_MAX, ENOENT, image->shm_name);
	image_add_event(image, CALL_MADVISE, ARGS(AREA, PAGE, MADV_DONTNEED), 0, 0, 0);
	image_add_event(image, CALL_MADVISE, ARGS(AREA, PAGE, 9999), UINT64_MAX, EINVAL, 0);
	image_add_event(image, CALL_MMAP,
	                ARGS(0, 1ull << 62, 0, MAP_PRIVATE | MAP_ANONYMOUS, UINT64_MAX, 0),
	                UINT64_MAX, ENOMEM, 0);
	image_add_event(image, CALL_SBRK, ARGS(0), 0x500000, 0, 0);
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
	image_finish(image,
	             BASE_ROWS "100000000-100001000 rw-p 00000000 00:00 0 \n"
	                       "100001000-100002000 r--p 00000000 00:00 0 \n"
	                       "100002000-100003000 rw-p 00000000 00:00 0 \n"
	                       "100010000-100011000 r--s 00002000 103:01 78                       "
	                       "       /nowhere/data file\n"
	                       "200000000-200001000 rw-p 00000000 00:00 0 \n" STACK_ROW);
}

static void make_torn(struct image *image)
{
	image_begin(image, 64);
	for (unsigned i = 0; i < 6; i++)
		image_map(image, 2 * i, 1);
	image_slot(image, 2)->stamp = 0;        /* died in it */
	image_slot(image, 4)->result ^= 0x1000; /* the checksum does not hold */
	image_control(image)->head += 2;        /* drawn, nothing stored */
	image_control(image)->dropped = 3;
	image_control(image)->arena_used += 64; /* reserved, never finished */
}

static void make_wrapped(struct image *image)
{
	image_begin(image, 16);
	for (unsigned i = 0; i < 36; i++)
		image_map(image, 2 * i, 1);
	image_add_snapshot(image, VMAT_SNAPSHOT_PERIODIC, 36,
	                   BASE_ROWS "100000000-100001000 rw-p 00000000 00:00 0 \n" STACK_ROW);
	for (unsigned i = 0; i < 4; i++)
		image_map(image, 80 + 2 * i, 1);
	image_unmap(image, 80, 1);
}

/* Records of an arena that has laps say which one in place of a count: the first, of all. */
static void be_of_lap_0(struct image *image)
{
	uint64_t used = image_control(image)->arena_used;
	struct vmat_record record;

	for (uint64_t at = VMAT_RECORD_ALIGN; at < used;
	     at += sizeof(record) + ((record.bytes + 15) & ~(uint64_t)15)) {
		memcpy(&record, image->bytes + ARENA_AT + at, sizeof(record));
		record.lap = 0;
		memcpy(image->bytes + ARENA_AT + at, &record, sizeof(record));
	}
	image->header.feature_incompat |= VMAT_FEATURE_LAPS | VMAT_FEATURE_PACKED_STACKS;
}

/* Packed stacks, byte for byte: of trace_format.h's own example; with a mark, forth and back; one that is damaged. */
static void make_packed(struct image *image)
{
	static const uint8_t stacks[][16] = {
		{ 0x83, 0x4d, 0x04, 0x10, 0x81, 0x06, 0x06, 0xac, 0xff, 0xef, 0xff, 0xbf, 0x1f,
		  0xff, 0xff, 0xff },
		{ 0x03, 0x50, 0x04, 0x10, 0xd9, 0x03, 0xe1, 0xf3, 0x79, 0xf2, 0xff, 0xff, 0xff,
		  0xff, 0xff, 0xff },
		/* Its last entry would be of seven bytes. */
		{ 0x83, 0x4d, 0x04, 0x10, 0x81, 0x06, 0x83, 0x4d, 0x04, 0x10, 0x81, 0x06, 0x06,
		  0xac, 0xff, 0xef },
	};

	image_begin(image, 16);
	for (unsigned i = 0; i < 3; i++) {
		image->stack = image_add_record(image, VMAT_RECORD_PACKED_STACK, stacks[i],
		                                sizeof(stacks[i]), 0);
		image_map(image, 2 * i, 1);
	}
	image_finish(image, BASE_ROWS "100000000-100001000 rw-p 00000000 00:00 0 \n"
	                              "100002000-100003000 rw-p 00000000 00:00 0 \n"
	                              "100004000-100005000 rw-p 00000000 00:00 0 \n" STACK_ROW);
	be_of_lap_0(image);
	image_seal(image);
}

/* What a later version might add: a call, a flag, a record, a section. */
static void make_unknown(struct image *image)
{
	struct vmat_event *last;
	uint64_t seq;

	image_begin(image, 64);
	image_map(image, 0, 1);
	seq = image_add_event(image, 999, ARGS(1, 2, 3, 4, 5, 6), 7, 0, 0);
	last = image_slot(image, seq);
	last->flags = 1u << 15;
	last->via = 9;
	image_store(image, seq, *last);
	image_add_record(image, 0x57454e56 /* "VNEW" */, "news", 4, 0);
	image->header.section[image->header.section_count++] =
		(struct vmat_section) { 99, 8, RING_AT, 64 };
	image_unmap(image, 0, 1);
	image_finish(image, BASE_ROWS STACK_ROW);
}

static void make_newer(struct image *image)
{
	make_good(image);
	image->header.version = VMAT_VERSION + 1;
}

static void make_incompatible(struct image *image)
{
	make_good(image);
	image->header.feature_incompat = 1u << 31;
}

/* Names that a terminal would obey and that are no UTF-8. */
static void make_hostile(struct image *image)
{
	static const char name[] = "/\033[2J\"\\\r\n\xff\xc0\xaf\xed\xa0\x80\x7f\xc2\x9b";

	image_begin(image, 64);
	image_add_event(image, CALL_SHM_OPEN, ARGS(0, O_RDONLY, 0), 5, 0,
	                image_add_record(image, VMAT_RECORD_STRING, name, sizeof(name) - 1, 0));
	image_add_event(image, CALL_SHM_OPEN, ARGS(0, O_RDONLY, 0), 5, 0, 0xfffffff);
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
	image->header.section[2].offset = 1ull << 62;
	image_control(image)->head = (1ull << 47) - 1;
	image_control(image)->arena_used = UINT64_MAX;
}

/* The ring where the arena is: a slot could be a stack, and a stack a slot. */
static void make_overlapping(struct image *image)
{
	make_good(image);
	image->header.section[3].offset = image->header.section[2].offset + VMAT_SLOT_BYTES;
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
	image_begin(image, seed % 2 ? 64 : 16);
	for (unsigned i = 0; i < 16; i++) {
		uint64_t payload[24];
		size_t bytes = (size_t)random() % sizeof(payload);

		for (unsigned k = 0; k < 24; k++)
			payload[k] = random() % 3 ? any_word() : (uint64_t)(random() % 3);
		ids[i] =
			image_add_record(image, types[random() % 7], payload, bytes,
		                         random() % 2 ? (uint32_t)(bytes / 8) : (uint32_t)random());
	}
	image_add_snapshot(image, VMAT_SNAPSHOT_PERIODIC, (uint64_t)(random() % 40),
	                   random() % 2
	                           ? BASE_ROWS STACK_ROW
	                           : "100000000-100004000 rw-p 00000000 00:00 0 \n"
	                             "100002000-100005000 r--s 00000000 103:01 7 /a\n" STACK_ROW);
	for (unsigned i = 0; i < 50; i++) {
		uint64_t seq = image_control(image)->head++;
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
		image_store(image, seq, event);
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
	image_control(image)->latest = (struct vmat_clock_pair) { any_word(), any_word() };
	image_finish(image, BASE_ROWS STACK_ROW);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct image *image);
	} kinds[] = {
		{ "good", make_good },
		{ "torn", make_torn },
		{ "wrapped", make_wrapped },
		{ "packed", make_packed },
		{ "unknown", make_unknown },
		{ "newer", make_newer },
		{ "incompatible", make_incompatible },
		{ "hostile", make_hostile },
		{ "huge", make_huge },
		{ "overlapping", make_overlapping },
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
	image_seal(image);
	file = fopen(argv[2], "w");
	if (!file || fwrite(image->bytes, sizeof(image->bytes), 1, file) != 1 ||
	    fclose(file) != 0) {
		perror(argv[2]);
		return 1;
	}
	free(image);
	return 0;
}
