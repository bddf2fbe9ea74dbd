/*
 * arguments: how the argument words of a call are spelled: which are numbers, which addresses, which sets of
 * named bits. Text and JSON spell from the same table; a call's arguments come from calls.def.
 */
#ifndef VMATRACE_RENDER_ARGUMENTS_H
#define VMATRACE_RENDER_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmatrace/call.h"

enum argument_shape {
	SHAPE_HIDDEN, /* a word that reports do not print */
	SHAPE_ADDRESS,
	SHAPE_UNSIGNED,
	SHAPE_SIGNED, /* 64 bits */
	SHAPE_INT,    /* 32 bits */
	SHAPE_PROT,
	SHAPE_FLAGS, /* any of the named bits */
	SHAPE_NAME,  /* one of the named values */
	SHAPE_MODE,  /* octal */
	SHAPE_TEXT,  /* the event's text; its word is a pointer that means nothing here */
	SHAPE_PATH,  /* the event's text, if there is one; it has no word */
};

/* A value of some bits: (word & mask) == bits. The first that fits is taken, and its mask with it. */
struct bit_name {
	uint64_t mask;
	uint64_t bits;
	const char *name;
};

struct argument_style {
	enum argument_shape shape;
	const struct bit_name *names; /* SHAPE_FLAGS, SHAPE_NAME, SHAPE_PROT; ends with name NULL */
};

const struct argument_style *argument_style(enum arg_kind kind);

/*
 * Goes through the names of a word: each call gives the next one, NULL at the end. *word loses the bits that
 * were named; what is left of it at the end has no name.
 */
const char *argument_next_name(const struct bit_name **names, uint64_t *word);

#endif
