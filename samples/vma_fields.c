/*
 * vma_fields: chapter "vm_area_struct: start, end, flags, file, private data".
 *
 * Maps private memory, shared memory and a piece of a file, and shows each vm_area_struct as far
 * as user space can see it: a row of /proc/self/maps. Splits one VMA in three by changing the
 * rights of its middle page and makes it one again.
 *
 * True today: vm_start, vm_end (exclusive), vm_flags, vm_pgoff (in pages), vm_file are still
 * there; vm_next, vm_prev and vm_rb are gone since Linux 6.1: the VMAs of a process are the
 * entries of one maple tree (mm_mt), found and walked through it. vm_private_data belongs to the
 * driver that made the mapping; user space sees it nowhere. Since 6.4 each VMA has a lock of its
 * own, taken by page faults. Rows of maps that look as if they could be one VMA need not be:
 * what the kernel compares includes things that maps does not show.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

static void show(const char *what, const void *address)
{
	struct own_row row;

	if (!own_maps_find(address, &row)) {
		print("%s: not mapped\n", what);
		return;
	}
	print("live: vm_start 0x%lx vm_end 0x%lx\n", row.start, row.end);
	print("%s: vm_flags %s vm_pgoff %lu vm_file %s\n", what, row.perms, row.offset / 4096,
	      row.inode ? row.name : "none");
}

/* The number of rows that [start, end) lies in. */
static int rows_of(const char *start, const char *end)
{
	struct own_row row;
	int rows = 0;

	for (const char *at = start; at < end && own_maps_find(at, &row); rows++)
		at = (const char *)row.end;
	return rows;
}

int main(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	char *fence;
	char *file;
	char *area;
	int fd;

	ACCOUNT_BEGIN();

	/* Inaccessible pages on both sides keep the area from being joined to a neighbour. */
	fence = DID(mmap, NULL, 7 * page, PROT_NONE, anonymous, -1, 0);
	if (fence == MAP_FAILED)
		return 1;
	area = fence + 2 * page;
	DID(mmap, area, 3 * page, PROT_READ | PROT_WRITE, anonymous | MAP_FIXED, -1, 0);
	show("private", area);

	MARK("one-vma");
	print("3 pages, %d VMA\n", rows_of(area, area + 3 * page));
	DID(mprotect, area + page, page, PROT_READ);
	MARK("three-vmas");
	print("middle page read-only: %d VMAs\n", rows_of(area, area + 3 * page));
	DID(mprotect, area + page, page, PROT_READ | PROT_WRITE);
	MARK("one-vma-again");
	print("middle page writable again: %d VMA\n", rows_of(area, area + 3 * page));

	show("shared", DID(mmap, NULL, page, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 1;
	file = DID(mmap, NULL, page + 1, PROT_READ, MAP_PRIVATE, fd, (off_t)page);
	show("file", file);

	/*
	 * What the kernel refuses: no length, no kind of mapping, a descriptor that is none. (An offset inside a
	 * page it never sees: libc says EINVAL itself.)
	 */
	DID(mmap, NULL, 0, PROT_READ, anonymous, -1, 0);
	DID(mmap, NULL, page, PROT_READ, 0, fd, 0);
	DID(mmap, NULL, page, PROT_READ, MAP_PRIVATE, -1, 0);
	DID(munmap, file + 1, page);
	close(fd);

	/* A file of no name: its VMA shows one all the same. */
	fd = DID(memfd_create, "vma_fields", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, (off_t)page) != 0)
		return 1;
	show("memfd", DID(mmap, NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	close(fd);

	DID(munmap, file, 2 * page);
	own_maps_print();
	return 0;
}
