/*
 * thread_view: a thread by its number and name, the same wherever a report tells whose stack it is or who made a
 * call: `1234 "worker-3"`. A name is whatever the program liked; it is escaped.
 */
#ifndef VMATRACE_RENDER_THREAD_VIEW_H
#define VMATRACE_RENDER_THREAD_VIEW_H

#include <stdio.h>

#include "core/threads.h"
#include "json.h"

/* Behind "thread-stack": ` of 1234 "worker-3"`, and that it has ended by event seq. NULL: nothing. */
void thread_print_owner(FILE *out, const struct thread_entry *thread, uint64_t seq);
/* The same into text of `bytes`; returns text. */
char *thread_text_owner(char *text, size_t bytes, const struct thread_entry *thread, uint64_t seq);
/* Behind a number: ` "worker-3"`. NULL: nothing. */
void thread_print_name(FILE *out, const struct thread_entry *thread);

/* Members "thread" and "thread_name"; none where nothing is known. */
void json_member_thread(struct json *json, const struct thread_entry *thread);
/* The second alone, null where nothing is known. */
void json_member_thread_name(struct json *json, const struct thread_entry *thread);

#endif
