/*
 * subject.c: something to look up: calls that are inlined several deep, into loops and branches, a function
 * whose parts lie apart, one that is copied for a constant, and one inside of another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static volatile int sink;

static inline __attribute__((always_inline)) int innermost(int value)
{
	printf("%d\n", value);
	return value + sink;
}

static inline __attribute__((always_inline)) int middle(int value, int times)
{
	int sum = 0;

	for (int i = 0; i < times; i++) {
		int part = innermost(value * i);

		if (part & 1)
			sum += innermost(part);
		else
			sum -= innermost(-part);
	}
	return sum;
}

static inline int outer(const char *text, int times)
{
	size_t length = strlen(text);

	return length > 3 ? middle((int)length, times) : middle(times, (int)length);
}

__attribute__((noinline)) static int copied(int value, int constant)
{
	puts("copied");
	return outer("abcd", value) * constant;
}

__attribute__((noinline)) static int unlikely(int value)
{
	if (__builtin_expect(value == 12345, 0)) {
		fprintf(stderr, "%d\n", middle(value, 2));
		abort();
	}
	return outer("ab", value);
}

int main(int argc, char **argv)
{
	int total = copied(argc, 7) + copied(argc + 1, 7) + unlikely(argc);

	for (int i = 0; i < argc; i++)
		total += outer(argv[i], i);
	return total == 0;
}
