/*
 * unwind_test: preload/unwind.c alone, linked into a program, over random stacks. Each comparison is by
 * unwind_judge.c; what the recorder must not do to a program is in unwind_rules.c.
 *
 *     unwind_test PLUGIN [STACKS [SEED]]
 */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "unwind.h"
#include "unwind_judge.h"
#include "unwind_rules.h"
#include "unwind_shapes.h"

static struct judge_counts counts;
static uint64_t random_state;

/* xorshift64 (Marsaglia 2003). */
static uint64_t random_word(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Names of shapes that descend() does not take now: on a small stack, or while SIGTRAP is in use. */
static const char *left_out[4];

static bool is_left_out(const char *name)
{
	for (size_t i = 0; i < sizeof(left_out) / sizeof(*left_out) && left_out[i]; i++) {
		if (!strcmp(name, left_out[i]))
			return true;
	}
	return false;
}

void descend(int depth)
{
	static const struct shape *const set[] = { shapes_unoptimized, shapes_optimized,
		                                   shapes_size };
	enum { SHAPES_IN_A_SET = 12 };
	const struct shape *shape;

	if (depth <= 0) {
		judge_here(&counts);
		return;
	}
	do
		shape = &set[random_word() % 3][random_word() % SHAPES_IN_A_SET];
	while (is_left_out(shape->name));
	shape->call(depth);
}

/* Runs one class of stacks; truncated ones are no error up to the given number. */
static void run_class(const char *name, void (*run)(long), long times, long may_truncate)
{
	memset(&counts, 0, sizeof(counts));
	run(times);
	check(counts.different == 0 && counts.forgotten == 0 && counts.truncated <= may_truncate &&
	              counts.stacks >= times,
	      "%-22s %6ld stacks, %5.1f frames each, deepest %3ld: equal %ld, equal to one judge "
	      "%ld, "
	      "truncated %ld, different %ld; remembered %ld, wrongly %ld",
	      name, counts.stacks, (double)counts.frames / (double)(counts.stacks + !counts.stacks),
	      counts.deepest, counts.equal, counts.judges, counts.truncated, counts.different,
	      counts.remembered, counts.forgotten);
}

static void run_main(long times)
{
	while (counts.stacks < times)
		descend(1 + (int)(random_word() % 24));
}

static void *thread_first(void *argument)
{
	judge_here(&counts);
	descend(argument ? 3 : 12);
	return NULL;
}

static void run_threads(long times)
{
	pthread_t thread;

	while (counts.stacks < times) {
		if (pthread_create(&thread, NULL, thread_first, NULL))
			return;
		pthread_join(thread, NULL);
	}
}

static void run_small_threads(long times)
{
	pthread_attr_t attributes;
	pthread_t thread;

	left_out[0] = "large";
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, (size_t)sysconf(_SC_THREAD_STACK_MIN) + 32768);
	while (counts.stacks < times) {
		if (pthread_create(&thread, &attributes, thread_first, &counts))
			return;
		pthread_join(thread, NULL);
	}
	left_out[0] = NULL;
}

static ucontext_t outside, coroutine;

static void coroutine_body(void)
{
	for (;;) {
		descend(1 + (int)(random_word() % 8));
		swapcontext(&coroutine, &outside);
	}
}

/* The stack ends where the mapping does: a read beyond it is a fault. */
static void run_coroutine(long times)
{
	enum { STACK = 2 << 20, GUARD = 1 << 16 };
	char *stack = mmap(NULL, STACK + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                   -1, 0);

	mprotect(stack + STACK, GUARD, PROT_NONE);
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = stack;
	coroutine.uc_stack.ss_size = STACK;
	makecontext(&coroutine, coroutine_body, 0);
	while (counts.stacks < times)
		swapcontext(&outside, &coroutine);
	munmap(stack, STACK + GUARD);
}

static void on_alternate_stack(int number)
{
	(void)number;
	judge_here(&counts);
}

static void raise_on_alternate_stack(int depth)
{
	if (depth > 0)
		raise_on_alternate_stack(depth - 1);
	else
		raise(SIGUSR2);
	__asm__ volatile("");
}

/* judge_here() itself wants more than 8 KiB; for the recorder alone see rules_of_small_stacks(). */
static void run_alternate_stack(long times)
{
	enum { STACK = 128 << 10 };
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t alternate = { .ss_sp = stack, .ss_size = STACK };
	struct sigaction action = { .sa_handler = on_alternate_stack, .sa_flags = SA_ONSTACK };

	sigaltstack(&alternate, NULL);
	sigaction(SIGUSR2, &action, NULL);
	while (counts.stacks < times)
		raise_on_alternate_stack((int)(random_word() % 16));
	alternate.ss_flags = SS_DISABLE;
	sigaltstack(&alternate, NULL);
	munmap(stack, STACK);
}

/* Every instruction of some code is a place where a signal may come in: prologues, PLT entries, all. */
enum { TRAP_FLAG = 0x100 };
static long steps_left;

static void on_step(int number, siginfo_t *information, void *context)
{
	greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;

	(void)number, (void)information;
	if (steps_left-- <= 0)
		registers[REG_EFL] &= ~TRAP_FLAG;
	else
		judge_here(&counts);
}

static int compare_words(const void *left, const void *right)
{
	return *(const int *)left - *(const int *)right;
}

static void code_to_step_through(void)
{
	char text[64];
	int words[8];

	for (int i = 0; i < 8; i++)
		words[i] = (int)(random_word() % 100);
	qsort(words, 8, sizeof(*words), compare_words);
	snprintf(text, sizeof(text), "%d %s %.3f", words[0], "text", words[1] / 3.0);
	free(malloc((size_t)words[2] + strlen(text)));
}

static void run_steps(long times)
{
	struct sigaction action = { .sa_sigaction = on_step, .sa_flags = SA_SIGINFO };

	sigaction(SIGTRAP, &action, NULL);
	steps_left = times;
	__asm__ volatile("pushfq\n\torl $0x100, (%%rsp)\n\tpopfq" : : : "memory", "cc");
	while (steps_left > 0)
		code_to_step_through();
}

static void *plugin;
static const char *plugin_path;

void plugin_called_back(void);
void plugin_called_back(void)
{
	judge_here(&counts);
}

static void run_constructor(long times)
{
	while (counts.stacks < times) {
		plugin = dlopen(plugin_path, RTLD_LAZY);
		if (!plugin)
			return;
		if (counts.stacks < times)
			dlclose(plugin);
	}
}

static void run_lazy_binding(long times)
{
	void (*call)(void) = NULL;

	(void)times;
	*(void **)&call = dlsym(plugin, "plugin_call_lazily");
	if (call)
		call();
}

static void test_fork_child(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		rules_failed = 0;
		rules_forget();
		run_class("fork child", run_main, 200, 0);
		fflush(stdout);
		_exit(rules_failed != 0);
	}
	waitpid(child, &status, 0);
	check(status == 0, "a fork child learns anew");
}

int main(int argc, char **argv)
{
	long stacks = argc > 2 ? atol(argv[2]) : 20000;

	setvbuf(stdout, NULL, _IOLBF, 0);
	plugin_path = argc > 1 ? argv[1] : "";
	random_state = argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)getpid() * 2654435761u;
	printf("seed 0x%lx\n", random_state);
	rules_of_loading();
	check(judge_load(), "libunwind judges beside libgcc");
	run_class("main, end unknown", run_main, 500, 0);
	rules_forget();
	rules_of_small_stacks();
	rules_of_frame_pointers();
	rules_of_threads();
	run_class("main thread", run_main, 5 * stacks, 0);
	run_class("threads", run_threads, stacks / 10, 0);
	run_class("threads, small stack", run_small_threads, stacks / 20, 0);
	run_class("coroutine", run_coroutine, stacks / 10, 0);
	run_class("alternate stack", run_alternate_stack, stacks / 10, 0);
	run_class("every instruction", run_steps, stacks / 4, 0);
	run_class("constructor", run_constructor, 50, 0);
	run_class("lazy binding", run_lazy_binding, 1, 0);
	rules_of_the_memo();
	rules_of_a_full_table();
	run_class("after a full table", run_main, 500, 0);
	rules_of_many_objects(plugin_path);
	test_fork_child();
	rules_of_fork();
	rules_of_learning();
	return rules_failed != 0;
}
