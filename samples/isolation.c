/*
 * isolation: chapter "virtual memory: isolation, paging, protection between processes".
 *
 * Parent and child have the same addresses after fork(), and nothing else in common: the child
 * writes to a page, takes the rights off another, unmaps a third, and its parent goes on using
 * all of them. Two traces, side by side, tell it: the parent's has no such calls, the child's
 * begins with what it inherited.
 *
 * Paging: a mapping is a promise. mincore() shows that no page is there before it was touched.
 *
 * True today: fork() copies the VMAs (into a new maple tree, not a list and a red-black tree)
 * and shares the pages until one side writes. It does not copy locks on memory, nor ranges
 * marked MADV_DONTFORK; a child that touches one of those dies of SIGSEGV.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

enum { PAGES = 4 };

static size_t page_bytes;

static void show_paging(char *pages)
{
	unsigned char resident[PAGES] = { 0 };

	mincore(pages, PAGES * page_bytes, resident);
	print("mapped %d pages; in memory: %d %d %d %d\n", PAGES, resident[0] & 1, resident[1] & 1,
	      resident[2] & 1, resident[3] & 1);
}

/* What the child does to "the same" pages; the parent must not notice. */
static void child(char *pages)
{
	MARK("child");
	print("child: page 0 says \"%s\", as in the parent\n", pages);
	strcpy(pages, "child");
	print("child: page 0 now says \"%s\"\n", pages);
	DID(mprotect, pages + page_bytes, page_bytes, PROT_NONE);
	DID(munmap, pages + 2 * page_bytes, page_bytes);
	own_maps_print();
}

int main(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	char *secret;
	char *pages;
	int status = 0;
	pid_t pid;

	ACCOUNT_BEGIN();
	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	pages = DID(mmap, NULL, PAGES * page_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
	secret = DID(mmap, NULL, page_bytes, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, -1, 0);
	if (pages == MAP_FAILED || secret == MAP_FAILED)
		return 1;
	show_paging(pages);
	strcpy(pages, "parent");
	strcpy(pages + page_bytes, "parent");
	strcpy(pages + 2 * page_bytes, "parent");
	show_paging(pages);
	/* The child does not even get this one. */
	DID(madvise, secret, page_bytes, MADV_DONTFORK);

	pid = fork();
	if (pid < 0)
		return 1;
	if (pid == 0) {
		child(pages);
		exit(0);
	}
	waitpid(pid, &status, 0);
	MARK("after-child");
	print("parent: the child ended with status %d\n", WEXITSTATUS(status));
	print("parent: pages 0, 1, 2 still say \"%s\", \"%s\", \"%s\"\n", pages, pages + page_bytes,
	      pages + 2 * page_bytes);
	own_maps_print();
	return status != 0;
}
