/*
 * info_names.c: the words for the numbers of a trace's header and control section.
 */
#include <stddef.h>

#include "info.h"

#define WORD_OF(words, index)                                                                      \
	((index) < sizeof(words) / sizeof((words)[0]) && (words)[index] ? (words)[index]           \
	                                                                : "unknown")

const char *info_end_name(enum process_end end)
{
	static const char *const words[] = {
		[END_EXITED] = "exited",   [END_EXITING] = "exiting", [END_EXECED] = "exec",
		[END_RUNNING] = "running", [END_GONE] = "killed",
	};

	return WORD_OF(words, (size_t)end);
}

const char *info_sites_off(uint32_t why)
{
	static const char *const words[] = {
		[VMAT_SITES_IN_FORCE] = "in force",
		[VMAT_SITES_NOT_BUILT] = "this recorder has no site layer",
		[VMAT_SITES_ASKED_OFF] = "switched off by VMATRACE_COVERAGE=calls",
		[VMAT_SITES_UNKNOWN_LIBC] =
			"no system-call site of a known shape in libc and ld.so",
		[VMAT_SITES_REFUSED] = "their code could not be changed",
		[VMAT_SITES_VALGRIND] = "left alone under valgrind",
		[VMAT_SITES_RR] = "left alone under rr",
	};

	return WORD_OF(words, why);
}

const char *info_stopped(uint32_t why)
{
	static const char *const words[] = {
		[VMAT_STOPPED_FULL] = "the ring was full",
		[VMAT_STOPPED_NO_SPACE] = "no space for the file's pages: disk, quota or memory",
		[VMAT_STOPPED_TRIMMED] = "the exit had trimmed the file",
		[VMAT_STOPPED_OVERMAPPED] = "the program mapped something over the ring",
	};

	return why == VMAT_RECORDING ? NULL : WORD_OF(words, why);
}

const char *info_snapshot_reason(uint32_t reason)
{
	static const char *const words[] = {
		[VMAT_SNAPSHOT_START] = "start",
		[VMAT_SNAPSHOT_BEFORE_TRACER] = "before-tracer",
		[VMAT_SNAPSHOT_AFTER_TRACER] = "after-tracer",
		[VMAT_SNAPSHOT_PERIODIC] = "periodic",
		[VMAT_SNAPSHOT_EXIT] = "exit",
		[VMAT_SNAPSHOT_EXEC] = "exec",
	};

	return WORD_OF(words, reason);
}

const char *info_on_full(uint32_t policy)
{
	static const char *const words[] = {
		[VMAT_OVERWRITE] = "overwrite", [VMAT_STOP] = "stop", [VMAT_GROW] = "grow"
	};

	return WORD_OF(words, policy);
}

const char *info_stack_mode(uint32_t mode)
{
	static const char *const words[] = {
		[VMAT_STACK_CFI] = "cfi", [VMAT_STACK_FP] = "fp", [VMAT_STACK_NONE] = "none"
	};

	return WORD_OF(words, mode);
}
