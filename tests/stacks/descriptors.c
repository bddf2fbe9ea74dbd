/*
 * descriptors: closes every descriptor, opens pipes that get 3 and 4, and reads and writes through them while
 * it calls from deep stacks with large frames: every byte must be its own.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int report;

static void fail(const char *what)
{
	ssize_t ignored = write(report, what, strlen(what));

	(void)ignored;
	_exit(1);
}

/* One frame is larger than what any unwinder takes for near. */
__attribute__((noinline)) static void descend(int depth, int number)
{
	volatile char room[20000];

	room[depth] = (char)number;
	if (depth == 0) {
		void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (page == MAP_FAILED || munmap(page, 4096))
			fail("mmap");
	} else {
		descend(depth - 1, number);
	}
	if (room[depth] != (char)number)
		fail("a frame changed");
}

int main(void)
{
	char text[16], back[64];
	int ends[2];

	report = fcntl(1, F_DUPFD, 100);
	for (int fd = 0; fd < 1024; fd++) {
		if (fd != report)
			close(fd);
	}
	if (pipe(ends) || dup2(ends[0], 3) != 3 || dup2(ends[1], 4) != 4)
		fail("pipe");
	fcntl(3, F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 2000; i++) {
		size_t bytes = (size_t)(1 + i % 15);

		memset(text, i, sizeof(text));
		if (write(4, text, bytes) != (ssize_t)bytes)
			fail("write");
		descend(i % 100, i);
		if (read(3, back, sizeof(back)) != (ssize_t)bytes || memcmp(text, back, bytes))
			fail("other bytes came back");
		if (read(3, back, 1) != -1)
			fail("more bytes than were written");
	}
	/* 0, 1, 3, 4 and the report: nobody has opened another. */
	for (int fd = 0; fd < 1024; fd++) {
		if (fd != report && fd > 4 && fcntl(fd, F_GETFD) != -1)
			fail("a descriptor that is not its own");
	}
	return 0;
}
