/*
 * beside: see the header.
 */
#include "beside.h"

static void *run(void *self)
{
	struct beside *beside = self;

	beside->run(beside->context);
	return NULL;
}

void beside_start(struct beside *beside, void (*run_it)(void *context), void *context)
{
	beside->run = run_it;
	beside->context = context;
	beside->has_thread = pthread_create(&beside->thread, NULL, run, beside) == 0;
}

void beside_end(struct beside *beside)
{
	if (beside->has_thread)
		pthread_join(beside->thread, NULL);
	else
		run(beside);
}
