/* own_handler: the program has a handler of its own, and lives on after a fault. */
#include <setjmp.h>
#include <signal.h>

#include "answers.h"

static sigjmp_buf back;

static void handle(int signal)
{
	siglongjmp(back, signal);
}

int main(int argc, char **argv)
{
	char *memory = map(PAGE);

	(void)argv;
	if (argc > 1) { /* what came from outside is no fault, and ends the program all the same */
		raise(SIGSEGV);
		return 1;
	}
	signal(SIGSEGV, handle);
	mprotect(memory, PAGE, PROT_NONE);
	if (sigsetjmp(back, 1) == 0)
		memory[0] = 1;
	return 7;
}
