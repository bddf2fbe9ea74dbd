/*
 * witness.c: what a process sees of itself, printed before main and at exit() by every program of this folder
 * that is linked with it: lines that begin with "witness", held against those of the untraced run. Nothing
 * that the recorder may change by being there (addresses, LD_PRELOAD, VMATRACE_*) is among them.
 */
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "witness.h"

enum { DESCRIPTORS = 256, SIGNALS = 64 };

volatile int witness_at_exit = 1;
static pid_t born;

static void say_descriptors(void)
{
	char text[2048] = "";
	struct rlimit limit;
	int most = 0, more[DESCRIPTORS];

	for (int fd = 0; fd < DESCRIPTORS; fd++) {
		int flags = fcntl(fd, F_GETFD);
		size_t used = strlen(text);

		if (flags >= 0)
			snprintf(text + used, sizeof(text) - used, " %d%s", fd,
			         flags & FD_CLOEXEC ? "c" : "");
	}
	/* The limit means as many more as it does untraced: none is kept out of sight. */
	getrlimit(RLIMIT_NOFILE, &limit);
	setrlimit(RLIMIT_NOFILE, &(struct rlimit) { 64, limit.rlim_max });
	while (most < DESCRIPTORS && (more[most] = dup(1)) >= 0)
		most++;
	for (int i = 0; i < most; i++)
		close(more[i]);
	setrlimit(RLIMIT_NOFILE, &limit);
	dprintf(1, "witness descriptors%s, room for %d\n", text, most);
}

static void say_environment(void)
{
	extern char **environ;

	for (char **entry = environ; entry && *entry; entry++) {
		if (strncmp(*entry, "LD_PRELOAD=", 11) && strncmp(*entry, "VMATRACE_", 9))
			dprintf(1, "witness environment %s\n", *entry);
	}
}

static void say_signals(void)
{
	sigset_t blocked, pending;
	stack_t alternate;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigpending(&pending);
	for (int number = 1; number <= SIGNALS; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action))
			continue;
		if (sigismember(&blocked, number) > 0 || sigismember(&pending, number) > 0 ||
		    action.sa_handler != SIG_DFL)
			dprintf(1, "witness signal %d%s%s%s flags %#x\n", number,
			        sigismember(&blocked, number) > 0 ? " blocked" : "",
			        sigismember(&pending, number) > 0 ? " pending" : "",
			        action.sa_handler == SIG_DFL   ? " default"
			        : action.sa_handler == SIG_IGN ? " ignored"
			                                       : " handled",
			        (unsigned)action.sa_flags);
	}
	sigaltstack(NULL, &alternate);
	dprintf(1, "witness alternate stack %d\n", alternate.ss_flags);
}

static void say_limits(void)
{
	for (int resource = 0; resource < (int)RLIM_NLIMITS; resource++) {
		struct rlimit limit;

		if (!getrlimit((__rlimit_resource_t)resource, &limit))
			dprintf(1, "witness limit %d %llu %llu\n", resource,
			        (unsigned long long)limit.rlim_cur,
			        (unsigned long long)limit.rlim_max);
	}
}

/* One that was joined is there for a moment still: who waits is woken before the task is taken off the list. */
static int count_threads(void)
{
	struct stat tasks = { 0 };

	for (int tries = 0; tries < 100; tries++) {
		if (stat("/proc/self/task", &tasks) || tasks.st_nlink == 2 + 1)
			break;
		usleep(1000);
	}
	return (int)tasks.st_nlink - 2;
}

static void say_names(void)
{
	char name[32] = "", folder[4096] = "";
	mode_t mask = umask(0);

	umask(mask);
	prctl(PR_GET_NAME, name);
	dprintf(1, "witness names %s %s %s in %s\n", program_invocation_name,
	        program_invocation_short_name, name, getcwd(folder, sizeof(folder)) ? folder : "?");
	dprintf(1, "witness umask %o, dumpable %d, privileges %d, rounding %d, exceptions %d\n",
	        (unsigned)mask, prctl(PR_GET_DUMPABLE), prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	        fegetround(), fetestexcept(FE_ALL_EXCEPT));
	dprintf(1, "witness threads %d\n", count_threads());
}

void witness(const char *when)
{
	int saved = errno;

	dprintf(1, "witness %s: errno %d\n", when, saved);
	say_descriptors();
	say_environment();
	say_signals();
	say_limits();
	say_names();
	errno = saved;
}

static void at_exit(void)
{
	if (witness_at_exit && getpid() == born)
		witness("at exit");
}

/* The last of all constructors of the program. */
__attribute__((constructor)) static void at_start(void)
{
	born = getpid();
	witness("at start");
	atexit(at_exit);
}
