/*
 * symbols: what a return address was called in the source: function, file, line, and the calls that the
 * compiler inlined there.
 *
 *     stack of return addresses          frames
 *       0x7f12...a3  libm.so.6      ->     sin        (inlined, libm)     innermost first
 *                                          wave       (the real frame)
 *       0x5581...10  app            ->     main  app.c:12
 *
 * Symbols are read from the file on disk only if its build-id is the trace's; otherwise a frame keeps its
 * module and offset, and the module is counted as changed. No network unless the user asks for it.
 * A return address is looked up at pc - 1.
 *
 * Memory: bounded, whatever addresses and stacks a trace has, beside what the symbol files of its modules need,
 * each read once. So frames come and go; only names stay.
 *
 * Owner: the caller of _new; frames live until the next but one call that hands out frames, the strings in them
 * until symbols_free(). The trace must outlive it.
 * Fails: NULL or 0 when out of memory; whatever cannot be read is simply a frame with less in it.
 */
#ifndef VMATRACE_IO_SYMBOLS_H
#define VMATRACE_IO_SYMBOLS_H

#include "core/event.h"
#include "core/module_build.h"
#include "symbol_sources.h"
#include "trace_reader.h"

struct frame {
	uint64_t pc;     /* the return address as recorded; the same for its inlined calls */
	uint64_t offset; /* in the module's file addresses (pc - bias); pc if there is no module */
	const char *module;    /* path; "[jit]" by a perf map; NULL: in no known object */
	const char *function;  /* demangled, NULL unknown */
	const char *file;      /* base name, NULL unknown */
	const char *path;      /* of that file, see image.h; NULL with file */
	uint32_t line;         /* 0 unknown */
	bool by_frame_pointer; /* come by the frame pointer of the frame inside, a guess */
	bool inlined;
	bool runtime; /* libc, the loader, an allocator, the recorder: not a call site (design section 7) */
};

struct symbols;

/* The sources must outlive it too. */
struct symbols *symbols_new(const struct trace *trace, const struct symbol_sources *sources);
void symbols_free(struct symbols *symbols);

/*
 * The frames of the event's stack, innermost first, inlined ones as frames of their own. An event without a
 * stack has its caller as the only frame; an internal or implicit one has none.
 */
size_t symbols_frames(struct symbols *symbols, const struct event *event,
                      const struct frame **frames);

/* All of an event that its frames depend on: for whoever keeps many. */
struct stack_place {
	uint64_t seq;
	uint64_t caller;
	uint32_t stack;
};

/* Of an internal or implicit event all 0, which has no frames. */
struct stack_place stack_place_of(const struct event *event);
size_t symbols_frames_at(struct symbols *symbols, const struct stack_place *place,
                         const struct frame **frames);

/* Equal for events that have the same frames; 0: none. */
uint64_t symbols_key(const struct symbols *symbols, const struct event *event);

/* The index of the frame shown first: the innermost one outside libc, ld.so and allocators, else 0. */
size_t frames_call_site(const struct frame *frames, size_t count);
/* The same of an event; or NULL. */
const struct frame *symbols_call_site(struct symbols *symbols, const struct event *event);

/* "function (file:line)", "function (module)", "module+0x12" or "0x7f12": for text, control characters escaped. */
void frame_text(const struct frame *frame, char *text, size_t bytes);

/*
 * How the module of that base name was compiled. False: the trace has none, or its file is not there. *lost: it
 * has one, and its file is gone or is not the one that was traced.
 */
bool symbols_build(struct symbols *symbols, const char *name, struct module_build *build,
                   bool *lost);

/* How often memory was too short for a frame, or for the names of one; more than once for those asked for again. */
size_t symbols_without_memory(const struct symbols *symbols);

/* Modules whose file on disk is not the one that was traced. */
size_t symbols_changed_modules(const struct symbols *symbols);

/* Compilation units of which there is a skeleton only (split DWARF), among those that were asked for. */
struct missing_units {
	size_t count;
	size_t modules;     /* that they are of */
	const char *module; /* the first one's path */
	bool foreign;       /* it has a package, without them */
};

struct missing_units symbols_missing_units(const struct symbols *symbols);

/* Names given to code of a JIT compiler that may be of other code, there at another time (perf_map.h). */
size_t symbols_doubtful_names(const struct symbols *symbols);

#endif
