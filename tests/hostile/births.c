/*
 * births.c: processes made in every way there is. Each child maps a known number of times, so that its trace
 * can be told from every other; prints how each ended.
 *
 *     births ACT [COUNT [OPERAND]]
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "witness.h"

enum { STACK = 256 << 10 };

extern char **environ;

/* --- address spaces of their own ---------------------------------------------------------------------- */

static pid_t raw_fork(void)
{
	return (pid_t)syscall(SYS_fork);
}

static pid_t raw_clone(void)
{
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
}

static pid_t raw_clone3(void)
{
	struct clone_args arguments = { .exit_signal = SIGCHLD };

	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static void own_spaces(void)
{
	static const struct {
		const char *name;
		pid_t (*make)(void);
	} ways[] = { { "fork", fork },
		     { "_Fork", _Fork },
		     { "syscall fork", raw_fork },
		     { "syscall clone", raw_clone },
		     { "syscall clone3", raw_clone3 } };

	for (int i = 0; i < 5; i++) {
		pid_t pid;

		map_and_unmap(1);
		pid = ways[i].make();
		if (!pid) {
			map_and_unmap(10 + i);
			_exit(10 + i);
		}
		say_child(ways[i].name, pid);
	}
}

/* --- the parent's address space ----------------------------------------------------------------------- */

static int map_in_clone(void *argument)
{
	map_and_unmap((long)argument);
	/* exit_group() of a process of its own: the parent, whose memory this is, goes on. */
	_exit(3);
}

static void borrowed_spaces(void)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *const arguments[] = { "true", NULL };
	pid_t pid = vfork();

	if (!pid) {
		map_and_unmap(100);
		_exit(2);
	}
	say_child("vfork", pid);
	pid = clone(map_in_clone, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)200L);
	say_child("clone, waiting", pid);
	pid = clone(map_in_clone, stack + STACK, CLONE_VM | SIGCHLD, (void *)300L);
	say_child("clone", pid);
	pid = vfork();
	if (!pid) {
		execl("/no/such/program", "x", (char *)NULL);
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	say_child("vfork and exec", pid);
	errno = posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ);
	say_child("posix_spawn", errno ? -1 : pid);
	map_and_unmap(1000);
}

/* Both map at once, on one thread's memory: what libc itself calls undefined, and kernels allow. */
static void shared_thread(void)
{
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid = clone(map_in_clone, stack + STACK, CLONE_VM | SIGCHLD, (void *)count);

	map_and_unmap(count);
	say_child("clone", pid);
}

/* --- daemons ------------------------------------------------------------------------------------------ */

/* As daemons are made: two forks, a session, the root folder, no descriptor. The operand is where it says so. */
static void daemonise(void)
{
	pid_t pid = fork();
	int fd;

	if (pid) {
		say_child("first child", pid);
		return;
	}
	setsid();
	if (fork())
		_exit(0);
	if (chdir("/"))
		_exit(1);
	umask(0);
	closefrom(0);
	for (int i = 0; i < 3; i++) {
		if (open("/dev/null", O_RDWR) != i)
			_exit(1);
	}
	map_and_unmap(count);
	fd = open(operand, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd != 3 || write(fd, "done", 4) != 4)
		_exit(1);
	exit(0);
}

/* --- many, of a threaded program ---------------------------------------------------------------------- */

static volatile int over;

static void *map_always(void *unused)
{
	while (!over) {
		map_and_unmap(1);
		free(malloc(200 << 10));
	}
	return unused;
}

/* Every other child maps; the others must not need a file. */
static void many_forks(void)
{
	pthread_t thread[3];
	unsigned died = 0;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, map_always, NULL);
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			if (i % 2)
				map_and_unmap(7);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			died++;
	}
	over = 1;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	dprintf(1, "children that died: %u\n", died);
}

/* --- exec --------------------------------------------------------------------------------------------- */

static void run_child(const char *path, char *const envp[])
{
	char *const arguments[] = { (char *)path, "calls", "5", NULL };
	pid_t pid = fork();

	if (!pid) {
		map_and_unmap(20);
		execve(path, arguments, envp);
		_exit(9);
	}
	say_child("exec", pid);
}

static void emptied_environment(void)
{
	run_child("/proc/self/exe", (char *[]) { NULL });
	run_child("/proc/self/exe", NULL);
	run_child("/proc/self/exe", environ);
}

/* The operand: a program that nothing can be preloaded into. */
static void run_operand(void)
{
	run_child(operand, environ);
	map_and_unmap(1);
}

/* --- exec by number, in children that no handler of libc's hears of --------------------------------------- */

static int exec_by_number(void *path)
{
	char *const arguments[] = { path, "calls", "5", NULL };

	if (syscall(SYS_execve, "/no/such/program", arguments, environ) != -1 || errno != ENOENT)
		_exit(8);
	syscall(SYS_execve, path, arguments, environ);
	_exit(9);
}

static int exec_from_folder(void *path)
{
	char *const arguments[] = { path, "calls", "5", NULL };

	map_and_unmap(20);
	if (syscall(SYS_execveat, AT_FDCWD, NULL, arguments, environ, 0) != -1 || errno != EFAULT)
		_exit(8);
	map_and_unmap(1);
	syscall(SYS_execveat, AT_FDCWD, path, arguments, environ, 0);
	_exit(9);
}

/* Of a program that can be traced, and of the operand, that can not: the first has made no call, the second has. */
static void raw_births(void)
{
	const char *const paths[] = { "/proc/self/exe", operand };
	char *stack = map(STACK);

	for (int i = 0; i < 2; i++) {
		char *path = (char *)paths[i];
		pid_t pid = raw_clone();

		if (!pid)
			exec_by_number(path);
		say_child("clone, execve", pid);
		pid = raw_clone();
		if (!pid)
			exec_from_folder(path);
		say_child("clone, execveat", pid);
		pid = clone(exec_by_number, stack + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, path);
		say_child("clone with the memory, execve", pid);
	}
}

static void calls(void)
{
	map_and_unmap(count);
}

/* What of /proc is its user's alone is root's from here on. */
static void closed(void)
{
	if (prctl(PR_SET_DUMPABLE, 0))
		fail("PR_SET_DUMPABLE");
	map_and_unmap(count);
}

const struct act acts[] = {
	{ "own_spaces", own_spaces },
	{ "borrowed_spaces", borrowed_spaces },
	{ "shared_thread", shared_thread },
	{ "daemonise", daemonise },
	{ "many_forks", many_forks },
	{ "emptied_environment", emptied_environment },
	{ "run_operand", run_operand },
	{ "raw_births", raw_births },
	{ "calls", calls },
	{ "closed", closed },
	{ NULL, NULL },
};
