/*
 * site_id: see the header, which is the specification.
 */
#include "site_id.h"

#include <stddef.h>
#include <string.h>

#define FNV_BASIS 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

/* The bytes of text and its NUL. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * FNV_PRIME;
	return hash * FNV_PRIME;
}

static uint64_t hash_frame(uint64_t hash, const char *module, const char *function)
{
	return hash_text(hash_text(hash, module), function);
}

void site_id_begin(struct site_id *id, const char *call)
{
	id->hash = hash_text(FNV_BASIS, call);
	id->frames = 0;
}

void site_id_add(struct site_id *id, const char *module, const char *function, bool runtime)
{
	const char *slash = module ? strrchr(module, '/') : NULL;
	uint64_t alone;

	if (id->frames == SITE_ID_FRAMES)
		return;
	module = slash ? slash + 1 : module ? module : "";
	function = function && !runtime ? function : "";
	alone = hash_frame(FNV_BASIS, module, function);
	for (unsigned i = 0; i < id->frames; i++) {
		if (id->seen[i] == alone)
			return;
	}
	id->seen[id->frames++] = alone;
	id->hash = hash_frame(id->hash, module, function);
}

char *site_id_text(char *text, uint64_t id)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < SITE_ID_DIGITS; i++)
		text[i] = digits[id >> (60 - 4 * i) & 15];
	text[SITE_ID_DIGITS] = '\0';
	return text;
}
