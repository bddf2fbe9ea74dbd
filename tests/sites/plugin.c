/*
 * plugin: what churn loads and unloads: all kinds of segments, a constructor that allocates.
 */
#include <stdlib.h>

static char bss[200000];
static char data[5000] = { 1 };
static void *block;

__attribute__((constructor)) static void begin(void)
{
	block = malloc(sizeof(bss));
	bss[0] = data[0];
}

__attribute__((destructor)) static void end(void)
{
	free(block);
}
