/*
 * unwind_rules: see the header.
 */
#include "unwind_rules.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cfi.h"
#include "frames.h"
#include "modules.h"
#include "recorder.h"
#include "recipes.h"
#include "unwind.h"
#include "unwind_judge.h"

int rules_failed;
static char *memory;
static _Atomic long modules_noted;

/* In the recorder it marks what libunwind calls while it learns as the recorder's own. */
void recorder_own_calls(int change)
{
	(void)change;
}

/* The recorder's, counted. */
void modules_note(uint64_t pc)
{
	(void)pc;
	modules_noted++;
}

bool modules_stay(uint64_t pc)
{
	(void)pc;
	return false;
}

void check(bool holds, const char *what, ...)
{
	va_list arguments;

	va_start(arguments, what);
	printf("%s ", holds ? "ok    " : "FAILED");
	vprintf(what, arguments);
	printf("\n");
	va_end(arguments);
	rules_failed += !holds;
}

static uint64_t main_stack_end(void)
{
	unsigned long start, end = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");

	while (maps && fgets(line, sizeof(line), maps)) {
		if (strstr(line, "[stack]") && sscanf(line, "%lx-%lx", &start, &end) == 2)
			break;
	}
	if (maps)
		fclose(maps);
	return end;
}

void rules_forget(void)
{
	memset(memory, 0, unwind_memory_bytes());
	memo_rules_forget();
	unwind_init(memory, main_stack_end());
}

static int descriptors(char *list, size_t bytes)
{
	int count = 0;

	*list = '\0';
	for (int fd = 0; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(list + strlen(list), bytes - strlen(list), " %d", fd);
		count++;
	}
	return count;
}

void rules_of_loading(void)
{
	char before[4096], after[4096];
	int error = 0xbad;

	memory = mmap(NULL, unwind_memory_bytes(), PROT_READ | PROT_WRITE,
	              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memo_rules_begin();
	/* The next free numbers are not neighbours, and the program's own pipe must survive. */
	close(dup2(0, 40));
	dup2(0, 4);
	descriptors(before, sizeof(before));
	errno = error;
	unwind_init(memory, 0);
	check(!unwind_ready() && unwind_load() && unwind_ready(), "libunwind is loaded");
	check(errno == error, "errno is kept by loading");
	check(dlerror() == NULL, "no dlerror() is left behind");
	descriptors(after, sizeof(after));
	check(!strcmp(before, after), "descriptors before%s, after%s", before, after);
	close(4);
}

/* What only the recorder's walk needs: its handler on an alternate stack of the smallest size there is. */
static size_t frames_on_tiny_stack;
static char *handler_frame;

static void walk_on_tiny_stack(int number)
{
	struct frame_registers at = {
		.pc = (uint64_t)__builtin_return_address(0),
		.sp = (uint64_t)__builtin_frame_address(0) + 16,
		.bp = *(uint64_t *)__builtin_frame_address(0),
	};
	static struct unwind_walk walk;

	(void)number;
	handler_frame = __builtin_frame_address(0);
	unwind_stack(&at, VMAT_STACK_CFI, 64, &walk);
	frames_on_tiny_stack = walk.frames;
}

void rules_of_small_stacks(void)
{
	enum { STACK = 8192, GUARD = 4096, WALK_STACK_LIMIT = 2048 };
	char *used;
	char *stack = mmap(NULL, STACK + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	                   -1, 0);
	stack_t alternate = { .ss_sp = stack + GUARD, .ss_size = STACK };
	struct sigaction action = { .sa_handler = walk_on_tiny_stack, .sa_flags = SA_ONSTACK };

	mprotect(stack, GUARD, PROT_NONE);
	/* Nothing is known yet: all that the walk meets it must learn there. */
	rules_forget();
	if (sigaltstack(&alternate, NULL)) {
		printf("skip   the kernel wants more than 8 KiB for an alternate stack\n");
		return;
	}
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR2);
	check(frames_on_tiny_stack >= 7, "%zu frames learnt on an alternate stack of 8 KiB",
	      frames_on_tiny_stack);
	for (used = stack + GUARD; used < handler_frame && *used == 0;)
		used++;
	check(handler_frame - used < WALK_STACK_LIMIT, "the walk, learning, used %td bytes of it",
	      handler_frame - used);
	alternate.ss_flags = SS_DISABLE;
	sigaltstack(&alternate, NULL);
}

/*
 * What is in rbp when code that unwind information is right about, but for that, calls back: any number. A walk that
 * believed it would read at the ends of the address space. The caller's frame has a CFA of rbp + 16, as this file's
 * all have.
 */
static __attribute__((noinline)) bool bears(uint64_t bp)
{
	static struct unwind_walk walk;
	/* The second frame's: this one's own rbp leads to it. */
	uint64_t frame[2] = { bp, (uint64_t)__builtin_return_address(0) };
	struct frame_registers at = {
		.pc = (uint64_t)__builtin_return_address(0),
		.sp = (uint64_t)__builtin_frame_address(0) + 16,
		.bp = bp,
	};
	bool holds;

	unwind_stack(&at, VMAT_STACK_CFI, 64, &walk);
	holds = walk.flags & VMAT_EVENT_STACK_TRUNCATED && walk.frames >= 1 && walk.frames <= 64;
	at.sp = (uint64_t)frame - 16;
	at.bp = (uint64_t)frame;
	unwind_stack(&at, VMAT_STACK_CFI, 64, &walk);
	return holds && walk.frames >= 2;
}

static int bear_wrong_frame_pointers(void)
{
	static const uint64_t ends[] = { 0,          1ull << 31, 1ull << 32,
		                         1ull << 47, 1ull << 56, 1ull << 63 };
	int wrong = 0;

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		for (int64_t distance = -256; distance <= 256; distance += 8)
			wrong += !bears(ends[i] + (uint64_t)distance);
	}
	return wrong;
}

void rules_of_frame_pointers(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(bear_wrong_frame_pointers() != 0);
	waitpid(child, &status, 0);
	check(status == 0, "rbp is any number: status %#x", (unsigned)status);
}

/* Threads that all begin at once, on stacks that nobody has walked: who must wait for a recipe waits. */
enum { THREADS = 8, WALKS = 200 };
static pthread_barrier_t barrier;

static __attribute__((noinline)) void descend_together(struct judge_counts *counts, int depth)
{
	if (depth == 0)
		judge_here(counts);
	else
		descend_together(counts, depth - 1);
	__asm__ volatile("" : : "r"(counts) : "memory");
}

static void *walk_together(void *argument)
{
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < WALKS; i++)
		descend_together(argument, i % 16);
	return NULL;
}

void rules_of_threads(void)
{
	struct judge_counts counts[THREADS] = { 0 };
	pthread_t thread[THREADS];
	long different = 0;
	long truncated = 0;

	rules_forget();
	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, walk_together, &counts[i]);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		different += counts[i].different;
		truncated += counts[i].truncated;
	}
	check(different == 0, "threads learning at once: %d stacks, truncated %ld, different %ld",
	      THREADS * WALKS, truncated, different);
}

/* The code of libc, which has more addresses than the table has places. */
static int find_code(struct dl_phdr_info *info, size_t bytes, void *context)
{
	uint64_t *range = context;

	(void)bytes;
	if (!strstr(info->dlpi_name, "libc.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		if (info->dlpi_phdr[i].p_type == PT_LOAD && info->dlpi_phdr[i].p_flags & PF_X) {
			range[0] = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
			range[1] = range[0] + info->dlpi_phdr[i].p_memsz;
		}
	}
	return 1;
}

static int count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int lines = 0;
	int c;

	while (maps && (c = getc(maps)) != EOF)
		lines += c == '\n';
	if (maps)
		fclose(maps);
	return lines;
}

void rules_of_a_full_table(void)
{
	struct recipe_entry *table = (void *)memory;
	enum { LEARNT = RECIPE_LIMIT * 2 };
	uint64_t range[2] = { 0, 0 };
	struct timespec begin, end;
	int mappings = count_mappings();
	long wrong = 0;
	double ns;

	dl_iterate_phdr(find_code, range);
	rules_forget();
	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (uint64_t i = 0; i < LEARNT && range[0]; i++) {
		uint64_t key = recipe_key(range[0] + i * ((range[1] - range[0]) / LEARNT), true);
		struct recipe learnt = recipes_learn(key);
		struct recipe found = recipes_find(table, key);

		wrong += learnt.kind == RECIPE_UNKNOWN || memcmp(&learnt, &found, sizeof(found));
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	ns = (double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec);
	check(range[0] && wrong == 0,
	      "%d pcs learnt in a table of %d, %ld not found again, %.0f ns each", LEARNT,
	      RECIPE_ENTRIES, wrong, ns / LEARNT);
	check(count_mappings() == mappings, "mappings before %d, after %d", mappings,
	      count_mappings());
}

/* A plugin's function in a copy of it, which the loader takes for another one, by its name; 0: none. */
static uint64_t function_of_copy(int plugin, int copy)
{
	char path[64];
	void *library;
	off_t from = 0;

	while (sendfile(copy, plugin, &from, 1 << 20) > 0)
		;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", copy);
	library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
	return library ? (uint64_t)dlsym(library, "plugin_call_lazily") : 0;
}

static bool is_learnt(uint64_t pc)
{
	return recipes_find((void *)memory, recipe_key(pc, true)).kind != RECIPE_UNKNOWN;
}

static void learn_in_each(const uint64_t *function, int count, int distance)
{
	for (int i = 0; i < count; i++)
		recipes_learn(recipe_key(function[i] + (uint64_t)distance, true));
}

/* More objects than are kept count of: none of those left out may be taken for what lies there later. */
void rules_of_many_objects(const char *path)
{
	enum { COPIES = 300 };
	uint64_t function[COPIES] = { 0 };
	int copy[COPIES];
	int plugin = open(path, O_RDONLY);
	struct dl_find_object first;
	bool all = plugin >= 0;

	for (int i = 0; i < COPIES && all; i++) {
		copy[i] = memfd_create("plugin", 0);
		function[i] = function_of_copy(plugin, copy[i]);
		all = function[i] != 0 && (i == 0 || function[i] != function[i - 1]);
	}
	close(plugin);
	for (int i = 0; i < COPIES && all; i++)
		close(copy[i]);
	check(all && cfi_object(function[0], &first), "%d objects are loaded", COPIES);
	if (!all)
		return;
	rules_forget();
	learn_in_each(function, COPIES, 0);
	check(is_learnt(function[0]), "what was learnt in the first of many stays");
	learn_in_each(function, 1, 1);
	check(!is_learnt(function[0]) && is_learnt(function[0] + 1),
	      "an object that is met as if for the first time may be another one");
	learn_in_each(function, COPIES, 2);
	recipes_forget((uint64_t)first.dlfo_map_start, (uint64_t)first.dlfo_map_end);
	check(!is_learnt(function[0] + 1) && !is_learnt(function[0] + 2),
	      "the first of many is forgotten when it goes");
}

/* Forks while another thread is in the unwinder: the child may know less, and must not wait for ever. */
static _Atomic bool learning;
static uint64_t code[2];

static void *learn_on_and_on(void *argument)
{
	(void)argument;
	for (uint64_t at = code[0]; learning; at = at + 1 < code[1] ? at + 1 : code[0])
		recipes_learn(recipe_key(at, true));
	return NULL;
}

static __attribute__((noinline)) int child_walks(void)
{
	struct judge_counts counts = { 0 };

	rules_forget();
	unwind_begin_anew();
	if (!recipes_usable())
		return 1;
	descend_together(&counts, 5);
	return counts.different || counts.truncated ? 2 : 0;
}

void rules_of_fork(void)
{
	enum { FORKS = 300 };
	int ended[4] = { 0 }; /* as it should, gave up learning, wrong, killed */
	pthread_t thread;
	int status;

	dl_iterate_phdr(find_code, code);
	learning = true;
	pthread_create(&thread, NULL, learn_on_and_on, NULL);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0) {
			alarm(10);
			_exit(child_walks());
		}
		if (waitpid(child, &status, 0) == child)
			ended[WIFEXITED(status) ? WEXITSTATUS(status) & 3 : 3]++;
	}
	learning = false;
	pthread_join(thread, NULL);
	check(ended[0] == FORKS,
	      "%d forks while a thread learnt: %d children learn, %d gave up, %d wrong, %d hung",
	      FORKS, ended[0], ended[1], ended[2], ended[3]);
}

void rules_of_learning(void)
{
	const struct cfi_desk *desk =
		(const void *)(memory + unwind_memory_bytes() - sizeof(struct cfi_desk));
	size_t untouched = 0;

	while (untouched < CFI_STACK_BYTES && desk->stack[untouched] == 0)
		untouched++;
	check(CFI_STACK_BYTES - untouched <= CFI_STACK_MEASURED && untouched < CFI_STACK_BYTES,
	      "learning used %zu bytes of its own stack", CFI_STACK_BYTES - untouched);
	check(judge_heap_calls == 0, "heap functions called by the walk: %ld", judge_heap_calls);
	check(modules_noted > 100, "pcs noted with modules_note(): %ld", (long)modules_noted);
}
