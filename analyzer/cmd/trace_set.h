/*
 * trace_set: what the TRACE operands name. A file is one address space; a folder is those of a process tree
 * (one *.vmat per process and exec); several are taken together; none means the newest *.vmat or
 * vmatrace.*.* folder here.
 *
 * In cmd/, so it may print: each failure is one line on stderr and an exit status.
 */
#ifndef VMATRACE_CMD_TRACE_SET_H
#define VMATRACE_CMD_TRACE_SET_H

#include "io/trace_reader.h"
#include "options.h"

struct trace_entry {
	char *path;
	uint32_t pid;
	uint64_t realtime_ns; /* when it started; entries are in this order */
	char exe[256];        /* cut if longer */
	uint64_t file_id;
	uint64_t forked_by; /* file_id of the trace that it was forked from, 0: of none */
	uint64_t
		parent_seen; /* between these two events of the parent it was forked; 0 not known */
	uint64_t parent_head;
};

struct trace_set {
	char *name;   /* the operands as given, joined by blanks */
	bool several; /* a folder or more than one operand: an array, even if one process is found */
	struct trace_entry *entries;
	size_t count;
	size_t unreadable; /* files that are no readable trace; each was named on stderr */
};

/*
 * Fills the set from all operands, or finds the newest (named on stderr unless --quiet). --pid keeps that
 * process only. Returns STATUS_FINE if there is at least one readable trace, or what to exit with.
 */
int trace_set_find(struct trace_set *set, const struct operands *operands,
                   const struct common_options *common);
/* For who makes a set by hand: one more, and their order once all are there. False: out of memory. */
bool trace_set_add(struct trace_set *set, const char *path, const struct vmat_header *header);
void trace_set_sort(struct trace_set *set);
void trace_set_release(struct trace_set *set);

/* Opens entry `index`. NULL: one line on stderr, exit with STATUS_TRACE. */
struct trace *trace_set_open(const struct trace_set *set, size_t index);

/* Which of several processes a command means by itself, where no --pid says it. */
struct trace_choice {
	const char *what; /* of those it wants, for their list: " that crashed" */
	const char *none; /* what to say where there is none; NULL: then it may be any */
	bool (*wanted)(const struct trace_entry *entry, const void *context);
	const void *context;
};

/*
 * For commands about one address space: the only process that the operands name, or of several (choice: NULL,
 * any) the only one of choice. More: their list on stderr and STATUS_USAGE. Of a process that exec'd, its last
 * image (said on stderr unless --quiet). trace_close() what it opens; NULL where it fails.
 */
int trace_set_open_one(const struct operands *operands, const struct common_options *common,
                       const struct trace_choice *choice, struct trace **trace);

#endif
