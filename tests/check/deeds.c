/*
 * deeds: for each rule of `vmatrace check` a deed that breaks it and one like it that does not.
 *
 *     deeds break wx-mapping      deeds keep wx-mapping
 *
 * Each deed is a function of its own; the line that a finding must name is marked. Prints nothing: the trace is
 * the witness.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)

static char *map_pages(size_t count, int prot)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	return mmap(NULL, count * PAGE, prot, flags, -1, 0); /* found: max-mapped */
}

static void break_wx_mapping(void)
{
	char *code = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, /* found: wx-mapping */
	                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(code, PAGE);
}

static void keep_wx_mapping(void)
{
	char *code = map_pages(1, PROT_READ | PROT_EXEC);

	munmap(code, PAGE);
}

static void break_write_then_exec(void)
{
	char *code = map_pages(4, PROT_READ | PROT_WRITE);

	mprotect(code, 4 * PAGE, PROT_READ);
	code = mremap(code, 4 * PAGE, 64 * PAGE, MREMAP_MAYMOVE); /* it stays what it was */
	mprotect(code + PAGE, PAGE, PROT_READ | PROT_EXEC);       /* found: write-then-exec */
	munmap(code, 64 * PAGE);
}

/* Written, given up, and mapped anew: what is executable then was never writable. */
static void keep_write_then_exec(void)
{
	char *code = map_pages(4, PROT_READ | PROT_WRITE);

	munmap(code, 4 * PAGE);
	code = map_pages(4, PROT_READ);
	mprotect(code, 4 * PAGE, PROT_READ | PROT_EXEC);
	munmap(code, 4 * PAGE);
}

/* 300 VMAs of one page, by rights that alternate. */
static void many_vmas(size_t count)
{
	char *pages = map_pages(count, PROT_READ);

	for (size_t i = 0; i < count; i += 2)
		mprotect(pages + i * PAGE, PAGE, PROT_NONE); /* found: max-vmas */
	munmap(pages, count * PAGE);
}

static void break_max_vmas(void)
{
	many_vmas(300);
}

static void keep_max_vmas(void)
{
	many_vmas(20);
}

static void break_max_mapped(void)
{
	munmap(map_pages((size_t)3 << 18, PROT_NONE), (size_t)3 << 30);
}

static void keep_max_mapped(void)
{
	for (int i = 0; i < 4; i++)
		munmap(map_pages(1024, PROT_READ), 1024 * PAGE);
}

static void break_leaked_mapping(void)
{
	char *pages = mmap(NULL, 512 * PAGE, PROT_READ | PROT_WRITE, /* found: leaked-mapping */
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(pages, 128 * PAGE);
}

static void keep_leaked_mapping(void)
{
	char *pages = map_pages(512, PROT_READ | PROT_WRITE);

	/* 256 pages would be too many; 255 are not. */
	munmap(pages, 257 * PAGE);
}

static const char *shm_name(void)
{
	static char name[64];

	snprintf(name, sizeof(name), "/vmatrace-deeds-%d", getpid());
	return name;
}

static void break_leaked_shm(void)
{
	close(shm_open(shm_name(), O_RDWR | O_CREAT, 0600)); /* found: leaked-shm */
}

static void keep_leaked_shm(void)
{
	close(shm_open(shm_name(), O_RDWR | O_CREAT, 0600));
	/* Another process may do it. */
	if (fork() == 0) {
		char name[64];

		snprintf(name, sizeof(name), "/vmatrace-deeds-%d", getppid());
		shm_unlink(name);
		_exit(0);
	}
	while (access("/dev/null", F_OK) == 0) {
		int fd = shm_open(shm_name(), O_RDWR, 0);

		if (fd < 0)
			break;
		close(fd);
		usleep(1000);
	}
	/* A process that still runs when its trace is judged makes the verdict incomplete. */
	wait(NULL);
}

static void create_with(mode_t mode)
{
	close(shm_open(shm_name(), O_RDWR | O_CREAT, mode)); /* found: shm-mode */
	shm_unlink(shm_name());
}

static void break_shm_mode(void)
{
	create_with(0640);
}

static void keep_shm_mode(void)
{
	create_with(0600);
}

static char *victim(void)
{
	return map_pages(4, PROT_READ | PROT_WRITE);
}

static void break_fixed_clobber(void)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	char *pages = victim();

	mmap(pages + PAGE, PAGE, PROT_READ, flags, -1, 0); /* found: fixed-clobber */
	munmap(pages, 4 * PAGE);
}

/* Into a reservation, and where nothing is any more. */
static void keep_fixed_clobber(void)
{
	char *reserved = map_pages(4, PROT_NONE);
	char *pages = victim();

	mmap(reserved + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
	     -1, 0);
	munmap(pages, PAGE);
	mmap(pages, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mmap(pages, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	munmap(pages, 4 * PAGE);
	munmap(reserved, 4 * PAGE);
}

static void break_forbidden_call(void)
{
	char *pages = map_pages(1, PROT_READ);

	mprotect(pages, PAGE, PROT_NONE); /* found: forbidden-call */
	munmap(pages, PAGE);
}

/* The policy forbids mprotect in functions break_*. */
static void keep_forbidden_call(void)
{
	char *pages = map_pages(1, PROT_READ);

	mprotect(pages, PAGE, PROT_NONE);
	munmap(pages, PAGE);
}

static void break_failed_call(void)
{
	munmap((void *)1, PAGE); /* found: failed-call */
}

static void keep_failed_call(void)
{
	munmap(map_pages(1, PROT_READ), PAGE);
}

static void churn(int count)
{
	char *pages = map_pages(1, PROT_READ);

	for (int i = 0; i < count; i++)
		mprotect(pages, PAGE, i % 2 ? PROT_READ : PROT_NONE); /* found: churn */
	munmap(pages, PAGE);
}

static void break_churn(void)
{
	churn(4000);
}

static void keep_churn(void)
{
	churn(20);
}

/* Past libc: nobody sees the call, but a snapshot shows what it did. */
static void break_unexplained(void)
{
	register long flags __asm__("r10") = MAP_PRIVATE | MAP_ANONYMOUS;
	register long fd __asm__("r8") = -1;
	register long offset __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
	                 : "=a"(result)
	                 : "a"(SYS_mmap), "D"(0), "S"(16 * PAGE), "d"(PROT_READ), "r"(flags),
	                   "r"(fd), "r"(offset)
	                 : "rcx", "r11", "memory");
}

static void keep_unexplained(void)
{
	map_pages(16, PROT_READ);
}

/* The baseline is made of `keep`. */
static void break_new_call_site(void)
{
	munmap(map_pages(1, PROT_READ), PAGE); /* found: new-call-site */
}

static void keep_new_call_site(void)
{
}

#define DEED(rule, name)                                                                           \
	{                                                                                          \
		rule, break_##name, keep_##name                                                    \
	}

static const struct deed {
	const char *rule;
	void (*breaks)(void);
	void (*keeps)(void);
} deeds[] = {
	DEED("wx-mapping", wx_mapping),
	DEED("write-then-exec", write_then_exec),
	DEED("max-vmas", max_vmas),
	DEED("max-mapped", max_mapped),
	DEED("leaked-mapping", leaked_mapping),
	DEED("leaked-shm", leaked_shm),
	DEED("shm-mode", shm_mode),
	DEED("fixed-clobber", fixed_clobber),
	DEED("forbidden-call", forbidden_call),
	DEED("failed-call", failed_call),
	DEED("churn", churn),
	DEED("unexplained", unexplained),
	DEED("new-call-site", new_call_site),
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 3 && i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		if (strcmp(deeds[i].rule, argv[2]) != 0)
			continue;
		if (strcmp(argv[1], "break") == 0)
			deeds[i].breaks();
		else
			deeds[i].keeps();
		return 0;
	}
	fprintf(stderr, "usage: deeds break|keep RULE\n");
	return 2;
}
