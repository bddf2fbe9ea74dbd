/*
 * threads.c: see the header.
 */
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "raw_syscall.h"
#include "recorder.h"
#include "text.h"
#include "words.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum {
	PROBES = 4,
	STRIDE = 127, /* threads begun one after the other lie side by side, mostly in one page */
	PAGE = 4096,
	IN_PAGE = PAGE / VMAT_THREAD_BYTES,
	LOOKS_MOST = VMAT_THREAD_COUNT, /* threads in one look: what the table holds */
	SOON = 16,                      /* events */
	NAMES_BYTES = 512,              /* of a folder at a time, on a stranger's stack */
};

_Static_assert(VMAT_THREAD_COUNT / IN_PAGE <= 32, "a bit for each page");

static uint32_t page_of(const struct vmat_thread *entry)
{
	return (uint32_t)(entry - ring.threads) / IN_PAGE;
}

/* A page that was not asked for is not even read: on tmpfs that takes a page, too, and there may be none. */
static bool is_used(const struct vmat_thread *entry)
{
	return __atomic_load_n(&ring.threads_ready, __ATOMIC_ACQUIRE) >> page_of(entry) & 1 &&
	       __atomic_load_n(&entry->version, __ATOMIC_ACQUIRE) != 0;
}

/* True once the entry's page may be stored to. */
static bool make_ready(const struct vmat_thread *entry)
{
	uint32_t page = page_of(entry);
	struct vmat_event internal = { .call = CALL_MADVISE };
	long result;

	if (__atomic_load_n(&ring.threads_ready, __ATOMIC_ACQUIRE) >> page & 1)
		return true;
	if (__atomic_load_n(&ring.frozen, __ATOMIC_ACQUIRE))
		return false;
	internal.enter = ring_head();
	internal.time = ring_ticks();
	internal.args[0] = (uint64_t)(ring.threads + (size_t)page * IN_PAGE);
	internal.args[1] = PAGE;
	internal.args[2] = MADV_POPULATE_WRITE;
	do {
		result = RAW_3(SYS_madvise, internal.args[0], PAGE, MADV_POPULATE_WRITE);
	} while (result == -EINTR);
	if (raw_failed(result))
		return false;
	internal.duration = ring_ticks() - internal.time;
	__atomic_fetch_or(&ring.threads_ready, 1u << page, __ATOMIC_RELEASE);
	recorder_internal(&internal);
	return true;
}

static struct vmat_thread *place(uint32_t tid, unsigned probe)
{
	return &ring.threads[(tid + probe * STRIDE) % VMAT_THREAD_COUNT];
}

/* The thread's entry, NULL: it has none. ended: one whose thread has ended will do. */
static struct vmat_thread *find(uint32_t tid, bool ended)
{
	for (unsigned probe = 0; probe < PROBES; probe++) {
		struct vmat_thread *entry = place(tid, probe);

		if (is_used(entry) && entry->tid == tid &&
		    (ended || !(entry->flags & VMAT_THREAD_ENDED)))
			return entry;
	}
	return NULL;
}

/* Where a thread without an entry may have one: nobody's, or that of whoever was not heard of for longest. */
static struct vmat_thread *vacant(uint32_t tid)
{
	struct vmat_thread *oldest = place(tid, 0);

	for (unsigned probe = 0; probe < PROBES; probe++) {
		struct vmat_thread *entry = place(tid, probe);

		if (!is_used(entry))
			return entry;
		if (entry->seq < oldest->seq)
			oldest = entry;
	}
	ring_count(&ring.control->threads_lost);
	return oldest;
}

/* All but version and crc of *thread is stored. */
static void store(struct vmat_thread *entry, struct vmat_thread *thread)
{
	enum { BEGIN = offsetof(struct vmat_thread, from_seq) };
	uint32_t version;

	if (!make_ready(entry)) {
		ring_count(&ring.control->threads_lost);
		return;
	}
	version = __atomic_load_n(&entry->version, __ATOMIC_RELAXED);
	/* Odd: another thread is at it, or this one in what a handler interrupted. */
	if (version & 1 || !__atomic_compare_exchange_n(&entry->version, &version, version + 1,
	                                                false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	thread->crc = ring_crc(thread->tid, &thread->from_seq, sizeof(*thread) - BEGIN);
	__atomic_store_n(&entry->crc, thread->crc, __ATOMIC_RELAXED);
	words_store(&entry->from_seq, &thread->from_seq, sizeof(*thread) - BEGIN);
	__atomic_store_n(&entry->version, version + 2, __ATOMIC_RELEASE);
}

/* What is known of a thread, put beside what its entry has. */
static void keep(struct vmat_thread *thread, enum threads_why why)
{
	struct vmat_thread *entry = find(thread->tid, false);

	thread->seq = thread->from_seq = ring_head();
	/* The number of a thread that nobody saw end. */
	if (entry && why == THREADS_FIRST && !(entry->flags & VMAT_THREAD_SEEN)) {
		ring_count(&ring.control->threads_lost);
	} else if (entry) {
		thread->from_seq = entry->from_seq;
		if (!thread->stack)
			thread->stack = entry->stack;
		if (!(entry->flags & VMAT_THREAD_SEEN))
			thread->flags &= ~(uint32_t)VMAT_THREAD_SEEN;
	}
	store(entry ? entry : vacant(thread->tid), thread);
}

void threads_note(uint32_t tid, uint64_t stack, enum threads_why why)
{
	struct vmat_thread thread = {
		.tid = tid,
		.stack = stack,
		.flags = why == THREADS_LAST ? VMAT_THREAD_ENDED : 0,
	};

	if (RAW_1(SYS_gettid, 0) != tid || raw_failed(RAW_2(SYS_prctl, PR_GET_NAME, thread.name)))
		return;
	keep(&thread, why);
}

void threads_note_first(void)
{
	struct vmat_control *control = ring.control;
	uint64_t name[2] = { 0 };

	_Static_assert(sizeof(name) == VMAT_THREAD_NAME_BYTES, "a name");
	if (RAW_1(SYS_gettid, 0) != address_space.pid ||
	    raw_failed(RAW_2(SYS_prctl, PR_GET_NAME, name)))
		return;
	words_store(control->first_name, name, sizeof(name));
	/* The first time it is on the stack that it began on. */
	if (!__atomic_load_n(&control->first_stack, __ATOMIC_RELAXED))
		__atomic_store_n(&control->first_stack, (uint64_t)name, __ATOMIC_RELAXED);
}

/* --- the others --------------------------------------------------------------------------------------- */

/* A small file of a thread's folder, "TID/comm"; bytes read, 0: none. */
static size_t read_of(long folder, const char *number, const char *file, char *buffer, size_t bytes)
{
	char path[48];
	struct text text = text_in(path, sizeof(path));
	long fd, got;

	text_string(&text, number);
	text_string(&text, file);
	fd = RAW_4(SYS_openat, folder, path, O_RDONLY | O_CLOEXEC, 0);
	if (raw_failed(fd))
		return 0;
	got = RAW_3(SYS_read, fd, buffer, bytes - 1);
	RAW_1(SYS_close, fd);
	if (raw_failed(got))
		return 0;
	buffer[got] = '\0';
	return (size_t)got;
}

/* Of one asleep, the last but one of "NUMBER ARGUMENTS... SP PC" (proc(5)); 0: it runs, or that is not to be had. */
static __attribute__((noinline)) uint64_t stack_pointer(long folder, const char *number)
{
	char line[192];
	size_t length = read_of(folder, number, "/syscall", line, sizeof(line));
	unsigned blanks = 0;

	while (length > 0 && blanks < 2)
		blanks += line[--length] == ' ';
	if (blanks == 2 && text_after(line + length, " 0x")) {
		const char *at = line + length + 3;

		return text_parse(&at, 16);
	}
	return 0;
}

static void look_at(long folder, const char *number)
{
	struct vmat_thread thread = { .flags = VMAT_THREAD_SEEN };
	const char *at = number;
	const struct vmat_thread *entry;
	size_t length;

	thread.tid = (uint32_t)text_parse(&at, 10);
	if (!thread.tid)
		return; /* "." and ".." */
	length = read_of(folder, number, "/comm", thread.name, sizeof(thread.name));
	/* With a line end, unless the buffer ends first. */
	if (length && thread.name[length - 1] == '\n')
		thread.name[length - 1] = '\0';
	if (!length)
		return; /* it has ended meanwhile */
	/* It may be on its way out for a while. */
	entry = find(thread.tid, true);
	if (entry && entry->flags & VMAT_THREAD_ENDED)
		return;
	if (!entry || !entry->stack)
		thread.stack = stack_pointer(folder, number);
	keep(&thread, THREADS_AGAIN);
}

struct folder_entry { /* linux:include/linux/dirent.h, struct linux_dirent64 */
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Two links are the folder's own, the others its threads'. */
static __attribute__((noinline)) bool are_others(void)
{
	struct stat status;

	return !raw_failed(RAW_4(SYS_newfstatat, AT_FDCWD, "/proc/self/task", &status, 0)) &&
	       status.st_nlink > 3;
}

/* What each of these functions wants of a stack is not wanted by those beside it: the stack may be a small one. */
static __attribute__((noinline)) void look_at_all(void)
{
	const struct vmat_control *control = ring.control;
	_Alignas(struct folder_entry) char names[NAMES_BYTES];
	unsigned looked = 0;
	long folder, got;

	folder = RAW_4(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC,
	               0);
	if (raw_failed(folder))
		return;
	while (looked < LOOKS_MOST &&
	       (got = RAW_3(SYS_getdents64, folder, names, sizeof(names))) > 0) {
		for (long at = 0; at < got && ring.control == control;) {
			const struct folder_entry *entry = (const void *)(names + at);

			look_at(folder, entry->name);
			looked++;
			at += entry->length;
		}
	}
	RAW_1(SYS_close, folder);
}

void threads_look(void)
{
	if (are_others())
		look_at_all();
}

/* With the first, the second, the fourth, ...: however many there are, they are not counted out each time. */
void threads_expect(void)
{
	uint32_t mapped = __atomic_add_fetch(&ring.stacks_mapped, 1, __ATOMIC_RELAXED);

	if ((mapped & (mapped - 1)) == 0)
		__atomic_store_n(&ring.threads_at, ring_head() + SOON, __ATOMIC_RELAXED);
}
