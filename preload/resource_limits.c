/*
 * resource_limits: see the header. What was stored last is in `ring`, for a new trace begins with none.
 */
#include "resource_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "depot.h"
#include "raw_syscall.h"
#include "ring.h"

static bool read_limit(int resource, uint64_t *soft)
{
	struct rlimit limit;

	if (raw_failed(RAW_4(SYS_prlimit64, 0, resource, 0, &limit)))
		return false;
	*soft = limit.rlim_cur;
	return true;
}

/* Two that fail at once may store the same twice. With each lap of the arena they are stored anew, as stacks are. */
static bool is_stored(const struct vmat_limits *now, uint64_t lap)
{
	return __atomic_load_n(&ring.limits_lap, __ATOMIC_ACQUIRE) == lap &&
	       __atomic_load_n(&ring.limits[0], __ATOMIC_RELAXED) == now->as &&
	       __atomic_load_n(&ring.limits[1], __ATOMIC_RELAXED) == now->data &&
	       __atomic_load_n(&ring.limits[2], __ATOMIC_RELAXED) == now->memlock;
}

void resource_limits_note(uint64_t seq)
{
	struct vmat_limits now = { .seq = seq };
	struct vmat_limits *payload;
	uint64_t lap = (uint64_t)depot_generation() + 1; /* 0: none is stored yet */
	uint32_t id;

	if (!read_limit(RLIMIT_AS, &now.as) || !read_limit(RLIMIT_DATA, &now.data) ||
	    !read_limit(RLIMIT_MEMLOCK, &now.memlock) || is_stored(&now, lap))
		return;
	payload = depot_begin(sizeof(now), &id);
	if (!payload)
		return;
	*payload = now;
	depot_finish(payload, id, VMAT_RECORD_LIMITS, sizeof(now), sizeof(now));
	ring_count(&ring.control->limits_stored);
	__atomic_store_n(&ring.limits[0], now.as, __ATOMIC_RELAXED);
	__atomic_store_n(&ring.limits[1], now.data, __ATOMIC_RELAXED);
	__atomic_store_n(&ring.limits[2], now.memlock, __ATOMIC_RELAXED);
	__atomic_store_n(&ring.limits_lap, lap, __ATOMIC_RELEASE);
}
