/*
 * record_output: where `record` puts traces, and what it says about them when the command is over.
 *
 *     no -o           ./vmatrace.NAME.PID/%e.%p.vmat      a new folder of the command's own
 *     -o run1/        run1/%e.%p.vmat                     a folder, made if missing
 *     -o t.%p.vmat    ./t.%p.vmat                         a pattern, as VMATRACE_OUT takes it
 */
#ifndef VMATRACE_CMD_RECORD_OUTPUT_H
#define VMATRACE_CMD_RECORD_OUTPUT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "trace_set.h"

struct record_output {
	char folder[PATH_MAX];  /* absolute; where a failure to write is reported */
	char pattern[PATH_MAX]; /* for VMATRACE_OUT: absolute, a literal % doubled */
	bool own_folder;        /* of this run alone, named after the process */
};

/*
 * Works out the names; makes the folders of a pattern and tries whether a file can be made there.
 * False: errno says why `folder` will not do.
 */
bool record_output_plan(struct record_output *output, const char *pattern, const char *command);
/* In the process that becomes the command: makes its own folder. False: errno. */
bool record_output_make(struct record_output *output, pid_t pid);
/* Takes the folder away again if nothing is in it. */
void record_output_undo(const struct record_output *output);

/* How CMD ended. */
struct record_end {
	bool ran;
	pid_t pid;
	int wait_status; /* of wait(2) */
};

uint64_t record_now_ns(void);
/*
 * The traces of this run, in order of time: those that are older than begun_ns are not ours. False: out of
 * memory. The caller releases the set in either case.
 */
bool record_traces(const struct record_output *output, uint64_t begun_ns, struct trace_set *set);
/* Stores in the trace of CMD's last image how it ended. */
void record_store_end(const struct trace_set *set, const struct record_end *end);
/* What was traced, what was lost, what to try next: on stderr. */
void record_summary(const struct record_output *output, const struct trace_set *set);

#endif
