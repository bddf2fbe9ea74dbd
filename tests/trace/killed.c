/*
 * killed: eight threads take each other's addresses; after so many milliseconds SIGKILL or, if a second
 * argument is there, exit(3). For killed.py.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void *churn(void *nothing)
{
	(void)nothing;
	for (size_t i = 0;; i++) {
		size_t length = 4096 * (1 + i % 4);
		void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		                -1, 0);

		if (at == MAP_FAILED || mprotect(at, length, PROT_READ))
			abort();
		at = mremap(at, length, 2 * length, MREMAP_MAYMOVE);
		if (at == MAP_FAILED || munmap(at, 2 * length))
			abort();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 8; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, churn, NULL))
			return 1;
	}
	usleep(1000 * (useconds_t)atoi(argc > 1 ? argv[1] : "10"));
	return argc > 2 ? 0 : kill(getpid(), SIGKILL);
}
