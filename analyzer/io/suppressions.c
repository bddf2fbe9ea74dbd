/*
 * suppressions.c: see the header.
 */
#include "suppressions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/escape.h"
#include "core/rules.h"

/* "^init$" -> "init", "font*.so" -> "*font*.so*": LeakSanitizer's anchors and its "*" are all there is. */
static char *glob_of(const char *pattern)
{
	size_t length = strlen(pattern);
	bool at_start = pattern[0] == '^';
	bool at_end = length > at_start && pattern[length - 1] == '$';
	char *glob = malloc(2 * length + 3);
	char *to = glob;

	if (!glob)
		return NULL;
	if (!at_start)
		*to++ = '*';
	for (size_t i = at_start; i < length - at_end; i++) {
		if (strchr("?[\\", pattern[i]))
			*to++ = '\\';
		*to++ = pattern[i];
	}
	if (!at_end)
		*to++ = '*';
	*to = '\0';
	return glob;
}

static bool take_line(struct policy *policy, const char *path, unsigned number, char *line,
                      char *error)
{
	char *colon = strchr(line, ':');
	const struct rule *rule;
	struct policy_allow *allow;
	char shown[96];

	if (colon)
		*colon = '\0';
	rule = colon && colon[1] ? rule_named_shortly(line) : NULL;
	if (!rule) {
		line[strnlen(line, 40)] = '\0';
		text_escaped(shown, sizeof(shown), line);
		snprintf(error, POLICY_ERROR_BYTES,
		         "%s:%u: bad suppression '%s', expected RULE:PATTERN such as leak:libfoo "
		         "(rules: vmatrace check --list-rules)",
		         path, number, shown);
		return false;
	}
	allow = policy_add_allow(policy);
	if (allow)
		*allow = (struct policy_allow) {
			.rule = rule,
			.pattern = strdup(colon + 1),
			.any = glob_of(colon + 1),
			.source = path,
			.line = number,
		};
	if (!allow || !allow->any || !allow->pattern) {
		snprintf(error, POLICY_ERROR_BYTES, "cannot read '%s': out of memory", path);
		return false;
	}
	return true;
}

bool suppressions_read(struct policy *policy, const char *path, char error[POLICY_ERROR_BYTES])
{
	size_t bytes;
	char *text = policy_load_text(path, POLICY_FILE_LIMIT, &bytes, error);
	unsigned number = 0;
	bool fine = text != NULL;

	if (fine && strlen(text) != bytes) {
		snprintf(error, POLICY_ERROR_BYTES,
		         "%s:1: not a text file, expected lines RULE:PATTERN", path);
		fine = false;
	}
	for (char *line = text, *next; fine && line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		line += strspn(line, " \t");
		for (size_t end = strlen(line); end && strchr(" \t\r", line[end - 1]);)
			line[--end] = '\0';
		if (*line && *line != '#')
			fine = take_line(policy, path, number, line, error);
	}
	free(text);
	return fine;
}
