/*
 * inherited: a program that makes memory writable and executable, forks, and whose child replaces some of it.
 * There is one call to blame, the parent's.
 */
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE ((size_t)4096)

static char *make_code(void)
{
	int prot = PROT_READ | PROT_WRITE | PROT_EXEC;

	return mmap(NULL, 4 * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* found: code */
}

int main(void)
{
	char *code = make_code();

	if (fork() == 0) {
		mmap(code, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		_exit(0);
	}
	wait(NULL);
	munmap(code, 4 * PAGE);
	return 0;
}
