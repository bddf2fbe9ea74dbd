/*
 * exec.c: the exec family and posix_spawn. An exec that succeeds ends the address
 * space: its event stays in flight, which is how the trace says so. In a child of vfork the address space
 * is the parent's and goes on, so there the event is written before the call. The environment is passed on
 * as it is; LD_PRELOAD in it is what makes the next image be traced.
 *
 * No malloc here: a vfork child runs on its parent's heap. The argument vectors of execl() live on the stack.
 */
#include "exec.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "address_space.h"
#include "real.h"
#include "recorder.h"
#include "ring.h"

#define WRAPPER __attribute__((visibility("default")))

struct exec {
	struct recording recording;
	bool borrowed;
};

static struct exec exec_begin(const struct frame_registers *caller, const char *path)
{
	struct exec exec = {
		.recording = recorder_begin(CALL_EXECVE, caller, WORDS(WORD(path))),
	};
	int saved;

	if (!exec.recording.recording)
		return exec;
	saved = errno;
	recorder_text(&exec.recording, path);
	exec.borrowed = address_space_is_borrowed();
	if (exec.borrowed) {
		recorder_put_now(&exec.recording);
		recorder_leave(&exec.recording);
	} else {
		address_space_before_exec();
		/* The new image begins at depth 0 anyway; a failed exec goes on from here. */
		recorder_leave(&exec.recording);
	}
	errno = saved;
	return exec;
}

/* Only reached when the exec has failed. */
static int exec_failed(struct exec *exec, int status)
{
	/* Its event is stored already, and looks like that of one that went well. */
	if (exec->recording.recording && exec->borrowed && address_space_alive())
		ring_count(&exec->recording.control->execs_failed);
	if (exec->recording.recording && !exec->borrowed) {
		int saved = errno;

		address_space_after_exec();
		errno = saved;
		recorder_end(&exec->recording, (uint64_t)status, true);
	}
	return status;
}

WRAPPER int execve(const char *path, char *const argv[], char *const envp[])
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, path);

	return exec_failed(&exec, real.execve(path, argv, envp));
}

WRAPPER int execv(const char *path, char *const argv[])
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, path);

	return exec_failed(&exec, real.execv(path, argv));
}

WRAPPER int execvp(const char *file, char *const argv[])
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, file);

	return exec_failed(&exec, real.execvp(file, argv));
}

WRAPPER int execvpe(const char *file, char *const argv[], char *const envp[])
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, file);

	return exec_failed(&exec, real.execvpe(file, argv, envp));
}

WRAPPER int fexecve(int fd, char *const argv[], char *const envp[])
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, NULL);

	return exec_failed(&exec, real.fexecve(fd, argv, envp));
}

WRAPPER int execveat(int folder, const char *path, char *const argv[], char *const envp[],
                     int flags)
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, path);

	return exec_failed(&exec, real.execveat(folder, path, argv, envp, flags));
}

bool exec_is_asked_for(long number)
{
	return number == SYS_execve || number == SYS_execveat;
}

long exec_system_call(const struct frame_registers *caller, long number, const long *word)
{
	const char *path = (const char *)word[number == SYS_execveat];
	struct exec exec = exec_begin(caller, path);

	return exec_failed(&exec, (int)real.syscall(number, word[0], word[1], word[2], word[3],
	                                            word[4], word[5]));
}

/* Arguments of an execl call, the NULL at their end included. Programs do pass NULL first, whatever unistd.h says. */
static size_t count_arguments(const char *first, va_list list)
{
	const char *argument = first;
	va_list copy;
	size_t count = 1;

	va_copy(copy, list);
	for (; argument; count++)
		argument = va_arg(copy, char *);
	va_end(copy);
	return count;
}

/* Fills argv with them. */
static void take_arguments(char **argv, const char *first, va_list list)
{
	*argv = (char *)first;
	while (*argv)
		*++argv = va_arg(list, char *);
}

WRAPPER int execl(const char *path, const char *first, ...)
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, path);
	va_list list;
	int status;

	va_start(list, first);
	{
		char *argv[count_arguments(first, list)];

		take_arguments(argv, first, list);
		status = real.execv(path, argv);
	}
	va_end(list);
	return exec_failed(&exec, status);
}

WRAPPER int execlp(const char *file, const char *first, ...)
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, file);
	va_list list;
	int status;

	va_start(list, first);
	{
		char *argv[count_arguments(first, list)];

		take_arguments(argv, first, list);
		status = real.execvp(file, argv);
	}
	va_end(list);
	return exec_failed(&exec, status);
}

/* int execle(const char *path, const char *first, ..., NULL, char *const envp[]) */
WRAPPER int execle(const char *path, const char *first, ...)
{
	struct frame_registers caller = CALLER;
	struct exec exec = exec_begin(&caller, path);
	va_list list;
	int status;

	va_start(list, first);
	{
		char *argv[count_arguments(first, list)];

		take_arguments(argv, first, list);
		status = real.execve(path, argv, va_arg(list, char *const *));
	}
	va_end(list);
	return exec_failed(&exec, status);
}

/* The program may not want to know whom it began; whoever reads the trace does. */
static void spawned(struct recording *recording, pid_t child, pid_t *pid, int error)
{
	if (error)
		return;
	recording->event.args[1] = (uint64_t)child;
	if (pid)
		*pid = child;
}

WRAPPER int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_POSIX_SPAWN, &caller, WORDS(WORD(path)));
	pid_t child = 0;
	int error;

	recorder_text(&r, path);
	error = real.posix_spawn(&child, path, actions, attributes, argv, envp);
	spawned(&r, child, pid, error);
	recorder_end_with(&r, error ? UINT64_MAX : 0, error);
	return error;
}

WRAPPER int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attributes, char *const argv[],
                         char *const envp[])
{
	struct frame_registers caller = CALLER;
	struct recording r = recorder_begin(CALL_POSIX_SPAWN, &caller, WORDS(WORD(file)));
	pid_t child = 0;
	int error;

	recorder_text(&r, file);
	error = real.posix_spawnp(&child, file, actions, attributes, argv, envp);
	spawned(&r, child, pid, error);
	recorder_end_with(&r, error ? UINT64_MAX : 0, error);
	return error;
}
