/*
 * elf_minidebug.c: see elf_minidebug.h.
 */
#include "elf_minidebug.h"

#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "symbol_files.h"

enum {
	FIRST_ROOM = 1 << 20,
	/* A megabyte of zeroes is a few hundred bytes of xz: what may come out of it has a limit. */
	ROOM_LIMIT = 1 << 28,
	DECODER_MEMORY_LIMIT = 1 << 28,
};

/* All of the stream into *bytes, the caller's. */
static bool decompress(const void *data, size_t data_bytes, void **bytes, size_t *byte_count)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret status = lzma_stream_decoder(&stream, DECODER_MEMORY_LIMIT, 0);
	size_t room = 0;
	uint8_t *out = NULL;

	stream.next_in = data;
	stream.avail_in = data_bytes;
	while (status == LZMA_OK && (stream.avail_out > 0 || room < ROOM_LIMIT)) {
		if (stream.avail_out == 0) {
			size_t grown_room = room ? 2 * room : FIRST_ROOM;
			uint8_t *grown = realloc(out, grown_room);

			if (!grown)
				break;
			out = grown;
			stream.next_out = out + room;
			stream.avail_out = grown_room - room;
			room = grown_room;
		}
		status = lzma_code(&stream, LZMA_FINISH);
	}
	*byte_count = room - stream.avail_out;
	lzma_end(&stream);
	if (status == LZMA_STREAM_END && *byte_count > 0) {
		*bytes = out;
		return true;
	}
	free(out);
	return false;
}

void elf_minidebug_open(struct elf_minidebug *minidebug, Elf *object)
{
	Elf_Scn *section = elf_section_named(object, ".gnu_debugdata");
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	size_t byte_count;

	*minidebug = (struct elf_minidebug) { 0 };
	if (!data || !data->d_buf ||
	    !decompress(data->d_buf, data->d_size, &minidebug->bytes, &byte_count))
		return;
	minidebug->elf = elf_memory(minidebug->bytes, byte_count);
	if (!minidebug->elf)
		elf_minidebug_release(minidebug);
}

void elf_minidebug_release(struct elf_minidebug *minidebug)
{
	if (minidebug->elf)
		elf_end(minidebug->elf);
	free(minidebug->bytes);
	*minidebug = (struct elf_minidebug) { 0 };
}
