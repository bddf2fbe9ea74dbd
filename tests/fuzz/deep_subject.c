/*
 * deep_subject.c: code whose every instruction lies in nine inlined calls: for traces whose stacks are short and whose frames are many. Never run.
 */
#include <stdlib.h>

static volatile unsigned seed;

#define LEVEL(name, inner)                                                                         \
	static inline __attribute__((always_inline)) unsigned name(unsigned x)                     \
	{                                                                                          \
		x = inner(x * 3 + seed);                                                           \
		return inner(x ^ seed) + x;                                                        \
	}

static inline __attribute__((always_inline)) unsigned innermost_call(unsigned x)
{
	return x * 5 + seed;
}

LEVEL(eighth_level_of_nine, innermost_call)
LEVEL(seventh_level_of_nine, eighth_level_of_nine)
LEVEL(sixth_level_of_nine, seventh_level_of_nine)
LEVEL(fifth_level_of_nine, sixth_level_of_nine)
LEVEL(fourth_level_of_nine, fifth_level_of_nine)
LEVEL(third_level_of_nine, fourth_level_of_nine)
LEVEL(second_level_of_nine, third_level_of_nine)
LEVEL(first_level_of_nine, second_level_of_nine)

int main(int argc, char **argv)
{
	(void)argv;
	return first_level_of_nine((unsigned)argc) ? EXIT_SUCCESS : EXIT_FAILURE;
}
