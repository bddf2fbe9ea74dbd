/* phases: 64 MiB come and go, a phase in which nothing changes, then 8 MiB for a moment. */
#include "answers.h"

int main(void)
{
	char *large = map(64 << 20), *small;

	VMATRACE_MARK("large");
	munmap(large, 64 << 20);
	VMATRACE_MARK("quiet");
	VMATRACE_MARK("still quiet");
	small = map(8 << 20);
	VMATRACE_MARK("small");
	munmap(small, 8 << 20);
	VMATRACE_MARK("over");
	return 0;
}
