/*
 * script_checks: the statements that expect something.
 */
#include <stdlib.h>
#include <string.h>

#include "script.h"

static void read_maps_check(struct script *script, struct words *words, struct check *check)
{
	check->rows = read_rows(script, words, &check->row_count);
}

static void read_change_check(struct script *script, struct words *words, struct check *check)
{
	char *word = next_word(words);
	char *range = next_word(words);

	check->text = keep_text(script, "%s", word ? word : "");
	if (range) {
		char *dash = strchr(range, '-');

		if (!dash)
			script_fail(script, script->line, "not a range:", range);
		*dash = '\0';
		check->start = hex(script, range);
		check->end = hex(script, dash + 1);
	}
}

static void read_text_check(struct script *script, struct words *words, struct check *check)
{
	char *word = next_word(words);
	char *more = next_word(words);

	check->text = keep_text(script, "%s", word ? word : "");
	if (!more)
		return;
	check->number = strtoull(more, NULL, 10);
	if (check->kind == CHECK_CAUSE) { /* "stack growth" */
		script->text[script->text_bytes - 1] = ' ';
		keep_text(script, "%s", more);
	}
}

static void read_hex_check(struct script *script, struct words *words, struct check *check)
{
	check->number = hex_word(script, words);
}

static void read_count_check(struct script *script, struct words *words, struct check *check)
{
	char *word = next_word(words);

	if (!word)
		script_fail(script, script->line, "a count is missing", NULL);
	check->number = strtoull(word, NULL, 10);
}

static const struct {
	const char *word;
	enum check_kind kind;
	void (*read)(struct script *script, struct words *words, struct check *check);
} expectations[] = {
	{ "maps", CHECK_MAPS, read_maps_check },
	{ "labels", CHECK_LABELS, read_maps_check },
	{ "change", CHECK_CHANGE, read_change_check },
	{ "checkpoint", CHECK_CHECKPOINT, read_text_check },
	{ "cause", CHECK_CAUSE, read_text_check },
	{ "break", CHECK_BRK, read_hex_check },
	{ "count", CHECK_COUNT, read_count_check },
	{ "bytes", CHECK_BYTES, read_hex_check },
	{ "impossible", CHECK_IMPOSSIBLE, read_count_check },
	{ "racy", CHECK_RACY, read_count_check },
	{ "in-flight", CHECK_IN_FLIGHT, read_count_check },
};

bool read_check(struct script *script, const char *word, struct words *words)
{
	struct check *check = &script->checks[script->check_count];

	for (size_t i = 0; i < sizeof(expectations) / sizeof(*expectations); i++) {
		if (strcmp(word, expectations[i].word) != 0)
			continue;
		if (script->check_count++ == CHECK_LIMIT)
			script_fail(script, script->line, "too many expectations", word);
		*check = (struct check) {
			.kind = expectations[i].kind,
			.line = script->line,
			.when = script->last,
		};
		if (script->last == AFTER_SNAPSHOT)
			check->after = script->snapshot_count - 1;
		if (script->last == AFTER_EVENT)
			check->after = script->events[script->event_count - 1].seq;
		expectations[i].read(script, words, check);
		return true;
	}
	return false;
}
