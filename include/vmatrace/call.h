/*
 * call.h: what both halves call the traced calls, their arguments, results and effects.
 * The calls come from calls.def; the words after RESULT_, EFFECT_ and ARG_ are its columns.
 */
#ifndef VMATRACE_CALL_H
#define VMATRACE_CALL_H

/* Which call. The values are the numbers in the trace file; an unknown one is skipped and counted. */
enum call_id {
#define CALL(ID, name, wire, number, result, effect, args) CALL_##ID = (wire),
#include "calls.def"
	/* Not a call: a change that a snapshot showed and no event explains. Never in a file. */
	CALL_IMPLICIT = 0xffff,
};

/* One more than the largest call id of this version. */
enum { CALL_LIMIT = 28 };

/* How the result word reads, and which value says that the call failed. */
enum call_result {
	RESULT_ADDRESS,      /* an address; (void *)-1 is failure */
	RESULT_STATUS,       /* 0, or -1 and errno */
	RESULT_NUMBER,       /* a descriptor; -1 is failure */
	RESULT_BREAK,        /* the break after the call, whatever libc returned */
	RESULT_ERROR_NUMBER, /* 0 or the error number itself; stored as -1 and errno */
};

/* What success does to the VMAs; the rows of design "Order" and of core/replay.c. */
enum call_effect {
	EFFECT_NONE,
	EFFECT_MAPS,
	EFFECT_UNMAPS,
	EFFECT_PROTECTS,
	EFFECT_SETS_BREAK,
	EFFECT_MOVES_BREAK,
	EFFECT_MOVES,
	EFFECT_ATTACHES,
	EFFECT_DETACHES,
	EFFECT_REMAPS_FILE,
	EFFECT_ADVISES,
	EFFECT_ADVISES_LIST, /* like it, of ranges that the event does not have: no row shows any advice */
	EFFECT_LOCKS,
	EFFECT_UNLOCKS,
	EFFECT_LOCKS_ALL,
	EFFECT_UNLOCKS_ALL,
	EFFECT_BINDS,
	EFFECT_SEALS,
	EFFECT_NAMES,
	EFFECT_COUNT,
};

/* How one argument word reads. */
enum arg_kind {
	ARG_NO, /* ends a list of arguments */
	ARG_ADDR,
	ARG_BYTES,
	ARG_OFFSET, /* 64 bits, signed */
	ARG_INT,    /* a C int: the low 32 bits */
	ARG_PROT,
	ARG_MMAP_FLAGS,
	ARG_MREMAP_FLAGS,
	ARG_OPEN_FLAGS,
	ARG_MODE,
	ARG_ADVICE,
	ARG_POSIX_ADVICE,
	ARG_SHMAT_FLAGS,
	ARG_MLOCK2_FLAGS,
	ARG_MLOCKALL_FLAGS,
	ARG_MEMFD_FLAGS,
	ARG_MBIND_MODE,
	ARG_MBIND_FLAGS,
	ARG_MSEAL_FLAGS,
	ARG_PRCTL_OPTION,
	ARG_TEXT,
	ARG_PATH,
	ARG_HIDDEN,
};

#endif
