/*
 * kinds: what each VMA is for. A row of /proc/PID/maps says a name and four letters; a person wants
 * to read "thread-stack". The answer is put together from the name, the letters, the neighbours
 * and, where it is known, who made the mapping:
 *
 *     libm.so r--p | libm.so r-xp | libm.so ---p | libm.so rw-p | "" rw-p | "" ---p 4K | "" rw-p 8M
 *     rodata         text           guard          data           bss       guard      thread-stack
 *
 * A kind is a judgement for reports, never compared with the kernel. Arenas, blocks and thread stacks
 * are known by who made them, the innermost known function of libc (malloc, pthread_create, dlopen) that
 * the call came through. Without creators (what libc does inside itself is seen only by the site layer)
 * they are known by their shape: glibc's heaps are aligned to their own size of 64 MiB
 * (malloc/arena.c HEAP_MAX_SIZE), its stacks lie right above a guard.
 */
#ifndef VMATRACE_CORE_KINDS_H
#define VMATRACE_CORE_KINDS_H

#include "vma_map.h"

enum vma_kind {
	KIND_TEXT,
	KIND_RODATA,
	KIND_DATA,
	KIND_BSS,
	KIND_HEAP, /* the break's */
	KIND_MALLOC_ARENA,
	KIND_MALLOC_BLOCK,
	KIND_THREAD_STACK,
	KIND_MAIN_STACK,
	KIND_GUARD,
	KIND_LOADER, /* the dynamic loader's own segments */
	KIND_FILE,
	KIND_SHM, /* a POSIX shared memory object */
	KIND_MEMFD,
	KIND_SYSV,
	KIND_ANONYMOUS,
	KIND_JIT,  /* anonymous and executable */
	KIND_VDSO, /* vdso, vvar, vsyscall: the kernel's own pages */
	KIND_TRACER,
	KIND_COUNT,
};

/* "thread-stack", ... as reports print them and --kind takes them. */
const char *vma_kind_name(enum vma_kind kind);

/* For whom a mapping was made. */
enum vma_creator {
	CREATOR_UNKNOWN, /* before recording, by an implicit change, by a call without a stack */
	CREATOR_PROGRAM,
	CREATOR_MALLOC,
	CREATOR_THREAD,
	CREATOR_LOADER,
};

/*
 * Who owns a runtime frame of this name (of libc, the loader, an allocator): CREATOR_PROGRAM if
 * nobody.
 */
enum vma_creator vma_creator_of(const char *function);

/* What the rows themselves do not say. Either may be NULL. */
struct kinds_source {
	void *context;
	/* Path of the object loaded at the address, NULL none. */
	const char *(*module)(void *context, uint64_t address);
	/* For whom the row was made: one of those given, which an event made. */
	enum vma_creator (*creator)(void *context, const struct vma_row_info *row);
};

/* kinds[i] is that of rows[i]; rows are in address order. */
void kinds_of_rows(const struct vma_row_info *rows, size_t count, const struct kinds_source *source,
                   enum vma_kind *kinds);

/*
 * Of one change, without neighbours: what is or was there, and for whom that was mapped. Less sure
 * than kinds_of_rows(). module: the path of the object loaded there, or NULL.
 */
struct vma_change;
enum vma_kind kind_of_change(const struct vma_change *change, const char *module,
                             enum vma_creator creator);
/* As far as it does not depend on the creator, who takes time to find; else KIND_COUNT. */
enum vma_kind kind_of_change_alone(const struct vma_change *change, const char *module);

#endif
