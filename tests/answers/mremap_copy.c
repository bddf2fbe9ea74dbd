/* mremap_copy: mremap that leaves its source mapped makes new pages each time. */
#include "answers.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static void *copy(void *source)
{
	return mremap(source, 16 * PAGE, 16 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, /* guilty */
	              NULL);
}

int main(void)
{
	char *source;

	say_maps("begin");
	source = map(16 * PAGE);
	for (int i = 0; i < 3; i++) {
		if (copy(source) == MAP_FAILED)
			return 77; /* before Linux 5.7 */
	}
	say_maps("end");
	return 0;
}
