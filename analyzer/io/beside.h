/*
 * beside: something that is done in a thread of its own while the caller does something else; or, where there is no
 * thread to be had, when the caller asks for its result.
 *
 * Owner: the caller; each start is followed by one end, which gives back all that it took.
 */
#ifndef VMATRACE_IO_BESIDE_H
#define VMATRACE_IO_BESIDE_H

#include <pthread.h>
#include <stdbool.h>

struct beside {
	void (*run)(void *context);
	void *context;
	bool has_thread;
	pthread_t thread;
};

void beside_start(struct beside *beside, void (*run)(void *context), void *context);
/* Returns when it is done. */
void beside_end(struct beside *beside);

#endif
