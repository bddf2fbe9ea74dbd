/*
 * confined: pairs from stacks that were walked before, under a filter that kills for every system call but the
 * pair's own and the exit. The filter is set without libc, so that nobody can prepare for it.
 *
 *     confined WARM PAIRS
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static volatile long sink;

static void pair(void)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page, 4096))
		abort();
}

__attribute__((noinline)) static void left(int depth);

__attribute__((noinline)) static void right(int depth)
{
	volatile char room[100];

	room[depth] = 1;
	if (depth == 0)
		pair();
	else
		left(depth - 1);
	sink += room[depth];
}

static void left(int depth)
{
	if (depth == 0)
		pair();
	else
		right(depth - 1);
	sink++;
}

__attribute__((noinline)) static void pair_lower(long number)
{
	volatile char *room = __builtin_alloca((size_t)(16 * (1 + number % 500)));

	room[0] = 1;
	(number & 1 ? left : right)((int)(number % 20));
	sink += room[0];
}

/* More stacks than there are memos, so that some are walked each time. */
static void pairs(long count)
{
	for (long i = 0; i < count; i++)
		pair_lower(i);
}

static long raw(long number, long a, long b, long c)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long result;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
	                 : "rcx", "r11", "memory");
	return result;
}

#define ALLOW(number)                                                                              \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),                                         \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_mmap),
		ALLOW(SYS_munmap),
		ALLOW(SYS_exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(*filter), filter };

	if (argc < 3)
		return 2;
	/* From one place in main(), for its address is learnt too. */
	for (volatile int round = 1; round <= 2; round++) {
		pairs(atol(argv[round]));
		if (round == 2)
			raw(SYS_exit_group, 0, 0, 0);
		raw(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0);
		if (raw(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, (long)&program))
			return 77;
	}
	return 1;
}
