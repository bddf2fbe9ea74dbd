/*
 * trace_header.c: from a path to a checked header, or to a reason in words.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "checksum.h"
#include "trace_parts.h"

bool trace_fail(struct trace_error *error, enum trace_status status, uint64_t offset,
                const char *expected)
{
	*error = (struct trace_error) { .status = status, .offset = offset, .expected = expected };
	return false;
}

bool trace_fail_errno(struct trace_error *error, enum trace_status status, uint64_t offset)
{
	*error = (struct trace_error) { .status = status, .error = errno, .offset = offset };
	return false;
}

bool trace_no_memory(struct trace_error *error)
{
	return trace_fail(error, TRACE_NO_MEMORY, 0, NULL);
}

void trace_error_text(const struct trace_error *error, const char *path, char *text, size_t bytes)
{
	const char *expected = error->expected ? error->expected : "";
	unsigned long long offset = error->offset;

	switch (error->status) {
	case TRACE_CANNOT_OPEN:
		snprintf(text, bytes, "cannot open '%s': %s", path, strerror(error->error));
		return;
	case TRACE_CANNOT_READ:
		snprintf(text, bytes, "cannot read '%s': %s", path, strerror(error->error));
		return;
	case TRACE_EMPTY:
		snprintf(text, bytes, "cannot read '%s': it is empty: recording never began", path);
		return;
	case TRACE_NOT_A_TRACE:
		snprintf(text, bytes, "cannot read '%s': not a vmatrace trace", path);
		return;
	case TRACE_TRUNCATED:
		snprintf(text, bytes, "cannot read '%s': cut off at byte %llu, inside %s", path,
		         offset, expected);
		return;
	case TRACE_DAMAGED:
		snprintf(text, bytes, "cannot read '%s': damaged at byte %llu: %s", path, offset,
		         expected);
		return;
	case TRACE_NEWER:
		snprintf(text, bytes, "cannot read '%s': made by a newer vmatrace: %s", path,
		         expected);
		return;
	case TRACE_NO_MEMORY:
		snprintf(text, bytes, "cannot read '%s': %s", path, strerror(ENOMEM));
		return;
	case TRACE_OK:
		break;
	}
	snprintf(text, bytes, "cannot read '%s'", path);
}

ssize_t trace_read_at(int fd, void *into, size_t bytes, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX || bytes > INT64_MAX - offset)
		return 0;
	while (done < bytes) {
		ssize_t n = pread(fd, (char *)into + done, bytes - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static bool all_zero(const void *data, size_t bytes)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < bytes; i++) {
		if (byte[i])
			return false;
	}
	return true;
}

/* CRC over header_bytes, its own word read as 0. The header may be longer than this version's struct. */
static uint32_t header_checksum(const uint8_t *bytes, size_t length)
{
	static const uint8_t zero[sizeof(uint32_t)];
	size_t at = offsetof(struct vmat_header, crc);
	uint32_t crc = checksum(0, bytes, at);

	crc = checksum(crc, zero, sizeof(zero));
	at += sizeof(zero);
	return checksum(crc, bytes + at, length - at);
}

static bool check_header(const uint8_t *bytes, size_t length, struct vmat_header *header,
                         struct trace_error *error)
{
	if (length == 0 || all_zero(bytes, length))
		return trace_fail(error, TRACE_EMPTY, 0, NULL);
	if (memcmp(bytes, VMAT_MAGIC, length < VMAT_MAGIC_BYTES ? length : VMAT_MAGIC_BYTES) != 0)
		return trace_fail(error, TRACE_NOT_A_TRACE, 0, NULL);
	if (length < offsetof(struct vmat_header, feature_compat))
		return trace_fail(error, TRACE_TRUNCATED, length, "the header");
	memcpy(header, bytes, length < sizeof(*header) ? length : sizeof(*header));
	if (header->endian != VMAT_ENDIAN)
		return trace_fail(error, TRACE_DAMAGED, offsetof(struct vmat_header, endian),
		                  "little-endian numbers expected");
	/* Before the checksum: only this and the magic are promised to stay where they are. */
	if (header->version > VMAT_VERSION)
		return trace_fail(error, TRACE_NEWER, offsetof(struct vmat_header, version),
		                  "its format version is above 1");
	if (header->version == 0)
		return trace_fail(error, TRACE_DAMAGED, offsetof(struct vmat_header, version),
		                  "format version 1 expected");
	if (header->header_bytes != VMAT_HEADER_BYTES)
		return trace_fail(error, TRACE_DAMAGED, offsetof(struct vmat_header, header_bytes),
		                  "a header of 4096 bytes expected");
	if (length < VMAT_HEADER_BYTES)
		return trace_fail(error, TRACE_TRUNCATED, length, "the header");
	if (header_checksum(bytes, VMAT_HEADER_BYTES) != header->crc)
		return trace_fail(error, TRACE_DAMAGED, offsetof(struct vmat_header, crc),
		                  "the header's checksum does not hold");
	if (header->feature_incompat & ~(uint64_t)(VMAT_FEATURE_LAPS | VMAT_FEATURE_PACKED_STACKS))
		return trace_fail(error, TRACE_NEWER,
		                  offsetof(struct vmat_header, feature_incompat),
		                  "it uses a feature this version does not know");
	if (header->page_bytes < 4096 || header->page_bytes > 1 << 20 ||
	    (header->page_bytes & (header->page_bytes - 1)))
		return trace_fail(error, TRACE_DAMAGED, offsetof(struct vmat_header, page_bytes),
		                  "a page size expected");
	header->exe[sizeof(header->exe) - 1] = '\0';
	header->cwd[sizeof(header->cwd) - 1] = '\0';
	header->recorder_version[sizeof(header->recorder_version) - 1] = '\0';
	header->sites_left[sizeof(header->sites_left) - 1] = '\0';
	header->command_line[sizeof(header->command_line) - 1] = '\0';
	if (header->command_line_bytes > sizeof(header->command_line))
		header->command_line_bytes = sizeof(header->command_line);
	return true;
}

/* Opens, reads and checks. The descriptor, or -1 and *error. */
int trace_open_header(const char *path, struct vmat_header *header, struct trace_error *error)
{
	uint8_t bytes[VMAT_HEADER_BYTES];
	/* A FIFO of that name must not hold us up; for a file O_NONBLOCK means nothing. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	ssize_t n;

	if (fd < 0) {
		trace_fail_errno(error, TRACE_CANNOT_OPEN, 0);
		return -1;
	}
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		errno = EISDIR;
		trace_fail_errno(error, TRACE_CANNOT_OPEN, 0);
		close(fd);
		return -1;
	}
	if (!S_ISREG(status.st_mode)) {
		trace_fail(error, TRACE_NOT_A_TRACE, 0, NULL);
		close(fd);
		return -1;
	}
	n = trace_read_at(fd, bytes, sizeof(bytes), 0);
	if (n < 0) {
		trace_fail_errno(error, TRACE_CANNOT_READ, 0);
		close(fd);
		return -1;
	}
	if (!check_header(bytes, (size_t)n, header, error)) {
		close(fd);
		return -1;
	}
	return fd;
}

bool trace_peek(const char *path, struct vmat_header *header, struct trace_error *error)
{
	int fd = trace_open_header(path, header, error);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}
