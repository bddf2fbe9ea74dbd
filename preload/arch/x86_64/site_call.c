/*
 * site_call.c: one event for one call. A system call that a wrapper's own call leads to completes the
 * wrapper's event; any other one, malloc's or the loader's, is an event of its own, whose stack begins at
 * the caller of libc's function. Runs wherever libc makes a VMA call: in signal handlers, under malloc's and
 * the loader's locks, on any stack.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "place.h"
#include "raw_syscall.h"
#include "recipes.h"
#include "recorder.h"
#include "site_copies.h"
#include "site_entry.h"
#include "sites.h"
#include "unwind.h"

/* The function with the site has saved nothing and moved sp by a known distance (sites.c): no guess here. */
static struct frame_registers caller_of(const struct site_frame *frame, const struct site *site)
{
	uint64_t return_address = frame->at.sp + site->frame_bytes;

	return (struct frame_registers) {
		.pc = *(const uint64_t *)return_address,
		.sp = return_address + 8,
		.bp = frame->at.bp,
	};
}

void site_before(struct site_frame *frame)
{
	const struct site *site = sites_find(frame->at.pc);
	struct frame_registers caller = caller_of(frame, site);
	struct words words;

	frame->number = site->number;
	frame->site = site;
	if (site->loader && site->call == CALL_MUNMAP) {
		recipes_forget(frame->args[0], frame->args[0] + frame->args[1]);
		site_copies_unmapping(frame->args[0], frame->args[1]);
	}
	/* What the loader maps of the unwinder. */
	if (site->call == CALL_MMAP && !frame->args[0] && recorder_calls_are_own())
		frame->args[0] = place_next(frame->args[1]);
	frame->completes = recorder_awaits_site(&caller);
	if (frame->completes) {
		recorder_site_begins();
		return;
	}
	__builtin_memcpy(words.word, frame->args, sizeof(words.word));
	if (site->call == CALL_BRK)
		words.word[1] = (uint64_t)RAW_1(SYS_brk, 0);
	recorder_begin_via(&frame->recording, VMAT_VIA_SITE, (enum call_id)site->call, &caller,
	                   &words);
}

/* A whole object is first mapped where the kernel likes, then protected where it is read-only. */
static void watch_loader(const struct site_frame *frame)
{
	const uint64_t *args = frame->args;

	if (frame->site->call == CALL_MMAP && !args[0] && !(args[3] & MAP_ANONYMOUS) &&
	    (args[2] & PROT_READ))
		site_copies_mapped(frame->result, args[1]);
	if (frame->site->call == CALL_MPROTECT)
		site_copies_protected(args[0], args[1]);
}

void site_after(struct site_frame *frame)
{
	bool failed = raw_failed((long)frame->result);

	if (frame->completes) {
		recorder_site_ends();
		return;
	}
	recorder_end_with(&frame->recording, failed ? UINT64_MAX : frame->result,
	                  failed ? (int)-frame->result : 0);
	if (frame->site->loader && !failed && frame->recording.recording)
		watch_loader(frame);
}
