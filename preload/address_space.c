/*
 * address_space.c: the constructor, a fork child's first event, exec, exit.
 *
 * The constructor runs first of all (-z initfirst), before libc's own initialisation: raw system calls,
 * dlsym, clock_gettime and dl_iterate_phdr only. Whatever wants libc waits for address_space_libc_is_ready().
 */
#include "address_space.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "depot.h"
#include "faults.h"
#include "frames.h"
#include "header.h"
#include "held_signals.h"
#include "loads.h"
#include "modules.h"
#include "modules_table.h"
#include "place.h"
#include "raw_syscall.h"
#include "real.h"
#include "recorder.h"
#include "ring.h"
#include "sandbox.h"
#include "settings.h"
#include "sites.h"
#include "snapshot.h"
#include "stacks.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

enum {
	PAGE = 4096,
	WAITS_MOST = 50, /* milliseconds */
};

struct address_space address_space;

/* Another libc has it not. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));
extern char **environ __attribute__((weak));

/* Memory that a fork child keeps: it needs the settings and the modules to begin its own file. */
struct kept {
	struct settings settings;
	char path[SETTINGS_PATH_BYTES];
	struct modules_table modules;
	struct sites_report sites;
	uint64_t main_stack_end;
	char faults_stack[FAULTS_STACK_BYTES]; /* never touched unless asked for and needed */
};

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) & ~(size_t)(PAGE - 1);
}

/* One mapping: [kept][wiped: state word | depot index | memos, recipes], never merged with the program's. */
static struct kept *take_private_memory(void)
{
	size_t kept = whole_pages(sizeof(struct kept));
	size_t depot = whole_pages(depot_memory_bytes());
	size_t stacks = whole_pages(stacks_memory_bytes());
	size_t bytes = kept + PAGE + depot + stacks;
	long memory = RAW_6(SYS_mmap, place_next(bytes), bytes, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (raw_failed(memory))
		return NULL;
	RAW_3(SYS_madvise, memory, bytes, MADV_DONTDUMP);
	/* qemu-user takes any advice and follows none: one that cannot be tells. */
	if (!raw_failed(RAW_3(SYS_madvise, memory, PAGE, -1)) ||
	    raw_failed(RAW_3(SYS_madvise, (size_t)memory + kept, bytes - kept, MADV_WIPEONFORK)))
		address_space.recording = SPACE_UNWIPED;
	else
		address_space.recording = SPACE_RECORDING;
	address_space.private_start = (uint64_t)memory;
	address_space.private_bytes = bytes;
	address_space.state = (uint32_t *)((size_t)memory + kept);
	address_space.settings = &((struct kept *)memory)->settings;
	address_space.path = ((struct kept *)memory)->path;
	return (struct kept *)memory;
}

static struct kept *kept_memory(void)
{
	return (struct kept *)address_space.private_start;
}

/*
 * Nothing is recorded here any more, or never was: from now on no memory of ours is read or written, and the
 * program may do with it what it likes. Other threads may still hold the old word's address.
 */
static void switch_off(void)
{
	static uint32_t off = SPACE_OFF;

	if (address_space.state)
		__atomic_store_n(address_space.state, SPACE_OFF, __ATOMIC_RELEASE);
	__atomic_store_n(&address_space.state, &off, __ATOMIC_RELEASE);
	address_space.private_start = 0;
	ring.map_bytes = 0;
}

/* At start, where nobody can hold an address into it, it goes altogether. */
static void never_record(void)
{
	uint64_t start = address_space.private_start;

	switch_off();
	RAW_2(SYS_munmap, start, address_space.private_bytes);
}

/* Gives the wiped part to its users; in a fork child again. */
static void share_out_wiped_memory(void)
{
	char *wiped = (char *)address_space.state + PAGE;

	depot_init(wiped);
	stacks_init(wiped + whole_pages(depot_memory_bytes()), kept_memory()->main_stack_end);
}

static bool begin_file(const struct header_origin *origin)
{
	int why;

	if (!ring_create(address_space.settings, address_space.path, SETTINGS_PATH_BYTES, &why)) {
		if (address_space.settings->verbose)
			settings_complain(
				why == EOPNOTSUPP
					? "nothing is recorded: its file system may end who "
					  "stores to a mapped file (btrfs: quota, or Linux before "
					  "6.17): "
					: "nothing is recorded: cannot make ",
				address_space.path);
		return false;
	}
	address_space.pid = (uint32_t)RAW_1(SYS_getpid, 0);
	ring.header->own[0] = (struct vmat_range) { (uint64_t)ring.header,
		                                    (uint64_t)ring.header + ring.map_bytes };
	ring.header->own[1] =
		(struct vmat_range) { address_space.private_start,
		                      address_space.private_start + address_space.private_bytes };
	header_fill(ring.header, address_space.settings, &kept_memory()->sites, origin);
	sites_begin_trace();
	ring.control->state = VMAT_STATE_RUNNING;
	return true;
}

struct start_facts {
	const char *program;
	uint64_t stack_end;
	bool secure;
	uint64_t page_bytes;
};

/* The auxiliary vector lies behind envp; the name of the program is the last thing on the stack. */
static struct start_facts read_auxv(char **envp)
{
	struct start_facts facts = { 0 };
	const Elf64_auxv_t *auxv;

	while (*envp)
		envp++;
	/* Of a privileged program the loader takes variables away: a null word more for each. */
	while (!*envp)
		envp++;
	for (auxv = (const void *)envp; auxv->a_type != AT_NULL; auxv++) {
		if (auxv->a_type == AT_SECURE)
			facts.secure = auxv->a_un.a_val != 0;
		if (auxv->a_type == AT_PAGESZ)
			facts.page_bytes = auxv->a_un.a_val;
		if (auxv->a_type == AT_EXECFN)
			facts.program = (const char *)auxv->a_un.a_val;
	}
	/* binfmt_elf leaves one null word above the name (linux:fs/exec.c, bprm->p). */
	if (facts.program)
		facts.stack_end = whole_pages((size_t)facts.program + strlen(facts.program) + 1);
	return facts;
}

/*
 * The image that was told not to follow its children passes "-" on to them, and "0" to itself through its own
 * exec. A program that wrote its title over the environment has neither there any more.
 */
static void mark_environment(char from, char to)
{
	const struct settings *settings = address_space.settings;
	char *value = settings->children ? NULL : settings->children_value;

	if (value && value[-1] == '=' && value[0] == from && value[1] == '\0')
		*value = to;
}

/* Only who asks is told. It is a system call that the program may not make itself: under a filter, too, it is asked for. */
static void say_why_not(char **envp, const char *why)
{
	if (settings_are_verbose(envp))
		settings_complain("nothing is recorded: ", why);
}

__attribute__((constructor)) static void start(int argc, char **argv, char **envp)
{
	struct start_facts facts;
	struct settings *settings;
	const char *refusal;
	struct kept *kept;

	real_resolve();
	if (!gnu_get_libc_version) {
		/* musl's constructors get no arguments. */
		say_why_not(environ, "its libc is not glibc");
		switch_off();
		return;
	}
	facts = read_auxv(envp);
	/* It takes no orders from its environment. */
	if (facts.secure)
		return;
	/* Larger pages: the layout of the file and the replay do not know them. */
	if (facts.page_bytes != PAGE) {
		say_why_not(envp, "its pages are not of 4 KiB");
		return;
	}
	refusal = sandbox_refusal(envp);
	if (refusal) {
		say_why_not(envp, refusal);
		raw_syscall_silent = true;
		switch_off();
		return;
	}
	kept = take_private_memory();
	if (!kept) {
		say_why_not(envp, "no memory to be had");
		return;
	}
	settings = address_space.settings;
	settings_read(settings, envp, facts.program);
	if (!FRAMES_BY_CFI && settings->stack_mode == VMAT_STACK_CFI)
		settings->stack_mode = VMAT_STACK_FP;
	*address_space.state = SPACE_OFF;
	if (settings->descendant) {
		never_record();
		return;
	}
	mark_environment('0', '-');
	kept->main_stack_end = facts.stack_end;
	modules_table_init(&kept->modules);
	kept->sites.off = settings->sites;
	if (settings->sites == VMAT_SITES_IN_FORCE)
		sites_patch(&kept->sites);
	if (!begin_file(&(struct header_origin) { .argc = argc, .argv = argv })) {
		never_record();
		return;
	}
	share_out_wiped_memory();
	ring.control->early = address_space.early;
	__atomic_store_n(address_space.state, address_space.recording, __ATOMIC_RELEASE);
	modules_snapshot();
	snapshot_take(VMAT_SNAPSHOT_START);
	if (settings->verbose)
		settings_complain("recording to ", address_space.path);
}

/*
 * ThreadSanitizer takes the place of pthread_mutex_lock(), which libunwind calls, and crashes where a thread is
 * not yet known to it: there a stack goes by frame pointers.
 */
static bool unwinder_is_safe(void)
{
	return !dlsym(RTLD_DEFAULT, "__tsan_init");
}

void address_space_libc_is_ready(void)
{
	address_space.libc_is_ready = true;
	/* A loader that runs constructors after this: musl's. */
	if (!real.libc_start_main)
		real_resolve();
	/* A child that .preinit_array forked may come here before its first event. */
	if (!address_space_has_begun() || !address_space_enter())
		return;
	if (address_space.settings->faults)
		faults_watch(kept_memory()->faults_stack);
	if (address_space.settings->stack_mode != VMAT_STACK_NONE && !sites_see_unloading() &&
	    !loads_watch())
		ring.control->unloading_unseen = 1;
	if (address_space.settings->stack_mode != VMAT_STACK_CFI || !unwinder_is_safe())
		return;
	recorder_own_calls(+1);
	snapshot_take(VMAT_SNAPSHOT_BEFORE_TRACER);
	unwind_load();
	if (loads.count && !loads_watch())
		ring.control->unloading_unseen = 1;
	modules_snapshot();
	snapshot_take(VMAT_SNAPSHOT_AFTER_TRACER);
	recorder_own_calls(-1);
}

/*
 * The parent's ring goes. If the child came here out of a handler that interrupted an event, it will return
 * into that event, which holds pointers into the ring: memory that nobody reads takes its place.
 */
static void drop_ring(const struct ring *parent)
{
	if (!recorder_is_inside()) {
		RAW_2(SYS_munmap, parent->header, parent->map_bytes);
		return;
	}
	RAW_6(SYS_mmap, parent->header, parent->map_bytes, PROT_READ | PROT_WRITE,
	      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	RAW_3(SYS_madvise, parent->header, parent->map_bytes, MADV_DONTDUMP);
}

/*
 * Another thread is making this child's file. A call that went by unrecorded now could take effect when the
 * first snapshot is being read already, and be in neither. Not for ever, as the other thread may be stopped:
 * then nobody waits any more.
 */
static bool wait_for_file(void)
{
	const struct timespec millisecond = { .tv_nsec = 1000000 };
	uint32_t *state = address_space.state;
	uint32_t *impatient = state + 1; /* in the wiped page as well */
	uint32_t seen;

	for (unsigned waits = 0; waits < WAITS_MOST; waits++) {
		seen = __atomic_load_n(state, __ATOMIC_ACQUIRE);
		if (seen != SPACE_STARTING || __atomic_load_n(impatient, __ATOMIC_RELAXED))
			return seen == SPACE_RECORDING;
		RAW_4(SYS_futex, state, FUTEX_WAIT_PRIVATE, SPACE_STARTING, &millisecond);
	}
	__atomic_store_n(impatient, 1, __ATOMIC_RELAXED);
	return false;
}

/*
 * A fork child's first event. Its parent's ring is still mapped (a handler may have forked in the middle of
 * an event): what is needed of it is copied, then it goes. One thread does this; others wait.
 */
static bool begin_child(void)
{
	struct ring parent = ring;
	struct header_origin origin = { 0 };
	uint32_t expected = SPACE_NEW;

	if (!__atomic_compare_exchange_n(address_space.state, &expected, SPACE_STARTING, false,
	                                 __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		return wait_for_file();
	if (!address_space.settings->children) {
		ring_count(&parent.control->children_left);
		switch_off();
		return false;
	}
	origin.parent = parent.header;
	origin.parent_head = ring_head();
	origin.parent_seen = recorder_seen();
	address_space.generation++;
	share_out_wiped_memory();
	if (!begin_file(&origin)) {
		ring = parent;
		ring_count(&parent.control->not_followed);
		switch_off();
		return false;
	}
	ring.control->unloading_unseen = parent.control->unloading_unseen;
	modules_copy_from(&parent);
	drop_ring(&parent);
	/* While the others still wait: a base that nobody changes as it is read leaves nothing uncertain. */
	snapshot_take(VMAT_SNAPSHOT_START);
	__atomic_store_n(address_space.state, SPACE_RECORDING, __ATOMIC_RELEASE);
	RAW_3(SYS_futex, address_space.state, FUTEX_WAKE_PRIVATE, INT_MAX);
	/* What it maps is an event, and not in the snapshot. */
	unwind_begin_anew();
	return true;
}

/*
 * Another pid is a child of vfork, whose calls are the trace's, or one of fork, which has no page to find out
 * by that it is no longer its parent: it is not followed, and counted in the file of its parent.
 */
bool address_space_is_recorded(void)
{
	long pid = RAW_1(SYS_getpid, 0);

	if (raw_failed(pid) || (uint32_t)pid == address_space.declined)
		return false;
	if ((uint32_t)pid == address_space.pid ||
	    RAW_5(SYS_kcmp, pid, address_space.pid, KCMP_VM, 0, 0) == 0)
		return true;
	address_space.declined = (uint32_t)pid;
	ring_count(&ring.control->not_followed);
	return false;
}

/* Signals are blocked: a handler that forked in the middle would leave half a beginning to its child. */
bool address_space_enter_slowly(void)
{
	uint64_t mask;
	uint32_t state = __atomic_load_n(address_space.state, __ATOMIC_ACQUIRE);
	bool begun;

	if (state == SPACE_UNWIPED)
		return address_space_is_recorded();
	if (state != SPACE_NEW)
		return wait_for_file();
	mask = signals_hold();
	begun = begin_child();
	signals_let_go(mask);
	return begun;
}

bool address_space_is_borrowed(void)
{
	long pid = RAW_1(SYS_getpid, 0);

	return !raw_failed(pid) && (uint32_t)pid != address_space.pid;
}

void address_space_before_exec(void)
{
	mark_environment('-', '0');
	snapshot_take(VMAT_SNAPSHOT_EXEC);
	ring.control->state = VMAT_STATE_EXECED;
}

void address_space_after_exec(void)
{
	mark_environment('0', '-');
	ring.control->state = VMAT_STATE_RUNNING;
}

void address_space_give_up(void)
{
	ring.control->stopped = VMAT_STOPPED_OVERMAPPED;
	switch_off();
}

bool address_space_overlaps(uint64_t start, uint64_t length)
{
	uint64_t ours = address_space.private_start;
	uint64_t whole = (length + PAGE - 1) & ~(uint64_t)(PAGE - 1);

	/* No call accepts such a range: let the kernel say so. */
	if (start % PAGE || whole == 0 || start + whole < start)
		return false;
	return ring_overlaps(start, length) ||
	       (ours && start < ours + address_space.private_bytes && start + length > ours);
}

__attribute__((destructor)) static void finish(void)
{
	if (!address_space.state || !address_space_alive() || address_space_is_borrowed())
		return;
	snapshot_take(VMAT_SNAPSHOT_EXIT);
	/* Its leak check reads all memory there is, and behind a cut takes a SIGBUS for each word: a minute of them. */
	if (address_space.settings->sites != VMAT_SITES_VALGRIND)
		ring_trim(address_space.path);
	ring.control->state = VMAT_STATE_EXITED;
}
