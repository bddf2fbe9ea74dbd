/*
 * unwind_rules: what loading and learning must leave as it was in a stranger's process, and what they must
 * bear: descriptors, errno, dlerror(), heap, mappings; small stacks, threads, a full table. Each prints a line.
 */
#ifndef UNWIND_RULES_H
#define UNWIND_RULES_H

#include <stdbool.h>

/* Prints one line; one that does not hold is counted in rules_failed. */
__attribute__((format(printf, 2, 3))) void check(bool holds, const char *what, ...);
extern int rules_failed;

/* First of all: loads the recorder's unwinder, the end of the main stack unknown. */
void rules_of_loading(void);
/* Part of it: the memory of memos. */
void memo_rules_begin(void);
void memo_rules_forget(void);
/* Empties the recorder's memory, as a fork child finds it, and begins anew. */
void rules_forget(void);

void rules_of_small_stacks(void);
void rules_of_frame_pointers(void);
void rules_of_threads(void);
void rules_of_the_memo(void);
void rules_of_a_full_table(void);
void rules_of_many_objects(const char *plugin);
void rules_of_fork(void);
/* At the end: counts over all walks. */
void rules_of_learning(void);

#endif
