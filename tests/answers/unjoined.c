/* unjoined: threads that return at once, and that nobody joins. With an argument they are joined. */
#include <pthread.h>
#include <semaphore.h>

#include "answers.h"

enum { THREADS = 12 };

static void *work(void *done)
{
	sem_post(done);
	return NULL;
}

static pthread_t spawn(sem_t *done)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, done) != 0) /* guilty */
		exit(10);
	return thread;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	sem_t done;

	(void)argv;
	sem_init(&done, 0, 0);
	for (int i = 0; i < THREADS; i++) {
		threads[i] = spawn(&done);
		sem_wait(&done);
	}
	for (int i = 0; argc > 1 && i < THREADS; i++)
		pthread_join(threads[i], NULL);
	usleep(200000); /* so that the last ones have left */
	return 0;
}
