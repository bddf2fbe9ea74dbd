/*
 * wild_pointer: faults of which the kernel tells no address, or of which none is. Without an argument: a write through
 * a pointer that the processor can not hold; "sent": a signal that a process sent.
 */
#include <signal.h>
#include <stdlib.h>

#include "answers.h"

int main(int argc, char **argv)
{
	volatile char *wild = (volatile char *)strtoul("4141414141414141", NULL, 16);

	(void)argv;
	if (argc > 1)
		return kill(getpid(), SIGSEGV);
	*wild = 1;
	return 0;
}
