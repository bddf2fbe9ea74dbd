/*
 * heap_growth: chapter "the heap: brk, sbrk, large blocks by mmap, fragmentation".
 *
 * Grows and shrinks the heap by hand, then lets malloc do it: small blocks extend the break, a
 * large one gets a mapping of its own, and one block left at the top keeps all the freed memory
 * below it mapped.
 *
 * The numbers: a heap row 2129c000-212bd000 is 0x21000 = 135,168 bytes = 132 KiB = 33 pages,
 * which is what glibc asks for at the first small malloc: the request and M_TOP_PAD (128 KiB),
 * rounded up to a page.
 *
 * True today: with address-space randomisation the heap begins a random distance above the
 * program's data, not at its end. [heap] is a label for whatever anonymous memory lies between
 * start_brk and brk; memory unmapped there makes a hole that brk() leaves alone. Large blocks
 * move to mmap at M_MMAP_THRESHOLD, 128 KiB to begin with; freeing such a block raises it.
 * Threads allocate from arenas made by mmap.
 *
 * malloc's calls are made inside libc: this sample's account has only its own, the trace has both.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

enum { FIRST_HEAP = 0x212bd000 - 0x2129c000, BLOCKS = 64, BLOCK_BYTES = 16 * 1024 };

/*
 * Bytes of the rows that hold the break's range; the break itself is read off the list, without a
 * call.
 */
static unsigned long heap_bytes(void)
{
	size_t lines = own_maps_read();
	unsigned long bytes = 0;
	struct own_row row;

	for (size_t i = 0; i < lines; i++)
		if (own_maps_line(i, &row) && strcmp(row.name, "[heap]") == 0)
			bytes += row.end - row.start;
	return bytes;
}

static void by_hand(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *start = sbrk(0); /* libc knows the answer: no system call, and so no event */
	char *area;

	if (start == (void *)-1)
		return;
	print("2129c000-212bd000 is %d bytes, %d KiB, %d pages\n", FIRST_HEAP, FIRST_HEAP / 1024,
	      FIRST_HEAP / 4096);
	area = DID(sbrk, FIRST_HEAP);
	if (area == (void *)-1)
		return;
	memset(area, 1, FIRST_HEAP);
	MARK("grown");
	DID(brk, area + FIRST_HEAP + 8 * page);
	DID(sbrk, -(intptr_t)(4 * page));
	/* A hole: the heap is now two rows, and the break stays where it is. */
	DID(munmap, (void *)(((uintptr_t)area + 16 * page) & -page), 2 * page);
	MARK("hole");
	/*
	 * Neither below the heap's start (libc says 0, and nothing happened) nor beyond the address
	 * space.
	 */
	DID(brk, (void *)page);
	DID(sbrk, INTPTR_MAX);
}

static void by_malloc(void)
{
	void *block[BLOCKS];
	unsigned long before = heap_bytes();
	struct own_row row;
	void *large;

	for (size_t i = 0; i < BLOCKS; i++)
		block[i] = malloc(BLOCK_BYTES);
	MARK("allocated");
	print("%d blocks of %d bytes: the heap grew: %s\n", BLOCKS, BLOCK_BYTES,
	      heap_bytes() > before ? "yes" : "no");

	before = heap_bytes();
	/* All but the last are freed, and nothing goes back to the kernel: the last one is on top. */
	for (size_t i = 0; i < BLOCKS - 1; i++)
		free(block[i]);
	print("%d of %d blocks freed, the last one kept: the heap shrank: %s\n", BLOCKS - 1, BLOCKS,
	      heap_bytes() < before ? "yes" : "no");
	free(block[BLOCKS - 1]);
	print("the last one freed: the heap shrank: %s\n", heap_bytes() < before ? "yes" : "no");

	large = malloc(1024UL * 1024);
	if (large && own_maps_find(large, &row))
		print("a block of 1 MiB: in [heap]: %s\n",
		      strcmp(row.name, "[heap]") == 0 ? "yes" : "no");
	free(large);
}

int main(void)
{
	ACCOUNT_BEGIN();
	by_hand();
	by_malloc();
	own_maps_print();
	return 0;
}
