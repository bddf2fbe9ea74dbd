/*
 * answers.h: what the small broken programs of this folder share. Each does one thing wrong, on the line
 * that ends in a comment "guilty"; the tests ask vmatrace who it was.
 *
 *     say_maps("begin")   prints "maps begin BYTES ROWS" of the kernel's own list, and marks the moment
 */
#ifndef TESTS_ANSWERS_H
#define TESTS_ANSWERS_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmatrace/mark.h"

#define PAGE 4096u
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static inline void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		exit(10);
	return memory;
}

/* All in one buffer of the program's own: no call in here changes the address space. */
static inline void say_maps(const char *moment)
{
	static char text[4 << 20];
	size_t length = 0, rows = 0;
	uint64_t bytes = 0;
	ssize_t got;
	int fd = open("/proc/self/maps", O_RDONLY);

	while ((got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	text[length] = '\0';
	for (char *line = text; *line; line = strchr(line, '\n') + 1) {
		char *end;
		uint64_t start = strtoull(line, &end, 16);

		if (start >> 63) /* [vsyscall] */
			continue;
		bytes += strtoull(end + 1, NULL, 16) - start;
		rows++;
	}
	dprintf(STDOUT_FILENO, "maps %s %llu %zu\n", moment, (unsigned long long)bytes, rows);
	VMATRACE_MARK(moment);
}

#endif
