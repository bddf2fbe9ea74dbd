/*
 * unwind: a stack from the registers of a call's caller, inside a stranger's process.
 *
 * A stack is walked by recipes (recipes.h): what a frame's CFI says of one pc, learnt once from libunwind's
 * generic library through accessors of our own, kept in a cache. libunwind's local API is not used: it
 * opens a pipe on descriptors 3 and 4, mallocs, reads /proc, and takes the loader's lock.
 *
 * The walk takes no lock, makes no system call, allocates nothing, and needs less than 1 KiB of the caller's
 * stack. For a pc never met before it learns: one thread at a time, with signals blocked, on a stack of its
 * own; a thread that waited for another in vain takes what the cache has, and so does everybody where no
 * system call may be made. errno is untouched. Async-signal-safe.
 *
 * Code that nobody described (JIT, assembly) is left by its frame pointer, and the frame so found is marked.
 * If that lands in such code again, the guesses stand only if they lead back to code that is described; else
 * all but the first are dropped.
 */
#ifndef VMATRACE_PRELOAD_UNWIND_H
#define VMATRACE_PRELOAD_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmatrace/trace_format.h"

/* The caller of a traced call as it will be when the call has returned. */
struct frame_registers {
	uint64_t pc; /* return address into the caller */
	uint64_t sp; /* stack pointer just after the return */
	uint64_t bp; /* the caller's frame pointer */
};

enum { UNWIND_WORDS = 160, UNWIND_PAIRS = 48 };

/* A word of the stack: where, and what it said. */
struct unwind_word {
	uint64_t at;
	uint64_t value;
};

struct unwind_pair {
	uint64_t at;
	_Alignas(16) uint64_t value[2];
};

/*
 * A walk: what it found, and every word of the stack that it hung on: those of `word` in the order of reading.
 * Where a function keeps a frame pointer two words lie side by side, its caller's rbp and the return address above:
 * `pair`. There are pairs only of a stack that is there without a gap (unwind_is_sure), where no order counts.
 */
struct unwind_walk {
	const uint64_t *bp; /* where the caller's rbp was given; of no use afterwards */
	uint32_t frames;
	uint32_t words;
	uint32_t pairs;
	uint16_t flags;   /* VMAT_EVENT_STACK_TRUNCATED, VMAT_EVENT_FP */
	bool hangs_on_bp; /* the caller's rbp was used */
	bool on_main_stack;
	bool corrects; /* given: which entries follow each other is put right (recipes.h, caller) */
	/* The same registers and words in the same thread give the same walk, until recipes_epoch() rises. */
	bool repeatable;
	struct unwind_pair pair[UNWIND_PAIRS];
	struct unwind_word word[UNWIND_WORDS];
	uint64_t pc[VMAT_DEPTH_LIMIT]; /* innermost first, marked (VMAT_PC_MARKS) */
};

/* Bytes of zeroed private memory that the recipe cache wants. */
size_t unwind_memory_bytes(void);

/*
 * Once per process, before any event. memory: unwind_memory_bytes() of zeroed, writable, private memory that
 * lives for ever and is either copied to or wiped in a fork child (a zeroed cache is an empty one).
 * main_stack_end: end of the main thread's stack mapping, 0 unknown.
 * Runs before libc is initialised: makes no libc call that needs it.
 */
void unwind_init(void *memory, uint64_t main_stack_end);

/*
 * Loads libunwind's generic library with RTLD_LOCAL. Once, when libc is ready and the process has one
 * thread. Leaves no descriptor open, no dlerror(). False: the library is missing or too old; walks by
 * frame pointer from then on.
 */
bool unwind_load(void);

/*
 * In a fork child, with signals blocked, once its events are recorded: where another thread of the parent was learning
 * at the fork, libunwind is as it left it; it is made to begin anew, or walks go by frame pointers from now on.
 */
void unwind_begin_anew(void);

/* True once unwind_load() has succeeded: before, events are flagged VMAT_EVENT_EARLY. */
bool unwind_ready(void);

/*
 * Up to `depth` frames, innermost (at->pc) first, into *walk, at least one. Flagged as truncated: more frames
 * than depth, or one from which nobody knows the way.
 */
void unwind_stack(const struct frame_registers *at, enum vmat_stack_mode mode, size_t depth,
                  struct unwind_walk *walk);

/*
 * True if memory from sp to the end of the running thread's stack is known to be there, and stays while it runs on
 * it. No system call.
 */
bool unwind_is_sure(uint64_t sp);

/*
 * True if one of the next few frames of the thread is in code that `inside` says yes to, before any signal
 * frame. Before unwind_load(): if it would be so by the word on top of the stack alone, false.
 */
bool unwind_reaches(const struct frame_registers *at, bool (*inside)(uint64_t pc));

#endif
