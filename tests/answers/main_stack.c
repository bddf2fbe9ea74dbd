/* main_stack: the main thread recurses until its stack may not grow any more. */
#include "answers.h"

static int descend(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return depth ? descend(depth - 1) + frame[0] : 0;
}

int main(void)
{
	return descend(1 << 20);
}
