/*
 * address_space: which trace file is ours, from the constructor through fork and exec to the exit.
 *
 * One word, in a page that a fork child finds zeroed (MADV_WIPEONFORK), says what this address space is:
 * 0 in a child of fork, raw clone and _Fork; unchanged in a child of vfork and posix_spawn, whose calls
 * belong to the parent's address space. Nothing is keyed on getpid(), but where the kernel cannot wipe
 * (qemu-user, gVisor): there only the process that began the trace goes on with it.
 */
#ifndef VMATRACE_PRELOAD_ADDRESS_SPACE_H
#define VMATRACE_PRELOAD_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum space_state {
	SPACE_NEW = 0,      /* a fork child that has made no event yet */
	SPACE_STARTING = 1, /* one of its threads is making its file */
	SPACE_RECORDING = 2,
	SPACE_OFF = 3, /* nothing is recorded here */
	SPACE_UNWIPED =
		4, /* recording, where a fork child finds this too: who it is must be asked */
};

struct settings;

struct address_space {
	uint32_t *state;           /* enum space_state; NULL before the constructor */
	struct settings *settings; /* survives a fork */
	char *path;                /* of the trace file; SETTINGS_PATH_BYTES */
	uint64_t private_start;    /* our anonymous memory */
	uint64_t private_bytes;
	uint32_t generation; /* rises in each fork child: thread ids cached before are stale */
	uint32_t pid;        /* of the process that the file names */
	uint64_t early;      /* calls before the constructor */
	uint32_t own_calls;  /* threads whose calls may be the recorder\'s own */
	uint32_t recording;  /* SPACE_RECORDING or SPACE_UNWIPED: what the kernel can do */
	uint32_t declined;   /* the last process that found SPACE_UNWIPED and is not the trace's */
	bool libc_is_ready;  /* the unwinder was loaded, or could not be */
};

extern struct address_space address_space;

/* At SPACE_UNWIPED: true in the process that began the trace, and in one that runs in its address space. */
bool address_space_is_recorded(void);

/* What space_enter() does when the state is not SPACE_RECORDING: a child's first event, or nothing. */
bool address_space_enter_slowly(void);

/* True from the constructor on. Before: early.h. */
static inline bool address_space_has_begun(void)
{
	return __builtin_expect(address_space.state != NULL, 1);
}

/* True where nothing is recorded, nor ever will be: asked before all else, so that it costs next to nothing. */
static inline bool address_space_is_off(void)
{
	return __atomic_load_n(address_space.state, __ATOMIC_RELAXED) == SPACE_OFF;
}

/* True if an event may be recorded now. One load when it is so. */
static inline bool address_space_enter(void)
{
	return __builtin_expect(__atomic_load_n(address_space.state, __ATOMIC_ACQUIRE) ==
	                                SPACE_RECORDING,
	                        1) ||
	       address_space_enter_slowly();
}

/* False in a fork child that has made no event yet, and where nothing is recorded (any more). */
static inline bool address_space_alive(void)
{
	uint32_t state = __atomic_load_n(address_space.state, __ATOMIC_RELAXED);

	return __builtin_expect(state == SPACE_RECORDING, 1) ||
	       (state == SPACE_UNWIPED && address_space_is_recorded());
}

/* From our __libc_start_main: libc is ready, the program's main is not yet running. */
void address_space_libc_is_ready(void);

/* Before an exec: the snapshot, the state, VMATRACE_CHILDREN; after a failed one: back again. */
void address_space_before_exec(void);
void address_space_after_exec(void);
/* True in a child of vfork or posix_spawn: the address space is the parent's. In a sandbox nobody can tell. */
bool address_space_is_borrowed(void);

/* Stops recording for good: the program takes the ring's place. */
void address_space_give_up(void);

/* True if a call on [start, start + length) would touch memory of ours. */
bool address_space_overlaps(uint64_t start, uint64_t length);

#endif
