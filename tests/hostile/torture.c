/*
 * torture: everything at once, for a while. Workers map, allocate, load plug-ins and start threads with the
 * least of stacks; a timer interrupts them on alternate stacks of 8 KiB, where the handler maps too; one
 * thread is thrown out of its calls by siglongjmp, others are cancelled in theirs; children are forked in the
 * midst of it, and theirs run programs.
 *
 *     torture SEED MILLISECONDS PLUGIN
 *
 * Whoever may lose its place in a call for ever (a jump, an asynchronous cancellation) makes only calls that
 * change nothing: what came of the others is no secret, so `verify` can hold all traces to account.
 */
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, WORKERS = 4, SLOTS = 32, HANDLER_STACK = 8192 };

static const char *plugin;
static volatile sig_atomic_t over, is_child;

struct worker {
	uint64_t random;
	void *block[SLOTS];
	char *range[SLOTS];
	size_t bytes[SLOTS];
	void *loaded;
	pthread_t thread;
};

static _Noreturn void fail(const char *what)
{
	dprintf(2, "torture: %s: %s\n", what, strerror(errno));
	abort();
}

static uint64_t draw(struct worker *worker, uint64_t limit)
{
	worker->random ^= worker->random << 13;
	worker->random ^= worker->random >> 7;
	worker->random ^= worker->random << 17;
	return worker->random % limit;
}

/* --- what the workers do ------------------------------------------------------------------------------ */

static void use_heap(struct worker *worker)
{
	size_t i = draw(worker, SLOTS), bytes = 1 + draw(worker, draw(worker, 3) ? 3000 : 400000);

	free(worker->block[i]);
	worker->block[i] = malloc(bytes);
	if (!worker->block[i])
		fail("malloc");
	memset(worker->block[i], 1, bytes < PAGE ? bytes : PAGE);
}

static void use_map(struct worker *worker)
{
	size_t i = draw(worker, SLOTS);
	char *at;

	if (worker->range[i] && munmap(worker->range[i], worker->bytes[i]))
		fail("munmap");
	worker->bytes[i] = PAGE * (1 + draw(worker, 20));
	at = mmap(NULL, worker->bytes[i], PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	          0);
	if (at == MAP_FAILED)
		fail("mmap");
	at[0] = at[worker->bytes[i] - 1] = 1;
	worker->range[i] = at;
}

static void change_map(struct worker *worker)
{
	size_t i = draw(worker, SLOTS), bytes = PAGE * (1 + draw(worker, 20));
	char *at = worker->range[i];

	if (!at)
		return;
	if (mprotect(at, PAGE, PROT_NONE) || madvise(at, PAGE, MADV_DONTNEED) ||
	    mprotect(at, PAGE, PROT_READ | PROT_WRITE))
		fail("mprotect");
	at = mremap(at, worker->bytes[i], bytes, MREMAP_MAYMOVE);
	if (at == MAP_FAILED)
		fail("mremap");
	worker->range[i] = at;
	worker->bytes[i] = bytes;
}

static void use_plugin(struct worker *worker)
{
	/* A fork in the middle of another thread's dlopen leaves the loader as it was then. */
	if (is_child)
		return;
	if (worker->loaded)
		dlclose(worker->loaded);
	worker->loaded = worker->loaded ? NULL : dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
}

static void *map_a_little(void *unused)
{
	for (int i = 0; i < 5; i++) {
		char *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED || munmap(at, PAGE))
			fail("mmap in a thread");
		free(malloc(1000));
	}
	return unused;
}

static void use_small_thread(struct worker *worker)
{
	pthread_attr_t least;
	pthread_t thread;

	(void)worker;
	pthread_attr_init(&least);
	pthread_attr_setstacksize(&least, (size_t)PTHREAD_STACK_MIN);
	errno = pthread_create(&thread, &least, map_a_little, NULL);
	if (errno || pthread_join(thread, NULL))
		fail("pthread_create");
	pthread_attr_destroy(&least);
}

static void step(struct worker *worker)
{
	static void (*const acts[])(struct worker *) = {
		use_heap,   use_heap,   use_heap,   use_map,          use_map,    use_map,
		change_map, change_map, use_plugin, use_small_thread, change_map,
	};

	acts[draw(worker, sizeof(acts) / sizeof(acts[0]))](worker);
}

static void map_in_handler(int signal)
{
	int saved = errno;

	(void)signal;
	for (int i = 0; i < 2; i++) {
		char *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (at == MAP_FAILED || munmap(at, PAGE))
			fail("mmap in a handler");
	}
	errno = saved;
}

static void *work(void *argument)
{
	char *stack = mmap(NULL, HANDLER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                   -1, 0);
	const stack_t own = { .ss_sp = stack, .ss_size = HANDLER_STACK },
		      none = { .ss_flags = SS_DISABLE };

	if (stack == MAP_FAILED || sigaltstack(&own, NULL))
		fail("sigaltstack");
	while (!over)
		step(argument);
	if (sigaltstack(&none, NULL) || munmap(stack, HANDLER_STACK))
		fail("sigaltstack");
	return NULL;
}

/* --- those that lose their place ---------------------------------------------------------------------- */

static char *quiet; /* a page that stays as it is */

static void change_nothing(void)
{
	if (mprotect(quiet, PAGE, PROT_READ) || madvise(quiet, PAGE, MADV_NORMAL))
		fail("mprotect");
	if (!munmap(quiet + 1, PAGE) ||
	    mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		fail("a call that cannot succeed");
}

static sigjmp_buf back;
static volatile sig_atomic_t may_jump;

static void jump(int signal)
{
	(void)signal;
	if (may_jump)
		siglongjmp(back, 1);
}

static void *be_thrown(void *unused)
{
	sigsetjmp(back, 1);
	may_jump = 1;
	while (!over)
		change_nothing();
	may_jump = 0;
	return unused;
}

static void *be_cancelled(void *unused)
{
	int old;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	for (;;)
		change_nothing();
	return unused;
}

static void cancel_one(unsigned after_usec)
{
	pthread_t thread;
	void *how;

	errno = pthread_create(&thread, NULL, be_cancelled, NULL);
	if (errno)
		fail("pthread_create");
	usleep(after_usec);
	pthread_cancel(thread);
	errno = pthread_join(thread, &how);
	if (errno || how != PTHREAD_CANCELED)
		fail("cancel");
}

/* --- children ----------------------------------------------------------------------------------------- */

static void expect_end(pid_t pid, int expected)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		fail("waitpid");
	if (status != expected << 8) {
		errno = 0;
		dprintf(2, "torture: a child ended with %#x\n", (unsigned)status);
		fail("child");
	}
}

static void have_child(struct worker *self, int generation)
{
	unsigned kind = (unsigned)draw(self, 4);
	pid_t pid = kind == 0 ? vfork() : kind == 1 ? _Fork() : fork();

	if (pid) {
		expect_end(pid, kind == 0 ? 1 : 7);
		return;
	}
	if (kind == 0) {
		execl("/bin/false", "false", (char *)NULL);
		_exit(9);
	}
	is_child = 1;
	/* Only this thread is left; what another one had in hand, a lock of malloc's too, only fork() minds. */
	for (unsigned i = 0; i < 20; i++) {
		if (kind == 1)
			map_a_little(NULL);
		else
			step(self);
	}
	if (generation < 2 && kind != 1)
		have_child(self, generation + 1);
	_exit(7);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void set_handler(int signal, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART | flags };

	if (sigaction(signal, &action, NULL))
		fail("sigaction");
}

int main(int argc, char **argv)
{
	static struct worker workers[WORKERS + 1];
	struct worker *self = &workers[WORKERS];
	const struct itimerval every = { { 0, 1100 }, { 0, 1100 } }, never = { 0 };
	sigset_t alarm;
	pthread_t thrown;
	uint64_t end;

	if (argc != 4)
		return 2;
	plugin = argv[3];
	quiet = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	set_handler(SIGALRM, map_in_handler, SA_ONSTACK);
	set_handler(SIGUSR1, jump, 0);
	end = now_ms() + strtoull(argv[2], NULL, 10);
	for (unsigned i = 0; i <= WORKERS; i++)
		workers[i].random = (strtoull(argv[1], NULL, 10) + i) * 0x9e3779b97f4a7c15ull | 1;
	/* The timer is for the workers. */
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	for (unsigned i = 0; i < WORKERS; i++) {
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			fail("pthread_create");
	}
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	if (pthread_create(&thrown, NULL, be_thrown, NULL))
		fail("pthread_create");
	setitimer(ITIMER_REAL, &every, NULL);
	while (now_ms() < end) {
		for (unsigned i = 0; i < 5; i++) {
			pthread_kill(thrown, SIGUSR1);
			step(self);
			cancel_one((unsigned)draw(self, 2000));
		}
		have_child(self, 0);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	over = 1;
	for (unsigned i = 0; i < WORKERS; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_join(thrown, NULL);
	puts("all well");
	return 0;
}
