/*
 * entry.c: two functions that pass on what they are called with.
 *
 * syscall(number, ...): numbers of VMA calls go to system_call_traced(). Any other one goes on to the next
 * definition, and there must be no frame of ours under it: a clone made through syscall() comes back on another
 * stack. With as many arguments as the next definition takes, and nothing left to do after it, compilers make
 * that a jump.
 *
 * __libc_start_main(main, argc, argv, ...): the moment when libc is ready and main has not begun.
 *
 * The C names are ours, as the headers declare other types. A word passed for `...` lies where a word of a
 * named argument would: so it is in the calling conventions of Linux's 64-bit processors.
 */
#include "address_space.h"
#include "real.h"
#include "recorder.h"
#include "system_call.h"

#define ENTRY __attribute__((visibility("default")))

typedef long syscall_fn(long number, long a, long b, long c, long d, long e, long f);
typedef int start_main_fn(void *main, int argc, char **argv, void *init, void *fini,
                          void *loader_fini, void *stack_end);

ENTRY syscall_fn entry_syscall __asm__("syscall");
ENTRY start_main_fn entry_start_main __asm__("__libc_start_main");

long entry_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	real_ready();
	if (system_call_is_traced(number, a)) {
		struct frame_registers caller = CALLER;
		const long word[6] = { a, b, c, d, e, f };

		return system_call_traced(&caller, number, word);
	}
	return (*(syscall_fn **)&real.syscall)(number, a, b, c, d, e, f);
}

int entry_start_main(void *main, int argc, char **argv, void *init, void *fini, void *loader_fini,
                     void *stack_end)
{
	address_space_libc_is_ready();
	return (*(start_main_fn **)&real.libc_start_main)(main, argc, argv, init, fini, loader_fini,
	                                                  stack_end);
}
