/*
 * protect: chapter "mprotect: a protection lasts until another mprotect, an unmap, or the end".
 *
 * Each page of one area has a life of its own; `vmatrace history` of a page shows each of its
 * protections and what ended it. A write to a read-only page is a SIGSEGV with the address in
 * it, and after another mprotect the same write goes through.
 *
 * True today: a failing mprotect may have changed something. It goes through the VMAs in order
 * and stops at the first that it may not change, or at a hole: the pages before it have the new
 * rights already. Writable and executable at once is refused by hardened kernels; a code
 * generator writes first and then asks for r-x, as the last page here does.
 */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

enum { PAGES = 8, NESTING = 24 };

static size_t page_bytes;
static sigjmp_buf after_fault;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(after_fault, 1);
}

static const char *try_write(volatile char *at)
{
	if (sigsetjmp(after_fault, 1) != 0)
		return "SIGSEGV";
	*at = 1;
	return "done";
}

static void show(const char *what, const char *area)
{
	struct own_row row;
	char rights[PAGES * 4 + 1] = "";

	for (size_t i = 0; i < PAGES; i++) {
		strcat(rights, " ");
		strncat(rights, own_maps_find(area + i * page_bytes, &row) ? row.perms : "   ", 3);
	}
	print("%s:%s\n", what, rights);
}

/* Protects a page from deep inside, so that its trace has a deep stack. */
static void nested(char *page, int levels)
{
	if (levels > 1) {
		nested(page, levels - 1);
		return;
	}
	DID(mprotect, page, page_bytes, PROT_READ);
}

int main(void)
{
	struct sigaction action = { .sa_handler = on_fault };
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	char *area;

	ACCOUNT_BEGIN();
	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	sigaction(SIGSEGV, &action, NULL);

	area = DID(mmap, NULL, PAGES * page_bytes, PROT_READ | PROT_WRITE, anonymous, -1, 0);
	if (area == MAP_FAILED)
		return 1;
	show("mapped      ", area);

	/* Page 0: read-only, then writable again. */
	DID(mprotect, area, page_bytes, PROT_READ);
	print("a write to a read-only page: %s\n", try_write(area));
	DID(mprotect, area, page_bytes, PROT_READ | PROT_WRITE);
	print("the same write after another mprotect: %s\n", try_write(area));

	/* Page 1: no rights, until it is unmapped. */
	DID(mprotect, area + page_bytes, page_bytes, PROT_NONE);
	DID(munmap, area + page_bytes, page_bytes);

	/* Page 2: code, written first, executable afterwards; until the end. */
	memset(area + 2 * page_bytes, 0, page_bytes);
	DID(mprotect, area + 2 * page_bytes, page_bytes, PROT_READ | PROT_EXEC);
	show("pages 0 to 2", area);
	MARK("before-hole");

	/* Pages 4 to 7, with a hole at 6: ENOMEM, and pages 4 and 5 are read-only all the same. */
	DID(munmap, area + 6 * page_bytes, page_bytes);
	DID(mprotect, area + 4 * page_bytes, 4 * page_bytes, PROT_READ);
	show("over a hole ", area);
	/* An address inside a page changes nothing. */
	DID(mprotect, area + 1, page_bytes, PROT_READ);
	nested(area + 3 * page_bytes, NESTING);
	show("at the end  ", area);

	own_maps_print();
	return 0;
}
