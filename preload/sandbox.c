/*
 * sandbox.c: see the header. How many filters there are is in /proc/PID/status (Linux 5.9; before, whether there are).
 */
#include "sandbox.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "address_space.h"
#include "raw_syscall.h"
#include "ring.h"
#include "snapshot.h"
#include "text.h"

enum {
	READ_BYTES = 1024,
	LINE_BYTES = 32, /* of a line no more matters */
	SANDBOX_SLOTS =
		1 << 13, /* 1 MiB: what is recorded in a sandbox, where no more can be asked for */
};

/* A process's: its mode, and its number of filters where the kernel tells. */
struct filters {
	bool known;
	uint64_t mode;
	uint64_t count;
};

static void take_line(const char *line, struct filters *filters)
{
	const char *mode = text_after(line, "Seccomp:\t");
	const char *count = text_after(line, "Seccomp_filters:\t");

	if (mode) {
		filters->known = true;
		filters->mode = text_parse(&mode, 10);
		filters->count = filters->mode != 0;
	}
	if (count)
		filters->count = text_parse(&count, 10);
}

static struct filters read_filters(const char *path)
{
	struct filters filters = { .known = false };
	char buffer[READ_BYTES], line[LINE_BYTES];
	long fd = RAW_4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	size_t filled = 0;
	long got;

	if (raw_failed(fd))
		return filters;
	while ((got = RAW_3(SYS_read, fd, buffer, sizeof(buffer))) > 0) {
		for (long i = 0; i < got; i++) {
			if (buffer[i] != '\n') {
				if (filled + 1 < sizeof(line))
					line[filled++] = buffer[i];
				continue;
			}
			line[filled] = '\0';
			filled = 0;
			take_line(line, &filters);
		}
	}
	RAW_1(SYS_close, fd);
	return filters;
}

/* How many are known: `record` says of how many it is under itself. */
static uint64_t known_count(char **envp)
{
	for (; *envp; envp++) {
		const char *number = text_after(*envp, "VMATRACE_FILTERS=");

		if (number)
			return text_parse(&number, 10);
	}
	return read_filters("/proc/1/status").count;
}

const char *sandbox_refusal(char **envp)
{
	struct filters here = read_filters("/proc/self/status");

	if (!here.known)
		return "/proc does not say whether there is a seccomp filter, which may kill for "
		       "what "
		       "the recorder does";
	if (here.mode && here.count > known_count(envp))
		return "a seccomp filter, which may kill for what the recorder does "
		       "(VMATRACE_FILTERS "
		       "says how many are known not to)";
	return NULL;
}

bool sandbox_before(void)
{
	bool was_silent = raw_syscall_silent;

	if (address_space_has_begun() && !was_silent && address_space_enter()) {
		ring_make_slots_ready(ring_head() + SANDBOX_SLOTS);
		snapshot_take(VMAT_SNAPSHOT_PERIODIC);
	}
	raw_syscall_silent = true;
	return was_silent;
}

void sandbox_after(bool was_silent, bool failed)
{
	if (failed)
		raw_syscall_silent = was_silent;
	else if (address_space_has_begun() && address_space_alive())
		ring.control->sandboxed = 1;
}
