/*
 * trace_end.c: what nobody inside the process could know: how it ended. The only place that writes to a trace.
 */
#include "trace_end.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_parts.h"

/* Where the control words lie in this file, 0 if it has no room for them. */
static uint64_t place_of_control(int fd, const struct vmat_header *header)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return 0;
	for (uint32_t i = 0; i < header->section_count && i < VMAT_SECTION_LIMIT; i++) {
		const struct vmat_section *section = &header->section[i];

		if (section->type != VMAT_SECTION_CONTROL)
			continue;
		if (section->length < sizeof(struct vmat_control) ||
		    section->offset < VMAT_HEADER_BYTES ||
		    section->offset > (uint64_t)status.st_size ||
		    (uint64_t)status.st_size - section->offset < sizeof(struct vmat_control))
			return 0;
		return section->offset;
	}
	return 0;
}

bool trace_store_end(const char *path, uint32_t pid, int wait_status)
{
	uint64_t word = 1ull << 32 | (uint32_t)wait_status;
	struct vmat_header header;
	struct trace_error error;
	uint64_t place;
	uint64_t id;
	bool stored = false;
	int fd;

	if (!trace_peek(path, &header, &error) || header.pid != pid)
		return false;
	/* No link is followed here, and the file is still the one that was looked at. */
	fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return false;
	place = place_of_control(fd, &header);
	if (place &&
	    trace_read_at(fd, &id, sizeof(id), offsetof(struct vmat_header, file_id)) ==
	            (ssize_t)sizeof(id) &&
	    id == header.file_id)
		stored = pwrite(fd, &word, sizeof(word),
		                (off_t)(place + offsetof(struct vmat_control, exit_status))) ==
		         (ssize_t)sizeof(word);
	close(fd);
	return stored;
}

bool trace_peek_fault(const char *path, struct vmat_fault *fault)
{
	struct vmat_header header;
	struct trace_error error;
	int fd = trace_open_header(path, &header, &error);
	uint64_t place = fd < 0 ? 0 : place_of_control(fd, &header);
	bool found = place && trace_read_at(fd, fault, sizeof(*fault),
	                                    place + offsetof(struct vmat_control, fault)) ==
	                              (ssize_t)sizeof(*fault);

	if (fd >= 0)
		close(fd);
	return found && fault->signal;
}

bool trace_end_status(const struct trace *trace, int *wait_status)
{
	*wait_status = (int)(uint32_t)trace->control.exit_status;
	return trace->control.exit_status >> 32 == 1;
}
