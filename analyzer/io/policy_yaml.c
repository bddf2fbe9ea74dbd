/*
 * policy_yaml.c: nodes of a YAML document: their text, their line in a message, mappings read by tables.
 */
#include "policy_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/escape.h"
#include "core/glob.h"

bool policy_wrong(struct reading *reading, const yaml_node_t *node, const char *format, ...)
{
	va_list arguments;
	int used = snprintf(reading->error, POLICY_ERROR_BYTES, "%s:%zu: ", reading->path,
	                    node ? node->start_mark.line + 1 : 1);

	if (used < 0 || used >= POLICY_ERROR_BYTES)
		used = 0;
	va_start(arguments, format);
	vsnprintf(reading->error + used, POLICY_ERROR_BYTES - (size_t)used, format, arguments);
	va_end(arguments);
	return false;
}

yaml_node_t *policy_node_at(struct reading *reading, int index)
{
	return yaml_document_get_node(&reading->document, index);
}

struct shown policy_shown(const yaml_node_t *node)
{
	struct shown shown = { "" };
	char raw[32];
	size_t length;

	if (node->type != YAML_SCALAR_NODE) {
		strcpy(shown.text, node->type == YAML_MAPPING_NODE ? "a mapping" : "a list");
		return shown;
	}
	length = strnlen((const char *)node->data.scalar.value, sizeof(raw));
	snprintf(raw, sizeof(raw), "%s", (const char *)node->data.scalar.value);
	shown.text[0] = '\'';
	text_escaped(shown.text + 1, sizeof(shown.text) - 5, raw);
	strcat(shown.text, length == sizeof(raw) ? "...'" : "'");
	return shown;
}

/* The node's text; NULL if it is no scalar, or holds a NUL. */
const char *policy_scalar(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE && strlen(text) == node->data.scalar.length ? text
	                                                                                  : NULL;
}

/* --- mappings by table -------------------------------------------------------------------------------- */

/* "a, b, c" */
static const char *names_of(const struct key *keys, char *text, size_t bytes)
{
	size_t used = 0;

	for (text[0] = '\0'; keys->name && used < bytes; keys++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "",
		                         keys->name);
	return text;
}

bool policy_key_text(struct reading *reading, const yaml_node_t *mapping,
                     const yaml_node_pair_t *pair, const char **text)
{
	const yaml_node_t *key = policy_node_at(reading, pair->key);

	*text = policy_scalar(key);
	if (!*text)
		return policy_wrong(reading, key, "the key is %s, expected a name",
		                    policy_shown(key).text);
	for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair;
	     other++) {
		const char *name = policy_scalar(policy_node_at(reading, other->key));

		if (name && strcmp(name, *text) == 0)
			return policy_wrong(
				reading, key,
				"duplicate key %s, expected it once (it stands at line %zu "
				"already)",
				policy_shown(key).text,
				policy_node_at(reading, other->key)->start_mark.line + 1);
	}
	return true;
}

bool policy_read_mapping(struct reading *reading, const yaml_node_t *node, const char *what,
                         const struct key *keys, void *into)
{
	char names[256];

	if (node->type != YAML_MAPPING_NODE)
		return policy_wrong(reading, node, "%s is %s, expected a mapping with the keys %s",
		                    what, policy_shown(node).text,
		                    names_of(keys, names, sizeof(names)));
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = policy_node_at(reading, pair->key);
		const struct key *found = keys;
		const char *name;

		if (!policy_key_text(reading, node, pair, &name))
			return false;
		while (found->name && strcmp(found->name, name) != 0)
			found++;
		if (!found->name)
			return policy_wrong(
				reading, key, "unknown key %s in %s, expected one of %s",
				policy_shown(key).text, what, names_of(keys, names, sizeof(names)));
		if (!found->read(reading, policy_node_at(reading, pair->value), into))
			return false;
	}
	return true;
}

bool policy_out_of_memory(struct reading *reading)
{
	snprintf(reading->error, POLICY_ERROR_BYTES, "cannot read '%s': out of memory",
	         reading->path);
	return false;
}

bool policy_copy(struct reading *reading, char **into, const char *text)
{
	free(*into);
	*into = strdup(text);
	return *into || policy_out_of_memory(reading);
}

bool policy_read_glob(struct reading *reading, const yaml_node_t *value, const char *key,
                      char **into)
{
	const char *text = policy_scalar(value);
	const char *fault = text ? glob_fault(text) : NULL;

	if (!text)
		return policy_wrong(reading, value, "'%s' is %s, expected a glob such as \"lib*\"",
		                    key, policy_shown(value).text);
	if (fault)
		return policy_wrong(reading, value,
		                    "bad glob %s of '%s': %s, expected a pattern such as \"lib*\"",
		                    policy_shown(value).text, key, fault);
	return policy_copy(reading, into, text);
}
