/*
 * thread_view: see the header.
 */
#include "thread_view.h"

#include <inttypes.h>

#include "text.h"

enum { ESCAPED_BYTES = 4 * VMAT_THREAD_NAME_BYTES + 1 };

char *thread_text_owner(char *text, size_t bytes, const struct thread_entry *thread, uint64_t seq)
{
	char name[ESCAPED_BYTES];

	text[0] = '\0';
	if (thread)
		snprintf(text, bytes, " of %" PRIu32 " \"%s\"%s", thread->tid,
		         text_quotable(name, sizeof(name), thread->name),
		         thread->ended && thread->seq <= seq ? ", ended" : "");
	return text;
}

void thread_print_owner(FILE *out, const struct thread_entry *thread, uint64_t seq)
{
	char text[ESCAPED_BYTES + 32];

	fputs(thread_text_owner(text, sizeof(text), thread, seq), out);
}

void thread_print_name(FILE *out, const struct thread_entry *thread)
{
	char name[ESCAPED_BYTES];

	if (thread)
		fprintf(out, " \"%s\"", text_quotable(name, sizeof(name), thread->name));
}

void json_member_thread_name(struct json *json, const struct thread_entry *thread)
{
	json_member_string(json, "thread_name", thread ? thread->name : NULL);
}

void json_member_thread(struct json *json, const struct thread_entry *thread)
{
	if (!thread)
		return;
	json_member_number(json, "thread", thread->tid);
	json_member_thread_name(json, thread);
}
