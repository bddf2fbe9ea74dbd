/*
 * unwind_shapes: see the header. SHAPES names the table that this compilation gives.
 */
#include "unwind_shapes.h"

#include <alloca.h>
#include <search.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Keeps a value alive over the call, so that frames have something to save and no call is a jump. */
static volatile uint64_t sink;
#define KEEP(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

static void plain(int depth)
{
	descend(depth - 1);
	sink++;
}

static void array(int depth)
{
	char bytes[200];

	memset(bytes, depth, sizeof(bytes));
	descend(depth - 1);
	sink += (uint64_t)bytes[depth & 127];
}

static void large(int depth)
{
	char bytes[100000];

	bytes[depth] = 1;
	KEEP(bytes);
	descend(depth - 1);
	sink += (uint64_t)bytes[depth];
}

static void allocating(int depth)
{
	char *bytes = alloca((size_t)(64 + (depth & 7) * 24));

	memset(bytes, 1, 64);
	descend(depth - 1);
	sink += (uint64_t)bytes[3];
}

/* Aligning the stack while its size is not known makes the compiler keep the CFA in memory. */
static void aligning(int depth)
{
	uint64_t words[8] __attribute__((aligned(64)));
	char *bytes = alloca((size_t)(32 + depth * 8));

	memset(words, depth, sizeof(words));
	memset(bytes, depth, 32);
	KEEP(words);
	descend(depth - 1);
	sink += words[depth & 7] + (uint64_t)bytes[1];
}

static void registers(int depth)
{
	uint64_t a = sink * 3, b = sink * 5, c = sink * 7, d = sink ^ (uint64_t)depth;
	uint64_t e = sink * 11, f = sink + 13;

	descend(depth - 1);
	sink += (a ^ b) * (c ^ d) + (e ^ f);
	descend(0 - (depth > 1000));
	sink += a + b + c + d + e + f;
}

/* Arguments on the stack: pushes around the call, or a frame that has room for them. */
static __attribute__((noinline)) uint64_t many(uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                               uint64_t e, uint64_t f, uint64_t g, uint64_t h,
                                               int depth)
{
	descend(depth - 1);
	return a + b + c + d + e + f + g + h;
}

static void arguments(int depth)
{
	uint64_t v = sink;

	sink += many(v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7, depth);
}

/* Saves its registers only on the way that needs them. */
static void late(int depth)
{
	if (depth & 1) {
		descend(depth - 1);
		return;
	}
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			descend(depth - 1);
		sink += (uint64_t)i;
	}
}

/* Callbacks go down once, however often the library calls them. */
struct errand {
	int depth;
	int done;
};

static int compare(const void *left, const void *right)
{
	struct errand *errand = *(struct errand *const *)left;

	(void)right;
	if (!errand->done) {
		errand->done = 1;
		descend(errand->depth - 1);
	}
	return 0;
}

static void sorting(int depth)
{
	struct errand errand = { depth, 0 };
	struct errand *list[3] = { &errand, &errand, &errand };

	qsort(list, 3, sizeof(*list), compare);
}

static void searching(int depth)
{
	struct errand errand = { depth, 0 };
	struct errand *list[1] = { &errand };
	struct errand *key = &errand;

	sink += bsearch(&key, list, 1, sizeof(*list), compare) != NULL;
}

static int signal_depth;

static void on_signal(int number)
{
	(void)number;
	descend(signal_depth);
	sink++;
}

/* The handler may run in another optimization than the function it interrupts. */
static void signalling(int depth)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	sigaction(SIGUSR1, &action, NULL);
	signal_depth = depth - 1;
	raise(SIGUSR1);
	sink++;
}

/* A fault in mid-function: the interrupted pc is no return address. */
static void trapping(int depth)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	sigaction(SIGTRAP, &action, NULL);
	signal_depth = depth - 1;
	__asm__ volatile("int3" : : : "memory");
	sink++;
}

const struct shape SHAPES[] = {
	{ "plain", plain },
	{ "array", array },
	{ "large", large },
	{ "alloca", allocating },
	{ "aligned", aligning },
	{ "registers", registers },
	{ "arguments", arguments },
	{ "late", late },
	{ "qsort", sorting },
	{ "bsearch", searching },
	{ "signal", signalling },
	{ "trap", trapping },
	{ NULL, NULL },
};
