/*
 * faults: see the header. The handler calls nothing but the kernel, and that rarely.
 */
#include "faults.h"

#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "fault_access.h"
#include "raw_syscall.h"
#include "ring.h"

static void keep(int signal, const siginfo_t *info, const void *context)
{
	struct vmat_fault *fault = &ring.control->fault;
	uint32_t nobody = 0;

	/* Of two threads that die at once the first. */
	if (!__atomic_compare_exchange_n(&fault->tid, &nobody, (uint32_t)RAW_1(SYS_gettid, 0),
	                                 false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	fault->address = (uint64_t)(uintptr_t)info->si_addr;
	fault->ticks = ring_ticks();
	fault->head = ring_head();
	fault->code = info->si_code;
	fault->access = fault_access(context);
	__atomic_store_n(&fault->signal, (uint32_t)signal, __ATOMIC_RELEASE);
}

static void handle(int signal, siginfo_t *info, void *context)
{
	/* kill(2) is no fault, and in a fork child without events the trace is its parent's. */
	bool sent = info->si_code <= 0;

	if (!sent && address_space_alive())
		keep(signal, info, context);
	/* The disposition is the default again (SA_RESETHAND). What was sent does not come by itself. */
	if (sent)
		RAW_3(SYS_tgkill, RAW_1(SYS_getpid, 0), RAW_1(SYS_gettid, 0), signal);
}

/* An alternate stack, so that the main thread's overflow can be told. */
static void give_stack(char *stack)
{
	const stack_t ours = { .ss_sp = stack, .ss_size = FAULTS_STACK_BYTES };
	stack_t now;

	if (!raw_failed(RAW_2(SYS_sigaltstack, NULL, &now)) && now.ss_flags & SS_DISABLE)
		RAW_2(SYS_sigaltstack, &ours, NULL);
}

void faults_watch(char *stack)
{
	static const int signals[] = { SIGSEGV, SIGBUS };
	int (*next)(int, const struct sigaction *, struct sigaction *);
	const struct sigaction ours = {
		.sa_sigaction = handle,
		.sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND,
	};

	/* libc's: it knows how a handler returns to the kernel. */
	*(void **)&next = dlsym(RTLD_NEXT, "sigaction");
	if (!next)
		return;
	give_stack(stack);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction now;

		if (next(signals[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
			next(signals[i], &ours, NULL);
	}
}
