/*
 * confined.c: a program that is, or makes itself, less free: sandboxes, limits, another root, other rights. Prints
 * what came of it, without addresses, so that the output with and without the recorder can be compared.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "witness.h"

/* --- sandboxes and limits ----------------------------------------------------------------------------- */

/* A filter that kills for what the program below does not do. */
static size_t make_filter(struct sock_filter *filter)
{
	static const unsigned killed[] = {
		SYS_openat,   SYS_gettid, SYS_getpid,    SYS_process_vm_readv, SYS_madvise,
		SYS_readlink, SYS_fstat,  SYS_ftruncate, SYS_rt_sigprocmask
	};
	const size_t number = offsetof(struct seccomp_data, nr);
	size_t used = 0;

	filter[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number);
	for (size_t i = 0; i < sizeof(killed) / sizeof(killed[0]); i++) {
		filter[used++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, killed[i], 0, 1);
		filter[used++] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	}
	filter[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	return used;
}

static void live_in_sandbox(void)
{
	char *page;
	pid_t pid;
	int fd;

	map_and_unmap(count);
	fd = memfd_create("sandboxed", 0);
	page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	munmap(page, PAGE);
	pid = _Fork();
	if (!pid) {
		map_and_unmap(count);
		_exit(3);
	}
	say_child("child", pid);
}

static void sandboxed(void)
{
	struct sock_filter filter[64];
	struct sock_fprog program = { (unsigned short)make_filter(filter), filter };

	witness_at_exit = !strcmp(operand, "none");
	map_and_unmap(count);
	errno = 0;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	say("filter that is none", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0));
	map_and_unmap(count);
	if (!strcmp(operand, "none"))
		return;
	say("filter", *operand ? syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)
	                       : prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0));
	live_in_sandbox();
}

/* What the loader and libc ask for between an exec and main, and /bin/true: any other call kills. */
static size_t make_narrow_filter(struct sock_filter *filter)
{
	static const unsigned allowed[] = {
		SYS_read,
		SYS_pread64,
		SYS_openat,
		SYS_close,
		SYS_access,
		SYS_newfstatat,
		SYS_fstat,
		SYS_mmap,
		SYS_munmap,
		SYS_mprotect,
		SYS_brk,
		SYS_execve,
		SYS_arch_prctl,
		SYS_prlimit64,
		SYS_set_tid_address,
		SYS_set_robust_list,
		SYS_rseq,
		SYS_getrandom,
		SYS_exit_group,
		SYS_write,
		SYS_futex,
	};
	const size_t number = offsetof(struct seccomp_data, nr);
	size_t used = 0;

	filter[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, number);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		filter[used++] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		filter[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	return used;
}

/* One that refuses a call which nobody makes, as a container's refuse theirs. */
static size_t make_harmless_filter(struct sock_filter *filter)
{
	const struct sock_filter harmless[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_acct, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	memcpy(filter, harmless, sizeof(harmless));
	return sizeof(harmless) / sizeof(harmless[0]);
}

/* The operand's words become the program that is executed under the filter. */
static void execute_under(size_t (*make)(struct sock_filter *))
{
	struct sock_filter filter[64];
	struct sock_fprog program = { (unsigned short)make(filter), filter };
	char *words = strdup(operand), *argv[16];
	size_t used = 0;

	witness_at_exit = 0;
	map_and_unmap(count);
	for (char *word = strtok(words, " "); word && used < 15; word = strtok(NULL, " "))
		argv[used++] = word;
	argv[used] = NULL;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0))
		fail("filter");
	execv(argv[0], argv);
	_exit(9);
}

static void narrow_exec(void)
{
	execute_under(make_narrow_filter);
}

static void harmless_exec(void)
{
	execute_under(make_harmless_filter);
}

/* Most of what RLIMIT_AS leaves. */
static void limited(void)
{
	errno = 0;
	say("mmap",
	    (long)mmap(NULL, (size_t)count << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

/* Another root, in which there is nothing, and no rights: what a child would need for a file is not to be had. */
static void other_root(void)
{
	pid_t pid;

	map_and_unmap(count);
	say("chroot", chroot(operand));
	say("chdir", chdir("/"));
	say("setresgid", setresgid(65534, 65534, 65534));
	say("setresuid", setresuid(65534, 65534, 65534));
	map_and_unmap(count);
	pid = fork();
	if (!pid) {
		map_and_unmap(count);
		_exit(3);
	}
	say_child("child", pid);
}

/* read, write, exit and sigreturn are all that is left; any other call kills. */
static void strict(void)
{
	static const char done[] = "still here\n";

	witness_at_exit = 0;
	map_and_unmap(count);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		abort();
	/* No system call, but a wrapper, from a place that nobody has called from. */
	if (sbrk(0) == (void *)-1)
		syscall(SYS_exit, 7);
	if (write(1, done, sizeof(done) - 1) < 0)
		abort();
	syscall(SYS_exit, 6);
}

static void calls(void)
{
	map_and_unmap(count);
}

const struct act acts[] = {
	{ "calls", calls },
	{ "sandboxed", sandboxed },
	{ "limited", limited },
	{ "other_root", other_root },
	{ "strict", strict },
	{ "narrow_exec", narrow_exec },
	{ "harmless_exec", harmless_exec },
	{ NULL, NULL },
};
