/*
 * call_table.h: one struct call_desc for each traced call, made from calls.def, so that no code outside
 * that table knows a call by its id. A call this version does not know has no entry.
 */
#ifndef VMATRACE_CORE_CALL_TABLE_H
#define VMATRACE_CORE_CALL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vmatrace/call.h"

enum { CALL_ARGUMENT_LIMIT = 8 };

struct call_argument {
	enum arg_kind kind; /* ARG_NO ends the list */
	const char *name;
};

struct call_desc {
	const char *name; /* as reports print it */
	enum call_result result;
	enum call_effect effect;
	/* In the order of the argument words; ARG_PATH alone has no word of its own. */
	struct call_argument args[CALL_ARGUMENT_LIMIT];
};

/* NULL for an id that calls.def does not have (CALL_IMPLICIT too). */
const struct call_desc *call_describe(uint16_t call);

/* "mmap", ..., "implicit" for CALL_IMPLICIT, "unknown" for an id this version does not know. */
const char *call_name(uint16_t call);

/* What success of the call does; EFFECT_NONE for a call this version does not know. */
enum call_effect call_effect(uint16_t call);

/* The id of the call that reports print as `name`; false if there is none. "implicit" is one. */
bool call_find(const char *name, uint16_t *call);

#endif
