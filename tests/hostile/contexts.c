/*
 * contexts.c: calls from where few programs make them: handlers on small stacks, threads with the least of
 * stacks, destructors, threads about to be cancelled. Prints what came of it, without addresses.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"

enum { HANDLER_STACK = 8192 };

static pthread_t start_thread(const pthread_attr_t *attributes, void *(*run)(void *))
{
	pthread_t thread;

	errno = pthread_create(&thread, attributes, run, NULL);
	if (errno)
		fail("pthread_create");
	return thread;
}

/* --- signals ------------------------------------------------------------------------------------------ */

static volatile sig_atomic_t handled;

/* A handler needs some stack for itself: 8 KiB are not all for who is called from it. */
static __attribute__((noinline)) void map_from_a_frame(void)
{
	volatile char room[2000];

	room[0] = room[sizeof(room) - 1] = 1;
	map_protect_and_unmap(1);
}

static void map_in_handler(int signal)
{
	int saved = errno;

	(void)signal;
	errno = 4321;
	map_from_a_frame();
	if (errno != 4321)
		fail("errno in the handler");
	/* A string is copied, a file made for a child. */
	if (handled % 16 == 0) {
		int status, fd = memfd_create("from a handler", MFD_CLOEXEC);
		pid_t pid = fork();

		if (!pid) {
			map_protect_and_unmap(1);
			_exit(0);
		}
		close(fd);
		if (waitpid(pid, &status, 0) != pid || status)
			fail("child of a handler");
	}
	handled++;
	errno = saved;
}

/* Of 8 KiB, of which AVX-512 leaves less than 5. */
static void small_alternate_stack(void)
{
	const struct itimerval never = { 0 };
	char *stack = map(3 * HANDLER_STACK) + HANDLER_STACK;
	const stack_t alternate = { .ss_sp = stack, .ss_size = HANDLER_STACK };
	struct sigaction action = { .sa_handler = map_in_handler,
		                    .sa_flags = SA_ONSTACK | SA_RESTART };

	/* Below and above it there is nothing to step on. */
	mprotect(stack - HANDLER_STACK, HANDLER_STACK, PROT_NONE);
	mprotect(stack + HANDLER_STACK, HANDLER_STACK, PROT_NONE);
	if (sigaltstack(&alternate, NULL) || sigaction(SIGALRM, &action, NULL))
		fail("sigaltstack");
	while (handled < count) {
		sig_atomic_t before = handled;

		setitimer(ITIMER_REAL, &(struct itimerval) { .it_value = { 0, 300 } }, NULL);
		while (handled == before)
			map_protect_and_unmap(1);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	dprintf(1, "handlers done\n");
}

/*
 * A handler's stack above that of the thread it interrupts: for who looks at stack pointers alone, the handler
 * runs in a caller of what it interrupted.
 */
static volatile int thread_done;

static void *map_below_handler(void *stack)
{
	const stack_t alternate = { .ss_sp = stack, .ss_size = 4 * HANDLER_STACK };

	if ((char *)stack < (char *)__builtin_frame_address(0) || sigaltstack(&alternate, NULL))
		fail("not above");
	while (handled < count)
		map_protect_and_unmap(1);
	thread_done = 1;
	return NULL;
}

static void map_once_in_handler(int signal)
{
	(void)signal;
	map_protect_and_unmap(1);
	handled++;
}

static void alternate_stack_above(void)
{
	struct sigaction action = { .sa_handler = map_once_in_handler, .sa_flags = SA_ONSTACK };
	char *stack = map(4 * HANDLER_STACK);
	pthread_t thread;

	if (sigaction(SIGUSR1, &action, NULL) ||
	    pthread_create(&thread, NULL, map_below_handler, stack))
		fail("pthread_create");
	while (!thread_done) {
		pthread_kill(thread, SIGUSR1);
		usleep(100);
	}
	pthread_join(thread, NULL);
	dprintf(1, "handlers done\n");
}

/* An interrupted system call is as interrupted as ever. */
static void nothing(int signal)
{
	(void)signal;
}

static void interrupted(void)
{
	struct sigaction action = { .sa_handler = nothing };
	struct itimerval once = { .it_value = { 0, 20000 } };
	int ends[2];
	char byte;

	if (sigaction(SIGALRM, &action, NULL) || pipe(ends))
		fail("pipe");
	setitimer(ITIMER_REAL, &once, NULL);
	map_protect_and_unmap(1);
	errno = 0;
	if (read(ends[0], &byte, 1) >= 0)
		fail("a read of nothing");
	dprintf(1, "read: errno %d\n", errno);
}

/* --- threads ------------------------------------------------------------------------------------------ */

static void *live_on_little(void *unused)
{
	int fd;

	map_protect_and_unmap(2);
	free(malloc(200 << 10));
	fd = memfd_create("a thread's", MFD_CLOEXEC);
	close(fd);
	return unused;
}

static void least_stacks(void)
{
	enum { AT_ONCE = 16 };
	pthread_attr_t least;

	pthread_attr_init(&least);
	if (pthread_attr_setstacksize(&least, (size_t)PTHREAD_STACK_MIN))
		fail("PTHREAD_STACK_MIN");
	for (long i = 0; i < count; i += AT_ONCE) {
		pthread_t thread[AT_ONCE];

		for (int j = 0; j < AT_ONCE; j++)
			thread[j] = start_thread(&least, live_on_little);
		for (int j = 0; j < AT_ONCE; j++)
			pthread_join(thread[j], NULL);
	}
	dprintf(1, "threads done\n");
}

static pthread_key_t keys[3];

/* Its value, the place of its key, is put back until nobody asks any more. */
static void destroy(void *value)
{
	pthread_key_t *key = value;

	map_protect_and_unmap(1);
	free(malloc(300 << 10));
	pthread_setspecific(*key, value);
}

static void *leave_data(void *unused)
{
	for (int i = 0; i < 3; i++)
		pthread_setspecific(keys[i], &keys[i]);
	map_protect_and_unmap(1);
	return unused;
}

static void thread_data_destructors(void)
{
	for (int i = 0; i < 3; i++)
		pthread_key_create(&keys[i], destroy);
	for (long i = 0; i < count; i++)
		pthread_join(start_thread(NULL, leave_data), NULL);
	dprintf(1, "destructors done\n");
}

/* Each call of these has a pc of its own, whose unwind rule has to be learnt. */
#define FRESH_1 mprotect(fresh_page, PAGE, PROT_READ);
#define FRESH_8 FRESH_1 FRESH_1 FRESH_1 FRESH_1 FRESH_1 FRESH_1 FRESH_1 FRESH_1
#define FRESH_64 FRESH_8 FRESH_8 FRESH_8 FRESH_8 FRESH_8 FRESH_8 FRESH_8 FRESH_8
#define FRESH_512 FRESH_64 FRESH_64 FRESH_64 FRESH_64 FRESH_64 FRESH_64 FRESH_64 FRESH_64

static char *fresh_page;
static volatile int fresh_began;

static void *call_from_everywhere(void *unused)
{
	int old;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	fresh_began = 1;
	for (;;) {
		FRESH_512
	}
	return unused;
}

/* Cancelled at once: in each new process, while the recorder learns those places. */
static void cancelled_early(void)
{
	unsigned wrong = 0;

	fresh_page = map(PAGE);
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			pthread_t thread = start_thread(NULL, call_from_everywhere);
			void *how = NULL;

			while (!fresh_began)
				;
			usleep((unsigned)(i * 37 % 3000));
			pthread_cancel(thread);
			pthread_join(thread, &how);
			/* Whoever was cancelled left nothing behind that this one needs to learn its place. */
			mprotect(fresh_page, PAGE, PROT_NONE);
			_exit(how != PTHREAD_CANCELED);
		}
		waitpid(pid, &status, 0);
		wrong += status != 0;
	}
	dprintf(1, "not cancelled as they should be: %u\n", wrong);
}

static void protect_in_handler(int signal)
{
	(void)signal;
	FRESH_64
	handled = 1;
}

/* A handler that learns places of its own, in a process that is learning others. */
static void signalled_early(void)
{
	struct sigaction action = { .sa_handler = protect_in_handler };
	unsigned wrong = 0;

	fresh_page = map(PAGE);
	sigaction(SIGALRM, &action, NULL);
	for (long i = 0; i < count; i++) {
		struct itimerval once = { .it_value = { 0, 200 + i * 37 % 4000 } };
		pid_t pid = fork();
		int status;

		if (!pid) {
			map_protect_and_unmap(1);
			setitimer(ITIMER_REAL, &once, NULL);
			FRESH_512
			while (!handled)
				;
			_exit(0);
		}
		waitpid(pid, &status, 0);
		wrong += status != 0;
	}
	dprintf(1, "children that died: %u\n", wrong);
}

/* exit() by one thread while others are inside calls, and map more behind the back of whoever reads the list. */
static void *never_end(void *unused)
{
	for (int i = 0;; i++) {
		map_protect_and_unmap(1);
		if (i < 8000 && mprotect(map(PAGE), PAGE, i % 2 ? PROT_READ : PROT_NONE))
			fail("mprotect");
	}
	return unused;
}

static void exit_amid_calls(void)
{
	/* A list that takes its time. */
	char *all = map(12000 * PAGE);

	for (int i = 0; i < 12000; i += 2)
		if (mprotect(all + i * PAGE, PAGE, PROT_READ))
			fail("mprotect");
	for (int i = 0; i < 4; i++)
		start_thread(NULL, never_end);
	map_protect_and_unmap(count);
	exit(5);
}

static pthread_t main_thread;

static void *end_process(void *unused)
{
	map_protect_and_unmap(10);
	pthread_join(main_thread, NULL);
	exit(6);
	return unused;
}

static void main_thread_leaves(void)
{
	main_thread = pthread_self();
	start_thread(NULL, end_process);
	pthread_exit(NULL);
}

/* --- jumps -------------------------------------------------------------------------------------------- */

static sigjmp_buf back;

static void jump(int signal)
{
	(void)signal;
	handled++;
	siglongjmp(back, 1);
}

/* Out of an interrupted wrapper or an interrupted handler's, on the alternate stack. */
static void jumps_from_handlers(void)
{
	static char stack[4 * HANDLER_STACK];
	const stack_t alternate = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction action = { .sa_handler = jump, .sa_flags = SA_ONSTACK };
	struct sigaction slow = { .sa_handler = map_in_handler, .sa_flags = SA_ONSTACK };
	struct itimerval often = { { 0, 150 }, { 0, 150 } }, never = { 0 };
	struct itimerval other = { { 0, 400 }, { 0, 400 } };

	sigaltstack(&alternate, NULL);
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGVTALRM, &slow, NULL);
	handled = 1;
	sigsetjmp(back, 1);
	setitimer(ITIMER_REAL, &often, NULL);
	setitimer(ITIMER_VIRTUAL, &other, NULL);
	while (handled < count)
		map_protect_and_unmap(1);
	setitimer(ITIMER_REAL, &never, NULL);
	setitimer(ITIMER_VIRTUAL, &never, NULL);
	dprintf(1, "jumps done\n");
}

const struct act acts[] = {
	{ "small_alternate_stack", small_alternate_stack },
	{ "alternate_stack_above", alternate_stack_above },
	{ "interrupted", interrupted },
	{ "least_stacks", least_stacks },
	{ "thread_data_destructors", thread_data_destructors },
	{ "cancelled_early", cancelled_early },
	{ "signalled_early", signalled_early },
	{ "exit_amid_calls", exit_amid_calls },
	{ "main_thread_leaves", main_thread_leaves },
	{ "jumps_from_handlers", jumps_from_handlers },
	{ NULL, NULL },
};
