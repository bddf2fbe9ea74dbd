/*
 * untraced: programs that traced processes began and that left no trace of their own: statically linked,
 * set-user-id, of another class, or begun without the environment that names the recorder.
 *
 *     exec            the trace ends in it            the process has a later trace
 *     posix_spawn     the event knows the child       the child has one
 *     vfork, exec     events of the child's           each child has one, but for the execs that failed
 *
 * A fork child needs no line: its exec is an event, and so begins a trace that ends in it.
 */
#ifndef VMATRACE_CMD_UNTRACED_H
#define VMATRACE_CMD_UNTRACED_H

#include "core/number_table.h"
#include "trace_set.h"

struct birth {
	size_t trace;      /* in the set, where it was begun */
	char *program;     /* as exec was given it; NULL unknown */
	uint32_t pid;      /* whose trace there should be */
	uint32_t tries;    /* of a vfork child: its execs, all but the last of which have failed */
	bool not_followed; /* by VMATRACE_CHILDREN=0 there was not to be one */
};

struct untraced {
	struct birth *births; /* after _finish: those without a trace, in the order they were met */
	size_t count;
	size_t not_followed; /* children that were not to be traced */
	uint64_t *
		failed; /* inside: for each trace of the set, execs of vfork children that failed */
};

/* A look for what one trace of the set began. */
struct untraced_look {
	struct untraced *untraced;
	size_t trace;
	size_t first;                 /* of its births */
	const char *becomes;          /* the program that it is about to be */
	struct number_table children; /* vfork children -> their births + 1 */
	bool failed;                  /* out of memory */
};

void untraced_begin(struct untraced_look *look, struct untraced *untraced,
                    const struct trace_set *set, size_t index);
/* Each event of the trace, in order of seq. */
void untraced_event(struct untraced_look *look, const struct event *event);
/* runs: its process is still there. Ends what was begun. False: out of memory. */
bool untraced_end(struct untraced_look *look, const struct trace *trace, bool runs);
/* All of it, with a pass over the events of its own. */
bool untraced_see(struct untraced *untraced, const struct trace_set *set, size_t index,
                  struct trace *trace, bool runs);
/* Once all were seen: leaves out what has a trace, in the set or in the folder of its parent's. */
bool untraced_finish(struct untraced *untraced, const struct trace_set *set);
/* "'./tool' by process 12 (sh), ..."; returns text. After _finish. */
char *untraced_names(const struct untraced *untraced, const struct trace_set *set, char *text,
                     size_t bytes);
void untraced_release(struct untraced *untraced);

#endif
