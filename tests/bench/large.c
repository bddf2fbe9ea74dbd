/*
 * large: a trace that is hard to answer from: very many mappings live at once, many call sites, deep stacks,
 * eight threads whose calls overlap. No kernel allows a program so many by default (vm.max_map_count), so the
 * trace is written as the recorder would have, with the lists that the kernel would have shown; they are made of
 * this program's own account of what is mapped, so that `verify` can fail.
 *
 *     large FILE [EVENTS [LIVE [SITES]]]
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/checksum.h"
#include "vmatrace/call.h"
#include "vmatrace/trace_format.h"

enum {
	PAGE = 4096,
	CONTROL_AT = VMAT_HEADER_BYTES,
	MODULES_AT = CONTROL_AT + 4096,
	MODULES_BYTES = 4096,
	ARENA_AT = MODULES_AT + MODULES_BYTES,
	FRAMES = 24,
	FILES = 1000,
	THREADS = 8,
	SPAN_PAGES = 64, /* of the address space for each mapping */
	LIST_ROOM = 192, /* more than a line of a list takes */
};

#define AREA 0x7e0000000000ull

/* A mapping in use. */
struct live {
	uint64_t last; /* seq of the last call on it */
	uint32_t pages;
	uint32_t file; /* 0: anonymous */
	bool sealed;   /* its second page is read-only */
};

struct writer {
	int fd;
	struct vmat_header header;
	struct vmat_control control;
	uint8_t *arena;
	size_t arena_room;
	FILE *ring;
	struct live *live;
	size_t live_count;
	uint32_t *sites;
	size_t site_count;
	uint32_t files[FILES + 1];
	uint64_t random;
	uint32_t snapshots;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t draw(struct writer *writer, uint64_t limit)
{
	writer->random = writer->random * 6364136223846793005u + 1442695040888963407u;
	return (writer->random >> 33) % limit;
}

/* --- functions for the frames of stacks ------------------------------------------------------------------ */

#define FUNCTION(n)                                                                                \
	static __attribute__((noinline)) unsigned caller_##n(unsigned x)                           \
	{                                                                                          \
		return x * 0x##n + 7;                                                              \
	}
#define EIGHT(do, n)                                                                               \
	do                                                                                         \
	(n##0) do(n##1) do(n##2) do(n##3) do(n##4) do(n##5) do(n##6) do(n##7)
#define ALL(do)                                                                                    \
	EIGHT(do, 1)                                                                               \
	EIGHT(do, 2) EIGHT(do, 3) EIGHT(do, 4) EIGHT(do, 5) EIGHT(do, 6) EIGHT(do, 7) EIGHT(do, 8)
#define NAME(n) caller_##n,

ALL(FUNCTION)

static unsigned (*const callers[])(unsigned) = { ALL(NAME) };

enum { CALLERS = sizeof(callers) / sizeof(callers[0]) };

/* --- records ------------------------------------------------------------------------------------------- */

static struct vmat_record record_of(uint32_t type, const void *payload, size_t bytes)
{
	return (struct vmat_record) { .type = type,
		                      .bytes = (uint32_t)bytes,
		                      .crc = checksum(type, payload, bytes) };
}

/* Its id. */
static uint32_t add_record(struct writer *writer, uint32_t type, const void *payload, size_t bytes)
{
	struct vmat_record record = record_of(type, payload, bytes);
	uint64_t at = writer->control.arena_used;
	size_t whole = sizeof(record) + ((bytes + 15) & ~(size_t)15);

	if (at + whole > writer->arena_room) {
		writer->arena_room = 2 * (at + whole);
		writer->arena = realloc(writer->arena, writer->arena_room);
		if (!writer->arena)
			die("memory");
	}
	memset(writer->arena + at, 0, whole);
	memcpy(writer->arena + at, &record, sizeof(record));
	memcpy(writer->arena + at + sizeof(record), payload, bytes);
	writer->control.arena_used += whole;
	return (uint32_t)(at / VMAT_RECORD_ALIGN);
}

static void add_sites(struct writer *writer)
{
	writer->sites = calloc(writer->site_count, sizeof(*writer->sites));
	if (!writer->sites)
		die("memory");
	for (size_t i = 0; i < writer->site_count; i++) {
		uint64_t pcs[FRAMES];

		for (size_t j = 0; j < FRAMES; j++)
			pcs[j] = (uint64_t)(uintptr_t)callers[draw(writer, CALLERS)] + 1;
		writer->sites[i] = add_record(writer, VMAT_RECORD_STACK, pcs, sizeof(pcs));
	}
}

static void add_files(struct writer *writer)
{
	for (uint32_t i = 1; i <= FILES; i++) {
		struct {
			struct vmat_object object;
			char path[32];
		} file = { .object = { .dev_major = 0xfe, .inode = i } };
		int length = snprintf(file.path, sizeof(file.path), "/data/file.%u", i);

		writer->files[i] = add_record(writer, VMAT_RECORD_OBJECT, &file,
		                              sizeof(file.object) + (size_t)length);
	}
}

/* --- lists --------------------------------------------------------------------------------------------- */

static uint64_t place_of(size_t number)
{
	return AREA + number * SPAN_PAGES * PAGE;
}

static void add_piece(struct writer *writer, uint32_t *parts, char *text, size_t bytes)
{
	struct vmat_maps_part part = { .snapshot = writer->snapshots, .part = (*parts)++ };

	memcpy(text, &part, sizeof(part)); /* the text begins behind it */
	add_record(writer, VMAT_RECORD_MAPS, text, bytes);
}

static int add_row(char *to, const struct live *live, uint64_t start, uint32_t first, uint32_t end,
                   const char *rights)
{
	int length = snprintf(to, LIST_ROOM, "%lx-%lx %sp %08x %02x:00 %u ",
	                      (unsigned long)(start + (uint64_t)first * PAGE),
	                      (unsigned long)(start + (uint64_t)end * PAGE), rights,
	                      live->file ? first * PAGE : 0, live->file ? 0xfeu : 0, live->file);

	if (live->file)
		length += snprintf(to + length, LIST_ROOM, "%*s/data/file.%u", 73 - length, "",
		                   live->file);
	to[length++] = '\n';
	return length;
}

static void add_list(struct writer *writer, uint32_t reason)
{
	static char text[VMAT_HEADER_BYTES];
	size_t bytes = sizeof(struct vmat_maps_part);
	uint64_t head = writer->control.head;
	struct vmat_snapshot snapshot = { .snapshot = writer->snapshots,
		                          .reason = reason,
		                          .tid = writer->header.pid,
		                          .begin = head,
		                          .end = head,
		                          .clock = { head * 1000, head * 1000 } };

	for (size_t i = 0; i < writer->live_count; i++) {
		const struct live *live = &writer->live[i];
		uint64_t start = place_of(i);

		if (bytes + 3 * LIST_ROOM > sizeof(text)) {
			add_piece(writer, &snapshot.parts, text, bytes);
			bytes = sizeof(struct vmat_maps_part);
		}
		if (!live->pages)
			continue;
		bytes += (size_t)add_row(text + bytes, live, start, 0,
		                         live->sealed ? 1 : live->pages, "rw-");
		if (!live->sealed)
			continue;
		bytes += (size_t)add_row(text + bytes, live, start, 1, 2, "r--");
		bytes += (size_t)add_row(text + bytes, live, start, 2, live->pages, "rw-");
	}
	bytes += (size_t)snprintf(text + bytes, LIST_ROOM,
	                          "7ffff0000000-7ffff0021000 rw-p 00000000 00:00 0 [stack]\n");
	add_piece(writer, &snapshot.parts, text, bytes);
	add_record(writer, VMAT_RECORD_SNAPSHOT, &snapshot, sizeof(snapshot));
	writer->control.snapshots = ++writer->snapshots;
}

/* --- events -------------------------------------------------------------------------------------------- */

static void add_event(struct writer *writer, size_t number, uint16_t call,
                      const uint64_t args[VMAT_ARGUMENT_WORDS], uint64_t result, uint32_t object)
{
	struct live *live = &writer->live[number];
	uint64_t seq = writer->control.head++;
	uint64_t early = draw(writer, 4); /* other threads returned meanwhile */
	struct vmat_event event = {
		.stamp = seq + 1,
		.time = seq * 1000,
		.duration = 1500,
		.enter = seq > early ? seq - early : 0,
		.result = result,
		.tid = writer->header.pid + (uint32_t)draw(writer, THREADS),
		.stack = writer->sites[draw(writer, writer->site_count)],
		.object = object,
		.call = call,
	};
	size_t from = offsetof(struct vmat_event, time);

	if (live->last && event.enter <= live->last)
		event.enter = live->last + 1;
	live->last = seq;
	memcpy(event.args, args, sizeof(event.args));
	event.crc = checksum((uint32_t)seq, (const uint8_t *)&event + from,
	                     offsetof(struct vmat_event, crc) - from);
	if (fwrite(&event, sizeof(event), 1, writer->ring) != 1)
		die("write");
}

#define ARGS(...) ((const uint64_t[VMAT_ARGUMENT_WORDS]) { __VA_ARGS__ })

static void map(struct writer *writer, size_t number)
{
	struct live *live = &writer->live[number];
	uint64_t flags = MAP_PRIVATE;

	live->pages = draw(writer, 2) ? 4 : 32;
	live->file = draw(writer, 8) ? 0 : 1 + (uint32_t)draw(writer, FILES);
	live->sealed = false;
	if (!live->file)
		flags |= MAP_ANONYMOUS;
	add_event(writer, number, CALL_MMAP,
	          ARGS(0, live->pages * PAGE, PROT_READ | PROT_WRITE, flags,
	               live->file ? 3 : UINT64_MAX, 0),
	          place_of(number), writer->files[live->file]);
}

static void act(struct writer *writer, size_t number)
{
	struct live *live = &writer->live[number];
	uint64_t start = place_of(number);

	if (!live->pages) { /* once at first */
		map(writer, number);
		return;
	}
	switch (draw(writer, 8)) {
	case 0:
		live->sealed = true;
		add_event(writer, number, CALL_MPROTECT, ARGS(start + PAGE, PAGE, PROT_READ), 0, 0);
		return;
	case 1:
		add_event(writer, number, CALL_MADVISE,
		          ARGS(start, live->pages * PAGE, MADV_DONTNEED), 0, 0);
		return;
	case 2:
		if (live->sealed)
			break;
		add_event(writer, number, CALL_MREMAP,
		          ARGS(start, live->pages * PAGE, 48 * PAGE, MREMAP_MAYMOVE), start, 0);
		live->pages = 48;
		return;
	default:
		break;
	}
	add_event(writer, number, CALL_MUNMAP, ARGS(start, live->pages * PAGE), 0, 0);
	map(writer, number);
}

/* --- the file ------------------------------------------------------------------------------------------ */

static int find_module(struct dl_phdr_info *info, size_t size, void *context)
{
	struct vmat_module *module = context;

	(void)size;
	module->bias = info->dlpi_addr;
	module->start = UINT64_MAX;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];
		const ElfW(Nhdr) *note = (const void *)(info->dlpi_addr + part->p_vaddr);
		uint64_t start = info->dlpi_addr + part->p_vaddr;

		if (part->p_type == PT_LOAD && start < module->start)
			module->start = start & ~(uint64_t)(PAGE - 1);
		if (part->p_type == PT_LOAD && start + part->p_memsz > module->end)
			module->end = (start + part->p_memsz + PAGE - 1) & ~(uint64_t)(PAGE - 1);
		if (part->p_type == PT_NOTE && note->n_type == NT_GNU_BUILD_ID &&
		    note->n_descsz <= VMAT_BUILD_ID_BYTES) {
			module->build_id_bytes = note->n_descsz;
			memcpy(module->build_id, (const uint8_t *)(note + 1) + note->n_namesz,
			       note->n_descsz);
		}
	}
	return 1; /* the program itself comes first */
}

static void put(const struct writer *writer, const void *bytes, size_t length, uint64_t at)
{
	for (size_t done = 0; done < length;) {
		ssize_t n = pwrite(writer->fd, (const uint8_t *)bytes + done, length - done,
		                   (off_t)(at + done));

		if (n <= 0)
			die("write");
		done += (size_t)n;
	}
}

static void begin(struct writer *writer, uint64_t events, uint64_t ring_at)
{
	struct vmat_header *header = &writer->header;
	uint64_t slots = 16;

	while (slots < events)
		slots *= 2;
	*header = (struct vmat_header) {
		.magic = VMAT_MAGIC,
		.version = VMAT_VERSION,
		.header_bytes = VMAT_HEADER_BYTES,
		.endian = VMAT_ENDIAN,
		.feature_incompat = VMAT_FEATURE_LAPS,
		.machine = EM_X86_64,
		.page_bytes = PAGE,
		.slot_count = slots,
		.slot_bytes = VMAT_SLOT_BYTES,
		.section_count = 4,
		.section = { { VMAT_SECTION_CONTROL, 0, CONTROL_AT, sizeof(struct vmat_control) },
		             { VMAT_SECTION_MODULES, 0, MODULES_AT, MODULES_BYTES },
		             { VMAT_SECTION_ARENA, 0, ARENA_AT, ring_at - ARENA_AT },
		             { VMAT_SECTION_RING, VMAT_SLOT_BYTES, ring_at,
		               slots * VMAT_SLOT_BYTES } },
		.pid = 4711,
		.parent_pid = 1,
		.file_id = 1,
		.clock = VMAT_CLOCK_MONOTONIC_NS,
		.layers = VMAT_LAYER_WRAPPERS | VMAT_LAYER_SITES | VMAT_LAYER_SNAPSHOTS,
		.depth = FRAMES,
		.start_stack = 0x7ffff0020000,
		.max_map_count = 65530,
		.limit_as = UINT64_MAX,
		.limit_data = UINT64_MAX,
		.limit_stack = UINT64_MAX,
		.limit_memlock = UINT64_MAX,
		.recorder_version = "bench",
		.cwd = "/",
		.command_line = "large",
		.command_line_bytes = sizeof("large"),
	};
	if (readlink("/proc/self/exe", header->exe, sizeof(header->exe) - 1) < 0)
		die("readlink");
	writer->control.state = VMAT_STATE_EXITED;
	writer->control.arena_used = VMAT_RECORD_ALIGN;
}

static void finish(struct writer *writer, uint64_t ring_at)
{
	uint8_t header[VMAT_HEADER_BYTES] = { 0 };
	struct vmat_module module = { 0 };
	struct vmat_record record;

	if (fclose(writer->ring) != 0)
		die("write");
	if (ARENA_AT + writer->control.arena_used > ring_at) {
		fprintf(stderr, "large: the records take more than their section\n");
		exit(1);
	}
	writer->control.latest = (struct vmat_clock_pair) { writer->control.head * 1000,
		                                            writer->control.head * 1000 };
	dl_iterate_phdr(find_module, &module);
	record = record_of(VMAT_RECORD_MODULE, &module, sizeof(module));
	memcpy(header, &writer->header, sizeof(writer->header));
	writer->header.crc = checksum(0, header, sizeof(header));
	memcpy(header, &writer->header, sizeof(writer->header));
	put(writer, header, sizeof(header), 0);
	put(writer, &writer->control, sizeof(writer->control), CONTROL_AT);
	put(writer, &record, sizeof(record), MODULES_AT);
	put(writer, &module, sizeof(module), MODULES_AT + sizeof(record));
	put(writer, writer->arena, writer->control.arena_used, ARENA_AT);
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000;
	struct writer writer = {
		.live_count = argc > 3 ? strtoull(argv[3], NULL, 10) : 200000,
		.site_count = argc > 4 ? strtoull(argv[4], NULL, 10) : 10000,
		.random = 1,
	};
	/* Five lists of all mappings, the stacks, the files. */
	uint64_t ring_at =
		ARENA_AT +
		((5 * 2 * LIST_ROOM * writer.live_count + 512 * writer.site_count + (1 << 20)) &
	         ~(uint64_t)(PAGE - 1));
	uint64_t quarter = events / 4 + 1;

	if (argc < 2) {
		fprintf(stderr, "usage: large FILE [EVENTS [LIVE [SITES]]]\n");
		return 2;
	}
	if (!writer.live_count || !writer.site_count)
		return 2;
	writer.fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	writer.ring = writer.fd < 0 ? NULL : fopen(argv[1], "r+");
	writer.live = calloc(writer.live_count, sizeof(*writer.live));
	if (!writer.ring || !writer.live || fseeko(writer.ring, (off_t)ring_at, SEEK_SET) != 0)
		die(argv[1]);
	setvbuf(writer.ring, NULL, _IOFBF, 1 << 20);
	begin(&writer, events, ring_at);
	add_sites(&writer);
	add_files(&writer);
	add_list(&writer, VMAT_SNAPSHOT_START);
	while (writer.control.head < events) {
		size_t number = writer.control.head < writer.live_count
		                        ? writer.control.head
		                        : draw(&writer, writer.live_count);

		act(&writer, number);
		if (writer.control.head / quarter == writer.snapshots)
			add_list(&writer, VMAT_SNAPSHOT_PERIODIC);
	}
	add_list(&writer, VMAT_SNAPSHOT_EXIT);
	finish(&writer, ring_at);
	return 0;
}
