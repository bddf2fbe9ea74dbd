/*
 * perf_map.c: see perf_map.h.
 */
#include "perf_map.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbol_open.h"

enum { BYTES_LIMIT = 1 << 28 };

struct code {
	uint64_t start;
	uint64_t end;
	uint64_t reach; /* the farthest end of all codes up to this one */
	size_t line;
	const char *name;
	bool doubtful; /* given to an address that has other names, too */
};

struct perf_map {
	char *text;
	struct code *codes; /* by start, then by line */
	size_t count;
	size_t doubtful; /* of them */
};

static bool is_trusted(const struct stat *status, uint64_t began_ns)
{
	uint64_t written_ns =
		(uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec;

	return (status->st_uid == geteuid() || status->st_uid == 0) &&
	       (status->st_mode & (S_IWGRP | S_IWOTH)) == 0 && written_ns >= began_ns;
}

static char *read_text(int fd, off_t size)
{
	size_t room = size < BYTES_LIMIT ? (size_t)size : BYTES_LIMIT;
	char *text = malloc(room + 1);
	size_t at = 0;
	ssize_t n;

	while (text && at < room && (n = pread(fd, text + at, room - at, (off_t)at)) > 0)
		at += (size_t)n;
	if (text)
		text[at] = '\0';
	return text;
}

static bool add_line(struct perf_map *map, char *line, size_t number)
{
	char *end;
	uint64_t start = strtoull(line, &end, 16);
	uint64_t size = *end == ' ' ? strtoull(end + 1, &end, 16) : 0;
	struct code *grown;

	/* Damaged, or cut off at the end of what was written. */
	if (*end != ' ' || end[1] == '\0' || size == 0 || start + size < start)
		return true;
	if ((map->count & (map->count - 1)) == 0) {
		grown = reallocarray(map->codes, map->count ? 2 * map->count : 1, sizeof(*grown));
		if (!grown)
			return false;
		map->codes = grown;
	}
	map->codes[map->count++] = (struct code) {
		.start = start,
		.end = start + size,
		.line = number,
		.name = end + 1,
	};
	return true;
}

static int by_start(const void *left, const void *right)
{
	const struct code *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

/* Cuts the text into lines. One without its newline is not finished, and is left out. */
static void read_lines(struct perf_map *map)
{
	char *line = map->text;
	char *newline;
	size_t number = 0;

	for (; (newline = strchr(line, '\n')); line = newline + 1) {
		*newline = '\0';
		if (!add_line(map, line, number++))
			break;
	}
	if (map->count)
		qsort(map->codes, map->count, sizeof(*map->codes), by_start);
	for (size_t i = 0; i < map->count; i++) {
		uint64_t before = i ? map->codes[i - 1].reach : 0;

		map->codes[i].reach = map->codes[i].end > before ? map->codes[i].end : before;
	}
}

struct perf_map *perf_map_open(const char *root, uint32_t pid, uint64_t began_ns)
{
	struct perf_map *map = calloc(1, sizeof(*map));
	char path[64];
	struct stat status, link;
	int fd;

	if (!map)
		return NULL;
	snprintf(path, sizeof(path), "/tmp/perf-%u.map", pid);
	fd = open_regular(root, path, &status);
	/* What a link of somebody else leads to may be ours, but not what he says it is. */
	if (fd >= 0 && is_trusted(&status, began_ns) &&
	    (root || (lstat(path, &link) == 0 && S_ISREG(link.st_mode))))
		map->text = read_text(fd, status.st_size);
	if (fd >= 0)
		close(fd);
	if (!map->text) {
		free(map);
		return NULL;
	}
	read_lines(map);
	return map;
}

void perf_map_close(struct perf_map *map)
{
	if (!map)
		return;
	free(map->codes);
	free(map->text);
	free(map);
}

const char *perf_map_at(struct perf_map *map, uint64_t address)
{
	struct code *found = NULL;
	bool differ = false;
	size_t low = 0, high = map ? map->count : 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->codes[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low > 0 && map->codes[low - 1].reach > address; low--) {
		struct code *code = &map->codes[low - 1];

		if (address >= code->end)
			continue;
		differ = differ || (found && strcmp(found->name, code->name) != 0);
		if (!found || code->line > found->line)
			found = code;
	}
	if (!found)
		return NULL;
	map->doubtful += differ && !found->doubtful;
	found->doubtful |= differ;
	return found->name;
}

size_t perf_map_doubtful(const struct perf_map *map)
{
	return map ? map->doubtful : 0;
}
