/*
 * sandbox: seccomp filters, which may kill for a system call that the program itself never makes. Nobody can read
 * one. So none of ours is made from when the program asks for a filter, and none at all where one is in force
 * at the start that nobody knows to let the recorder live:
 *
 *     filters at the start    those of process 1 (a container's), or of `vmatrace record`: recorded
 *                             more than that, or it cannot be found out: nothing is recorded
 */
#ifndef VMATRACE_PRELOAD_SANDBOX_H
#define VMATRACE_PRELOAD_SANDBOX_H

#include <stdbool.h>

/*
 * In the constructor, before any other system call: why nothing may be recorded; NULL: it may. It opens, reads and closes a file
 * or two as the loader has done: those who may not do that do not come here.
 */
const char *sandbox_refusal(char **envp);

/*
 * Around a call that asks for a seccomp filter: a last snapshot, pages for the next events, and then no system
 * call of the recorder's any more. Returns what sandbox_after() wants, which undoes it if the call failed.
 */
bool sandbox_before(void);
void sandbox_after(bool was_silent, bool failed);

#endif
