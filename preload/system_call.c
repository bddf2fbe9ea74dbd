/*
 * system_call.c: syscall(2) with the number of a VMA call, of an exec, or of a call that asks for a seccomp filter.
 * The entry of arch/ hands over only those; any other number (clone and vfork among them, which must not see a frame
 * of ours) goes straight on.
 */
#include "system_call.h"

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "exec.h"
#include "guard.h"
#include "lock_all.h"
#include "real.h"
#include "recorder.h"
#include "sandbox.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define NONE (-1)

/* From calls.def, the one list. */
static const struct {
	long number;
	uint16_t call;
} numbers[] = {
#define CALL(ID, name, wire, nr, result, effect, args) { nr, CALL_##ID },
#include "vmatrace/calls.def"
};

static int call_index(long number)
{
	for (unsigned i = 0; number >= 0 && i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].number == number)
			return (int)i;
	}
	return -1;
}

static bool asks_for_filter(long number, long first)
{
	return (number == SYS_seccomp && first <= SECCOMP_SET_MODE_FILTER) ||
	       (number == SYS_prctl && first == PR_SET_SECCOMP);
}

int system_call_is_traced(long number, long first)
{
	if (asks_for_filter(number, first) || exec_is_asked_for(number))
		return true;
	return call_index(number) >= 0 && (number != SYS_prctl || first == PR_SET_VMA);
}

static long ask_for_filter(long number, const long *word)
{
	bool was_silent = sandbox_before();
	long result = real.syscall(number, word[0], word[1], word[2], word[3], word[4], word[5]);

	sandbox_after(was_silent, result == -1);
	return result;
}

/* The string among the words, or NULL. */
static const char *text_of(uint16_t call, const long *word)
{
	if (call == CALL_MEMFD_CREATE)
		return (const char *)word[0];
	return call == CALL_PRCTL ? (const char *)word[4] : NULL;
}

/* Replacing calls announce themselves to the guard as their wrappers do. */
static void announce(struct recording *recording, uint16_t call, const long *word)
{
	if (call == CALL_MMAP)
		guard_replacing(recording, (void *)word[0], (size_t)word[1],
		                (int)word[3] & MAP_FIXED);
	if (call == CALL_REMAP_FILE_PAGES)
		guard_replacing(recording, (void *)word[0], (size_t)word[1], 1);
	if (call == CALL_MREMAP)
		guard_moving(recording, WORDS(WORD(word[0]), WORD(word[1]), WORD(word[2]),
		                              WORD(word[3]), WORD(word[4])));
	if (call == CALL_PROCESS_MADVISE)
		guard_advising(recording, (const struct iovec *)word[1], (size_t)word[2],
		               (int)word[3]);
	if (call == CALL_SHMAT)
		guard_attaching(recording, (int)word[0], (void *)word[1], (int)word[2]);
}

static long perform(struct recording *recording, uint16_t call, long number, const long *word)
{
	if (call == CALL_MUNMAP || call == CALL_MPROTECT || call == CALL_PKEY_MPROTECT ||
	    call == CALL_MADVISE) {
		recorder_awaits_none(recording);
		return guard_system_call(recording, number, word);
	}
	if (call == CALL_MLOCKALL)
		return lock_all(recording, (int)word[0]);
	announce(recording, call, word);
	recorder_awaits_none(recording);
	return real.syscall(number, word[0], word[1], word[2], word[3], word[4], word[5]);
}

long system_call_traced(const struct frame_registers *caller, long number, const long *word)
{
	struct recording r;
	uint16_t call;
	long result;

	if (asks_for_filter(number, word[0]))
		return ask_for_filter(number, word);
	if (exec_is_asked_for(number))
		return exec_system_call(caller, number, word);
	call = numbers[call_index(number)].call;
	r = recorder_begin((enum call_id)call, caller,
	                   WORDS(WORD(word[0]), WORD(word[1]), WORD(word[2]), WORD(word[3]),
	                         WORD(word[4]), WORD(word[5])));
	recorder_text(&r, text_of(call, word));
	if (call == CALL_BRK && r.recording)
		r.event.args[1] = (uint64_t)real.syscall(SYS_brk, 0);
	result = perform(&r, call, number, word);
	/* The raw brk never fails: it returns the break, moved or not. */
	recorder_end(&r, (uint64_t)result, call != CALL_BRK && result == -1);
	return result;
}
