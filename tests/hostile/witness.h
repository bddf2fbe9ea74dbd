/*
 * witness: what a process sees of itself (witness.c). Linking it is enough: it speaks before main and at exit.
 */
#ifndef VMATRACE_TESTS_HOSTILE_WITNESS_H
#define VMATRACE_TESTS_HOSTILE_WITNESS_H

/* Set it to 0 where the end is in a sandbox that does not allow such questions. */
extern volatile int witness_at_exit;

/* At any other moment. Keeps errno. */
void witness(const char *when);

#endif
