/*
 * shm_removed: objects that nobody shm_unlinks. Each is removed as a file of /dev/shm, by this process or by another one,
 * and what the traces can know of it differs.
 */
#include <sys/wait.h>

#include "answers.h"

enum { OBJECTS = 7 };

static char names[OBJECTS][64];

static const char *path_of(int i)
{
	static char path[96];

	snprintf(path, sizeof(path), "/dev/shm%s", names[i]);
	return path;
}

static int object(int i, int flags)
{
	int fd = shm_open(names[i], flags | O_RDWR, 0600);

	if (fd >= 0 && ftruncate(fd, PAGE) != 0)
		exit(10);
	return fd;
}

static void map_of(int fd)
{
	if (mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
		exit(11);
}

/* Without a call that is traced. */
static void removed_by_another(int i)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		unlink(path_of(i));
		_exit(0);
	}
	waitpid(child, &status, 0);
}

int main(int argc, char **argv)
{
	int fd;

	(void)argc;
	for (int i = 0; i < OBJECTS; i++) {
		snprintf(names[i], sizeof(names[i]), "/%.30s.%d.%d", strrchr(argv[0], '/') + 1,
		         (int)getpid(), i);
		unlink(path_of(i));
	}
	/* 0: mapped to the end, so the last list shows that it was removed. */
	map_of(object(0, O_CREAT | O_EXCL));
	removed_by_another(0);
	/* 1: mapped after it was removed, and not any more at the end. */
	fd = object(1, O_CREAT);
	unlink(path_of(1));
	munmap(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0), PAGE);
	/* 2: asked for, and not there. */
	object(2, O_CREAT);
	unlink(path_of(2));
	object(2, 0);
	/* 3: mapped once, then removed, and nobody meets it again: no trace tells. */
	munmap(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, object(3, O_CREAT), 0), PAGE);
	removed_by_another(3);
	/* 4: the first is removed and its mapping stays; the second is left. */
	map_of(object(4, O_CREAT | O_EXCL));
	unlink(path_of(4));
	object(4, O_CREAT | O_EXCL); /* guilty: the second */
	/* 5: opened by a name of another's, which is removed by the time the list is read; left is the new one. */
	map_of(object(5, O_CREAT));
	unlink(path_of(5));
	map_of(object(5, O_CREAT)); /* guilty: the other */
	/* 6: as 3, and never mapped: no trace tells whose /dev/shm it was in. */
	object(6, O_CREAT);
	removed_by_another(6);
	printf("names %s %s %s %s %s %s %s\n", names[0], names[1], names[2], names[3], names[4],
	       names[5], names[6]);
	return 0;
}
