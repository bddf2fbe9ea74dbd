/*
 * guard.c: two ranges are ours, the ring and the private memory; a call that touches them is cut in up to
 * three pieces.
 */
#include "guard.h"

#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "raw_syscall.h"
#include "readable.h"
#include "real.h"
#include "ring.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
/* A page (linux:include/asm-generic/shmparam.h). glibc's SHMLBA is a call of a function that musl does not have. */
#define KERNEL_SHMLBA 4096u

struct piece_call {
	int (*call)(void *addr, size_t length, const struct piece_call *piece);
	int value; /* prot or advice */
	int pkey;
	long number;      /* by number: of the system call, */
	const long *word; /* and all its arguments */
};

static int unmap_piece(void *addr, size_t length, const struct piece_call *piece)
{
	(void)piece;
	return real.munmap(addr, length);
}

static int protect_piece(void *addr, size_t length, const struct piece_call *piece)
{
	return real.mprotect(addr, length, piece->value);
}

static int pkey_protect_piece(void *addr, size_t length, const struct piece_call *piece)
{
	return real.pkey_mprotect(addr, length, piece->value, piece->pkey);
}

static int advise_piece(void *addr, size_t length, const struct piece_call *piece)
{
	return real.madvise(addr, length, piece->value);
}

static int numbered_piece(void *addr, size_t length, const struct piece_call *piece)
{
	const long *word = piece->word;

	return (int)real.syscall(piece->number, addr, length, word[2], word[3], word[4], word[5]);
}

/* The call on what of [start, end) lies outside of ours; the first failure ends it, as it would a whole one. */
static int carve(const struct piece_call *piece, uint64_t start, uint64_t end)
{
	const uint64_t ours[2][2] = {
		{ (uint64_t)ring.header, (uint64_t)ring.header + ring.map_bytes },
		{ address_space.private_start,
		  address_space.private_start + address_space.private_bytes },
	};
	unsigned low = ours[0][0] > ours[1][0];
	int status = 0;

	for (unsigned i = 0; i < 2 && !status; i++) {
		const uint64_t *mine = ours[i ? !low : low];

		if (start < mine[0] && end > start) {
			uint64_t to = end < mine[0] ? end : mine[0];

			status = piece->call((void *)start, to - start, piece);
		}
		if (start < mine[1])
			start = mine[1];
	}
	if (!status && start < end)
		status = piece->call((void *)start, end - start, piece);
	return status;
}

static int guarded(struct recording *recording, void *addr, size_t length,
                   const struct piece_call *piece)
{
	uint64_t start = (uint64_t)addr;

	if (__builtin_expect(!recording->recording || !address_space_overlaps(start, length), 1))
		return piece->call(addr, length, piece);
	ring_count(&ring.control->carved);
	recording->rows_wanted = true;
	return carve(piece, start, (start + length + 4095) & ~4095ull);
}

int guard_munmap(struct recording *recording, void *addr, size_t length)
{
	return guarded(recording, addr, length, &(struct piece_call) { .call = unmap_piece });
}

int guard_mprotect(struct recording *recording, void *addr, size_t length, int prot)
{
	return guarded(recording, addr, length,
	               &(struct piece_call) { .call = protect_piece, .value = prot });
}

int guard_pkey_mprotect(struct recording *recording, void *addr, size_t length, int prot, int pkey)
{
	return guarded(
		recording, addr, length,
		&(struct piece_call) { .call = pkey_protect_piece, .value = prot, .pkey = pkey });
}

int guard_madvise(struct recording *recording, void *addr, size_t length, int advice)
{
	return guarded(recording, addr, length,
	               &(struct piece_call) { .call = advise_piece, .value = advice });
}

int guard_system_call(struct recording *recording, long number, const long *word)
{
	return guarded(
		recording, (void *)word[0], (size_t)word[1],
		&(struct piece_call) { .call = numbered_piece, .number = number, .word = word });
}

void guard_replacing(struct recording *recording, const void *addr, size_t length, int replaces)
{
	if (!replaces || !recording->recording || !address_space_overlaps((uint64_t)addr, length))
		return;
	ring_count(&ring.control->carved);
	/* This call is the last that can be seen: its end has no place any more. */
	recorder_awaits_none(recording);
	address_space_give_up();
}

/* On another process only these are allowed, and they do no harm to ours (linux:mm/madvise.c). */
static bool is_harmless(int advice)
{
	return advice == MADV_WILLNEED || advice == MADV_COLD || advice == MADV_PAGEOUT ||
	       advice == MADV_COLLAPSE;
}

void guard_advising(struct recording *recording, const struct iovec *ranges, size_t count,
                    int advice)
{
	if (!recording->recording || is_harmless(advice) || count > IOV_MAX)
		return;
	for (size_t i = 0; i < count; i++) {
		const char *range = (const char *)&ranges[i];

		if (!readable((uint64_t)range) || !readable((uint64_t)range + sizeof(*ranges) - 1))
			return;
		guard_replacing(recording, ranges[i].iov_base, ranges[i].iov_len, 1);
	}
}

void guard_moving(struct recording *recording, const struct words *words)
{
	const uint64_t *word = words->word;
	int flags = (int)word[3];

	/* mremap takes no other flag: it will fail, and nothing is taken (linux:mm/mremap.c). */
	if (flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return;
	guard_replacing(recording, (void *)word[0], word[1], 1);
	guard_replacing(recording, (void *)word[4], word[2], flags & MREMAP_FIXED);
}

void guard_attaching(struct recording *recording, int shmid, const void *addr, int flags)
{
	uint64_t start = (uint64_t)addr;
	struct shmid_ds segment;

	if (!recording->recording || !(flags & SHM_REMAP) ||
	    raw_failed(RAW_3(SYS_shmctl, shmid, IPC_STAT, &segment)))
		return;
	if (flags & SHM_RND)
		start -= start % KERNEL_SHMLBA;
	guard_replacing(recording, (void *)start, segment.shm_segsz, 1);
}
