/*
 * sites.c: finds, checks and patches. Runs in the constructor, before libc's own initialisation.
 */
#include "sites.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/syscall.h>

#include "instruction.h"
#include "libc_symbols.h"
#include "raw_syscall.h"
#include "site_entry.h"
#include "text.h"
#include "vmatrace/call.h"

#ifndef SYS_mseal
#define SYS_mseal 462
#endif

#define NONE (-1)

enum {
	SITES_LIMIT = 48,
	PAIR_BYTES = 7,
	FUNCTION_LIMIT = 4096, /* bytes; a longer one is not a system call's */
	NEXT_BYTES = 6,        /* looked at behind the pair */
	LOADER_LIMIT = 16,
};

static struct {
	struct site site[SITES_LIMIT];
	uint32_t count;
	uint32_t covered;                    /* bit for each call id, the first 32 */
	uint64_t library_start, library_end; /* our own text, where wrappers are */
} sites;

/* From calls.def, the one list. */
static const struct {
	long number;
	uint16_t call;
	uint8_t effect;
} numbers[] = {
#define CALL(ID, name, wire, nr, result, effect, args) { nr, CALL_##ID, EFFECT_##effect },
#include "vmatrace/calls.def"
};

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
};

/* The call that a system call number is, if it changes VMAs; else 0. Names of VMAs are the wrapper's alone. */
static uint16_t call_of(uint32_t number)
{
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (numbers[i].number == (long)number && numbers[i].effect != EFFECT_NONE &&
		    numbers[i].effect != EFFECT_NAMES)
			return numbers[i].call;
	}
	return 0;
}

/* --- where functions begin and end -------------------------------------------------------------------- */

/* .eh_frame_hdr (LSB core, "The .eh_frame_hdr section") with the encodings that every linker writes. */
struct function_table {
	const uint8_t *header;
	const struct {
		int32_t start; /* both relative to the header; rows sorted by start */
		int32_t fde;
	} * row;
	uint32_t count;
};

struct function {
	const uint8_t *start;
	const uint8_t *end; /* where the next one begins, at most */
};

static bool find_table(const void *address, struct function_table *table)
{
	static const uint8_t encodings[4] = { 1, 0x1b, 0x03, 0x3b };
	struct dl_find_object object;

	if (_dl_find_object((void *)address, &object))
		return false;
	table->header = object.dlfo_eh_frame;
	if (!table->header || __builtin_memcmp(table->header, encodings, sizeof(encodings)))
		return false;
	__builtin_memcpy(&table->count, table->header + 8, sizeof(table->count));
	table->row = (const void *)(table->header + 12);
	return table->count > 1;
}

/* The function that `at` is in, by its unwind information. */
static bool find_function(const struct function_table *table, const uint8_t *at,
                          struct function *function)
{
	int64_t wanted = at - table->header;
	uint32_t low = 0, high = table->count - 1;

	/* The last row is left out: its function's end is not known. */
	while (low + 1 < high) {
		uint32_t middle = low + (high - low) / 2;

		if (table->row[middle].start <= wanted)
			low = middle;
		else
			high = middle;
	}
	function->start = table->header + table->row[low].start;
	function->end = table->header + table->row[low + 1].start;
	return function->start <= at && at < function->end &&
	       function->end - function->start <= FUNCTION_LIMIT;
}

/* --- checks ------------------------------------------------------------------------------------------- */

static uint32_t pair_number(const uint8_t *at)
{
	uint32_t number;

	__builtin_memcpy(&number, at + 1, sizeof(number));
	return number;
}

static bool is_pair(const uint8_t *at)
{
	return at[0] == 0xb8 && at[5] == 0x0f && at[6] == 0x05 && call_of(pair_number(at));
}

/* What follows a system call in libc: cmp $-4095 or -4096, %rax; neg %eax (posix_madvise); mov (brk). */
static bool known_next(const uint8_t *next)
{
	static const struct {
		uint8_t bytes[NEXT_BYTES];
		uint8_t count;
	} known[] = {
		{ { 0x48, 0x3d, 0x00, 0xf0, 0xff, 0xff }, 6 },
		{ { 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff }, 6 },
		{ { 0xf7, 0xd8 }, 2 },
		{ { 0x48, 0x8b }, 2 },
		{ { 0x48, 0x89 }, 2 },
	};

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!__builtin_memcmp(next, known[i].bytes, known[i].count))
			return true;
	}
	return false;
}

/*
 * Decodes the whole function. NULL: the pair at `at` may be replaced, and *frame_bytes is how far the stack
 * pointer is below the return address there; else why not.
 */
static const char *check(const struct function *function, const uint8_t *at, uint32_t *frame_bytes)
{
	struct instruction instruction;
	bool on_boundary = false;

	*frame_bytes = 0;
	for (const uint8_t *pc = function->start; pc < function->end; pc += instruction.length) {
		if (!instruction_decode(pc, (size_t)(function->end - pc), &instruction))
			return "an instruction not known";
		if (instruction.jumps && instruction.target > (uint64_t)at &&
		    instruction.target < (uint64_t)at + PAIR_BYTES)
			return "a jump into it";
		if (pc == at)
			on_boundary = true;
		if (pc >= at)
			continue;
		if (instruction.below_stack)
			return "the red zone in use";
		if (instruction.stack == STACK_UNKNOWN)
			return "a stack frame not known";
		*frame_bytes += instruction.stack_bytes;
	}
	if (!on_boundary)
		return "no instruction boundary";
	return known_next(at + PAIR_BYTES) ? NULL : "an unknown next instruction";
}

/* --- finding and patching ----------------------------------------------------------------------------- */

struct patcher {
	long memory; /* descriptor of /proc/self/mem */
	struct sites_report *report;
	const char *libc;              /* how sites of libc are named; the others are ld.so's */
	const struct link_map *object; /* libc's */
};

static void leave(struct sites_report *report, const char *object, uint32_t number, const char *why)
{
	struct text text = { report->left, text_length(report->left), sizeof(report->left), false };

	if (text.length)
		text_string(&text, "; ");
	text_string(&text, object);
	text_string(&text, " system call ");
	text_number(&text, number, 10);
	text_string(&text, ": ");
	text_string(&text, why);
}

static const char *write_call(long memory, const uint8_t *at)
{
	int64_t distance = (int64_t)((uint64_t)site_entry - ((uint64_t)at + 5));
	uint8_t bytes[PAIR_BYTES] = { 0xe8, 0, 0, 0, 0, 0x66, 0x90 };
	int32_t relative = (int32_t)distance;

	if (relative != distance)
		return "too far from the recorder";
	__builtin_memcpy(bytes + 1, &relative, sizeof(relative));
	if (RAW_4(SYS_pwrite64, memory, bytes, PAIR_BYTES, at) != PAIR_BYTES ||
	    __builtin_memcmp(at, bytes, PAIR_BYTES))
		return "the write was refused";
	return NULL;
}

/* One pair that has the shape of a site. */
static bool patch(struct patcher *patcher, const struct function_table *table, const char *object,
                  const uint8_t *at)
{
	struct sites_report *report = patcher->report;
	struct site *site = &sites.site[sites.count];
	uint32_t number = pair_number(at);
	struct function function;
	const char *why = "no function around it";

	report->found++;
	if (sites.count == SITES_LIMIT)
		why = "too many sites";
	else if (find_function(table, at, &function))
		why = check(&function, at, &site->frame_bytes);
	if (!why) {
		/* The entry must know the site before the first call can come through it. */
		site->return_address = (uint64_t)at + 5;
		site->number = (uint16_t)number;
		site->call = call_of(number);
		site->loader = object != patcher->libc;
		sites.count++;
		why = write_call(patcher->memory, at);
		sites.count -= why != NULL;
	}
	if (why)
		leave(report, object, number, why);
	else
		report->patched++;
	return !why;
}

/* All pairs of one function of libc. True: there is one, and every one is patched. */
static bool patch_function(struct patcher *patcher, const char *name)
{
	const uint8_t *start = libc_function(patcher->object, name);
	struct function_table table;
	struct function function;
	bool all = true, any = false;

	if (!start || !find_table(start, &table) || !find_function(&table, start, &function))
		return false;
	for (const uint8_t *at = start; at + PAIR_BYTES <= function.end; at++) {
		if (is_pair(at)) {
			any = true;
			all &= patch(patcher, &table, patcher->libc, at);
		}
	}
	return any && all;
}

/*
 * ld.so's copies are local symbols, so its functions are searched, from the first to the last that has unwind
 * information. A number met twice is not the one pair that this is about: both are left alone.
 */
static void patch_loader(struct patcher *patcher)
{
	const uint8_t *somewhere = dlsym(RTLD_NEXT, "__tls_get_addr");
	const uint8_t *pair[LOADER_LIMIT];
	struct function_table table;
	uint32_t count = 0;

	if (!somewhere || !find_table(somewhere, &table))
		return;
	for (const uint8_t *at = table.header + table.row[0].start,
	                   *end = table.header + table.row[table.count - 1].start;
	     at < end && count < LOADER_LIMIT; at++) {
		if (is_pair(at))
			pair[count++] = at;
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t same = 0;

		for (uint32_t j = 0; j < count; j++)
			same += pair_number(pair[i]) == pair_number(pair[j]);
		if (same == 1) {
			patch(patcher, &table, "ld.so", pair[i]);
		} else {
			patcher->report->found++;
			leave(patcher->report, "ld.so", pair_number(pair[i]), "more than one");
		}
	}
}

static void note_own_text(void)
{
	struct dl_find_object object;

	if (_dl_find_object((void *)(uintptr_t)site_entry, &object))
		return;
	sites.library_start = (uint64_t)object.dlfo_map_start;
	sites.library_end = (uint64_t)object.dlfo_map_end;
}

void sites_patch(struct sites_report *report)
{
	struct patcher patcher = { .report = report, .libc = "libc" };

	*report = (struct sites_report) { .off = VMAT_SITES_UNKNOWN_LIBC };
	patcher.memory = RAW_4(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR | O_CLOEXEC, 0);
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
	/* sbrk() has no pair of its own: it calls brk inside libc. */
	if (sites_cover(CALL_BRK))
		sites.covered |= 1u << CALL_SBRK;
	if (report->patched)
		report->off = VMAT_SITES_IN_FORCE;
	else if (report->found)
		report->off = VMAT_SITES_REFUSED;
}

bool sites_cover(uint16_t call)
{
	return call < 32 && sites.covered >> call & 1;
}

bool sites_in_library(uint64_t pc)
{
	return pc - sites.library_start < sites.library_end - sites.library_start;
}

const struct site *sites_find(uint64_t return_address)
{
	for (uint32_t i = 0; i < sites.count; i++) {
		if (sites.site[i].return_address == return_address)
			return &sites.site[i];
	}
	return NULL;
}
