/*
 * own_maps: see own_maps.h. A sample ends with such a reading, and a test holds it against what
 * the trace says, so the reading must leave the list exactly as it found it.
 */
#include "own_maps.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "account.h"

/* Room for some 4,000 rows; in .bss, so that it is mapped before the first reading. */
static char text[512 * 1024];
static size_t text_bytes;

size_t own_maps_read(void)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	ssize_t got = 0;
	size_t lines = 0;

	text_bytes = 0;
	if (fd < 0)
		return 0;
	while (text_bytes < sizeof(text) - 1 &&
	       (got = read(fd, text + text_bytes, sizeof(text) - 1 - text_bytes)) > 0)
		text_bytes += (size_t)got;
	close(fd);
	text[text_bytes] = '\0';
	for (size_t i = 0; i < text_bytes; i++)
		lines += text[i] == '\n';
	return got < 0 ? 0 : lines;
}

bool own_maps_parse(const char *line, struct own_row *row)
{
	int name = 0;
	size_t length;

	*row = (struct own_row) { 0 };
	if (sscanf(line, "%lx-%lx %4s %lx %x:%x %lu%n", &row->start, &row->end, row->perms,
	           &row->offset, &row->dev_major, &row->dev_minor, &row->inode, &name) != 7)
		return false;
	line += name;
	line += strspn(line, " ");
	length = strcspn(line, "\n");
	if (length >= sizeof(row->name))
		length = sizeof(row->name) - 1;
	memcpy(row->name, line, length);
	return true;
}

bool own_maps_line(size_t line, struct own_row *row)
{
	const char *at = text;

	for (; line > 0 && at; line--) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return at && *at && own_maps_parse(at, row);
}

bool own_maps_find(const void *address, struct own_row *row)
{
	size_t lines = own_maps_read();

	for (size_t i = 0; i < lines; i++)
		if (own_maps_line(i, row) && row->start <= (unsigned long)address &&
		    (unsigned long)address < row->end)
			return true;
	return false;
}

void own_maps_print(void)
{
	size_t lines = own_maps_read();
	const char *at = text;

	print("maps: begin %ld\n", (long)getpid());
	for (size_t i = 0; i < lines; i++) {
		size_t length = strcspn(at, "\n");

		print("maps: %.*s\n", (int)length, at);
		at += length + 1;
	}
	print("maps: end\n");
	if (getenv("SAMPLE_DIES"))
		raise(SIGKILL);
}
