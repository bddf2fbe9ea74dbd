/*
 * record_signals: see the header.
 */
#include "record_signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Those that people and their tools send to end a command or to tell it something. */
static const int sent_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2 };

static bool is_ignored(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void record_signals_take(struct record_signals *signals)
{
	sigemptyset(&signals->taken);
	/* One that is ignored is queued all the same while it is blocked. */
	for (size_t i = 0; i < sizeof(sent_on) / sizeof(sent_on[0]); i++) {
		if (!is_ignored(sent_on[i]))
			sigaddset(&signals->taken, sent_on[i]);
	}
	sigaddset(&signals->taken, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals->taken, &signals->before);
	/* Where it is ignored, CMD's status would be lost. */
	sigaction(SIGCHLD, &(struct sigaction) { .sa_handler = SIG_DFL }, &signals->child_action);
}

void record_signals_of_child(const struct record_signals *signals)
{
	sigaction(SIGCHLD, &signals->child_action, NULL);
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
}

static bool is_for_child(const siginfo_t *info, pid_t child)
{
	if (info->si_signo == SIGCHLD)
		return false;
	/* The terminal's: all in the foreground have it, but of a hang-up the leader of the session alone. */
	if (info->si_code > 0)
		return info->si_signo == SIGHUP && getsid(0) == getpid();
	return info->si_pid != child;
}

bool record_signals_wait(const struct record_signals *signals, pid_t child, int *wait_status)
{
	for (;;) {
		pid_t ended = waitpid(child, wait_status, WNOHANG);
		siginfo_t info;

		if (ended == child)
			return true;
		if (ended < 0 && errno != EINTR)
			return false;
		if (sigwaitinfo(&signals->taken, &info) > 0 && is_for_child(&info, child))
			kill(child, info.si_signo);
	}
}

void record_signals_give_back(const struct record_signals *signals)
{
	const struct timespec now = { 0 };

	while (sigtimedwait(&signals->taken, NULL, &now) > 0 || errno == EINTR)
		;
	sigprocmask(SIG_SETMASK, &signals->before, NULL);
}
