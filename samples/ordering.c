/*
 * ordering: chapter "mprotect and ordering".
 *
 * Changes the rights of a page back and forth, alone and while another thread of the process
 * keeps reading it on another processor: then each change that takes rights away has to reach
 * that processor's TLB, and the times show it. Then it orders two stores as one should: with C11
 * atomics, and with membarrier().
 *
 * What the older text says and what is true: mprotect() is no memory barrier, neither by POSIX
 * nor by Linux. It changes VMAs under mmap_lock, page-table entries under their locks, and
 * flushes TLBs only for entries that were present and lose something; widened rights and
 * untouched pages often send no interrupt at all, and some processors broadcast the flush
 * without one. Runtimes that used mprotect() as a barrier for all threads moved to
 * membarrier(2). Nor does it stop speculation: processors load through forbidden entries and
 * discard the result. What holds: once mprotect() has returned, no thread's access completes
 * against the reduced rights.
 */
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

enum { ROUNDS = 32, STACK_PAGES = 32 };

static size_t page_bytes;
static char *page;
static char *thread_stack;
static atomic_int ready;
static atomic_int stop;
static atomic_int message;

/*
 * Reads the page until told to stop. It makes one call of its own, so that the trace has two
 * threads.
 */
static void *reader(void *unused)
{
	volatile char *at = page;

	ACCOUNT_BEGIN();
	DID(mprotect, thread_stack, page_bytes, PROT_NONE);
	atomic_store(&ready, 1);
	while (!atomic_load(&stop)) {
		(void)*at;
		sched_yield();
	}
	/* Acquire: whoever sees the message also sees what was stored before it. */
	while (atomic_load_explicit(&message, memory_order_acquire) == 0)
		sched_yield();
	print("the reader sees message %d and the store before it: %d\n", atomic_load(&message),
	      page[1]);
	return unused;
}

static void toggle(const char *what)
{
	struct timespec begin;
	struct timespec end;
	long long ns;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (int i = 0; i < ROUNDS; i++) {
		page[0] = (char)i;
		DID(mprotect, page, page_bytes, PROT_READ);
		DID(mprotect, page, page_bytes, PROT_READ | PROT_WRITE);
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	ns = (end.tv_sec - begin.tv_sec) * 1000000000LL + (end.tv_nsec - begin.tv_nsec);
	print("live: %s: %lld ns a round, printing included\n", what, ns / ROUNDS);
}

int main(void)
{
	const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	const int stack_flags = anonymous | MAP_STACK;
	size_t stack_bytes;
	pthread_attr_t attributes;
	pthread_t thread;
	long status;

	ACCOUNT_BEGIN();
	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	stack_bytes = STACK_PAGES * page_bytes;
	page = DID(mmap, NULL, page_bytes, PROT_READ | PROT_WRITE, anonymous, -1, 0);
	/* The thread's stack is mapped here and not by libc, so that the account is complete. */
	thread_stack = DID(mmap, NULL, stack_bytes, PROT_READ | PROT_WRITE, stack_flags, -1, 0);
	if (page == MAP_FAILED || thread_stack == MAP_FAILED)
		return 1;
	page[0] = 1;

	MARK("alone");
	toggle("alone");

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, thread_stack + page_bytes, stack_bytes - page_bytes);
	if (pthread_create(&thread, &attributes, reader, NULL) != 0)
		return 1;
	while (!atomic_load(&ready))
		sched_yield();
	MARK("beside-a-reader");
	toggle("beside a reader");

	/*
	 * Every thread of the process that runs now passes a full barrier: what mprotect() never
	 * promised.
	 */
	status = syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
	if (status == 0)
		status = syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
	print("membarrier(): %s\n", status == 0 ? "all threads passed a barrier" : "refused");
	page[1] = 42;
	/* Release: pairs with the reader's acquire. No mprotect() could stand for it. */
	atomic_store_explicit(&message, 1, memory_order_release);
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attributes);
	own_maps_print();
	return 0;
}
