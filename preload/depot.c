/*
 * depot.c: records of the arena and the index that finds those stored before.
 */
#include "depot.h"

#include <stdbool.h>

#include "arena.h"
#include "packed_stack.h"
#include "ring.h"
#include "words.h"

enum {
	INDEX_BITS = 15,
	INDEX_SIZE = 1 << INDEX_BITS,
	PLACES =
		4, /* of a hash, side by side. Full: one loses its place to what is asked for now */
	ID_LAP_MASK = UINT32_MAX >> VMAT_ID_LAP_SHIFT,
};

/*
 * low half of a hash << 32 | id; 0: free. As small as can be: where every stack is new each one looks at a place that
 * nobody looked at for long, and what the caches hold of them is what they cost.
 */
typedef uint64_t entry_word;

static struct {
	entry_word *index; /* page-aligned */
} depot;

size_t depot_memory_bytes(void)
{
	return INDEX_SIZE * sizeof(entry_word);
}

void depot_init(void *memory)
{
	depot.index = memory;
}

void *depot_begin(size_t bytes, uint32_t *id)
{
	struct vmat_record *record = arena_reserve(sizeof(*record) + bytes, id);

	return record ? record + 1 : NULL;
}

void depot_seal(struct vmat_record *record, enum vmat_record_type type, size_t bytes, uint32_t crc)
{
	__atomic_store_n(&record->bytes, (uint32_t)bytes, __ATOMIC_RELAXED);
	__atomic_store_n(&record->crc, crc, __ATOMIC_RELAXED);
	/* Last: a reader that sees the type sees the rest. */
	__atomic_store_n(&record->type, (uint32_t)type, __ATOMIC_RELEASE);
}

/* The last one up to now whose low bits the id has. */
static uint32_t lap_of(uint32_t id)
{
	uint32_t now = arena_lap();

	return (now - ((now - (id >> VMAT_ID_LAP_SHIFT)) & ID_LAP_MASK)) & VMAT_LAP_MASK;
}

/* Of what is there. */
static uint32_t stored_crc(uint32_t crc, const uint8_t *payload, size_t bytes)
{
	uint64_t piece[32];

	while (bytes) {
		size_t take = bytes < sizeof(piece) ? bytes : sizeof(piece);

		words_load(piece, payload, take);
		crc = ring_crc(crc, piece, take);
		payload += take;
		bytes -= take;
	}
	return crc;
}

void depot_finish(void *payload, uint32_t id, enum vmat_record_type type, size_t reserved,
                  size_t bytes)
{
	struct vmat_record *record = (struct vmat_record *)payload - 1;
	uint32_t lap = lap_of(id);

	/* A thread that was overtaken by two laps would else make valid what another one is putting there. */
	if (__atomic_load_n(&record->lap, __ATOMIC_RELAXED) != lap)
		return;
	if (bytes < reserved)
		arena_return(record, sizeof(*record) + reserved, sizeof(*record) + bytes);
	depot_seal(record, type, bytes, stored_crc((uint32_t)type ^ lap, payload, bytes));
}

/* Invertible in the hash; the rotation lets also a word's highest bits reach all others. */
static inline uint64_t mixed(uint64_t hash, uint64_t word)
{
	hash ^= word;
	return (hash << 29 | hash >> 35) * 0xbf58476d1ce4e5b9ull;
}

/*
 * Multiplications in four lanes that do not wait for each other, then splitmix64's last steps; good enough to
 * index, never trusted to compare.
 */
static uint64_t hash_words(uint64_t seed, const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint64_t hash = seed * 0x9e3779b97f4a7c15ull;
	uint64_t lane[4] = { hash, hash + 1, hash + 2, hash + 3 };

	for (; bytes >= sizeof(lane); bytes -= sizeof(lane), at += sizeof(lane)) {
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			lane[i] = mixed(lane[i], words_take(at + i * 8, 8));
	}
	hash = mixed(mixed(mixed(lane[0], lane[1]), lane[2]), lane[3]);
	for (; bytes >= 8; bytes -= 8, at += 8)
		hash = mixed(hash, words_take(at, 8));
	if (bytes)
		hash = mixed(hash, words_take(at, bytes));
	hash = (hash ^ (hash >> 32)) * 0x94d049bb133111ebull;
	hash ^= hash >> 31;
	return hash;
}

/* The payload in up to two pieces: a fixed part and what follows it. */
struct pieces {
	const void *first;
	size_t first_bytes;
	const void *second;
	size_t second_bytes;
};

/* True if that is what is there, stored in this lap. An id has 8 bits of the lap that it was given in. */
static bool same(uint32_t id, enum vmat_record_type type, const struct pieces *pieces)
{
	uint64_t offset = (uint64_t)(id & ((1u << VMAT_ID_LAP_SHIFT) - 1)) * VMAT_RECORD_ALIGN;
	const struct vmat_record *record = (const void *)(ring.arena + offset);
	const uint8_t *payload = (const uint8_t *)(record + 1);

	return __atomic_load_n(&record->type, __ATOMIC_RELAXED) == (uint32_t)type &&
	       __atomic_load_n(&record->lap, __ATOMIC_RELAXED) == arena_lap() &&
	       __atomic_load_n(&record->bytes, __ATOMIC_RELAXED) ==
	               pieces->first_bytes + pieces->second_bytes &&
	       words_equal(payload, pieces->first, pieces->first_bytes) &&
	       words_equal(payload + pieces->first_bytes, pieces->second, pieces->second_bytes);
}

static uint32_t append(enum vmat_record_type type, const struct pieces *pieces)
{
	size_t bytes = pieces->first_bytes + pieces->second_bytes;
	uint32_t id;
	uint8_t *payload = depot_begin(bytes, &id);
	struct vmat_record *record = (struct vmat_record *)(void *)payload - 1;
	uint32_t crc;

	if (!payload)
		return 0;
	/* The first piece is whole words where there is a second one. */
	words_store(payload, pieces->first, pieces->first_bytes);
	words_store(payload + pieces->first_bytes, pieces->second, pieces->second_bytes);
	/*
	 * Of what is meant, not of what is there, the lap above all: a thread that was overtaken by two laps would
	 * else put its stack's checksum into the record of another's, and make it valid.
	 */
	crc = ring_crc((uint32_t)type ^ lap_of(id), pieces->first, pieces->first_bytes);
	crc = ring_crc(crc, pieces->second, pieces->second_bytes);
	depot_seal(record, type, bytes, crc);
	return id;
}

static uint32_t append_to(entry_word *entry, enum vmat_record_type type,
                          const struct pieces *pieces, uint64_t hash)
{
	uint32_t id = append(type, pieces);

	/* Release: who reads the id finds the record behind it. */
	if (id)
		__atomic_store_n(entry, hash << 32 | id, __ATOMIC_RELEASE);
	return id;
}

/* Laps since then, of the last 256. */
static uint32_t laps_since(uint32_t id)
{
	return (arena_lap() - (id >> VMAT_ID_LAP_SHIFT)) & ID_LAP_MASK;
}

static entry_word *places_of(uint64_t hash)
{
	return &depot.index[hash >> (64 - INDEX_BITS) & ~(uint64_t)(PLACES - 1)];
}

/* The one that holds the hash, or could: free, else forgotten, else any. What it holds is put in *known. */
static entry_word *find(uint64_t hash, entry_word *known)
{
	entry_word *place = places_of(hash);
	entry_word *chosen = &place[hash >> 32 & (PLACES - 1)];

	for (int i = 0; i < PLACES; i++) {
		*known = __atomic_load_n(&place[i], __ATOMIC_ACQUIRE);
		if (*known >> 32 == (uint32_t)hash || *known == 0)
			return &place[i];
	}
	/* Nobody asked for it in this lap or the one before. */
	for (int i = 0; i < PLACES; i++) {
		*known = __atomic_load_n(&place[i], __ATOMIC_RELAXED);
		if (laps_since((uint32_t)*known) > 1)
			return &place[i];
	}
	*known = 0;
	return chosen;
}

/* Nothing is believed of an entry but that comparing is worth while. */
static uint32_t intern(enum vmat_record_type type, const struct pieces *pieces, uint64_t hash)
{
	entry_word known;
	entry_word *entry = find(hash, &known);
	uint32_t id = (uint32_t)known;

	if (id && known >> 32 == (uint32_t)hash && laps_since(id) == 0 && same(id, type, pieces))
		return id;
	return append_to(entry, type, pieces, hash);
}

uint32_t depot_stack(uint64_t *pcs, size_t count)
{
	struct pieces pieces = { pcs, count * sizeof(*pcs), "", 0 };
	uint64_t hash = hash_words(VMAT_RECORD_STACK, pcs, pieces.first_bytes);
	size_t packed;

	/* It comes while the stack is packed. */
	__builtin_prefetch(places_of(hash));
	packed = packed_stack(pcs, count);
	if (!packed)
		return intern(VMAT_RECORD_STACK, &pieces, hash);
	pieces.first_bytes = packed;
	return intern(VMAT_RECORD_PACKED_STACK, &pieces, hash);
}

uint32_t depot_string(const char *string, size_t bytes)
{
	struct pieces pieces = { string, bytes, "", 0 };

	return intern(VMAT_RECORD_STRING, &pieces, hash_words(VMAT_RECORD_STRING, string, bytes));
}

uint32_t depot_object(const struct vmat_object *object, const char *path, size_t path_bytes)
{
	struct pieces pieces = { object, sizeof(*object), path, path_bytes };
	uint64_t hash = hash_words(VMAT_RECORD_OBJECT, object, sizeof(*object));

	return intern(VMAT_RECORD_OBJECT, &pieces, hash_words(hash, path, path_bytes));
}
