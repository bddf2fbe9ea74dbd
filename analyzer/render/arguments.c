/*
 * arguments.c: the names of bits and values, as the man pages give them. Numbers that no header of an older
 * system has are spelled out (include/uapi/asm-generic/mman-common.h, linux/mman.h, linux/mempolicy.h).
 */
#include "arguments.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define FLAG(name)                                                                                 \
	{                                                                                          \
		name, name, #name                                                                  \
	}
#define VALUE(name)                                                                                \
	{                                                                                          \
		UINT64_MAX, name, #name                                                            \
	}
#define END                                                                                        \
	{                                                                                          \
		0, 0, NULL                                                                         \
	}

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08
#endif

/* log2 of the page size, in the flags of mmap, memfd_create, shmget. */
#define HUGE_BITS (0x3full << 26)
#define HUGE_PAGES(prefix, size, log2)                                                             \
	{                                                                                          \
		(uint32_t) HUGE_BITS, (uint64_t)(log2) << 26, prefix size                          \
	}

static const struct bit_name prot_names[] = { FLAG(PROT_READ),    FLAG(PROT_WRITE),
	                                      FLAG(PROT_EXEC),    FLAG(PROT_GROWSDOWN),
	                                      FLAG(PROT_GROWSUP), END };

static const struct bit_name mmap_flags[] = {
	/* The type is a number, not a set: SHARED_VALIDATE is not SHARED and PRIVATE. */
	{ MAP_TYPE, MAP_SHARED, "MAP_SHARED" },
	{ MAP_TYPE, MAP_PRIVATE, "MAP_PRIVATE" },
	{ MAP_TYPE, MAP_SHARED_VALIDATE, "MAP_SHARED_VALIDATE" },
	{ MAP_TYPE, MAP_DROPPABLE, "MAP_DROPPABLE" },
	FLAG(MAP_FIXED),
	FLAG(MAP_ANONYMOUS),
#ifdef MAP_32BIT
	FLAG(MAP_32BIT),
#endif
	FLAG(MAP_GROWSDOWN),
	FLAG(MAP_DENYWRITE),
	FLAG(MAP_EXECUTABLE),
	FLAG(MAP_LOCKED),
	FLAG(MAP_NORESERVE),
	FLAG(MAP_POPULATE),
	FLAG(MAP_NONBLOCK),
	FLAG(MAP_STACK),
	FLAG(MAP_HUGETLB),
	FLAG(MAP_SYNC),
	FLAG(MAP_FIXED_NOREPLACE),
	{ 0x4000000, 0x4000000, "MAP_UNINITIALIZED" },
	HUGE_PAGES("MAP_HUGE_", "2MB", 21),
	HUGE_PAGES("MAP_HUGE_", "1GB", 30),
	END
};

static const struct bit_name mremap_flags[] = {
	FLAG(MREMAP_MAYMOVE), FLAG(MREMAP_FIXED), { 4, 4, "MREMAP_DONTUNMAP" }, END
};

static const struct bit_name open_flags[] = { { O_ACCMODE, O_RDONLY, "O_RDONLY" },
	                                      { O_ACCMODE, O_WRONLY, "O_WRONLY" },
	                                      { O_ACCMODE, O_RDWR, "O_RDWR" },
	                                      FLAG(O_CREAT),
	                                      FLAG(O_EXCL),
	                                      FLAG(O_NOCTTY),
	                                      FLAG(O_TRUNC),
	                                      FLAG(O_APPEND),
	                                      FLAG(O_NONBLOCK),
	                                      FLAG(O_SYNC),
	                                      FLAG(O_DSYNC),
	                                      FLAG(O_DIRECTORY),
	                                      FLAG(O_NOFOLLOW),
	                                      FLAG(O_CLOEXEC),
	                                      END };

static const struct bit_name advices[] = { VALUE(MADV_NORMAL),
	                                   VALUE(MADV_RANDOM),
	                                   VALUE(MADV_SEQUENTIAL),
	                                   VALUE(MADV_WILLNEED),
	                                   VALUE(MADV_DONTNEED),
	                                   VALUE(MADV_FREE),
	                                   VALUE(MADV_REMOVE),
	                                   VALUE(MADV_DONTFORK),
	                                   VALUE(MADV_DOFORK),
	                                   VALUE(MADV_MERGEABLE),
	                                   VALUE(MADV_UNMERGEABLE),
	                                   VALUE(MADV_HUGEPAGE),
	                                   VALUE(MADV_NOHUGEPAGE),
	                                   VALUE(MADV_DONTDUMP),
	                                   VALUE(MADV_DODUMP),
	                                   VALUE(MADV_WIPEONFORK),
	                                   VALUE(MADV_KEEPONFORK),
	                                   VALUE(MADV_COLD),
	                                   VALUE(MADV_PAGEOUT),
	                                   { UINT64_MAX, 22, "MADV_POPULATE_READ" },
	                                   { UINT64_MAX, 23, "MADV_POPULATE_WRITE" },
	                                   { UINT64_MAX, 24, "MADV_DONTNEED_LOCKED" },
	                                   { UINT64_MAX, 25, "MADV_COLLAPSE" },
	                                   { UINT64_MAX, 100, "MADV_HWPOISON" },
	                                   { UINT64_MAX, 101, "MADV_SOFT_OFFLINE" },
	                                   { UINT64_MAX, 102, "MADV_GUARD_INSTALL" },
	                                   { UINT64_MAX, 103, "MADV_GUARD_REMOVE" },
	                                   END };

static const struct bit_name posix_advices[] = {
	VALUE(POSIX_MADV_NORMAL),   VALUE(POSIX_MADV_RANDOM),   VALUE(POSIX_MADV_SEQUENTIAL),
	VALUE(POSIX_MADV_WILLNEED), VALUE(POSIX_MADV_DONTNEED), END
};

static const struct bit_name shmat_flags[] = { FLAG(SHM_RDONLY), FLAG(SHM_RND), FLAG(SHM_REMAP),
	                                       FLAG(SHM_EXEC), END };

static const struct bit_name mlock2_flags[] = { FLAG(MLOCK_ONFAULT), END };

static const struct bit_name mlockall_flags[] = { FLAG(MCL_CURRENT), FLAG(MCL_FUTURE),
	                                          FLAG(MCL_ONFAULT), END };

static const struct bit_name memfd_flags[] = { FLAG(MFD_CLOEXEC),
	                                       FLAG(MFD_ALLOW_SEALING),
	                                       FLAG(MFD_HUGETLB),
	                                       { 8, 8, "MFD_NOEXEC_SEAL" },
	                                       { 16, 16, "MFD_EXEC" },
	                                       HUGE_PAGES("MFD_HUGE_", "2MB", 21),
	                                       HUGE_PAGES("MFD_HUGE_", "1GB", 30),
	                                       END };

static const struct bit_name mbind_modes[] = { { UINT64_MAX, 0, "MPOL_DEFAULT" },
	                                       { UINT64_MAX, 1, "MPOL_PREFERRED" },
	                                       { UINT64_MAX, 2, "MPOL_BIND" },
	                                       { UINT64_MAX, 3, "MPOL_INTERLEAVE" },
	                                       { UINT64_MAX, 4, "MPOL_LOCAL" },
	                                       { UINT64_MAX, 5, "MPOL_PREFERRED_MANY" },
	                                       { UINT64_MAX, 6, "MPOL_WEIGHTED_INTERLEAVE" },
	                                       END };

static const struct bit_name mbind_flags[] = {
	{ 1, 1, "MPOL_MF_STRICT" }, { 2, 2, "MPOL_MF_MOVE" }, { 4, 4, "MPOL_MF_MOVE_ALL" }, END
};

/* None so far: the man page reserves them. */
static const struct bit_name mseal_flags[] = { END };

static const struct bit_name prctl_options[] = { { UINT64_MAX, 0x53564d41, "PR_SET_VMA" }, END };

static const struct argument_style styles[] = {
	[ARG_NO] = { SHAPE_HIDDEN, NULL },
	[ARG_ADDR] = { SHAPE_ADDRESS, NULL },
	[ARG_BYTES] = { SHAPE_UNSIGNED, NULL },
	[ARG_OFFSET] = { SHAPE_SIGNED, NULL },
	[ARG_INT] = { SHAPE_INT, NULL },
	[ARG_PROT] = { SHAPE_PROT, prot_names },
	[ARG_MMAP_FLAGS] = { SHAPE_FLAGS, mmap_flags },
	[ARG_MREMAP_FLAGS] = { SHAPE_FLAGS, mremap_flags },
	[ARG_OPEN_FLAGS] = { SHAPE_FLAGS, open_flags },
	[ARG_MODE] = { SHAPE_MODE, NULL },
	[ARG_ADVICE] = { SHAPE_NAME, advices },
	[ARG_POSIX_ADVICE] = { SHAPE_NAME, posix_advices },
	[ARG_SHMAT_FLAGS] = { SHAPE_FLAGS, shmat_flags },
	[ARG_MLOCK2_FLAGS] = { SHAPE_FLAGS, mlock2_flags },
	[ARG_MLOCKALL_FLAGS] = { SHAPE_FLAGS, mlockall_flags },
	[ARG_MEMFD_FLAGS] = { SHAPE_FLAGS, memfd_flags },
	[ARG_MBIND_MODE] = { SHAPE_NAME, mbind_modes },
	[ARG_MBIND_FLAGS] = { SHAPE_FLAGS, mbind_flags },
	[ARG_MSEAL_FLAGS] = { SHAPE_FLAGS, mseal_flags },
	[ARG_PRCTL_OPTION] = { SHAPE_NAME, prctl_options },
	[ARG_TEXT] = { SHAPE_TEXT, NULL },
	[ARG_PATH] = { SHAPE_PATH, NULL },
	[ARG_HIDDEN] = { SHAPE_HIDDEN, NULL },
};

const struct argument_style *argument_style(enum arg_kind kind)
{
	return &styles[kind];
}

const char *argument_next_name(const struct bit_name **names, uint64_t *word)
{
	for (; (*names)->name; (*names)++) {
		const struct bit_name *name = *names;

		if ((*word & name->mask) != name->bits)
			continue;
		*word &= ~name->mask;
		(*names)++;
		/* A number of which one value is named (O_RDONLY is 0): its other names are no answer. */
		while ((*names)->name && (*names)->mask == name->mask)
			(*names)++;
		return name->name;
	}
	return NULL;
}
