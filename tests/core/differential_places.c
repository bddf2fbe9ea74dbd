/*
 * differential_places: where the random calls go. Five areas, so that they meet each other often: one for
 * all, one aligned for huge pages, one that mseal may take for ever, the heap above its floor, and strays:
 * whatever the kernel put somewhere else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "differential.h"

uint64_t pick(struct places *places, uint64_t below)
{
	/* xorshift64*, Vigna 2016 */
	places->random ^= places->random >> 12;
	places->random ^= places->random << 25;
	places->random ^= places->random >> 27;
	return (places->random * 0x2545f4914f6cdd1d >> 32) % below;
}

bool one_in(struct places *places, uint64_t count)
{
	return !pick(places, count);
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void file_init(struct file *file, int fd)
{
	struct stat status;
	char link[64];
	ssize_t bytes;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	bytes = readlink(link, file->path, sizeof(file->path) - 1);
	if (fd < 0 || bytes < 0 || fstat(fd, &status))
		die("file");
	file->path[bytes] = '\0';
	file->fd = fd;
	file->inode = status.st_ino;
	file->dev_major = major(status.st_dev);
	file->dev_minor = minor(status.st_dev);
	file->regular = S_ISREG(status.st_mode);
}

static void files_init(struct places *places)
{
	char path[] = "/tmp/vmatrace differential.XXXXXX";
	int fd = mkstemp(path);
	int memfd = memfd_create("differential", MFD_ALLOW_SEALING);
	int sealed = memfd_create("sealed", MFD_ALLOW_SEALING);

	if (fd < 0 || memfd < 0 || ftruncate(fd, 64 * PAGE) || ftruncate(memfd, 64 * PAGE) ||
	    ftruncate(sealed, 64 * PAGE) || fcntl(sealed, F_ADD_SEALS, F_SEAL_WRITE))
		die("files");
	file_init(&places->files[0], fd);
	file_init(&places->files[1], open(path, O_RDWR));
	file_init(&places->files[2], open(path, O_RDONLY));
	file_init(&places->files[3], memfd);
	file_init(&places->files[4], sealed);
	file_init(&places->files[5], open("/dev/zero", O_RDWR));
	unlink(path);
	fd = mkstemp(strcpy(path, "/tmp/vmatrace differential.XXXXXX"));
	if (fd < 0 || ftruncate(fd, 8 * PAGE))
		die("files");
	file_init(&places->files[6], fd);
	unlink(path);
	/* Unlinked, all are called "(deleted)" in maps from now on, and by readlink. */
	for (size_t i = 0; i < FILE_COUNT; i++)
		file_init(&places->files[i], places->files[i].fd);
}

/* Attached once outside the areas and marked for removal: gone with the process, whatever becomes of it. */
static void segments_init(struct places *places)
{
	for (size_t i = 0; i < SEGMENT_COUNT; i++) {
		places->segment_bytes[i] = (i + 1) * PAGE - (i & 1 ? 100 : 0);
		places->segments[i] =
			shmget(IPC_PRIVATE, places->segment_bytes[i], IPC_CREAT | 0600);
		if (places->segments[i] < 0 || shmat(places->segments[i], NULL, 0) == (void *)-1 ||
		    shmctl(places->segments[i], IPC_RMID, NULL))
			die("shmget");
	}
}

static uint64_t free_area(uint64_t bytes, uint64_t align)
{
	void *at = mmap(NULL, bytes + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		die("mmap");
	munmap(at, bytes + align);
	return ((uint64_t)at + align - 1) & ~(align - 1);
}

void places_init(struct places *places, uint64_t seed)
{
	places->random = seed * 0x9e3779b97f4a7c15 | 1;
	files_init(places);
	segments_init(places);
	places->arena_pages = 192;
	places->huge_pages = 3 * HUGE_PAGE / PAGE;
	places->sealed_pages = 32;
	places->heap_pages = 48;
	/* One free range with room between the areas; only one of them can hold a huge page. */
	places->huge = free_area(6 * HUGE_PAGE, HUGE_PAGE);
	places->arena = places->huge + 4 * HUGE_PAGE + 64 * PAGE;
	places->sealed = places->arena + (places->arena_pages + 64) * PAGE;
	places->heap = ((uint64_t)sbrk(0) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	places->pkey = pkey_alloc(0, 0);
}

void places_release(struct places *places)
{
	for (size_t i = 0; i < FILE_COUNT; i++)
		close(places->files[i].fd);
}

static uint64_t range_in(struct places *places, uint64_t start, uint64_t pages, uint64_t *length)
{
	uint64_t first = pick(places, pages);
	uint64_t count = 1 + pick(places, one_in(places, 4) ? 40 : 8);

	if (count > pages - first)
		count = pages - first;
	*length = count * PAGE - (one_in(places, 4) ? pick(places, PAGE) : 0);
	return start + first * PAGE;
}

uint64_t pick_arena_range(struct places *places, uint64_t *length)
{
	return range_in(places, places->arena, places->arena_pages, length);
}

uint64_t pick_range(struct places *places, uint64_t *length)
{
	switch (pick(places, 16)) {
	case 0:
		return range_in(places, places->heap, places->heap_pages, length);
	case 1:
		return range_in(places, places->sealed, places->sealed_pages, length);
	case 2:
		*length = (1 + pick(places, 2)) * HUGE_PAGE;
		return places->huge + pick(places, 2) * HUGE_PAGE;
	case 3:
		return range_in(places, places->huge, places->huge_pages, length);
	default:
		return pick_arena_range(places, length);
	}
}

int pick_prot(struct places *places)
{
	static const int prots[] = {
		PROT_NONE,
		PROT_READ,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_WRITE,
		PROT_READ | PROT_EXEC,
		PROT_READ | PROT_WRITE | PROT_EXEC,
		PROT_WRITE,
		PROT_EXEC,
	};

	return prots[pick(places, sizeof(prots) / sizeof(*prots))];
}

void note_stray(struct places *places, uint64_t start, uint64_t bytes)
{
	if (places->stray_count == STRAY_LIMIT) {
		fprintf(stderr, "too many mappings outside the areas\n");
		exit(2);
	}
	places->strays[places->stray_count++] = (struct stray) { start, bytes };
}

static bool inside(uint64_t start, uint64_t bytes, uint64_t area, uint64_t pages)
{
	return start >= area && start + bytes <= area + pages * PAGE;
}

void note_mapping(struct places *places, uint64_t start, uint64_t bytes)
{
	bytes = (bytes + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (inside(start, bytes, places->arena, places->arena_pages) ||
	    inside(start, bytes, places->huge, places->huge_pages) ||
	    inside(start, bytes, places->sealed, places->sealed_pages) ||
	    inside(start, bytes, places->heap, places->heap_pages))
		return;
	note_stray(places, start, bytes);
}
