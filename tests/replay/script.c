/*
 * script: lines into events, snapshots and expectations. The calls themselves are in script_calls.c.
 */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmatrace/trace_format.h"

void script_fail(const struct script *script, int line, const char *what, const char *word)
{
	fprintf(stderr, "%s:%d: %s '%s'\n", script->path, line, what, word ? word : "");
	exit(2);
}

/* --- words -------------------------------------------------------------------------------------------- */

char *next_word(struct words *words)
{
	char *word = words->rest + strspn(words->rest, " \t\n");
	size_t length = strcspn(word, " \t\n");

	if (!length)
		return NULL;
	words->rest = word + length;
	if (*words->rest)
		*words->rest++ = '\0';
	return word;
}

bool take_word(struct words *words, const char *word)
{
	const char *next = words->rest + strspn(words->rest, " \t\n");
	size_t length = strcspn(next, " \t\n");

	if (length != strlen(word) || strncmp(next, word, length) != 0)
		return false;
	next_word(words);
	return true;
}

uint64_t hex(const struct script *script, const char *word)
{
	char *end;
	uint64_t value;

	if (!word)
		script_fail(script, script->line, "a number is missing", NULL);
	value = strtoull(word, &end, 16);
	if (*end || end == word)
		script_fail(script, script->line, "not a number:", word);
	return value;
}

uint64_t hex_word(struct script *script, struct words *words)
{
	return hex(script, next_word(words));
}

const char *keep_text(struct script *script, const char *format, const char *word)
{
	char *text = script->text + script->text_bytes;
	int length = snprintf(text, TEXT_LIMIT - script->text_bytes, format, word);

	script->text_bytes += (size_t)length + 1;
	if (script->text_bytes >= TEXT_LIMIT)
		script_fail(script, script->line, "too much text", word);
	return text;
}

/* --- rows --------------------------------------------------------------------------------------------- */

unsigned prot_of(const struct script *script, const char *word)
{
	if (!word || strlen(word) < 3 || !strchr("r-", word[0]) || !strchr("w-", word[1]) ||
	    !strchr("x-", word[2]))
		script_fail(script, script->line, "not a protection:", word);
	return (word[0] == 'r') | (unsigned)(word[1] == 'w') << 1 |
	       (unsigned)(word[2] == 'x') << 2 |
	       (word[3] == '+' ? (unsigned)hex(script, word + 4) : 0);
}

/* Files whose names begin alike are one file. */
static uint64_t inode_of(const char *name)
{
	return 1000 + (uint8_t)*name;
}

static void identity(struct vma_row *row, uint32_t major, uint32_t minor, uint64_t inode,
                     const char *name)
{
	row->dev_major = major;
	row->dev_minor = minor;
	row->inode = inode;
	row->name = name;
}

void what_of(struct script *script, char *what, struct vma_row *row)
{
	char *plus = strrchr(what, '+');
	char *colon = strchr(what, ':');
	uint64_t number = 0;

	row->name = "";
	if (plus) {
		*plus = '\0';
		row->offset = hex(script, plus + 1);
	}
	if (what[0] == '[') {
		row->name = keep_text(script, "%s", what);
		return;
	}
	if (strncmp(what, "anon:", strlen("anon:")) == 0) {
		row->name = keep_text(script, "[%s]", what);
		return;
	}
	if (colon) {
		*colon = '\0';
		number = hex(script, colon + 1);
	}
	if (strcmp(what, "zero") == 0) {
		identity(row, 0, 1, number, "/dev/zero (deleted)");
	} else if (strcmp(what, "shm") == 0) {
		identity(row, 0, 1, number, "/SYSV00000000 (deleted)");
	} else if (strcmp(what, "huge") == 0) {
		identity(row, 0, 0xe, number, "/anon_hugepage (deleted)");
	} else if (strcmp(what, "aio") == 0) {
		identity(row, 0, 0x13, number, "/[aio] (deleted)");
	} else if (strcmp(what, "i915") == 0) {
		identity(row, 0, 1, number, "/i915 (deleted)");
	} else if (strcmp(what, "device") == 0) {
		identity(row, 0, 5, 4, "/dev/zero");
	} else {
		char *unlinked = strchr(what, '~');

		if (unlinked)
			*unlinked = '\0';
		identity(row, 8, 1, inode_of(what),
		         keep_text(script, unlinked ? "/%s (deleted)" : "/%s", what));
	}
}

static void read_row(struct script *script, char *word, struct vma_row *row)
{
	char *dash = strchr(word, '-');
	char *perm = dash ? strchr(dash, ':') : NULL;
	char *what = perm ? strchr(perm + 1, ':') : NULL;

	if (!perm)
		script_fail(script, script->line, "not a row:", word);
	*dash = *perm++ = '\0';
	if (what)
		*what++ = '\0';
	*row = (struct vma_row) {
		.start = hex(script, word),
		.end = hex(script, dash + 1),
		.prot = (uint8_t)prot_of(script, perm),
		.shared = perm[3] == 's',
		.name = "",
	};
	if (what)
		what_of(script, what, row);
}

/* The rest of the line. */
const struct vma_row *read_rows(struct script *script, struct words *words, size_t *count)
{
	const struct vma_row *first = &script->rows[script->row_count];
	char *word;

	for (*count = 0; (word = next_word(words)); ++*count) {
		if (script->row_count == ROW_LIMIT)
			script_fail(script, script->line, "too many rows", word);
		read_row(script, word, &script->rows[script->row_count++]);
	}
	return first;
}

/* --- calls and snapshots ------------------------------------------------------------------------------ */

/* "@3-7", "@3-": true if the second number is there. */
static bool read_span(const struct script *script, char *word, uint64_t *begin, uint64_t *end)
{
	char *dash = strchr(word, '-');

	if (!dash)
		script_fail(script, script->line, "not a span:", word);
	*dash = '\0';
	*begin = strtoull(word + 1, NULL, 10);
	*end = strtoull(dash + 1, NULL, 10);
	return dash[1];
}

static struct event *new_event(struct script *script)
{
	struct event *event = &script->events[script->event_count];

	if (script->event_count++ == EVENT_LIMIT)
		script_fail(script, script->line, "too many calls", NULL);
	*event = (struct event) {
		.seq = script->head,
		.enter = script->head,
		.exit = script->head,
		.tid = 1,
	};
	return event;
}

static void read_event(struct script *script, char *word, struct words *words)
{
	struct event *event = new_event(script);

	if (word[0] == '@') {
		event->in_flight = !read_span(script, word, &event->enter, &event->exit);
		event->seq = event->exit;
		if (event->in_flight) {
			event->exit = EXIT_NEVER;
			event->seq = SEQ_IN_FLIGHT + script->in_flight++;
		} else if (event->exit - event->enter > script->window) {
			script->window = event->exit - event->enter;
		}
		word = next_word(words);
	}
	if (word && word[0] == 'T') {
		event->tid = (uint32_t)strtoul(word + 1, NULL, 10);
		word = next_word(words);
	}
	if (word && strcmp(word, "internal") == 0) {
		event->flags |= VMAT_EVENT_INTERNAL;
		word = next_word(words);
	}
	if (word && strcmp(word, "left") == 0) {
		event->left = event->in_flight = true;
		word = next_word(words);
	}
	if (!word || !read_call(script, word, words, event))
		script_fail(script, script->line, "no such statement:", word);
	if (event->exit != EXIT_NEVER && event->exit >= script->head)
		script->head = event->exit + 1;
	script->last = AFTER_EVENT;
}

static void read_snapshot(struct script *script, struct words *words)
{
	struct snapshot *snapshot = &script->snapshots[script->snapshot_count];

	if (script->snapshot_count == SNAPSHOT_LIMIT)
		script_fail(script, script->line, "too many snapshots", NULL);
	*snapshot = (struct snapshot) {
		.id = (uint32_t)script->snapshot_count++,
		.reason = VMAT_SNAPSHOT_PERIODIC,
		.tid = 1,
		.begin = script->head,
		.end = script->head,
		.brk = script->brk,
	};
	for (;;) {
		words->rest += strspn(words->rest, " ");
		if (words->rest[0] == '@')
			read_span(script, next_word(words), &snapshot->begin, &snapshot->end);
		else if (words->rest[0] == 'T')
			snapshot->tid = (uint32_t)strtoul(next_word(words) + 1, NULL, 10);
		else if (take_word(words, "brk"))
			snapshot->brk = hex_word(script, words);
		else if (take_word(words, "before-tracer"))
			snapshot->reason = VMAT_SNAPSHOT_BEFORE_TRACER;
		else if (take_word(words, "after-tracer"))
			snapshot->reason = VMAT_SNAPSHOT_AFTER_TRACER;
		else
			break;
	}
	snapshot->rows = read_rows(script, words, &snapshot->row_count);
	script->last = AFTER_SNAPSHOT;
}

/* --- lines --------------------------------------------------------------------------------------------- */

static void read_line(struct script *script, char *line)
{
	struct words words = { line };
	char *word = next_word(&words);

	if (!word || word[0] == '#')
		return;
	if (strcmp(word, "base") == 0) {
		script->snapshot_count = 0;
		read_snapshot(script, &words);
		script->brk = script->snapshots[0].brk;
	} else if (strcmp(word, "start_brk") == 0) {
		script->start_brk = hex_word(script, &words);
	} else if (strcmp(word, "start_stack") == 0) {
		script->start_stack = hex_word(script, &words);
	} else if (strcmp(word, "end") == 0) {
		script->last = AT_END;
	} else if (strcmp(word, "snapshot") == 0) {
		read_snapshot(script, &words);
	} else if (strcmp(word, "rows") == 0) {
		struct event *event = &script->events[script->event_count - 1];

		event->has_rows = true;
		event->rows = read_rows(script, &words, &event->row_count);
	} else if (!read_check(script, word, &words)) {
		read_event(script, word, &words);
	}
}

void script_read(struct script *script, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024];

	*script = (struct script) { .path = path, .snapshot_count = 1, .last = AFTER_SNAPSHOT };
	script->snapshots[0] = (struct snapshot) { .reason = VMAT_SNAPSHOT_START, .tid = 1 };
	if (!file)
		script_fail(script, 0, strerror(errno), path);
	while (fgets(line, sizeof(line), file)) {
		script->line++;
		line[strcspn(line, "#\n")] = '\0';
		read_line(script, line);
	}
	fclose(file);
}
