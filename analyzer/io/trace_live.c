/*
 * trace_live.c: two questions. /proc/PID/maps: does that process map this file? A lease: does anybody? The
 * kernel grants one for reading only if no open file of the inode may write (fcntl(2) F_SETLEASE, fs/locks.c
 * check_conflicting_open), and a shared mapping keeps its file open.
 */
#include "trace_live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc_maps.h"

/* All of a file of /proc, which says nothing of its size. The caller frees it; NULL: cannot be read. */
static char *read_all(const char *path, size_t *bytes)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0, n;

	*bytes = 0;
	if (!file)
		return NULL;
	do {
		char *grown = realloc(text, room + 65536);

		if (!grown)
			break;
		text = grown;
		room += 65536;
		n = fread(text + *bytes, 1, room - *bytes, file);
		*bytes += n;
	} while (*bytes == room);
	fclose(file);
	return text;
}

/* Another process with its old number does not map it. On overlayfs maps may show another inode than stat(2). */
static bool maps_it(uint32_t pid, const char *trace, const struct stat *status)
{
	char path[64], *real, *text;
	struct proc_maps maps;
	size_t bytes;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%u/maps", pid);
	text = read_all(path, &bytes);
	if (!text || !proc_maps_parse(&maps, text, bytes)) {
		free(text);
		return false;
	}
	real = realpath(trace, NULL);
	for (size_t i = 0; i < maps.count && !found; i++)
		found = (maps.rows[i].inode == status->st_ino &&
		         maps.rows[i].dev_major == major(status->st_dev) &&
		         maps.rows[i].dev_minor == minor(status->st_dev)) ||
		        (real && strcmp(maps.rows[i].name, real) == 0);
	free(real);
	proc_maps_release(&maps);
	free(text);
	return found;
}

/* Whoever opens it for writing while the lease lasts makes the kernel send its holder SIGIO. */
static bool is_held(int fd)
{
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };
	bool held;

	sigaction(SIGIO, &ignore, &before);
	held = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	sigaction(SIGIO, &before, NULL);
	return held;
}

enum trace_live trace_live(const char *path, uint32_t pid)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	enum trace_live live = TRACE_OVER;
	struct stat status;

	if (fd < 0)
		return TRACE_OVER;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
		if (maps_it(pid, path, &status))
			live = TRACE_RUNS;
		else if (is_held(fd))
			live = TRACE_HELD;
	}
	close(fd);
	return live;
}
