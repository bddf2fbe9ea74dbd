/*
 * intruder.c: lays hands on memory and files that are not its own: the recorder's, when it is there. Prints
 * what came of it, without addresses, so that the output with and without the recorder can be compared.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acts.h"
#include "intruder.h"

enum { ROWS = 64, LARGE = 512 << 10, TOO_LARGE = 4 << 20 };

/* The rows of our own maps that `wanted` wants, read whole before any is touched. */
static size_t find_rows(struct row *rows, int (*wanted)(const struct row *row))
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	size_t found = 0;

	while (found < ROWS && fgets(line, sizeof(line), maps)) {
		struct row *row = &rows[found];
		unsigned long start, end;

		row->path[0] = '\0';
		if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %255s", &start, &end, row->path) < 2)
			continue;
		row->start = (char *)start;
		row->length = end - start;
		found += wanted(row) != 0;
	}
	fclose(maps);
	return found;
}

static int is_ring(const struct row *row)
{
	return strstr(row->path, ".vmat") != NULL;
}

/* What a checkpointer or a sandbox would call unknown. libc maps nothing of this size here. */
static int is_nameless(const struct row *row)
{
	return is_ring(row) || (!row->path[0] && row->length >= LARGE && row->length < TOO_LARGE);
}

struct row ring_row(void)
{
	static struct row rows[ROWS];

	if (find_rows(rows, is_ring))
		return rows[0];
	rows[0].length = 16 * PAGE;
	rows[0].start = mmap(NULL, rows[0].length, PROT_READ | PROT_WRITE,
	                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return rows[0];
}

/* --- the ring, or pages of our own where there is none ------------------------------------------------ */

static void ring_unmapped(void)
{
	struct row ring = ring_row();

	say("munmap", munmap(ring.start, ring.length));
	map_and_unmap(count);
}

static void ring_protected(void)
{
	struct row ring = ring_row();

	say("mprotect", mprotect(ring.start, ring.length, PROT_NONE));
	map_and_unmap(count);
	say("pkey_mprotect", pkey_mprotect(ring.start, ring.length, PROT_NONE, -1));
	map_and_unmap(count);
	say("syscall", syscall(SYS_pkey_mprotect, ring.start, ring.length, PROT_NONE, -1));
	map_and_unmap(count);
}

static void ring_advised(void)
{
	struct row ring = ring_row();
	pid_t pid;

	say("MADV_REMOVE", madvise(ring.start, ring.length, MADV_REMOVE));
	say("MADV_DONTFORK", madvise(ring.start, ring.length, MADV_DONTFORK));
	say("syscall", syscall(SYS_madvise, ring.start, ring.length, MADV_DONTFORK));
	map_and_unmap(count);
	pid = fork();
	if (!pid) {
		map_and_unmap(count);
		_exit(0);
	}
	say_child("child", pid);
}

/* Ranges that every call refuses, and empty ones: the kernel's own answers, and recording goes on. */
static void ring_edges(void)
{
	struct row ring = ring_row();
	char *at = ring.start;

	errno = 0;
	say("munmap nothing", munmap(at, 0));
	say("munmap nothing, inside", munmap(at + PAGE, 0));
	say("munmap unaligned", munmap(at + 1, PAGE));
	say("munmap everything", munmap(at, SIZE_MAX));
	say("munmap wrapping", munmap(at, SIZE_MAX - (size_t)at + 1 + PAGE));
	say("mprotect nothing", mprotect(at, 0, PROT_NONE));
	say("mprotect unaligned", mprotect(at + 1, PAGE, PROT_NONE));
	say("mprotect wrapping", mprotect(at, SIZE_MAX - PAGE + 1, PROT_NONE));
	say("madvise unaligned", madvise(at + 1, PAGE, MADV_DONTNEED));
	say("mmap nothing",
	    (long)mmap(at, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	say("mmap unaligned",
	    (long)mmap(at + 1, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	say("mremap unaligned", (long)mremap(at + 1, PAGE, PAGE, 0));
	say("mremap with a flag that is none", (long)mremap(at, PAGE, PAGE, 0x100));
	map_and_unmap(count);
}

static void use_pages(char *mine, size_t length)
{
	map_and_unmap(count);
	for (size_t i = 0; i < length; i += PAGE) {
		if (mine[i])
			abort();
	}
	dprintf(1, "nobody else wrote here\n");
}

static void map_over(const struct row *row)
{
	char *mine = mmap(row->start, row->length, PROT_READ | PROT_WRITE,
	                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (mine != row->start)
		abort();
	use_pages(mine, row->length);
}

static void ring_replaced(void)
{
	struct row ring = ring_row();

	map_over(&ring);
}

/* In a child: the parent's trace is none of its business. */
static void ring_replaced_in_child(void)
{
	struct row ring = ring_row();
	pid_t pid = fork();

	if (!pid) {
		map_over(&ring);
		_exit(0);
	}
	say_child("child", pid);
	map_and_unmap(count);
}

static void ring_moved(void)
{
	struct row ring = ring_row();

	say("mremap", (long)mremap(ring.start, ring.length, PAGE, 0));
	map_and_unmap(count);
}

static void ring_listed(void)
{
	struct row ring = ring_row();
	struct iovec ranges[2] = { { ring.start, PAGE }, { ring.start, ring.length } };
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);

	/* No harm in it: recording goes on. */
	process_madvise(self, ranges, 2, MADV_COLD, 0);
	map_and_unmap(count);
	say("process_madvise", process_madvise(self, ranges, 2, MADV_DONTFORK, 0));
	map_and_unmap(count);
}

static void ring_remapped(void)
{
	struct row ring = ring_row();

	say("remap_file_pages", remap_file_pages(ring.start, PAGE, 0, 1, 0));
	map_and_unmap(count);
}

/* --- all that is unknown ------------------------------------------------------------------------------ */

static void unmap_unknown(void)
{
	struct row rows[ROWS];
	size_t found = find_rows(rows, is_nameless);

	for (size_t i = 0; i < found; i++) {
		if (munmap(rows[i].start, rows[i].length))
			abort();
		map_and_unmap(count);
	}
	for (size_t i = 0; i < found; i++)
		map_over(&rows[i]);
	map_and_unmap(count);
}

static void unknown_unmapped(void)
{
	pid_t pid = fork();

	if (!pid) {
		map_and_unmap(count);
		unmap_unknown();
		_exit(0);
	}
	say_child("child", pid);
	unmap_unknown();
	dprintf(1, "still alive\n");
}

/* --- the file ----------------------------------------------------------------------------------------- */

/* Another file has the trace's name when the process ends. */
static void file_replaced(void)
{
	struct row rows[ROWS];
	char moved[300];
	int fd;

	if (find_rows(rows, is_ring)) {
		snprintf(moved, sizeof(moved), "%s.moved", rows[0].path);
		rename(rows[0].path, moved);
		fd = open(rows[0].path, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (write(fd, "mine", 4) != 4)
			abort();
		close(fd);
	}
	map_and_unmap(count);
}

/* --- what is read ------------------------------------------------------------------------------------ */

/* A string that a page without access follows, one that it begins in, none. */
static void texts(void)
{
	char *page =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long fd;

	mprotect(page + PAGE, PAGE, PROT_NONE);
	memcpy(page + PAGE - 4, "end", 4);
	fd = memfd_create(page + PAGE - 4, 0);
	say("whole", fd < 0 ? -1 : 0);
	page[PAGE - 1] = '!';
	say("cut", memfd_create(page + PAGE - 4, 0));
	say("none", memfd_create(page + PAGE, 0));
	say("null", memfd_create(NULL, 0));
}

/* Memory of ours is nothing for a core dump: rows of smaps that are the recorder's, and not marked so. */
static void dumped(void)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	unsigned long start, end;
	struct row row = { .length = 0 };
	char line[512];
	int found = 0;

	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2) {
			row.path[0] = '\0';
			sscanf(line, "%*s %*s %*s %*s %*s %255s", row.path);
			row.length = end - start;
		}
		if (!strncmp(line, "VmFlags:", 8) && is_nameless(&row) && !strstr(line, " dd"))
			found++;
	}
	fclose(maps);
	dprintf(1, "dumped: %d\n", found);
}

/* --- plug-ins ----------------------------------------------------------------------------------------- */

static void *call_plugin(const char *name)
{
	/* By the program's own RUNPATH, which the loader takes from whoever calls. */
	void *plugin = dlopen(name, RTLD_NOW);
	void (*maps)(void);

	if (!plugin)
		abort();
	maps = (void (*)(void))(unsigned long)dlsym(plugin, "plugin_maps");
	maps();
	dlclose(plugin);
	return (void *)(unsigned long)maps;
}

/* One plug-in is unloaded, the next is loaded in its place. */
static void plugins(void)
{
	void *first = call_plugin("plugin_first.so");
	void *second = call_plugin("plugin_second.so");

	dprintf(1, "%s\n",
	        (unsigned long)first >> 14 == (unsigned long)second >> 14 ? "in the same place"
	                                                                  : "elsewhere");
}

static void calls(void)
{
	map_and_unmap(count);
}

const struct act acts[] = {
	{ "ring_unmapped", ring_unmapped },
	{ "ring_protected", ring_protected },
	{ "ring_advised", ring_advised },
	{ "ring_edges", ring_edges },
	{ "ring_replaced", ring_replaced },
	{ "ring_replaced_in_child", ring_replaced_in_child },
	{ "ring_moved", ring_moved },
	{ "ring_remapped", ring_remapped },
	{ "ring_listed", ring_listed },
	{ "ring_scribbled", ring_scribbled },
	{ "ring_changing", ring_changing },
	{ "unknown_unmapped", unknown_unmapped },
	{ "file_replaced", file_replaced },
	{ "texts", texts },
	{ "dumped", dumped },
	{ "calls", calls },
	{ "plugins", plugins },
	{ NULL, NULL },
};
