/*
 * leaks: see the header.
 */
#include "leaks.h"

const char *leak_class_name(enum leak_class class)
{
	static const char *const names[LEAK_CLASSES] = {
		[LEAK_PROGRAM] = "program",
		[LEAK_THREAD_STACK] = "thread-stack",
		[LEAK_LIBC] = "libc",
		[LEAK_LOADER] = "loader",
		[LEAK_UNEXPLAINED] = "unexplained",
	};

	return class < LEAK_CLASSES ? names[class] : "";
}

enum leak_class leak_class_of(enum vma_kind kind, enum vma_creator creator, bool runtime_only)
{
	if (creator == CREATOR_LOADER)
		return LEAK_LOADER;
	if (creator == CREATOR_THREAD)
		return LEAK_THREAD_STACK;
	if (creator == CREATOR_PROGRAM)
		return LEAK_PROGRAM;
	if (kind == KIND_HEAP || kind == KIND_MALLOC_ARENA || runtime_only)
		return LEAK_LIBC;
	return LEAK_PROGRAM;
}

uint64_t leak_unjoined_bytes(uint64_t exited_bytes)
{
	return exited_bytes > STACK_CACHE_BYTES ? exited_bytes - STACK_CACHE_BYTES : 0;
}
