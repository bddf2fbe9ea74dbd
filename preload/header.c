/*
 * header.c: asks the kernel about the process, by raw system calls, once for each trace file.
 */
#include "header.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "processor.h"
#include "raw_syscall.h"
#include "real.h"
#include "ring.h"
#include "text.h"

/* The start of a small file of /proc as a string. False: it cannot be read. */
static bool read_file(const char *path, char *buffer, size_t bytes)
{
	long fd = RAW_4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	long got;

	buffer[0] = '\0';
	if (raw_failed(fd))
		return false;
	got = RAW_3(SYS_read, fd, buffer, bytes - 1);
	RAW_1(SYS_close, fd);
	if (raw_failed(got))
		return false;
	buffer[got] = '\0';
	return true;
}

/* Fields of /proc/self/stat by their number in proc(5). */
static void fill_bounds(struct vmat_header *header)
{
	const struct {
		unsigned field;
		uint64_t *word;
	} wanted[] = {
		{ 26, &header->start_code },  { 27, &header->end_code },
		{ 28, &header->start_stack }, { 45, &header->start_data },
		{ 46, &header->end_data },    { 47, &header->start_brk },
		{ 48, &header->arg_start },   { 50, &header->env_start },
	};
	char stat[1024];
	const char *at = stat;
	const char *name_end = NULL;

	if (!read_file("/proc/self/stat", stat, sizeof(stat)))
		return;
	/* The name, field 2, may hold anything, parentheses and blanks too: fields count from its end. */
	for (; *at; at++) {
		if (*at == ')')
			name_end = at;
	}
	if (!name_end)
		return;
	at = name_end + 1;
	for (unsigned field = 3; *at == ' '; field++) {
		const char *number = ++at;
		uint64_t value = text_parse(&number, 10);

		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
			if (wanted[i].field == field)
				*wanted[i].word = value;
		}
		while (*at && *at != ' ')
			at++;
	}
}

static uint64_t soft_limit(int resource)
{
	struct rlimit limit;

	if (raw_failed(RAW_4(SYS_prlimit64, 0, resource, 0, &limit)))
		return UINT64_MAX;
	return limit.rlim_cur;
}

/* A number in a file of its own; false: it cannot be read. */
static bool read_number(const char *path, uint64_t *number)
{
	char digits[32];
	const char *at = digits;

	if (!read_file(path, digits, sizeof(digits)))
		return false;
	*number = text_parse(&at, 10);
	return true;
}

/* "Name:   1234 kB" anywhere in the text, in bytes; 0: it is not there. */
static uint64_t kilobytes_of(const char *text, const char *name)
{
	for (const char *line = text; *line; line++) {
		const char *at = text_after(line, name);

		if (at) {
			while (*at == ' ')
				at++;
			return text_parse(&at, 10) << 10;
		}
		while (*line && *line != '\n')
			line++;
		if (!*line)
			break;
	}
	return 0;
}

/* How much memory the kernel promises: of the whole machine, so a fork child has its parent's. */
static void fill_overcommit(struct vmat_header *header, const struct vmat_header *parent)
{
	char memory[2048];
	uint64_t mode, ratio = 0, kbytes = 0;

	if (parent) {
		header->overcommit = parent->overcommit;
		header->overcommit_ratio = parent->overcommit_ratio;
		header->overcommit_kbytes = parent->overcommit_kbytes;
		header->memory_total = parent->memory_total;
		header->swap_total = parent->swap_total;
		header->commit_limit = parent->commit_limit;
		header->committed = parent->committed;
		return;
	}
	if (!read_number("/proc/sys/vm/overcommit_memory", &mode) ||
	    !read_number("/proc/sys/vm/overcommit_ratio", &ratio) ||
	    !read_number("/proc/sys/vm/overcommit_kbytes", &kbytes) ||
	    !read_file("/proc/meminfo", memory, sizeof(memory)))
		return;
	header->overcommit = 1 + (uint32_t)mode;
	header->overcommit_ratio = (uint32_t)ratio;
	header->overcommit_kbytes = kbytes << 10;
	header->memory_total = kilobytes_of(memory, "MemTotal:");
	header->swap_total = kilobytes_of(memory, "SwapTotal:");
	header->commit_limit = kilobytes_of(memory, "CommitLimit:");
	header->committed = kilobytes_of(memory, "Committed_AS:");
}

static void fill_command_line(struct vmat_header *header, const struct header_origin *origin)
{
	struct text text = text_in(header->command_line, sizeof(header->command_line));

	if (origin->parent) {
		__builtin_memcpy(header->command_line, origin->parent->command_line,
		                 sizeof(header->command_line));
		header->command_line_bytes = origin->parent->command_line_bytes;
		return;
	}
	for (int i = 0; i < origin->argc && origin->argv[i]; i++) {
		text_string(&text, origin->argv[i]);
		if (text.cut)
			break;
		text.length++;
	}
	header->command_line_bytes =
		(uint32_t)(text.length < text.limit ? text.length : text.limit);
}

/* Unlike any other file's: the clocks, the pid and, where the kernel gives it, randomness. */
static uint64_t new_file_id(const struct vmat_header *header)
{
	uint64_t id = 0;

	RAW_3(SYS_getrandom, &id, sizeof(id), 1 /* GRND_NONBLOCK */);
	id ^= header->realtime_ns * 0x9e3779b97f4a7c15ull ^ header->start.ticks ^
	      (uint64_t)header->pid << 32;
	return id ? id : 1;
}

static uint32_t fork_window(const struct header_origin *origin)
{
	uint64_t events = origin->parent_head - origin->parent_seen;

	return origin->parent_seen && events < UINT32_MAX ? (uint32_t)events + 1 : 0;
}

void header_fill(struct vmat_header *header, const struct settings *settings,
                 const struct sites_report *sites, const struct header_origin *origin)
{
	struct text version = text_in(header->recorder_version, sizeof(header->recorder_version));
	struct timespec now;
	long length;

	header->version = VMAT_VERSION;
	header->header_bytes = VMAT_HEADER_BYTES;
	header->endian = VMAT_ENDIAN;
	header->machine = PROCESSOR_MACHINE;
	header->page_bytes = 4096;
	header->slot_bytes = VMAT_SLOT_BYTES;
	header->pid = (uint32_t)RAW_1(SYS_getpid, 0);
	header->parent_pid = (uint32_t)RAW_1(SYS_getppid, 0);
	header->uid = (uint32_t)RAW_1(SYS_getuid, 0);
	real.clock_gettime(CLOCK_REALTIME, &now);
	header->realtime_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	header->clock = ring.use_counter ? VMAT_CLOCK_TSC : VMAT_CLOCK_MONOTONIC_NS;
	header->start = ring_clock_pair();
	header->file_id = new_file_id(header);
	if (origin->parent) {
		header->from_fork = 1;
		header->parent_file_id = origin->parent->file_id;
		header->parent_head = origin->parent_head;
		header->fork_window = fork_window(origin);
	}
	header->layers = VMAT_LAYER_WRAPPERS | VMAT_LAYER_SNAPSHOTS;
	header->sites_off = sites->off;
	header->sites_found = sites->found;
	header->sites_patched = sites->patched;
	__builtin_memcpy(header->sites_left, sites->left, sizeof(header->sites_left));
	if (sites->off == VMAT_SITES_IN_FORCE)
		header->layers |= VMAT_LAYER_SITES;
	header->on_full = settings->on_full;
	header->stack_mode = settings->stack_mode;
	header->depth = settings->depth;
	header->children = settings->children;
	header->ring_bytes_asked = settings->ring_bytes;
	fill_bounds(header);
	header->brk = (uint64_t)RAW_1(SYS_brk, 0);
	if (!read_number("/proc/sys/vm/max_map_count", &header->max_map_count))
		header->max_map_count = 0;
	fill_overcommit(header, origin->parent);
	header->limit_as = soft_limit(RLIMIT_AS);
	header->limit_data = soft_limit(RLIMIT_DATA);
	header->limit_stack = soft_limit(RLIMIT_STACK);
	header->limit_memlock = soft_limit(RLIMIT_MEMLOCK);
	text_string(&version, VMATRACE_VERSION);
	length = RAW_4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", header->exe,
	               sizeof(header->exe) - 1);
	if (raw_failed(length))
		header->exe[0] = '\0';
	if (raw_failed(RAW_2(SYS_getcwd, header->cwd, sizeof(header->cwd))))
		header->cwd[0] = '\0';
	fill_command_line(header, origin);
	__builtin_memcpy(header->magic, VMAT_MAGIC, VMAT_MAGIC_BYTES);
	header->crc = 0;
	header->crc = ring_crc(0, header, VMAT_HEADER_BYTES);
}
