/*
 * site_copies.c: see site_copies.h. The state is what the loader's lock protects, but for the starts of the
 * copies, which every thread reads.
 */
#include "site_copies.h"

#include <link.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "cfi_table.h"
#include "raw_syscall.h"
#include "ring.h"
#include "text.h"

enum {
	COPIES_LIMIT = 16, /* glibc:sysdeps/generic/ldsodefs.h, DL_NNS; the first is none */
	HEAD_BYTES = 4096, /* compared: ELF header, program headers, the note with the build-id */
};

static struct {
	uint64_t start, length; /* of the first libc, from its first page to its last */
	uint64_t copy[COPIES_LIMIT];
	uint64_t mapped;       /* where the loader is mapping one; 0 none */
	struct site_left left; /* of the first that was left alone */
	uint32_t left_count;
} copies;

static const char *base_name(const char *path)
{
	const char *base = path;

	for (; *path; path++) {
		if (*path == '/')
			base = path + 1;
	}
	return base;
}

static void tell_left(void)
{
	struct vmat_control *control = ring.control;
	struct text text = text_in(control->copy_left, sizeof(control->copy_left));

	control->copies_left = copies.left_count;
	if (copies.left.number) {
		text_string(&text, "system call ");
		text_number(&text, copies.left.number, 10);
		text_string(&text, ": ");
	}
	if (copies.left.why)
		text_string(&text, copies.left.why);
}

/* The first reason is kept: the others are like it. */
static void leave(struct site_left left)
{
	if (!copies.left_count++)
		copies.left = left;
	if (ring.control)
		tell_left();
}

static bool is_copy(uint64_t start)
{
	return copies.start && start != copies.start &&
	       !__builtin_memcmp((const void *)start, (const void *)copies.start, HEAD_BYTES);
}

static uint64_t *free_place(void)
{
	for (unsigned i = 0; i < COPIES_LIMIT; i++) {
		if (!copies.copy[i])
			return &copies.copy[i];
	}
	return NULL;
}

static void patch(uint64_t start)
{
	uint64_t *place = free_place();
	struct site_left left;

	if (!place) {
		leave((struct site_left) { .why = "too many of them" });
		return;
	}
	/* First: site_entry must know a site before anyone can come through it. */
	__atomic_store_n(place, start, __ATOMIC_RELEASE);
	left = sites_patch_copy(start - copies.start);
	if (left.why)
		leave(left);
	else if (ring.control)
		ring_count(&ring.control->copies_patched);
}

/* Two links and ".", or a thread besides this one. */
static bool is_alone(void)
{
	struct stat status;

	return !raw_failed(RAW_2(SYS_stat, "/proc/self/task", &status)) && status.st_nlink == 3;
}

/* The namespaces that there are at start; the first one is the program's. */
static void patch_audit(const struct link_map *libc)
{
	const struct r_debug_extended *space = dlsym(RTLD_NEXT, "_r_debug");

	if (!space || space->base.r_version < 2)
		return;
	while ((space = space->r_next)) {
		for (const struct link_map *at = space->base.r_map; at; at = at->l_next) {
			if (!text_equal(base_name(at->l_name), base_name(libc->l_name)) ||
			    at->l_addr == libc->l_addr || !is_copy(at->l_addr))
				continue;
			if (is_alone())
				patch(at->l_addr);
			else
				leave((struct site_left) { .why = "other threads ran already" });
		}
	}
}

void site_copies_begin(const struct link_map *libc)
{
	struct dl_find_object found;

	if (!cfi_object((uint64_t)libc->l_ld, &found))
		return;
	copies.start = (uint64_t)found.dlfo_map_start;
	copies.length = (uint64_t)found.dlfo_map_end - copies.start;
	patch_audit(libc);
}

void sites_begin_trace(void)
{
	for (unsigned i = 0; i < COPIES_LIMIT; i++)
		ring.control->copies_patched += copies.copy[i] != 0;
	if (copies.left_count)
		tell_left();
}

void site_copies_mapped(uint64_t start, uint64_t length)
{
	if (length == copies.length && is_copy(start))
		copies.mapped = start;
}

void site_copies_protected(uint64_t start, uint64_t length)
{
	uint64_t copy = copies.mapped;

	if (!copy || start < copy || start + length > copy + copies.length)
		return;
	copies.mapped = 0;
	patch(copy);
}

void site_copies_unmapping(uint64_t start, uint64_t length)
{
	if (copies.mapped - start < length)
		copies.mapped = 0;
	for (unsigned i = 0; i < COPIES_LIMIT; i++) {
		if (copies.copy[i] - start < length)
			__atomic_store_n(&copies.copy[i], 0, __ATOMIC_RELEASE);
	}
}

uint64_t site_copies_original(uint64_t address)
{
	for (unsigned i = 0; i < COPIES_LIMIT; i++) {
		uint64_t start = __atomic_load_n(&copies.copy[i], __ATOMIC_ACQUIRE);

		if (start && address - start < copies.length)
			return address - start + copies.start;
	}
	return 0;
}
