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
	if (write(1, done, sizeof(done) - 1) < 0)
		abort();
	syscall(SYS_exit, 6);
}

static void calls(void)
{
	map_and_unmap(count);
}

const struct act acts[] = {
	{ "calls", calls },           { "sandboxed", sandboxed }, { "limited", limited },
	{ "other_root", other_root }, { "strict", strict },       { NULL, NULL },
};
