/*
 * mm_fields: chapter "mm_struct: its counts and bounds".
 *
 * Prints the words of its mm_struct that the kernel shows (start_code ... in /proc/self/stat,
 * total_vm and the other counts in /proc/self/status, map_count as the lines of maps) and moves
 * each count by a call.
 *
 * True today: mm->mmap (the list), mm_rb (the red-black tree), mmap_cache, free_area_cache are
 * gone; VMAs are in mm_mt, a maple tree, which also knows the gaps. mmap_sem is called mmap_lock
 * since 5.8, and page faults have used a lock per VMA since 6.4. mmap_miss never was a field of
 * mm_struct: it counts read-ahead misses of a file. User space cannot see mm_users, mm_count,
 * the pgd, or the lock.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

struct counts {
	unsigned long size;
	unsigned long locked;
	unsigned long data;
	unsigned long stack;
	unsigned long code;
};

/* Reads a small file whole; "" if it cannot be read. */
static void slurp(const char *path, char *to, size_t bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, to, bytes - 1);

	to[got > 0 ? got : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

static unsigned long field_kib(const char *text, const char *name)
{
	const char *at = strstr(text, name);
	unsigned long kib = 0;

	if (at)
		sscanf(at + strlen(name), " %lu", &kib);
	return kib;
}

static struct counts read_counts(void)
{
	char text[4096];

	slurp("/proc/self/status", text, sizeof(text));
	return (struct counts) {
		.size = field_kib(text, "VmSize:"),
		.locked = field_kib(text, "VmLck:"),
		.data = field_kib(text, "VmData:"),
		.stack = field_kib(text, "VmStk:"),
		.code = field_kib(text, "VmExe:") + field_kib(text, "VmLib:"),
	};
}

static void show_difference(const char *what, struct counts before)
{
	struct counts now = read_counts();

	print("%s: size %+ld data %+ld stack %+ld locked %+ld KiB\n", what,
	      (long)(now.size - before.size), (long)(now.data - before.data),
	      (long)(now.stack - before.stack), (long)(now.locked - before.locked));
}

static void show_bounds(void)
{
	unsigned long start_code = 0;
	unsigned long end_code = 0;
	unsigned long start_stack = 0;
	char text[4096];
	const char *at;

	slurp("/proc/self/stat", text, sizeof(text));
	/* The name may hold blanks and brackets; the fields after its last bracket do not. */
	at = strrchr(text, ')');
	if (!at)
		return;
	for (int field = 2; field < 26 && at; field++) {
		at = strchr(at + 1, ' ');
	}
	if (at)
		sscanf(at, " %lu %lu %lu", &start_code, &end_code, &start_stack);
	print("live: start_code 0x%lx end_code 0x%lx start_stack 0x%lx\n", start_code, end_code,
	      start_stack);
	print("live: map_count %zu (lines of maps, [vsyscall] among them)\n", own_maps_read());
}

/*
 * A frame of 512 KiB, touched to its far end: the stack's VMA grows by a page fault, no call is
 * made.
 */
static int use_stack(void)
{
	volatile char room[512 * 1024];

	for (size_t i = 0; i < sizeof(room); i += 4096)
		room[sizeof(room) - 1 - i] = 1;
	return room[0];
}

int main(void)
{
	const size_t bytes = 64 * 4096;
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	struct counts before;
	char *area;

	ACCOUNT_BEGIN();
	show_bounds();

	before = read_counts();
	area = DID(mmap, NULL, bytes, PROT_READ | PROT_WRITE, anonymous, -1, 0);
	if (area == MAP_FAILED)
		return 1;
	show_difference("mmap of 256 KiB, private and writable", before);

	before = read_counts();
	DID(mprotect, area, bytes / 2, PROT_READ);
	show_difference("half of it read-only", before);

	before = read_counts();
	if (DID(mlock, area, bytes / 4) == 0)
		show_difference("a quarter of it locked", before);
	DID(munlock, area, bytes / 8);
	MARK("locked");

	before = read_counts();
	use_stack();
	print("a frame of 512 KiB: the stack grew by a page fault: %s\n",
	      read_counts().stack > before.stack ? "yes" : "no");

	before = read_counts();
	DID(munmap, area + bytes / 2, bytes / 2);
	show_difference("half of it unmapped", before);
	show_bounds();
	own_maps_print();
	return 0;
}
