/*
 * depot.c: records of the arena and the index that finds those stored before.
 */
#include "depot.h"

#include <stdbool.h>

#include "ring.h"

enum {
	INDEX_BITS = 15,
	INDEX_SIZE = 1 << INDEX_BITS,
	PROBES = 64, /* a fuller index stores duplicates rather than search for long */
};

struct entry {
	uint64_t hash; /* 0 free */
	uint32_t id;   /* 0 not stored yet */
	uint32_t reserved;
};

static struct {
	struct entry *index;
} depot;

size_t depot_memory_bytes(void)
{
	return INDEX_SIZE * sizeof(struct entry);
}

void depot_init(void *memory)
{
	depot.index = memory;
}

void *depot_begin(size_t bytes, uint32_t *id)
{
	struct vmat_record *record = ring_reserve(sizeof(*record) + bytes, id);

	return record ? record + 1 : NULL;
}

void depot_finish(void *payload, enum vmat_record_type type, size_t reserved, size_t bytes,
                  uint32_t count)
{
	struct vmat_record *record = (struct vmat_record *)payload - 1;

	if (bytes < reserved)
		ring_return(record, sizeof(*record) + reserved, sizeof(*record) + bytes);
	record->bytes = (uint32_t)bytes;
	record->count = count;
	record->crc = ring_crc((uint32_t)type, payload, bytes);
	/* Last: a reader that sees the type sees the rest. */
	__atomic_store_n(&record->type, (uint32_t)type, __ATOMIC_RELEASE);
}

/* splitmix64's mixing steps over the words of the payload; good enough to index, never trusted to compare. */
static uint64_t hash_words(uint64_t seed, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint64_t hash = seed * 0x9e3779b97f4a7c15ull;
	uint64_t word;

	for (; bytes; at += sizeof(word)) {
		size_t take = bytes < sizeof(word) ? bytes : sizeof(word);

		word = 0;
		__builtin_memcpy(&word, at, take);
		hash = (hash ^ word) * 0xbf58476d1ce4e5b9ull;
		hash ^= hash >> 29;
		bytes -= take;
	}
	hash = (hash ^ (hash >> 32)) * 0x94d049bb133111ebull;
	hash ^= hash >> 31;
	return hash ? hash : 1;
}

/* The payload in up to two pieces: a fixed part and what follows it. */
struct pieces {
	const void *first;
	size_t first_bytes;
	const void *second;
	size_t second_bytes;
};

static bool same(uint32_t id, enum vmat_record_type type, const struct pieces *pieces)
{
	const struct vmat_record *record =
		(const void *)(ring.arena + (uint64_t)id * VMAT_RECORD_ALIGN);
	const uint8_t *payload = (const uint8_t *)(record + 1);

	return record->type == type &&
	       record->bytes == pieces->first_bytes + pieces->second_bytes &&
	       !__builtin_memcmp(payload, pieces->first, pieces->first_bytes) &&
	       !__builtin_memcmp(payload + pieces->first_bytes, pieces->second,
	                         pieces->second_bytes);
}

static uint32_t append(enum vmat_record_type type, const struct pieces *pieces, uint32_t count)
{
	size_t bytes = pieces->first_bytes + pieces->second_bytes;
	uint32_t id;
	uint8_t *payload = depot_begin(bytes, &id);

	if (!payload)
		return 0;
	__builtin_memcpy(payload, pieces->first, pieces->first_bytes);
	__builtin_memcpy(payload + pieces->first_bytes, pieces->second, pieces->second_bytes);
	depot_finish(payload, type, bytes, bytes, count);
	return id;
}

static uint32_t intern(enum vmat_record_type type, const struct pieces *pieces, uint32_t count)
{
	uint64_t hash = hash_words(type, pieces->first, pieces->first_bytes);
	uint64_t at;
	uint32_t id;

	if (pieces->second_bytes)
		hash = hash_words(hash, pieces->second, pieces->second_bytes);
	at = hash >> (64 - INDEX_BITS);
	for (unsigned probe = 0; probe < PROBES; probe++) {
		struct entry *entry = &depot.index[(at + probe) & (INDEX_SIZE - 1)];
		uint64_t seen = __atomic_load_n(&entry->hash, __ATOMIC_RELAXED);

		if (seen == 0 && __atomic_compare_exchange_n(&entry->hash, &seen, hash, false,
		                                             __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			id = append(type, pieces, count);
			/* Release: who reads the id finds the record behind it. */
			__atomic_store_n(&entry->id, id, __ATOMIC_RELEASE);
			return id;
		}
		if (seen != hash)
			continue;
		id = __atomic_load_n(&entry->id, __ATOMIC_ACQUIRE);
		if (id && same(id, type, pieces))
			return id;
	}
	return append(type, pieces, count);
}

uint32_t depot_stack(const uint64_t *pcs, size_t count)
{
	struct pieces pieces = { pcs, count * sizeof(*pcs), "", 0 };

	return intern(VMAT_RECORD_STACK, &pieces, (uint32_t)count);
}

uint32_t depot_string(const char *string, size_t bytes)
{
	struct pieces pieces = { string, bytes, "", 0 };

	return intern(VMAT_RECORD_STRING, &pieces, 0);
}

uint32_t depot_object(const struct vmat_object *object, const char *path, size_t path_bytes)
{
	struct pieces pieces = { object, sizeof(*object), path, path_bytes };

	return intern(VMAT_RECORD_OBJECT, &pieces, 0);
}
