/*
 * behaviours.c: does one unusual thing, as told by its first argument, and prints what came of it: without
 * addresses, so that the output with and without the recorder can be compared byte for byte.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, THREADS = 8, MARK_ERROR = 12345 };

static long count = 1000;
static const char *volatile bad_pointer = (const char *)8;

/* Result and errno of a call; an address shows only as mapped or not. */
static void say(const char *call, long result)
{
	dprintf(1, "%s: %s, errno %d\n", call, result == -1 ? "-1" : "fine", errno);
	errno = MARK_ERROR;
}

/* What passes through syscall(), traced or not, keeps its arguments and its errno. */
static void every_syscall(void)
{
	char text[] = "six arguments", copy[sizeof(text)] = "";
	struct iovec from = { text, sizeof(text) }, to = { copy, sizeof(copy) };
	char *page, *other;
	FILE *file = tmpfile();

	say("getpid by syscall", syscall(SYS_getpid) == getpid() ? 0 : -1);
	page = (char *)syscall(SYS_mmap, NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	                       0L);
	say("syscall mmap", (long)page);
	other = (char *)syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, fileno(file),
	                        (long)PAGE);
	say("syscall mmap offset", (long)other);
	say("syscall mremap", syscall(SYS_mremap, other, PAGE, PAGE, 0, bad_pointer));
	say("syscall munmap file", syscall(SYS_munmap, other, PAGE));
	say("syscall six", syscall(SYS_process_vm_readv, getpid(), &to, 1L, &from, 1L, 0L));
	dprintf(1, "copied: %s\n", copy);
	say("syscall mmap bad", syscall(SYS_mmap, NULL, 0, 0, 0, -1, 0L));
	say("syscall mprotect", syscall(SYS_mprotect, page, PAGE, PROT_NONE));
	say("syscall mbind", syscall(SYS_mbind, page, PAGE, 0, NULL, 0L, 0));
	say("syscall mbind bad", syscall(SYS_mbind, page, PAGE, 99, NULL, 0L, 0));
	say("syscall munmap", syscall(SYS_munmap, page, 2 * PAGE));
	say("syscall munmap bad", syscall(SYS_munmap, page + 1, PAGE));
	say("syscall unknown", syscall(100000));
}

/* Advice by process_madvise; before Linux 6.13 a process may not give itself all of it. */
static void advise_self(char *page)
{
	struct iovec ranges[2] = { { page, PAGE }, { page + 2 * PAGE, PAGE } };
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	say("process_madvise", process_madvise(self, ranges, 2, MADV_COLD, 0));
	say("process_madvise all", process_madvise(self, ranges, 2, MADV_DONTFORK, 0));
	say("process_madvise bad", process_madvise(self, (void *)8, 2, MADV_DONTFORK, 0));
	say("syscall process_madvise",
	    syscall(SYS_process_madvise, self, ranges, 2, MADV_DOFORK, 0));
	close(self);
}

/* Each call, succeeding and failing: errno is only touched by failures, and right then. */
static void every_call(void)
{
	char *page, *other;
	int fd, id;

	errno = MARK_ERROR;
	page = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say("mmap", (long)page);
	say("mmap bad", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	/* What programs built with -D_FILE_OFFSET_BITS=64 call. */
	say("mmap64", (long)mmap64(NULL, 5 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	say("mmap shared", (long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	say("mprotect", mprotect(page, PAGE, PROT_READ));
	say("mprotect bad", mprotect(page + 1, PAGE, PROT_READ));
	say("pkey_mprotect", pkey_mprotect(page, PAGE, PROT_READ | PROT_WRITE, -1));
	say("pkey_mprotect bad", pkey_mprotect(page, PAGE, PROT_READ, 99));
	say("madvise", madvise(page, PAGE, MADV_DONTNEED));
	say("madvise bad", madvise(page, PAGE, 9999));
	say("posix_madvise", posix_madvise(page, PAGE, POSIX_MADV_WILLNEED));
	dprintf(1, "posix_madvise bad: %d\n", posix_madvise(page, PAGE, 9999));
	advise_self(page);
	say("mlock", mlock(page, PAGE));
	say("mlock2", mlock2(page, PAGE, MLOCK_ONFAULT));
	say("mlock2 bad", mlock2(page, PAGE, 99));
	say("munlock", munlock(page, PAGE));
	say("munlock bad", munlock((void *)PAGE, PAGE));
	say("mlockall bad", mlockall(99));
	say("munlockall", munlockall());
	other = mremap(page, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
	say("mremap", (long)other);
	say("mremap bad", (long)mremap(other + 1, PAGE, PAGE, 0));
	say("mremap fixed",
	    (long)mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, other + 6 * PAGE));
	say("munmap", munmap(other, 8 * PAGE));
	say("munmap bad", munmap(other + 1, PAGE));
	say("sbrk 0", (long)sbrk(0));
	say("sbrk", (long)sbrk(PAGE));
	say("brk", brk((char *)sbrk(0) - PAGE));
	say("brk bad", brk((void *)~0ul));
	fd = memfd_create("behaviours", MFD_CLOEXEC);
	say("memfd_create", fd);
	say("memfd_create bad", memfd_create("behaviours", ~0u));
	say("memfd_create fault", memfd_create(bad_pointer, 0));
	say("ftruncate", ftruncate(fd, 2 * PAGE));
	page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("mmap memfd", (long)page);
	say("remap_file_pages", remap_file_pages(page, PAGE, 0, 1, 0));
	say("remap_file_pages bad", remap_file_pages(page, PAGE, 7, 1, 0));
	say("mmap closed fd", (long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0));
	fd = shm_open("/vmatrace-behaviours", O_CREAT | O_EXCL | O_RDWR, 0600);
	say("shm_open", fd >= 0 ? 0 : -1);
	say("shm_open bad", shm_open("/vmatrace-behaviours", O_CREAT | O_EXCL | O_RDWR, 0600));
	say("shm_unlink", shm_unlink("/vmatrace-behaviours"));
	say("shm_unlink bad", shm_unlink("/vmatrace-behaviours"));
	id = shmget(IPC_PRIVATE, 2 * PAGE, IPC_CREAT | 0600);
	page = shmat(id, NULL, 0);
	say("shmat", (long)page);
	say("shmat bad", (long)shmat(-1, NULL, 0));
	say("shmdt", shmdt(page));
	say("shmdt bad", shmdt(page));
	shmctl(id, IPC_RMID, NULL);
	say("execve bad", execve("/no/such/program", (char *[]) { NULL }, NULL));
	say("execl bad", execl("/no/such/program", "a", "b", (char *)NULL));
	say("execve fault", execve(bad_pointer, (char *[]) { NULL }, (char *[]) { NULL }));
	say("prctl", prctl(PR_SET_NAME, "behaviours"));
	every_syscall();
}
static void *map_and_unmap(void *unused)
{
	for (long i = 0; i < count; i++) {
		char *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
		                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || mprotect(page, PAGE, PROT_READ) || munmap(page, 2 * PAGE))
			abort();
	}
	return unused;
}

static void threads(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread[i], NULL, map_and_unmap, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	dprintf(1, "threads done\n");
}

/* Many, one after the other: each has another place in the table of calls in flight. */
static void short_threads(void)
{
	pthread_t thread;

	for (long rounds = count, i = 0; i < rounds; i++) {
		count = 1;
		pthread_create(&thread, NULL, map_and_unmap, NULL);
		pthread_join(thread, NULL);
	}
	dprintf(1, "short threads done\n");
}

static void calls(void)
{
	map_and_unmap(NULL);
	dprintf(1, "calls done\n");
}

static void killed(void)
{
	map_and_unmap(NULL);
	kill(getpid(), SIGKILL);
}

static volatile sig_atomic_t handled;

static void map_in_handler(int signal)
{
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)signal;
	if (page == MAP_FAILED || munmap(page, PAGE))
		abort();
	handled++;
}

static void set_timer(long first_usec, long every_usec)
{
	struct itimerval timer = { { 0, every_usec }, { 0, first_usec } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static void start_timer(void (*handler)(int), long usec)
{
	signal(SIGALRM, handler);
	set_timer(usec, usec);
}

static void signals(void)
{
	start_timer(map_in_handler, 300);
	while (handled < count)
		map_and_unmap(NULL);
	dprintf(1, "signals done\n");
}

static sigjmp_buf back;

static void jump(int signal)
{
	(void)signal;
	handled++;
	siglongjmp(back, 1);
}

/* Out of whatever the signal interrupted, wrappers included. */
static void jumps(void)
{
	sigsetjmp(back, 1);
	start_timer(jump, 200);
	while (handled < count) {
		char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(page, PAGE);
	}
	signal(SIGALRM, SIG_IGN);
	dprintf(1, "jumps done\n");
}

static volatile sig_atomic_t is_child, children, died;

static void fork_in_handler(int signal)
{
	int status;
	pid_t pid;

	if (is_child)
		return;
	pid = fork();
	if (!pid) {
		is_child = 1;
		set_timer(0, 0);
		/* Its own trace may begin here, and the handler return into what it interrupted. */
		if (children % 2)
			map_in_handler(signal);
		return;
	}
	children++;
	if (waitpid(pid, &status, 0) != pid || status)
		died++;
	/* Only now the next: a timer that ran on would leave no time for anything but this handler. */
	set_timer(700 + (children * 37) % 300, 0);
}

static void forks_in_handler(void)
{
	signal(SIGALRM, fork_in_handler);
	set_timer(700, 0);
	while (children < count / 10 && !is_child) {
		char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(page, PAGE);
	}
	if (is_child) {
		count = 3;
		map_and_unmap(NULL);
		_exit(0);
	}
	signal(SIGALRM, SIG_IGN);
	dprintf(1, "children that died: %d\n", (int)died);
}

static void family(void)
{
	char *const arguments[] = { "true", NULL };
	extern char **environ;
	int status;
	pid_t pid;

	map_and_unmap(NULL);
	pid = fork();
	if (!pid) {
		map_and_unmap(NULL);
		_exit(3);
	}
	waitpid(pid, &status, 0);
	dprintf(1, "fork child: %d\n", WEXITSTATUS(status));
	pid = fork();
	if (!pid)
		_exit(4); /* makes no call: needs no file */
	waitpid(pid, &status, 0);
	dprintf(1, "quiet child: %d\n", WEXITSTATUS(status));
	pid = vfork();
	if (!pid) {
		void *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		munmap(page, PAGE);
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	dprintf(1, "vfork child: %d\n", WEXITSTATUS(status));
	map_and_unmap(NULL);
	posix_spawn(&pid, "/bin/false", NULL, NULL, arguments, environ);
	waitpid(pid, &status, 0);
	dprintf(1, "spawned: %d\n", WEXITSTATUS(status));
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);
	if (!pid) {
		map_and_unmap(NULL);
		_exit(5);
	}
	waitpid(pid, &status, 0);
	dprintf(1, "raw clone: %d\n", WEXITSTATUS(status));
	map_and_unmap(NULL);
	execl("/bin/echo", "echo", "exec'd", (char *)NULL);
}

/* Closes everything, then uses the lowest descriptors, deep in a stack with large frames. */
static int deep(int depth)
{
	volatile char frame[3000];

	frame[depth] = (char)depth;
	if (depth)
		return deep(depth - 1) + frame[depth];
	map_and_unmap(NULL);
	return 0;
}

static void descriptors(void)
{
	char text[16] = "";
	int pipe_ends[2];

	for (int fd = 0; fd < 64; fd++)
		dprintf(1, "%s", fcntl(fd, F_GETFD) < 0 ? "" : "open ");
	closefrom(3);
	if (pipe(pipe_ends) || write(pipe_ends[1], "HELLO", 5) != 5)
		abort();
	deep(40);
	dprintf(1, "descriptors %d %d, read %d: ", pipe_ends[0], pipe_ends[1],
	        (int)read(pipe_ends[0], text, 5));
	dprintf(1, "%s\n", text);
}

static const struct {
	const char *name;
	void (*act)(void);
} acts[] = {
	{ "every_call", every_call },
	{ "threads", threads },
	{ "short_threads", short_threads },
	{ "calls", calls },
	{ "killed", killed },
	{ "signals", signals },
	{ "jumps", jumps },
	{ "forks_in_handler", forks_in_handler },
	{ "family", family },
	{ "descriptors", descriptors },
};

int main(int argc, char **argv)
{
	if (argc > 2)
		count = atol(argv[2]);
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (!strcmp(argv[1], acts[i].name)) {
			acts[i].act();
			return 0;
		}
	}
	fprintf(stderr, "usage: behaviours ACT [COUNT]\n");
	return 2;
}
