/*
 * small: calls from stacks so small, or so soon gone, that whoever walks them must neither need much nor look
 * where nothing is. Each time the frames differ, so that each time there is something to walk.
 *
 *     small alternate|context|thread|unmapped|measure TIMES
 *
 * measure: what one call needs of a stack, which must not be more than STACK_NEEDED.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { PAGE = 4096, STACK_NEEDED = 2048, UNTOUCHED = 0xa5 };

static long done;

static void *map(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	return at;
}

/* Another sp and other words each time. */
__attribute__((noinline)) static void call(long number)
{
	volatile char *room = __builtin_alloca((size_t)(16 * (1 + number % 8)));

	room[0] = (char)number;
	munmap(map(PAGE), PAGE);
	done++;
}

static void on_signal(int number)
{
	(void)number;
	call(done);
}

/* The last byte of the stack is the last of its mapping, and below it nothing can be written. */
static char *map_stack(size_t bytes)
{
	char *at = map(2 * PAGE + bytes);

	if (mprotect(at, PAGE, PROT_NONE) || mprotect(at + PAGE + bytes, PAGE, PROT_NONE))
		abort();
	return at + PAGE;
}

static void alternate(long times)
{
	stack_t stack = { .ss_sp = map_stack(8192), .ss_size = 8192 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };

	if (sigaltstack(&stack, NULL)) {
		printf("skipped: the kernel wants more than 8 KiB for an alternate stack\n");
		exit(77);
	}
	sigaction(SIGUSR1, &action, NULL);
	for (long i = 0; i < times; i++)
		raise(SIGUSR1);
}

static ucontext_t outside, inside;

static void body(void)
{
	for (;;) {
		call(done);
		swapcontext(&inside, &outside);
	}
}

static void context(long times)
{
	char *stack = map_stack(PAGE);

	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = PAGE;
	makecontext(&inside, body, 0);
	for (long i = 0; i < times; i++)
		swapcontext(&outside, &inside);
}

static void *run_thread(void *argument)
{
	call((long)argument);
	return NULL;
}

static void thread(long times)
{
	pthread_attr_t attributes;
	pthread_t one;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN));
	for (long i = 0; i < times; i++) {
		if (pthread_create(&one, &attributes, run_thread, (void *)i))
			abort();
		pthread_join(one, NULL);
	}
}

static void call_once(void)
{
	call(done);
}

static void unmapped_once(size_t bytes)
{
	char *stack = map(bytes);

	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = 4 * PAGE;
	inside.uc_link = &outside;
	makecontext(&inside, call_once, 0);
	swapcontext(&outside, &inside);
	if (munmap(stack, bytes))
		abort();
}

/* Stacks of two sizes by turns, so that what was above sp the last time may be nothing now. */
static void unmapped(long times)
{
	for (long i = 0; i < times; i++)
		unmapped_once((size_t)(4 + i % 2 * 4) * PAGE);
}

/* Functions are bound by now, which takes a stack for itself; what walks the stack has still to learn. */
static int measure_once(void)
{
	enum { BYTES = 4 * PAGE };
	unsigned char *stack = memset(map(BYTES), UNTOUCHED, BYTES);
	int untouched = 0;

	getcontext(&inside);
	inside.uc_stack.ss_sp = stack;
	inside.uc_stack.ss_size = BYTES;
	inside.uc_link = &outside;
	makecontext(&inside, call_once, 0);
	swapcontext(&outside, &inside);
	while (stack[untouched] == UNTOUCHED)
		untouched++;
	munmap(stack, BYTES);
	return BYTES - untouched;
}

static void measure(long times)
{
	for (long i = 0; i < times; i++) {
		int used = measure_once();

		if (i < 2)
			printf("%s call: %d bytes of stack\n", i ? "second" : "first", used);
		if (used > STACK_NEEDED) {
			printf("call %ld: %d bytes of stack, expected %d at most\n", i + 1, used,
			       STACK_NEEDED);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(long times);
	} act[] = {
		{ "alternate", alternate }, { "context", context }, { "thread", thread },
		{ "unmapped", unmapped },   { "measure", measure },
	};
	long times = argc > 2 ? atol(argv[2]) : 0;

	for (size_t i = 0; i < sizeof(act) / sizeof(*act) && argc > 2; i++) {
		if (!strcmp(argv[1], act[i].name)) {
			act[i].run(times);
			printf("%s: %ld calls\n", argv[1], done);
			return done == times ? 0 : 1;
		}
	}
	return 2;
}
