/*
 * record_start: from a plan to a running command and back: environment, folder, exec, wait, exit
 * status.
 *
 *     vmatrace ── fork ──> child: folder, environment, exec CMD
 *        │                    │ a close-on-exec pipe says how far it came
 *        └──── wait ──────────┘ exit status of CMD; signals are sent on (record_signals.h)
 */
#ifndef VMATRACE_CMD_RECORD_START_H
#define VMATRACE_CMD_RECORD_START_H

#include "options.h"
#include "record_output.h"
#include "record_signals.h"
#include "record_target.h"

/* Of record alone, beside CMD's own status; 126 and 127 are in record_target.h. */
enum { STATUS_OWN_FAILURE = 125, STATUS_SIGNAL = 128 };
/* With --check, unless options say otherwise: findings; traces that prove nothing. */
enum { STATUS_CHECK_FAILED = 99, STATUS_CHECK_INCOMPLETE = 98 };

/* As the command line has them; a NULL leaves the recorder its default. */
struct record_options {
	const char *pattern;
	const char *ring;
	const char *on_full;
	const char *stack;
	const char *coverage;
	const char *check;
	const char *baseline;
	struct option_number error_exitcode;
	struct option_number incomplete_exitcode;
	struct option_number depth;
	bool no_children;
};

struct start {
	const struct record_options *options;
	const struct target *target;
	const char *recorder;
	struct record_output *output;
	char **command;
	struct record_signals signals;
};

/*
 * Starts CMD and waits for it. end->ran: it really ran. Returns what to exit with. Signals are still held back
 * then: record_signals_give_back().
 */
int record_run(struct start *start, struct record_end *end);

#endif
