/*
 * learning.c: what happens while the recorder learns how a stack is unwound, made to happen there. The library that
 * it asks (libunwind) blocks signals by sigprocmask(), and locks by pthread_mutex_lock(), which this program has itself:
 * they are called amid learning, and do what was asked for beside what they are for. Prints what came of it, without
 * addresses.
 *
 * With a place that was never called from, a call is a learner's.
 */
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "acts.h"

enum { WARM = 8 };

static void (*volatile amid_learning)(void);
static volatile int amid;

int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	void (*act)(void) = amid_learning;

	if (act) {
		amid_learning = NULL;
		act();
		amid++;
	}
	errno = pthread_sigmask(how, set, old);
	return errno ? -1 : 0;
}

static void (*volatile with_lock)(void);
static int (*lock_mutex)(pthread_mutex_t *mutex);

__attribute__((constructor)) static void find_lock(void)
{
	*(void **)(void *)&lock_mutex = dlsym(RTLD_NEXT, "pthread_mutex_lock");
}

/* What is asked for here happens with the lock of another held. */
int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	void (*act)(void) = with_lock;
	int status = lock_mutex ? lock_mutex(mutex) : 0;

	if (act) {
		with_lock = NULL;
		act();
	}
	return status;
}

/* The recorder asks it where the loader counts what it loads, where no site sees that. */
int dladdr1(const void *address, Dl_info *information, void **extra, int flags)
{
	(void)address, (void)information, (void)extra, (void)flags;
	return 0;
}

/* Without the recorder nobody learns: then it happens here. */
static void happened(void)
{
	if (amid_learning)
		sigprocmask(SIG_BLOCK, NULL, NULL);
}

/* --- a signal, whose handler never comes back ----------------------------------------------------------- */

static sigjmp_buf back;
static char *page;

static void jump(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

static void signal_self(void)
{
	syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
}

/* It waits until there is nothing half done: neither a lock, nor calls that are not the program's. */
static void signalled_amid_learning(void)
{
	const struct sigaction action = { .sa_handler = jump };
	int state = -1;

	page = map(4 * PAGE);
	sigaction(SIGUSR1, &action, NULL);
	mprotect(page, PAGE, PROT_READ);
	if (!sigsetjmp(back, 1)) {
		amid_learning = signal_self;
		mprotect(page, 2 * PAGE, PROT_READ);
		happened();
		fail("nobody jumped");
	}
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
	dprintf(1, "jumped; cancellation is %s\n",
	        state == PTHREAD_CANCEL_ENABLE ? "enabled" : "disabled");
	mprotect(page, 3 * PAGE, PROT_READ);
	mprotect(page, 3 * PAGE, PROT_READ | PROT_WRITE);
	mprotect(page, 3 * PAGE, PROT_NONE);
}

/* --- walks of another thread, so many that they would like every place there is ------------------------- */

static volatile int wanted, ready, done;

static __attribute__((noinline)) void walk_from(size_t room)
{
	volatile char *deep = alloca(room);

	deep[0] = 1;
	mprotect(page, PAGE, PROT_READ);
}

static void *walk_often(void *unused)
{
	for (size_t i = 0; i < WARM; i++)
		walk_from(16 * (i + 1));
	ready = 1;
	while (!wanted)
		sched_yield();
	for (long i = WARM; i < count; i++)
		walk_from(16 * (size_t)(i + 1));
	done = 1;
	return unused;
}

static void let_it_walk(void)
{
	wanted = 1;
	while (!done)
		sched_yield();
}

static __attribute__((noinline)) void inner(size_t pages)
{
	mprotect(page, pages * PAGE, PROT_READ);
	__asm__ volatile("");
}

/* Never called before: its place is learnt in the middle of a walk that has begun in inner(). */
static __attribute__((noinline)) void outer(size_t pages)
{
	inner(pages);
	__asm__ volatile("");
}

static void walked_amid_learning(void)
{
	pthread_t thread;

	page = map(4 * PAGE);
	inner(2);
	pthread_create(&thread, NULL, walk_often, NULL);
	while (!ready)
		sched_yield();
	amid_learning = let_it_walk;
	outer(3);
	happened();
	pthread_join(thread, NULL);
	dprintf(1, "both have walked\n");
}

/* --- a fork while another thread learns, with the lock of what it asks held ----------------------------- */

static void let_it_fork(void)
{
	wanted = 1;
	while (!done)
		sched_yield();
}

static __attribute__((noinline)) void first_call(void)
{
	mprotect(page, PAGE, PROT_READ);
	__asm__ volatile("");
}

static void *learn(void *unused)
{
	with_lock = let_it_fork;
	first_call();
	if (with_lock)
		let_it_fork();
	return unused;
}

static void forked_amid_learning(void)
{
	pthread_t thread;
	pid_t child;

	page = map(4 * PAGE);
	pthread_create(&thread, NULL, learn, NULL);
	while (!wanted)
		sched_yield();
	child = fork();
	if (child == 0) {
		map(PAGE);
		outer(2);
		outer(3);
		_exit(0);
	}
	say_child("the child", child);
	done = 1;
	pthread_join(thread, NULL);
}

const struct act acts[] = {
	{ "signalled_amid_learning", signalled_amid_learning },
	{ "walked_amid_learning", walked_amid_learning },
	{ "forked_amid_learning", forked_amid_learning },
	{ NULL, NULL },
};
