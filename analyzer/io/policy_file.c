/*
 * policy_file.c: see the header. libyaml makes a document of nodes with marks; a table for each mapping of the
 * schema says which keys it may have and who reads each.
 */
#include "policy_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/escape.h"
#include "policy_parts.h"

enum { DEPTH_LIMIT = 64 };

/* --- allow -------------------------------------------------------------------------------------------- */

static bool read_allow_rule(struct reading *reading, const yaml_node_t *value, void *into)
{
	struct policy_allow *allow = into;
	const char *name = policy_scalar(value);

	allow->rule = name ? rule_named(name) : NULL;
	return allow->rule || policy_unknown_rule(reading, value);
}

static bool read_allow_module(struct reading *reading, const yaml_node_t *value, void *into)
{
	return policy_read_glob(reading, value, "module", &((struct policy_allow *)into)->module);
}

static bool read_allow_function(struct reading *reading, const yaml_node_t *value, void *into)
{
	return policy_read_glob(reading, value, "function",
	                        &((struct policy_allow *)into)->function);
}

static bool read_allow_file(struct reading *reading, const yaml_node_t *value, void *into)
{
	return policy_read_glob(reading, value, "file", &((struct policy_allow *)into)->file);
}

static bool read_allow_reason(struct reading *reading, const yaml_node_t *value, void *into)
{
	const char *text = policy_scalar(value);

	if (!text || !*text)
		return policy_wrong(reading, value, "'reason' is %s, expected a sentence",
		                    policy_shown(value).text);
	return policy_copy(reading, &((struct policy_allow *)into)->reason, text);
}

static const struct key allow_keys[] = {
	{ "rule", read_allow_rule },         { "module", read_allow_module },
	{ "function", read_allow_function }, { "file", read_allow_file },
	{ "reason", read_allow_reason },     { 0 },
};

static bool read_allows(struct reading *reading, const yaml_node_t *node, void *into)
{
	(void)into;
	/* "allow:" with nothing behind it. */
	if (policy_scalar(node) && !*policy_scalar(node))
		return true;
	if (node->type != YAML_SEQUENCE_NODE)
		return policy_wrong(reading, node, "'allow' is %s, expected a list of entries",
		                    policy_shown(node).text);
	for (const yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		const yaml_node_t *entry = policy_node_at(reading, *item);
		struct policy_allow *allow = policy_add_allow(reading->policy);

		if (!allow)
			return policy_out_of_memory(reading);
		allow->source = reading->path;
		allow->line = (unsigned)entry->start_mark.line + 1;
		if (!policy_read_mapping(reading, entry, "the entry of 'allow'", allow_keys, allow))
			return false;
		if (!allow->rule)
			return policy_wrong(reading, entry,
			                    "the entry of 'allow' has no rule, expected "
			                    "rule: and the name of one");
	}
	return true;
}

/* --- the document ------------------------------------------------------------------------------------- */

static bool read_version(struct reading *reading, const yaml_node_t *value, void *into)
{
	const char *text = policy_scalar(value);

	(void)into;
	reading->has_version = text && strcmp(text, "1") == 0;
	return reading->has_version ||
	       policy_wrong(reading, value, "bad version %s, expected 1", policy_shown(value).text);
}

static bool read_incomplete(struct reading *reading, const yaml_node_t *value, void *into)
{
	const char *text = policy_scalar(value);

	(void)into;
	for (unsigned action = 0; text && action < INCOMPLETE_COUNT; action++) {
		if (strcmp(text, incomplete_action_name((enum incomplete_action)action)) == 0) {
			reading->policy->incomplete = (enum incomplete_action)action;
			return true;
		}
	}
	return policy_wrong(reading, value,
	                    "bad value %s of 'incomplete', expected fail, warn or ignore",
	                    policy_shown(value).text);
}

static const struct key document_keys[] = {
	{ "version", read_version },
	{ "incomplete", read_incomplete },
	{ "rules", policy_read_rules },
	{ "allow", read_allows },
	{ 0 },
};

static bool read_document(struct reading *reading, yaml_parser_t *parser)
{
	const yaml_node_t *root;
	char problem[256];

	if (!yaml_parser_load(parser, &reading->document)) {
		text_escaped(problem, sizeof(problem),
		             parser->problem ? parser->problem : "out of memory");
		snprintf(reading->error, POLICY_ERROR_BYTES,
		         "%s:%zu: not YAML: %s, expected a policy", reading->path,
		         parser->problem_mark.line + 1, problem);
		return false;
	}
	root = yaml_document_get_root_node(&reading->document);
	if (!root)
		return policy_wrong(reading, NULL,
		                    "nothing in it, expected 'version: 1' and 'rules:'");
	if (!policy_read_mapping(reading, root, "the policy", document_keys, NULL))
		return false;
	if (!reading->has_version)
		return policy_wrong(reading, root, "no version, expected 'version: 1'");
	return true;
}

/* A second document would be a policy that nobody reads. */
static bool ends_here(struct reading *reading, yaml_parser_t *parser)
{
	yaml_document_t more;
	const yaml_node_t *root;
	bool fine;

	if (!yaml_parser_load(parser, &more))
		return policy_wrong(reading, NULL, "not YAML behind the policy, expected its end");
	root = yaml_document_get_root_node(&more);
	fine = !root || policy_wrong(reading, root, "a second document, expected one policy");
	yaml_document_delete(&more);
	return fine;
}

/*
 * libyaml's time is the square of how deep lists in brackets are nested: 100,000 of them take a minute. The
 * line where they get deeper than any policy, 0: nowhere. Brackets in quotes count too; nobody writes so many.
 */
static size_t too_deep(const char *text, size_t bytes)
{
	size_t line = 1, depth = 0;

	for (size_t i = 0; i < bytes && depth <= DEPTH_LIMIT; i++) {
		if (text[i] == '[' || text[i] == '{')
			depth++;
		else if ((text[i] == ']' || text[i] == '}') && depth)
			depth--;
		else if (text[i] == '#')
			while (i + 1 < bytes && text[i + 1] != '\n')
				i++;
		line += text[i] == '\n';
	}
	return depth > DEPTH_LIMIT ? line : 0;
}

static bool read_text(struct policy *policy, const char *path, const char *text, size_t bytes,
                      char *error)
{
	struct reading reading = { .path = path, .policy = policy, .error = error };
	yaml_parser_t parser;
	bool fine;

	*policy = (struct policy) { 0 };
	error[0] = '\0';
	if (too_deep(text, bytes)) {
		snprintf(error, POLICY_ERROR_BYTES,
		         "%s:%zu: not YAML: nested too deep, expected a policy", path,
		         too_deep(text, bytes));
		return false;
	}
	if (!yaml_parser_initialize(&parser))
		return policy_out_of_memory(&reading);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, bytes);
	memset(&reading.document, 0, sizeof(reading.document));
	fine = read_document(&reading, &parser);
	fine = fine && ends_here(&reading, &parser);
	yaml_document_delete(&reading.document);
	yaml_parser_delete(&parser);
	if (!fine)
		policy_release(policy);
	return fine;
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

bool policy_read(struct policy *policy, const char *path, char error[POLICY_ERROR_BYTES])
{
	size_t bytes;
	char *text = policy_load_text(path, POLICY_FILE_LIMIT, &bytes, error);
	bool fine = text && read_text(policy, path, text, bytes, error);

	free(text);
	return fine;
}

bool policy_default(struct policy *policy, char error[POLICY_ERROR_BYTES])
{
	const char *text = policy_default_text();

	return read_text(policy, "default policy", text, strlen(text), error);
}
