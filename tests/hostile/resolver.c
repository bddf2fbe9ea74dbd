/*
 * resolver.c: a library that makes its calls while it is being relocated: in the resolver of an indirect function,
 * before libraries that come ahead of it in the search order are relocated themselves. What came of each is kept,
 * and said once it can be.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, SAID = 64, MARK_ERROR = 12345 };

int resolver_says(void);

static struct {
	char call[24];
	int failed;
	int error;
} said[SAID];
static int said_count;

/* No call of libc's but errno's place: its memory functions are indirect themselves. */
static void keep(const char *call, long result)
{
	char *to = said[said_count].call;

	while (*call)
		*to++ = *call++;
	said[said_count].failed = result == -1;
	said[said_count++].error = errno;
	errno = MARK_ERROR;
}

static void map_early(void)
{
	char *page =
		mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	keep("mmap", (long)page);
	page[PAGE] = 1;
	keep("mmap bad", (long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	keep("mprotect", mprotect(page, PAGE, PROT_READ));
	keep("mprotect bad", mprotect(page + 1, PAGE, PROT_READ));
	keep("pkey_mprotect", pkey_mprotect(page, PAGE, PROT_NONE, -1));
	keep("madvise", madvise(page, PAGE, MADV_DONTNEED));
	keep("madvise bad", madvise(page, PAGE, 9999));
	keep("posix_madvise", posix_madvise(page, PAGE, 9999));
	keep("mremap", (long)mremap(page + PAGE, PAGE, PAGE, 0));
	keep("mremap bad", (long)mremap(page + 1, PAGE, PAGE, 0));
	keep("mlock", mlock(page + PAGE, PAGE));
	keep("mlock2 bad", mlock2(page, PAGE, 99));
	keep("munlock", munlock(page + PAGE, PAGE));
	keep("mlockall bad", mlockall(99));
	keep("munlockall", munlockall());
	keep("munmap bad", munmap(page + 1, PAGE));
	keep("munmap", munmap(page, PAGE));
	keep("remap_file_pages bad", remap_file_pages(page, PAGE, 7, 1, 0));
	keep("sbrk", (long)sbrk(0));
	keep("sbrk more", (long)sbrk(PAGE));
	keep("brk", brk((char *)sbrk(0) - PAGE));
	keep("brk bad", brk((void *)~0ul));
}

static void ask_early(void)
{
	const struct iovec nothing = { NULL, 0 };
	long page = syscall(SYS_mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);

	keep("syscall mmap", page);
	keep("syscall mbind bad", syscall(SYS_mbind, page, PAGE, 99, NULL, 0L, 0));
	keep("syscall munmap", syscall(SYS_munmap, page, PAGE));
	keep("syscall getpid", syscall(SYS_getpid) == getpid() ? 0 : -1);
	keep("syscall unknown", syscall(100000));
	keep("memfd_create", memfd_create("early", ~0u));
	keep("shm_open", shm_open("/no such/object", O_RDWR, 0));
	keep("shm_unlink", shm_unlink("/no-such-object"));
	keep("shmat", (long)shmat(-1, NULL, 0));
	keep("shmdt", shmdt((void *)PAGE));
	keep("process_madvise", process_madvise(-1, &nothing, 1, MADV_COLD, 0));
	keep("prctl", prctl(PR_GET_DUMPABLE));
	keep("prctl PR_SET_VMA", prctl(PR_SET_VMA, 99, 0, 0, 0));
	keep("prctl bad", prctl(-1));
	keep("execve", execve("/no/such/program", (char *[]) { NULL }, NULL));
	keep("execv", execv("/no/such/program", (char *[]) { NULL }));
	keep("execl", execl("/no/such/program", "a", "b", (char *)NULL));
	keep("execle", execle("/no/such/program", "a", (char *)NULL, (char *[]) { NULL }));
	keep("fexecve", fexecve(-1, (char *[]) { "a", NULL }, (char *[]) { NULL }));
	keep("execveat", execveat(-1, "nothing", (char *[]) { "a", NULL }, (char *[]) { NULL }, 0));
}

static int chosen_one(void)
{
	return 1;
}

__attribute__((used)) static int (*resolve(void))(void)
{
	errno = MARK_ERROR;
	map_early();
	ask_early();
	return chosen_one;
}

static int chosen(void) __attribute__((ifunc("resolve")));

/* How many were kept. */
int resolver_says(void)
{
	for (int i = 0; i < said_count; i++)
		dprintf(1, "%s: %s, errno %d\n", said[i].call, said[i].failed ? "-1" : "fine",
		        said[i].error);
	return said_count * chosen();
}
