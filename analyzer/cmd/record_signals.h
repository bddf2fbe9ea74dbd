/*
 * record_signals: a signal that is sent to `vmatrace record` is meant for the command that it runs, which
 * stands in its place: kill(1), a CI job's end and a hang-up end the command as they would have without us.
 *
 *     kill, systemd, timeout ──> record ──> CMD     sent on
 *     terminal (^C, ^\) ────────> record            the kernel sends it to all processes in the foreground:
 *                      └────────────────> CMD       CMD has its own
 *     CMD ──────────────────────> record            its parent is not to undo what it does: dropped
 *
 * They are taken by sigwait(3), never by a handler: nothing is interrupted, and a child that was waited for is
 * sent nothing. What was ignored before (nohup, a shell's "&") stays ignored.
 */
#ifndef VMATRACE_CMD_RECORD_SIGNALS_H
#define VMATRACE_CMD_RECORD_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct record_signals {
	sigset_t before;               /* the mask that CMD gets */
	struct sigaction child_action; /* what SIGCHLD did to us, and shall do to CMD */
	sigset_t taken;
};

/* Before the fork. From here on none of them ends us. */
void record_signals_take(struct record_signals *signals);
/* In the child, before its exec. */
void record_signals_of_child(const struct record_signals *signals);
/* In the parent: sends on what comes until the child has ended. False: errno says why it cannot be waited for. */
bool record_signals_wait(const struct record_signals *signals, pid_t child, int *wait_status);
/* The command is over and all is said: what comes now is for us. What came since it ended is forgotten. */
void record_signals_give_back(const struct record_signals *signals);

#endif
