/*
 * sites.c: finds, checks and patches. Runs in the constructor, before libc's own initialisation.
 */
#include "sites.h"

#include <cpuid.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <sys/syscall.h>

#include "cfi_table.h"
#include "object_symbols.h"
#include "own_proc.h"
#include "raw_syscall.h"
#include "site_check.h"
#include "site_copies.h"
#include "site_entry.h"
#include "text.h"
#include "vmatrace/call.h"

enum {
	SITES_LIMIT = 48,
	LOADER_LIMIT = 16,
};

static struct {
	struct site site[SITES_LIMIT];
	uint32_t count;
	uint32_t covered;                    /* bit for each call id, the first 32 */
	uint64_t library_start, library_end; /* our own text, where wrappers are */
} sites;

struct site_place site_place[SITE_PLACES];

/* Functions begin at multiples of 16, and the loader moves whole pages. */
static struct site_place *place_of(uint64_t return_address)
{
	return &site_place[return_address / 16 % SITE_PLACES];
}

/* libc's functions that have such a pair, and the wrapped calls that reach the kernel only through it. */
static const struct {
	const char *name;
	uint16_t call;
} functions[] = {
	{ "mmap64", CALL_MMAP },
	{ "munmap", CALL_MUNMAP },
	{ "mprotect", CALL_MPROTECT },
	{ "brk", CALL_BRK },
	{ "mremap", CALL_MREMAP },
	{ "madvise", CALL_MADVISE },
	{ "posix_madvise", CALL_POSIX_MADVISE },
	{ "shmat", CALL_SHMAT },
	{ "shmdt", CALL_SHMDT },
	{ "pkey_mprotect", CALL_PKEY_MPROTECT },
	{ "mlock", CALL_MLOCK },
	{ "mlock2", CALL_MLOCK2 },
	{ "munlock", CALL_MUNLOCK },
	{ "mlockall", CALL_MLOCKALL },
	{ "munlockall", CALL_MUNLOCKALL },
	{ "remap_file_pages", CALL_REMAP_FILE_PAGES },
	{ "process_madvise", CALL_PROCESS_MADVISE },
	{ "mseal", CALL_MSEAL }, /* since glibc 2.43 */
};

/* --- finding and patching ----------------------------------------------------------------------------- */

struct patcher {
	long memory; /* descriptor of /proc/self/mem */
	struct sites_report *report;
	const char *libc;              /* how sites of libc are named; the others are ld.so's */
	const struct link_map *object; /* libc's */
};

/* "libc system call 11: why" or "libc munmap: why". */
static void leave_named(struct sites_report *report, const char *object, const char *name,
                        const char *why)
{
	struct text text = { report->left, text_length(report->left), sizeof(report->left), false };

	if (text.length)
		text_string(&text, "; ");
	text_string(&text, object);
	text_string(&text, name);
	text_string(&text, ": ");
	text_string(&text, why);
}

static void leave(struct sites_report *report, const char *object, uint32_t number, const char *why)
{
	char name[32];
	struct text text = text_in(name, sizeof(name));

	text_string(&text, " system call ");
	text_number(&text, number, 10);
	leave_named(report, object, name, why);
}

static const char *write_call(long memory, const uint8_t *at)
{
	int64_t distance = (int64_t)((uint64_t)site_entry - ((uint64_t)at + 5));
	uint8_t bytes[SITE_BYTES] = { 0xe8, 0, 0, 0, 0, 0x66, 0x90 };
	int32_t relative = (int32_t)distance;

	if (relative != distance)
		return "too far from the recorder";
	__builtin_memcpy(bytes + 1, &relative, sizeof(relative));
	if (RAW_4(SYS_pwrite64, memory, bytes, SITE_BYTES, at) != SITE_BYTES ||
	    __builtin_memcmp(at, bytes, SITE_BYTES))
		return "the write was refused";
	return NULL;
}

/* One pair that has the shape of a site. */
static bool patch(struct patcher *patcher, const struct cfi_table *table, const char *object,
                  const uint8_t *at)
{
	struct sites_report *report = patcher->report;
	struct site *site = &sites.site[sites.count];
	uint32_t number = site_number(at);
	struct function function;
	const char *why = "no function around it";

	report->found++;
	if (sites.count == SITES_LIMIT)
		why = "too many sites";
	else if (site_function(table, at, &function))
		why = site_check(&function, at, &site->frame_bytes);
	if (!why) {
		/* The entry must know the site before the first call can come through it. */
		site->return_address = (uint64_t)at + 5;
		site->number = (uint16_t)number;
		site->call = site_call(number);
		site->loader = object != patcher->libc;
		sites.count++;
		why = write_call(patcher->memory, at);
		sites.count -= why != NULL;
	}
	if (why) {
		leave(report, object, number, why);
	} else {
		report->patched++;
		if (!place_of(site->return_address)->site)
			*place_of(site->return_address) =
				(struct site_place) { site->return_address, site };
	}
	return !why;
}

/*
 * The object that defines __libc_start_main, or NULL. dlsym() gives the first definition behind ours, which may be
 * another interposer's; the sites are libc's.
 */
static const struct link_map *libc_object(void)
{
	const void *start_main = dlsym(RTLD_NEXT, "__libc_start_main");
	struct dl_find_object found;

	if (!start_main || !cfi_object((uint64_t)start_main, &found))
		return NULL;
	return found.dlfo_link_map;
}

/* All pairs of one function of libc. True: there is one, and every one is patched. */
static bool patch_function(struct patcher *patcher, const char *name)
{
	const uint8_t *start = object_function(patcher->object, name);
	const struct cfi_table *table = start ? site_functions(start) : NULL;
	struct function function;
	bool all = true, any = false;

	if (!table || !site_function(table, start, &function))
		return false;
	for (const uint8_t *at = start; (at = site_next_pair(at, function.end)); at++) {
		any = true;
		all &= patch(patcher, table, patcher->libc, at);
	}
	/* A debugger's breakpoint on it, or a libc made in another way. */
	if (!any)
		leave_named(patcher->report, "libc ", name, "no pair of the known bytes");
	return any && all;
}

/*
 * ld.so's copies are local symbols, so its functions are searched, from the first to the last that has unwind
 * information. A number met twice is not the one pair that this is about: both are left alone.
 */
static void patch_loader(struct patcher *patcher)
{
	const uint8_t *somewhere = dlsym(RTLD_NEXT, "__tls_get_addr");
	static const uint32_t expected[] = { SYS_mmap, SYS_mprotect, SYS_munmap, SYS_brk };
	const uint8_t *pair[LOADER_LIMIT];
	const struct cfi_table *table = somewhere ? site_functions(somewhere) : NULL;
	uint32_t count = 0;

	if (!table)
		return;
	for (const uint8_t *at = site_function_start(table, 0),
	                   *end = site_function_start(table, table->count - 1);
	     count < LOADER_LIMIT && (at = site_next_pair(at, end)); at++)
		pair[count++] = at;
	/* Before any is patched, and its number gone. */
	for (unsigned i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		bool seen = false;

		for (uint32_t j = 0; j < count; j++)
			seen |= site_number(pair[j]) == expected[i];
		if (!seen)
			leave(patcher->report, "ld.so", expected[i], "no pair of the known bytes");
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t same = 0;

		for (uint32_t j = 0; j < count; j++)
			same += site_number(pair[i]) == site_number(pair[j]);
		if (same == 1) {
			patch(patcher, table, "ld.so", pair[i]);
		} else {
			patcher->report->found++;
			leave(patcher->report, "ld.so", site_number(pair[i]), "more than one");
		}
	}
}

/* The checks are those of the first libc; what it has beside another frame is no copy's. */
static const char *patch_copied(long memory, const struct site *site, uint64_t distance)
{
	const uint8_t *original = (const uint8_t *)site->return_address - 5;
	const uint8_t *at = original + distance;
	const struct cfi_table *table = site_functions(original);
	struct function function;
	uint32_t frame_bytes;
	const char *why;

	/* The loader does not tell of an object before it is relocated, but of the first libc. */
	if (!table || !site_function(table, original, &function))
		return "no function around it";
	function.start += distance;
	function.end += distance;
	if (!site_is_pair(at) || site_number(at) != site->number)
		return "no pair of the known bytes";
	why = site_check(&function, at, &frame_bytes);
	if (!why && frame_bytes != site->frame_bytes)
		why = "another stack frame";
	return why ? why : write_call(memory, at);
}

struct site_left sites_patch_copy(uint64_t distance)
{
	struct site_left left = { NULL, 0 };
	long memory = own_memory_open();

	if (raw_failed(memory))
		return (struct site_left) { "/proc/self/mem cannot be opened", 0 };
	for (uint32_t i = 0; i < sites.count; i++) {
		const struct site *site = &sites.site[i];
		const char *why = NULL;

		if (!site->loader)
			why = patch_copied(memory, site, distance);
		if (why && !left.why)
			left = (struct site_left) { why, site->number };
	}
	RAW_1(SYS_close, memory);
	return left;
}

/* What entry.S keeps the flags with; the first 64-bit processors had it in 32-bit programs only. */
static bool has_lahf(void)
{
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) && ecx & bit_LAHF_LM;
}

static void note_own_text(void)
{
	struct dl_find_object object;

	if (!cfi_object((uint64_t)site_entry, &object))
		return;
	sites.library_start = (uint64_t)object.dlfo_map_start;
	sites.library_end = (uint64_t)object.dlfo_map_end;
}

void sites_patch(struct sites_report *report)
{
	struct patcher patcher = { .report = report, .libc = "libc" };

	*report = (struct sites_report) { .off = VMAT_SITES_UNKNOWN_LIBC };
	patcher.memory = has_lahf() ? own_memory_open() : -ENOSYS;
	if (raw_failed(patcher.memory)) {
		report->off = VMAT_SITES_REFUSED;
		return;
	}
	note_own_text();
	patcher.object = libc_object();
	for (unsigned i = 0; patcher.object && i < sizeof(functions) / sizeof(functions[0]); i++) {
		if (patch_function(&patcher, functions[i].name))
			sites.covered |= 1u << functions[i].call;
	}
	patch_loader(&patcher);
	RAW_1(SYS_close, patcher.memory);
	if (patcher.object && report->patched)
		site_copies_begin(patcher.object);
	/* sbrk() has no pair of its own: it calls brk inside libc. */
	if (sites_cover(CALL_BRK))
		sites.covered |= 1u << CALL_SBRK;
	if (report->patched)
		report->off = VMAT_SITES_IN_FORCE;
	else if (report->found)
		report->off = VMAT_SITES_REFUSED;
}

bool sites_see_unloading(void)
{
	for (uint32_t i = 0; i < sites.count; i++) {
		if (sites.site[i].loader && sites.site[i].call == CALL_MUNMAP)
			return true;
	}
	return false;
}

bool sites_cover(uint16_t call)
{
	return call < 32 && sites.covered >> call & 1;
}

bool sites_in_library(uint64_t pc)
{
	return pc - sites.library_start < sites.library_end - sites.library_start;
}

static const struct site *find(uint64_t return_address)
{
	const struct site_place *place = place_of(return_address);

	if (place->return_address == return_address)
		return place->site;
	for (uint32_t i = 0; i < sites.count; i++) {
		if (sites.site[i].return_address == return_address)
			return &sites.site[i];
	}
	return NULL;
}

const struct site *sites_find(uint64_t return_address)
{
	const struct site *site = find(return_address);

	return site ? site : find(site_copies_original(return_address));
}
