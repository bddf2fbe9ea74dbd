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
#include "modules.h"
#include "recorder.h"
#include "unwind.h"

enum { FRAMES = 16, ROUNDS = 101, WALKS = 2000 };

static int (*backtrace_of_libunwind)(void **pcs, int depth);

/* In the recorder it marks what libunwind calls while it learns as the recorder's own. */
void recorder_own_calls(int change)
{
	(void)change;
}

void modules_note(uint64_t pc)
{
	(void)pc;
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

static inline __attribute__((always_inline)) size_t walk(enum vmat_stack_mode mode, uint64_t *pcs)
{
	struct frame_registers at = {
		.pc = (uint64_t)__builtin_return_address(0),
		.sp = (uint64_t)__builtin_frame_address(0) + 16,
		.bp = *(uint64_t *)__builtin_frame_address(0),
	};
	uint16_t flags = 0;

	return unwind_stack(&at, mode, pcs, FRAMES, &flags);
}

__attribute__((noinline)) static size_t by_cfi(uint64_t *pcs)
{
	return walk(VMAT_STACK_CFI, pcs);
}

__attribute__((noinline)) static size_t by_frame_pointer(uint64_t *pcs)
{
	return walk(VMAT_STACK_FP, pcs);
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
		{ "recipes", by_cfi },
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
		printf("%-16s %2zu frames  %7.1f ns\n", way[i].name, frames, round_ns[ROUNDS / 2]);
	}
}

int main(void)
{
	void *memory = mmap(NULL, unwind_memory_bytes(), PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	/* A mapping's end above every frame here; exact enough, as nothing goes wrong. */
	unwind_init(memory, (uint64_t)__builtin_frame_address(0) + 65536);
	if (!unwind_load())
		return 77;
	if (library)
		*(void **)&backtrace_of_libunwind = dlsym(library, "unw_backtrace");
	deep(FRAMES, measure);
	return 0;
}
