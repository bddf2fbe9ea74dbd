/*
 * limit_later: limits that the program sets itself while it runs, and takes back, and that nobody saw before: the
 * header of its trace has other ones.
 */
#include <errno.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "answers.h"

static void limit(int resource, rlim_t bytes)
{
	const struct rlimit limit = { bytes, RLIM_INFINITY };

	/* Not by libc's function: no wrapper would see it. */
	if (syscall(SYS_prlimit64, 0, resource, &limit, NULL) != 0)
		exit(77);
}

static char *too_much(void)
{
	return mmap(NULL, 1 << 30, PROT_READ, ANONYMOUS, -1, 0); /* guilty */
}

static char *data_new(void)
{
	return mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0); /* data */
}

static char *more(void)
{
	return mmap(NULL, 2ul << 30, PROT_READ, ANONYMOUS, -1, 0); /* more */
}

int main(void)
{
	limit(RLIMIT_AS, 800u << 20);
	if (too_much() != MAP_FAILED || errno != ENOMEM)
		return 10;
	limit(RLIMIT_AS, RLIM_INFINITY);
	limit(RLIMIT_DATA, 64u << 20);
	if (data_new() != MAP_FAILED || errno != ENOMEM)
		return 11;
	limit(RLIMIT_DATA, RLIM_INFINITY);
	limit(RLIMIT_AS, 1600u << 20);
	if (too_much() == MAP_FAILED || more() != MAP_FAILED)
		return 12;
	limit(RLIMIT_AS, RLIM_INFINITY);
	return 3;
}
