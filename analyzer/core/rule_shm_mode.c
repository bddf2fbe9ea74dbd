/*
 * shm-mode: a shared-memory object created with more rights than the policy grants. The umask, which a trace
 * does not know, may have taken some away again: what is judged is what the program asked for.
 */
#include <fcntl.h>
#include <stdio.h>

#include "rules.h"

static void after(struct rule_run *run, const struct event *event)
{
	uint64_t mode = event->args[2] & 0777;
	struct finding *finding;

	if (event->call != CALL_SHM_OPEN || event->failed || event->in_flight ||
	    !(event->args[1] & O_CREAT) || !(mode & ~run->settings->max_mode))
		return;
	finding = rule_report(run, event, "");
	if (!finding)
		return;
	finding->amount |= mode;
	finding->limit = run->settings->max_mode;
}

static void say(const struct finding *finding, char *text, size_t bytes)
{
	snprintf(text, bytes,
	         "shared memory created with mode %04llo, the policy grants %04llo (the umask is "
	         "not known)",
	         (unsigned long long)finding->amount, (unsigned long long)finding->limit);
}

static const struct rule_setting settings[] = {
	{ "max_mode", SETTING_MODE, true, offsetof(struct rule_settings, max_mode) },
	{ 0 },
};

const struct rule rule_shm_mode = {
	.name = "shm-mode",
	.means = "A shared-memory object was created with permissions for more users than the "
		 "policy grants.",
	.fix = "Pass a narrower mode to shm_open; 0600 keeps it to the user that created it.",
	.settings = settings,
	.after = after,
	.say = say,
};
