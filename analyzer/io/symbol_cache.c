/*
 * symbol_cache.c: see symbol_cache.h. The file:
 *
 *     header | addresses, ascending | frames | strings, each with its NUL
 *
 * in this machine's byte order. It is the user's own, but it is checked like a stranger's: nothing in it is an
 * index before it was compared with what it indexes.
 */
#include "symbol_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_folder.h"
#include "checksum.h"
#include "learnt_frames.h"

enum {
	FILE_LIMIT = 1 << 23,
	FILES_MOST = 1000,
	/* A name is build-id and fingerprint in hexadecimal. */
	NAME_BYTES = 2 * 64 + 32,
};

#define NO_STRING UINT32_MAX

/* Another format, another number. */
static const char magic[8] = "vmasym2";

struct header {
	char magic[8];
	uint64_t fingerprint;
	uint32_t checksum; /* of all that follows the header */
	uint32_t address_count;
	uint32_t frame_count;
	uint32_t string_bytes;
};

struct cached_address {
	uint64_t address;
	uint32_t first_frame;
	uint32_t frame_count;
};

struct cached_frame {
	uint32_t function; /* offsets in the strings, or NO_STRING */
	uint32_t path;
	uint32_t line;
	uint32_t inlined;
};

struct symbol_cache {
	int folder;
	char name[NAME_BYTES];
	uint64_t fingerprint;
	char *bytes; /* of the file, checked; NULL: there was none */
	const struct cached_address *addresses;
	const struct cached_frame *frames;
	const char *strings;
	struct header header;
	struct learnt_frames learnt; /* in this run */
};

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash;
}

static uint64_t mix_file(uint64_t hash, const struct symbol_file *file)
{
	const uint64_t words[] = {
		file->elf != NULL,
		(uint64_t)file->status.st_size,
		(uint64_t)file->status.st_mtim.tv_sec,
		(uint64_t)file->status.st_mtim.tv_nsec,
		(uint64_t)file->status.st_ino,
	};

	return mix(hash, words, file->elf ? sizeof(words) : sizeof(words[0]));
}

static uint64_t fingerprint_of(const struct symbol_files *files)
{
	uint64_t hash = mix(0xcbf29ce484222325ull, VMATRACE_VERSION, sizeof(VMATRACE_VERSION));

	hash = mix_file(hash, &files->main);
	hash = mix_file(hash, &files->debug);
	hash = mix_file(hash, &files->alternate);
	return mix_file(hash, &files->package);
}

static bool is_string(const struct symbol_cache *cache, uint32_t offset)
{
	return offset == NO_STRING || offset < cache->header.string_bytes;
}

static bool frames_are_sound(const struct symbol_cache *cache)
{
	const struct header *header = &cache->header;

	for (uint32_t i = 0; i < header->frame_count; i++) {
		if (!is_string(cache, cache->frames[i].function) ||
		    !is_string(cache, cache->frames[i].path))
			return false;
	}
	for (uint32_t i = 0; i < header->address_count; i++) {
		const struct cached_address *address = &cache->addresses[i];

		if (address->frame_count == 0 || address->frame_count > IMAGE_FRAME_LIMIT ||
		    address->first_frame > header->frame_count ||
		    address->frame_count > header->frame_count - address->first_frame ||
		    (i > 0 && address->address <= address[-1].address))
			return false;
	}
	return true;
}

/* Takes the file's bytes over if all about them is as it should be. */
static bool take_bytes(struct symbol_cache *cache, char *bytes, size_t byte_count)
{
	struct header *header = &cache->header;
	const char *at = bytes + sizeof(*header);
	uint64_t expected;

	if (byte_count < sizeof(*header))
		return false;
	memcpy(header, bytes, sizeof(*header));
	/* Each factor is below 2^32: the sum does not overflow. */
	expected =
		sizeof(*header) + (uint64_t)header->address_count * sizeof(struct cached_address) +
		(uint64_t)header->frame_count * sizeof(struct cached_frame) + header->string_bytes;
	if (memcmp(header->magic, magic, sizeof(magic)) != 0 ||
	    header->fingerprint != cache->fingerprint || expected != byte_count ||
	    checksum(0, at, byte_count - sizeof(*header)) != header->checksum)
		return false;
	/* malloc's alignment, and every part's size is a multiple of what the next one needs. */
	cache->addresses = (const void *)at;
	cache->frames = (const void *)(cache->addresses + header->address_count);
	cache->strings = (const char *)(cache->frames + header->frame_count);
	return (header->string_bytes == 0 || bytes[byte_count - 1] == '\0') &&
	       frames_are_sound(cache);
}

static void name_file(struct symbol_cache *cache, const uint8_t *build_id, size_t build_id_bytes)
{
	size_t length = 0;

	for (size_t i = 0; i < build_id_bytes; i++)
		length += (size_t)snprintf(cache->name + length, NAME_BYTES - length, "%02x",
		                           build_id[i]);
	snprintf(cache->name + length, NAME_BYTES - length, ".%016llx",
	         (unsigned long long)cache->fingerprint);
}

struct symbol_cache *symbol_cache_open(const struct symbol_files *files, const uint8_t *build_id,
                                       size_t build_id_bytes, size_t *room)
{
	struct symbol_cache *cache;
	size_t byte_count;

	if (build_id_bytes == 0 || build_id_bytes > 64)
		return NULL;
	cache = calloc(1, sizeof(*cache));
	if (!cache)
		return NULL;
	cache->folder = cache_folder_open();
	if (cache->folder < 0) {
		free(cache);
		return NULL;
	}
	cache->learnt.room = room;
	cache->fingerprint = fingerprint_of(files);
	name_file(cache, build_id, build_id_bytes);
	cache->bytes = cache_folder_read(cache->folder, cache->name,
	                                 *room < FILE_LIMIT ? *room : FILE_LIMIT, &byte_count);
	if (!cache->bytes || !take_bytes(cache, cache->bytes, byte_count))
		cache->header = (struct header) { .magic = "" };
	else
		*room -= byte_count;
	return cache;
}

/* Those of the file. */
static size_t find_known(const struct symbol_cache *cache, uint64_t address,
                         struct image_frame frames[IMAGE_FRAME_LIMIT])
{
	size_t low = 0, high = cache->header.address_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (cache->addresses[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0 || cache->addresses[low - 1].address != address)
		return 0;
	for (size_t i = 0; i < cache->addresses[low - 1].frame_count; i++) {
		const struct cached_frame *known =
			&cache->frames[cache->addresses[low - 1].first_frame + i];
		const char *path = known->path == NO_STRING ? NULL : cache->strings + known->path;
		const char *slash = path ? strrchr(path, '/') : NULL;

		frames[i] = (struct image_frame) {
			.function = known->function == NO_STRING ? NULL
			                                         : cache->strings + known->function,
			.file = slash ? slash + 1 : path,
			.path = path,
			.line = known->line,
			.inlined = known->inlined != 0,
		};
	}
	return cache->addresses[low - 1].frame_count;
}

size_t symbol_cache_find(const struct symbol_cache *cache, uint64_t address,
                         struct image_frame frames[IMAGE_FRAME_LIMIT])
{
	size_t count = cache ? learnt_frames_find(&cache->learnt, address, frames) : 0;

	return count || !cache ? count : find_known(cache, address, frames);
}

void symbol_cache_add(struct symbol_cache *cache, uint64_t address,
                      const struct image_frame *frames, size_t count)
{
	if (cache)
		learnt_frames_add(&cache->learnt, address, frames, count);
}

/* The file in the making. */
struct making {
	struct header header;
	struct cached_address *addresses;
	struct cached_frame *frames;
	char *strings;
	size_t string_room;
	uint32_t *known; /* offsets of strings, by hash; open addressing, at most half taken */
	size_t known_slots;
	bool failed;
};

/* Where the string stands, once. */
static uint32_t offset_of(struct making *making, const char *string)
{
	size_t length = string ? strlen(string) + 1 : 0;
	uint64_t slot = mix(0xcbf29ce484222325ull, string, length);
	uint32_t offset = making->header.string_bytes;

	if (!string)
		return NO_STRING;
	for (;; slot++) {
		uint32_t *known = &making->known[slot & (making->known_slots - 1)];

		if (*known == NO_STRING) {
			*known = offset;
			break;
		}
		if (strcmp(making->strings + *known, string) == 0)
			return *known;
	}
	if (length > FILE_LIMIT - offset) {
		making->failed = true;
		return NO_STRING;
	}
	if (offset + length > making->string_room) {
		size_t room = 2 * (offset + length);
		char *grown = realloc(making->strings, room);

		if (!grown) {
			making->failed = true;
			return NO_STRING;
		}
		making->strings = grown;
		making->string_room = room;
	}
	memcpy(making->strings + offset, string, length);
	making->header.string_bytes += (uint32_t)length;
	return offset;
}

static void make_address(struct making *making, uint64_t address, const struct image_frame *frames,
                         size_t count)
{
	making->addresses[making->header.address_count++] =
		(struct cached_address) { address, making->header.frame_count, (uint32_t)count };
	for (size_t i = 0; i < count && !making->failed; i++)
		making->frames[making->header.frame_count++] = (struct cached_frame) {
			.function = offset_of(making, frames[i].function),
			.path = offset_of(making, frames[i].path),
			.line = frames[i].line,
			.inlined = frames[i].inlined,
		};
}

static void make_learnt(struct making *making, const struct learnt_frames *learnt, size_t index)
{
	const struct learnt_address *address = &learnt->addresses[index];
	struct image_frame frames[IMAGE_FRAME_LIMIT];

	for (uint32_t i = 0; i < address->count; i++)
		frames[i] = learnt->frames[learnt->ids[address->first + i]];
	make_address(making, address->address, frames, address->count);
}

/* Both lists are in order of address, and nothing is in both. */
static void merge(const struct symbol_cache *cache, struct making *making)
{
	const struct learnt_frames *learnt = &cache->learnt;
	struct image_frame frames[IMAGE_FRAME_LIMIT];
	size_t next = 0;

	for (uint32_t i = 0; i < cache->header.address_count && !making->failed; i++) {
		uint64_t address = cache->addresses[i].address;

		for (; next < learnt->address_count && learnt->addresses[next].address < address;
		     next++)
			make_learnt(making, learnt, next);
		make_address(making, address, frames, find_known(cache, address, frames));
	}
	for (; next < learnt->address_count && !making->failed; next++)
		make_learnt(making, learnt, next);
}

static void write_file(const struct symbol_cache *cache, struct making *making)
{
	struct header *header = &making->header;
	size_t address_bytes = header->address_count * sizeof(*making->addresses);
	size_t frame_bytes = header->frame_count * sizeof(*making->frames);
	size_t byte_count = sizeof(*header) + address_bytes + frame_bytes + header->string_bytes;
	char *bytes = byte_count <= FILE_LIMIT ? malloc(byte_count) : NULL;
	char *at = bytes + sizeof(*header);

	if (!bytes)
		return;
	memcpy(at, making->addresses, address_bytes);
	memcpy(at + address_bytes, making->frames, frame_bytes);
	if (header->string_bytes)
		memcpy(at + address_bytes + frame_bytes, making->strings, header->string_bytes);
	memcpy(header->magic, magic, sizeof(magic));
	header->fingerprint = cache->fingerprint;
	header->checksum = checksum(0, at, byte_count - sizeof(*header));
	memcpy(bytes, header, sizeof(*header));
	if (cache_folder_write(cache->folder, cache->name, bytes, byte_count))
		cache_folder_trim(cache->folder, FILES_MOST);
	free(bytes);
}

static void save(struct symbol_cache *cache)
{
	struct making making = { .known_slots = 1024 };
	const struct learnt_frames *learnt = &cache->learnt;
	size_t addresses = cache->header.address_count + learnt->address_count;
	size_t frames = cache->header.frame_count + learnt->id_count;

	if (addresses * sizeof(*making.addresses) + frames * sizeof(*making.frames) > FILE_LIMIT)
		return;
	/* Two strings a frame that is not yet there, and half of the slots free. */
	while (making.known_slots < 4 * (cache->header.frame_count + learnt->frame_count))
		making.known_slots *= 2;
	making.addresses = calloc(addresses, sizeof(*making.addresses));
	making.frames = calloc(frames, sizeof(*making.frames));
	making.known = malloc(making.known_slots * sizeof(*making.known));
	if (making.addresses && making.frames && making.known) {
		memset(making.known, 0xff, making.known_slots * sizeof(*making.known));
		learnt_frames_sort(&cache->learnt);
		merge(cache, &making);
		if (!making.failed)
			write_file(cache, &making);
	}
	free(making.addresses);
	free(making.frames);
	free(making.known);
	free(making.strings);
}

void symbol_cache_close(struct symbol_cache *cache)
{
	if (!cache)
		return;
	if (cache->learnt.address_count)
		save(cache);
	learnt_frames_release(&cache->learnt);
	free(cache->bytes);
	close(cache->folder);
	free(cache);
}
