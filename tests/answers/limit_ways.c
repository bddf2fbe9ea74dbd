/* limit_ways: twelve ways lead to the same call that finds no memory. */
#include <sys/resource.h>

#include "answers.h"

static int too_much(void)
{
	void *memory = mmap(NULL, 1ul << 40, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0); /* guilty */

	return memory == MAP_FAILED;
}

static int once(void)
{
	return too_much() + 0;
}

static int again(void)
{
	return once() + 0;
}

int main(void)
{
	struct rlimit limit = { 1 << 30, 1 << 30 };
	int failed = 0;

	if (setrlimit(RLIMIT_AS, &limit))
		return 77;
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	failed += again();
	return failed == 12 ? 3 : 1;
}
