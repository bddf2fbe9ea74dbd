/*
 * module_build: how a program or library was compiled, as far as its file tells, and what that does to stacks:
 * an optimiser leaves out frames (inlining, tail calls), debug information names inlined ones again, and a
 * module without symbols has frames without names.
 *
 *     symbols   none    names          lines
 *               -       symbol table   DWARF: inlined calls are known, too
 *     options   "-O2 -flto"              the compiler wrote them into the debug information
 *               "-fomit-frame-pointer?"  a guess: most of the code is like that
 *               "?"                      unknown
 *
 * Pure. Nothing here fails.
 */
#ifndef VMATRACE_CORE_MODULE_BUILD_H
#define VMATRACE_CORE_MODULE_BUILD_H

#include <stdbool.h>

enum module_symbols { SYMBOLS_NONE, SYMBOLS_NAMES, SYMBOLS_LINES, SYMBOLS_COUNT };

enum { MODULE_OPTIONS_BYTES = 96 };

#define MODULE_OPTIONS_UNKNOWN "?"
#define MODULE_OPTIONS_FRAME_POINTER "-fno-omit-frame-pointer?"
#define MODULE_OPTIONS_NO_FRAME_POINTER "-fomit-frame-pointer?"

struct module_build {
	enum module_symbols symbols;
	char options[MODULE_OPTIONS_BYTES];
};

/* "none", "names", "lines" */
const char *module_symbols_name(enum module_symbols symbols);

enum build_change {
	BUILD_SAME,    /* the same options and symbols: what differs is the source */
	BUILD_PERHAPS, /* one of the two says too little */
	BUILD_DIFFERS,
};

enum build_change module_build_change(const struct module_build *known,
                                      const struct module_build *now);

/* What the change does to the frames of a stack: -1 some are missing now, 1 there are more now, 0 either. */
int module_build_frames(const struct module_build *known, const struct module_build *now);

#endif
