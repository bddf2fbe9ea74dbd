/*
 * walk: what the recorder's walk over a stack costs by itself, beside libunwind's, for a stack of 16 frames
 * that was walked before. Nanoseconds, median of many short rounds.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "deep.h"
#include "frames.h"
#include "memo.h"
#include "modules.h"
#include "recipes.h"
#include "recorder.h"
#include "unwind.h"

enum { FRAMES = 16, ROUNDS = 501, WALKS = 200 };

static int (*backtrace_of_libunwind)(void **pcs, int depth);
static uint64_t stack_end;

/* In the recorder it marks what libunwind calls while it learns as the recorder's own. */
void recorder_own_calls(int change)
{
	(void)change;
}

void modules_note(uint64_t pc)
{
	(void)pc;
}

bool modules_stay(uint64_t pc)
{
	(void)pc;
	return true;
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int ascending(const void *left, const void *right)
{
	const double *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

#define CALLER                                                                                     \
	((struct frame_registers) {                                                                \
		.pc = (uint64_t)__builtin_return_address(0),                                       \
		.sp = (uint64_t)__builtin_frame_address(0) + 16,                                   \
		.bp = *(uint64_t *)__builtin_frame_address(0),                                     \
	})

__attribute__((noinline)) static size_t by_recipes(uint64_t *pcs)
{
	static struct unwind_walk walk;
	struct frame_registers at = CALLER;

	(void)pcs;
	unwind_stack(&at, VMAT_STACK_CFI, FRAMES, &walk);
	return walk.frames;
}

/* As the recorder asks: what has been walked from here is known again. */
__attribute__((noinline)) static size_t by_memo(uint64_t *pcs)
{
	struct memo_key key = { .at = CALLER,
		                .thread = frames_thread_pointer(),
		                .epoch = recipes_epoch() };
	struct memo_stack stack;
	struct memo *memo;

	(void)pcs;
	if (memo_find(&key, &stack))
		return stack.id;
	memo = memo_take(&key, true);
	unwind_stack(&key.at, VMAT_STACK_CFI, FRAMES, memo_walk(memo));
	stack = (struct memo_stack) { .id = memo_walk(memo)->frames };
	memo_fill(memo, &key, &stack);
	return 0;
}

/* The least there can be: two loads a frame, checked against the end of the stack. */
__attribute__((noinline)) static size_t by_frame_pointer(uint64_t *pcs)
{
	const uint64_t *frame = __builtin_frame_address(0);
	const uint64_t *next;
	size_t count = 0;

	while (count < FRAMES) {
		pcs[count++] = frame[1];
		next = (const uint64_t *)frame[0];
		if (next <= frame || (uint64_t)next > stack_end || (uint64_t)next % 8)
			break;
		frame = next;
	}
	return count;
}

__attribute__((noinline)) static size_t by_libunwind(uint64_t *pcs)
{
	void *found[FRAMES];
	int count = backtrace_of_libunwind ? backtrace_of_libunwind(found, FRAMES) : 0;

	memcpy(pcs, found, (size_t)count * sizeof(*pcs));
	return (size_t)count;
}

static void measure(void)
{
	static const struct {
		const char *name;
		size_t (*walk)(uint64_t *pcs);
	} way[] = {
		{ "recipes", by_recipes },
		{ "memo", by_memo },
		{ "frame pointers", by_frame_pointer },
		{ "unw_backtrace", by_libunwind },
	};

	for (size_t i = 0; i < sizeof(way) / sizeof(*way); i++) {
		uint64_t pcs[FRAMES];
		double round_ns[ROUNDS];
		size_t frames = 0;

		for (int round = 0; round < ROUNDS; round++) {
			double start = now_ns();

			for (int j = 0; j < WALKS; j++)
				frames = way[i].walk(pcs);
			round_ns[round] = (now_ns() - start) / WALKS;
		}
		qsort(round_ns, ROUNDS, sizeof(*round_ns), ascending);
		printf("%-16s %2zu frames  %7.1f ns, least %7.1f\n", way[i].name, frames,
		       round_ns[ROUNDS / 2], round_ns[0]);
	}
}

int main(void)
{
	void *memory = mmap(NULL, unwind_memory_bytes(), PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	/* A mapping's end above every frame here; exact enough, as nothing goes wrong. */
	stack_end = (uint64_t)__builtin_frame_address(0) + 65536;
	unwind_init(memory, stack_end);
	memo_init(mmap(NULL, memo_memory_bytes(), PROT_READ | PROT_WRITE,
	               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	if (!unwind_load())
		return 77;
	if (library)
		*(void **)&backtrace_of_libunwind = dlsym(library, "unw_backtrace");
	deep(FRAMES, measure);
	return 0;
}
