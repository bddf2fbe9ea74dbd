/*
 * record_start: see the header. The child is as the shell would have made it: same descriptors,
 * same signals.
 */
#include "record_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void set(const char *name, const char *value)
{
	if (value)
		setenv(name, value, 1);
}

/* Seccomp filters that we are under ourselves; the recorder takes them for harmless (preload/sandbox.h). */
static unsigned own_filters(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned mode = 0, count = 0;
	char line[256];
	bool counted = false;

	while (status && fgets(line, sizeof(line), status)) {
		sscanf(line, "Seccomp: %u", &mode);
		counted |= sscanf(line, "Seccomp_filters: %u", &count) == 1;
	}
	if (status)
		fclose(status);
	return counted ? count : mode != 0;
}

/*
 * The environment of CMD. An existing preload stays, behind ours; a sanitizer's runtime insists on
 * being first.
 */
static bool set_environment(const struct record_options *options, const struct target *target,
                            const char *recorder, const char *output)
{
	const char *before = getenv("LD_PRELOAD");
	char *preload;
	char depth[24], filters[24];

	if (asprintf(&preload, "%s%s%s%s%s", target->sanitizer, target->sanitizer[0] ? " " : "",
	             recorder, before && before[0] ? " " : "", before ? before : "") < 0)
		return false;
	setenv("LD_PRELOAD", preload, 1);
	free(preload);
	set("VMATRACE_OUT", output);
	set("VMATRACE_RING", options->ring);
	set("VMATRACE_ON_FULL", options->on_full);
	set("VMATRACE_STACK", options->stack);
	set("VMATRACE_COVERAGE", options->coverage);
	set("VMATRACE_CHILDREN", options->no_children ? "0" : NULL);
	snprintf(depth, sizeof(depth), "%llu", (unsigned long long)options->depth.value);
	set("VMATRACE_DEPTH", options->depth.given ? depth : NULL);
	snprintf(filters, sizeof(filters), "%u", own_filters());
	unsetenv("VMATRACE_FILTERS");
	set("VMATRACE_FILTERS", filters[0] != '0' ? filters : NULL);
	return true;
}

/* From the child to the parent, up to twice: how the start went, then why exec failed. */
enum start_stage { STAGE_READY, STAGE_NO_FOLDER, STAGE_NO_MEMORY, STAGE_NO_EXEC };

struct start_report {
	enum start_stage stage;
	int error;
	struct record_output output; /* as the child made it */
};

/* A reader that is gone cannot be told so. */
static bool report_send(int pipe_end, enum start_stage stage, int error,
                        const struct record_output *output)
{
	struct start_report report = { .stage = stage, .error = error, .output = *output };
	const char *bytes = (const char *)&report;

	for (size_t sent = 0; sent < sizeof(report);) {
		ssize_t more = write(pipe_end, bytes + sent, sizeof(report) - sent);

		if (more < 0)
			return false;
		sent += (size_t)more;
	}
	return true;
}

/* False: the writer is gone, by exec or by death. */
static bool report_receive(int pipe_end, struct start_report *report)
{
	char *bytes = (char *)report;

	for (size_t got = 0; got < sizeof(*report);) {
		ssize_t more = read(pipe_end, bytes + got, sizeof(*report) - got);

		if (more < 0 && errno == EINTR)
			continue;
		if (more <= 0)
			return false;
		got += (size_t)more;
	}
	return true;
}

__attribute__((noreturn)) static void run_child(const struct start *start, int report)
{
	enum start_stage stage = STAGE_READY;

	if (!record_output_make(start->output, getpid()))
		stage = STAGE_NO_FOLDER;
	else if (!set_environment(start->options, start->target, start->recorder,
	                          start->output->pattern))
		stage = STAGE_NO_MEMORY;
	if (!report_send(report, stage, errno, start->output) || stage != STAGE_READY)
		_exit(STATUS_OWN_FAILURE);
	record_signals_of_child(&start->signals);
	execvp(start->command[0], start->command);
	report_send(report, STAGE_NO_EXEC, errno, start->output);
	record_output_undo(start->output);
	_exit(STATUS_OWN_FAILURE);
}

/* Waits out CMD. Returns what to exit with. */
static int wait_for(const struct start *start, struct record_end *end)
{
	int status;

	if (!record_signals_wait(&start->signals, end->pid, &status))
		return complain(STATUS_OWN_FAILURE, "cannot wait for the command: %s",
		                strerror(errno));
	end->wait_status = status;
	return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static int start_failed(const struct start *start, const struct start_report *report)
{
	const char *why = strerror(report->error);

	if (report->stage == STAGE_NO_FOLDER)
		return complain(STATUS_OWN_FAILURE, "cannot write to '%s': %s",
		                report->output.folder, why);
	if (report->stage == STAGE_NO_MEMORY)
		return complain(STATUS_OWN_FAILURE, "out of memory");
	return complain(report->error == ENOENT ? TARGET_NOT_FOUND : TARGET_NOT_EXECUTABLE,
	                "cannot run '%s': %s", start->command[0], why);
}

int record_run(struct start *start, struct record_end *end)
{
	struct start_report report;
	struct start_report failure;
	bool ready, failed;
	int ends[2];
	pid_t child;
	int status;

	*end = (struct record_end) { 0 };
	if (pipe2(ends, O_CLOEXEC) != 0)
		return complain(STATUS_OWN_FAILURE, "cannot make a pipe: %s", strerror(errno));
	record_signals_take(&start->signals);
	child = fork();
	if (child < 0)
		return complain(STATUS_OWN_FAILURE, "cannot fork: %s", strerror(errno));
	if (child == 0)
		run_child(start, ends[1]);
	close(ends[1]);
	ready = report_receive(ends[0], &report);
	failed = ready && report.stage == STAGE_READY && report_receive(ends[0], &failure);
	close(ends[0]);
	end->pid = child;
	status = wait_for(start, end);
	if (!ready)
		return status; /* killed before it could say anything */
	*start->output = report.output;
	if (failed)
		return start_failed(start, &failure);
	if (report.stage != STAGE_READY)
		return start_failed(start, &report);
	end->ran = true;
	return status;
}
