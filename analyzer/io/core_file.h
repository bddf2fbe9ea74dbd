/*
 * core_file: what a core dump says of the signal that ended its process.
 */
#ifndef VMATRACE_IO_CORE_FILE_H
#define VMATRACE_IO_CORE_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct core_signal {
	uint32_t pid;
	uint32_t tid; /* of the thread it came to */
	int signal;
	int code;         /* si_code */
	uint64_t address; /* si_addr */
	uint64_t sp;      /* the thread's stack pointer; 0: another machine's */
};

/* False: *why is a static text, or NULL and errno says it. */
bool core_file_read(const char *path, struct core_signal *signal, const char **why);

#endif
