/*
 * faults: VMATRACE_FAULTS=1: where a fatal SIGSEGV or SIGBUS struck, kept in the trace.
 *
 * A signal whose disposition is the default when the program starts gets a handler of ours. It writes the
 * address into the trace, leaves the default in its place and returns: the instruction faults once more, and
 * the process dies as it would have, with the same status, the same core, the same registers in it. A
 * handler that the program installs takes the place of ours. What the program can see of it, and why it must
 * be asked for: sigaction() gives ours as the old one, and its main thread has an alternate stack.
 *
 * A thread that overflows its stack dies before a handler can run, unless it has an alternate stack; the
 * main thread is given one if it has none.
 */
#ifndef VMATRACE_PRELOAD_FAULTS_H
#define VMATRACE_PRELOAD_FAULTS_H

enum { FAULTS_STACK_BYTES = 64 * 1024 };

/* From the main thread, when libc is ready. stack: FAULTS_STACK_BYTES that live as long as the process. */
void faults_watch(char *stack);

#endif
