/*
 * policy_suppressions.c: lines "RULE:PATTERN" made into allow entries, and the reading of small files of text that
 * policies, suppressions and baselines are.
 *
 *     # comment
 *     leak:libfontconfig     any frame whose function, module or file contains "libfontconfig"
 *     rwx:^jit_*$            a function (module, file) whose whole name is jit_...
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/rules.h"
#include "policy_file.h"
#include "render/text.h"
#include "suppressions.h"

static const struct {
	const char *name;
	const struct rule *rule;
} short_names[] = {
	{ "rwx", &rule_wx_mapping },        { "exec", &rule_write_then_exec },
	{ "leak", &rule_leaked_mapping },   { "shm", &rule_leaked_shm },
	{ "clobber", &rule_fixed_clobber }, { "call", &rule_forbidden_call },
	{ "failed", &rule_failed_call },    { "new", &rule_new_call_site },
};

static const struct rule *rule_of(const char *name)
{
	for (size_t i = 0; i < sizeof(short_names) / sizeof(short_names[0]); i++)
		if (strcmp(short_names[i].name, name) == 0)
			return short_names[i].rule;
	return rule_named(name);
}

char *policy_load_text(const char *path, size_t limit, size_t *bytes,
                       char error[POLICY_ERROR_BYTES])
{
	FILE *file = fopen(path, "re");
	char *text = malloc(limit + 2);
	struct stat status;

	error[0] = '\0';
	if (!file) {
		snprintf(error, POLICY_ERROR_BYTES, "cannot open '%s': %s", path, strerror(errno));
	} else if (!text) {
		snprintf(error, POLICY_ERROR_BYTES, "cannot read '%s': out of memory", path);
	} else if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode)) {
		snprintf(error, POLICY_ERROR_BYTES, "cannot read '%s': %s", path, strerror(EISDIR));
	} else {
		*bytes = fread(text, 1, limit + 1, file);
		text[*bytes] = '\0';
		if (ferror(file))
			snprintf(error, POLICY_ERROR_BYTES, "cannot read '%s': %s", path,
			         strerror(errno));
		else if (*bytes > limit)
			snprintf(error, POLICY_ERROR_BYTES,
			         "'%s' is too large, expected at most %zu KiB", path, limit / 1024);
	}
	if (file)
		fclose(file);
	if (error[0]) {
		free(text);
		return NULL;
	}
	return text;
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
	rule = colon && colon[1] ? rule_of(line) : NULL;
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
			.any = suppression_glob(colon + 1),
			.source = path,
			.line = number,
		};
	if (!allow || !allow->any) {
		snprintf(error, POLICY_ERROR_BYTES, "cannot read '%s': out of memory", path);
		return false;
	}
	return true;
}

bool policy_suppressions_read(struct policy *policy, const char *path,
                              char error[POLICY_ERROR_BYTES])
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
