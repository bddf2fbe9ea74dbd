/*
 * call_table: calls.def as data for the analyzer.
 */
#include "call_table.h"

#include <string.h>

#define CALL(ID, name, wire, number, result, effect, args)                                         \
	[CALL_##ID] = { #name, RESULT_##result, EFFECT_##effect, { args { ARG_NO, NULL } } },
#define ARG(kind, name) { ARG_##kind, #name },
static const struct call_desc calls[CALL_LIMIT] = {
#include "vmatrace/calls.def"
};

#define IMPLICIT_NAME "implicit"

const struct call_desc *call_describe(uint16_t call)
{
	return call < CALL_LIMIT && calls[call].name ? &calls[call] : NULL;
}

const char *call_name(uint16_t call)
{
	const struct call_desc *desc = call_describe(call);

	if (desc)
		return desc->name;
	return call == CALL_IMPLICIT ? IMPLICIT_NAME : "unknown";
}

enum call_effect call_effect(uint16_t call)
{
	const struct call_desc *desc = call_describe(call);

	return desc ? desc->effect : EFFECT_NONE;
}

bool call_find(const char *name, uint16_t *call)
{
	for (uint16_t id = 0; id < CALL_LIMIT; id++) {
		if (calls[id].name && strcmp(calls[id].name, name) == 0) {
			*call = id;
			return true;
		}
	}
	*call = CALL_IMPLICIT;
	return strcmp(name, IMPLICIT_NAME) == 0;
}
