/* leak_loop: a request at a time, and the buffer of every second one is forgotten. */
#include "answers.h"

static char *buffer_new(void)
{
	return mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, ANONYMOUS, -1, 0); /* guilty */
}

static void serve(int request)
{
	char *buffer = buffer_new();

	buffer[0] = (char)request;
	if (request % 2)
		munmap(buffer, 4 * PAGE);
}

int main(int argc, char **argv)
{
	int requests = argc > 1 ? atoi(argv[1]) : 200;

	say_maps("begin");
	for (int request = 0; request < requests; request++)
		serve(request);
	say_maps("end");
	return 0;
}
