/*
 * deep: see the header. Three functions that call each other, with frames of different kinds: the usual
 * one, one with an array, one that saves registers.
 */
#include "deep.h"

#include <stdint.h>
#include <string.h>

static volatile uint64_t sink;

__attribute__((noinline)) static void with_array(int frames, void (*body)(void));
__attribute__((noinline)) static void with_registers(int frames, void (*body)(void));

__attribute__((noinline)) static void usual(int frames, void (*body)(void))
{
	if (frames <= 1)
		body();
	else
		with_array(frames - 1, body);
	sink++;
}

static void with_array(int frames, void (*body)(void))
{
	char bytes[120];

	memset(bytes, frames, sizeof(bytes));
	if (frames <= 1)
		body();
	else
		with_registers(frames - 1, body);
	sink += (uint64_t)bytes[frames & 63];
}

static void with_registers(int frames, void (*body)(void))
{
	uint64_t a = sink * 3, b = sink * 5, c = sink * 7, d = sink ^ (uint64_t)frames;

	if (frames <= 1)
		body();
	else
		usual(frames - 1, body);
	sink += (a ^ b) * (c ^ d);
}

void deep(int frames, void (*body)(void))
{
	if (frames > 0)
		usual(frames, body);
	else
		body();
	sink++;
}

typedef void numbered_fn(int frames, unsigned long number, void (*body)(void));

#define NUMBERS(EACH) EACH(0) EACH(1) EACH(2) EACH(3) EACH(4) EACH(5) EACH(6) EACH(7)

#define DECLARED(N) static numbered_fn number_##N;
NUMBERS(DECLARED)

/* Functions that do the same: their return addresses tell them apart. */
static inline __attribute__((always_inline)) void next(int frames, unsigned long number,
                                                       void (*body)(void))
{
#define LISTED(N) number_##N,
	static numbered_fn *const function[DEEP_NUMBERS] = { NUMBERS(LISTED) };

	if (frames <= 1)
		body();
	else
		function[number % DEEP_NUMBERS](frames - 1, number / DEEP_NUMBERS, body);
	sink++;
}

#define DEFINED(N)                                                                                 \
	__attribute__((noinline)) static void number_##N(int frames, unsigned long number,         \
	                                                 void (*body)(void))                       \
	{                                                                                          \
		next(frames, number, body);                                                        \
		sink += N;                                                                         \
	}
NUMBERS(DEFINED)

void deep_by_number(int frames, unsigned long number, void (*body)(void))
{
	next(frames + 1, number, body);
	sink++;
}
