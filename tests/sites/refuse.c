/*
 * refuse: runs a program where the kernel refuses what the site layer or the recorder would like to have.
 *
 *     refuse write|mdwe|gvisor PROGRAM [ARGUMENT ...]
 *
 * write: pwrite64 fails, as a security module fails it on /proc/self/mem. mdwe: no memory may become executable
 * that is or was writable (PR_SET_MDWE). gvisor: no write, and neither MADV_WIPEONFORK nor kcmp.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

enum { SKIPPED = 77 };

#define NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define THIRD BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]))
#define UNLESS(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define FAIL(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int filter(struct sock_filter *instructions, size_t count)
{
	struct sock_fprog program = { (unsigned short)count, instructions };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	struct sock_filter write[] = { NUMBER, UNLESS(SYS_pwrite64, 1), FAIL(EACCES), ALLOW };
	struct sock_filter gvisor[] = {
		NUMBER,       UNLESS(SYS_pwrite64, 1),
		FAIL(EACCES), UNLESS(SYS_kcmp, 1),
		FAIL(ENOSYS), UNLESS(SYS_madvise, 3),
		THIRD,        UNLESS(MADV_WIPEONFORK, 1),
		FAIL(EINVAL), ALLOW,
	};
	int failed = -1;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[1], "write"))
		failed = filter(write, sizeof(write) / sizeof(*write));
	if (!strcmp(argv[1], "gvisor"))
		failed = filter(gvisor, sizeof(gvisor) / sizeof(*gvisor));
	if (!strcmp(argv[1], "mdwe"))
		failed = prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0);
	if (failed) {
		printf("skipped: %s: %s\n", argv[1], strerror(errno));
		return SKIPPED;
	}
	execv(argv[2], argv + 2);
	return 1;
}
