/*
 * early.c: finds the loader's list of objects without being relocated: from the auxiliary vector to the loader,
 * from the loader's _r_debug to the list, in which the objects behind this one are searched as RTLD_NEXT would.
 */
#include "early.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "object_symbols.h"
#include "raw_syscall.h"
#include "real.h"

#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856 /* Linux 6.4 */
#endif

enum { AUXV_LIMIT = 64, PAGE = 4096 };

/* Where this library's own dynamic section is: how it is known in the list. */
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

/* Bytes of the auxiliary vector, 0 or less if it cannot be had. A sandbox lets the loader open and read files. */
static long read_auxv(Elf64_auxv_t *auxv, size_t bytes)
{
	long fd = RAW_4(SYS_openat, AT_FDCWD, "/proc/self/auxv", O_RDONLY | O_CLOEXEC, 0);
	long got;

	if (!raw_failed(fd)) {
		got = RAW_3(SYS_read, fd, auxv, bytes);
		RAW_1(SYS_close, fd);
		return got;
	}
	got = RAW_5(SYS_prctl, PR_GET_AUXV, auxv, bytes, 0, 0);
	return got < (long)bytes ? got : (long)bytes;
}

/* The loader's ELF header: the interpreter, or, started as a program, what the kernel took for the program. */
static const Elf64_Ehdr *loader(void)
{
	Elf64_auxv_t auxv[AUXV_LIMIT];
	long count = read_auxv(auxv, sizeof(auxv)) / (long)sizeof(auxv[0]);
	uint64_t base = 0, program = 0;

	for (long i = 0; i < count; i++) {
		if (auxv[i].a_type == AT_BASE)
			base = auxv[i].a_un.a_val;
		if (auxv[i].a_type == AT_PHDR)
			program = auxv[i].a_un.a_val & ~(uint64_t)(PAGE - 1);
	}
	return (const Elf64_Ehdr *)(base ? base : program);
}

/* The first object of the list that programs are linked to. */
static const struct link_map *objects(void)
{
	const Elf64_Ehdr *header = loader();
	struct link_map self = { .l_addr = (uint64_t)header };
	const Elf64_Phdr *segment;
	const struct r_debug *debug;

	if (!header)
		return NULL;
	segment = (const void *)((const char *)header + header->e_phoff);
	for (unsigned i = 0; i < header->e_phnum; i++) {
		if (segment[i].p_type == PT_DYNAMIC)
			self.l_ld = (void *)(self.l_addr + segment[i].p_vaddr);
	}
	debug = self.l_ld ? object_variable(&self, "_r_debug") : NULL;
	return debug ? debug->r_map : NULL;
}

static const struct link_map *own_object(void)
{
	static const struct link_map *own;

	if (!own) {
		own = objects();
		while (own && own->l_ld != _DYNAMIC)
			own = own->l_next;
	}
	return own;
}

void *early_next(const char *name)
{
	const struct link_map *object = own_object();
	const void *found = NULL;

	while (object && !found && (object = object->l_next))
		found = object_function(object, name);
	return (void *)found;
}

void early_call(void)
{
	__atomic_fetch_add(&address_space.early, 1, __ATOMIC_RELAXED);
	real_resolve_early();
}
