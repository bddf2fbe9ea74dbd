/*
 * guard.c: two ranges are ours, the ring and the private memory; a call that touches them is cut in up to
 * three pieces.
 */
#include "guard.h"

#include <stdint.h>

#include "address_space.h"
#include "real.h"
#include "ring.h"

struct piece_call {
	int (*call)(void *addr, size_t length, int prot);
	int prot;
};

static int unmap_piece(void *addr, size_t length, int prot)
{
	(void)prot;
	return real.munmap(addr, length);
}

static int protect_piece(void *addr, size_t length, int prot)
{
	return real.mprotect(addr, length, prot);
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

			status = piece->call((void *)start, to - start, piece->prot);
		}
		if (start < mine[1])
			start = mine[1];
	}
	if (!status && start < end)
		status = piece->call((void *)start, end - start, piece->prot);
	return status;
}

static int guarded(struct recording *recording, const struct piece_call *piece, void *addr,
                   size_t length)
{
	uint64_t start = (uint64_t)addr;

	if (__builtin_expect(!recording->recording || !address_space_overlaps(start, length), 1))
		return piece->call(addr, length, piece->prot);
	ring_count(&ring.control->carved);
	recording->rows_wanted = true;
	return carve(piece, start, (start + length + 4095) & ~4095ull);
}

int guard_munmap(struct recording *recording, void *addr, size_t length)
{
	return guarded(recording, &(struct piece_call) { unmap_piece, 0 }, addr, length);
}

int guard_mprotect(struct recording *recording, void *addr, size_t length, int prot)
{
	return guarded(recording, &(struct piece_call) { protect_piece, prot }, addr, length);
}

void guard_replacing(void *addr, size_t length, int replaces)
{
	if (!replaces || !address_space.state || !address_space_overlaps((uint64_t)addr, length))
		return;
	ring_count(&ring.control->carved);
	address_space_give_up();
}
