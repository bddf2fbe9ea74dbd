/*
 * policy_rules.c: the rules of a policy, each read by what its row of the table of rules says it takes.
 */
#include <stdio.h>
#include <string.h>

#include "core/call_table.h"
#include "core/quantity.h"
#include "policy_parts.h"

static bool read_level(struct reading *reading, const yaml_node_t *value, struct policy_rule *rule)
{
	const char *text = policy_scalar(value);

	/* YAML 1.1 lets one write false for off; whoever does gets told. */
	for (unsigned level = 0; text && level < LEVEL_COUNT; level++) {
		if (strcmp(text, rule_level_name((enum rule_level)level)) == 0) {
			rule->level = (enum rule_level)level;
			return true;
		}
	}
	return policy_wrong(reading, value, "bad level %s, expected error, warning or off",
	                    policy_shown(value).text);
}

static bool read_call(const char *text, uint64_t *number)
{
	uint16_t call;

	if (!call_find(strcmp(text, "mmap64") == 0 ? "mmap" : text, &call))
		return false;
	*number = call;
	return call != CALL_IMPLICIT;
}

/* Beside enum setting_type. */
static const struct {
	bool (*parse)(const char *text, uint64_t *number);
	const char *expected;
} types[] = {
	[SETTING_COUNT_TYPE] = { quantity_count, "a number such as 5000" },
	[SETTING_BYTES] = { quantity_bytes, "a size such as 4096, 64KiB or 2GiB" },
	[SETTING_MODE] = { quantity_mode, "permission bits such as \"0600\"" },
	[SETTING_CALL] = { read_call, "the name of a traced call such as mprotect" },
};

static bool read_setting(struct reading *reading, const yaml_node_t *value,
                         const struct rule_setting *setting, struct policy_rule *rule)
{
	char *field = (char *)&rule->settings + setting->offset;
	const char *text = policy_scalar(value);

	if (setting->type == SETTING_GLOB)
		return policy_read_glob(reading, value, setting->name, (char **)(void *)field);
	if (!text || !types[setting->type].parse(text, (uint64_t *)(void *)field))
		return policy_wrong(reading, value, "bad value %s of '%s', expected %s",
		                    policy_shown(value).text, setting->name,
		                    types[setting->type].expected);
	return true;
}

static const char *settings_of(const struct rule *rule, char *text, size_t bytes)
{
	const struct rule_setting *setting = rule->settings;
	size_t used = (size_t)snprintf(text, bytes, "level");

	for (; setting && setting->name && used < bytes; setting++)
		used += (size_t)snprintf(text + used, bytes - used, ", %s", setting->name);
	return text;
}

static bool read_rule(struct reading *reading, const yaml_node_t *node, const struct rule *rule)
{
	struct policy_rule *into = policy_add_rule(reading->policy);
	bool has_level = false;
	uint64_t given = 0;
	char names[128];

	if (!into)
		return policy_out_of_memory(reading);
	into->rule = rule;
	if (node->type != YAML_MAPPING_NODE)
		return policy_wrong(reading, node,
		                    "rule '%s' is %s, expected a mapping such as {level: "
		                    "error}",
		                    rule->name, policy_shown(node).text);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *value = policy_node_at(reading, pair->value);
		const struct rule_setting *setting = rule->settings;
		const char *name;

		if (!policy_key_text(reading, node, pair, &name))
			return false;
		while (setting && setting->name && strcmp(setting->name, name) != 0)
			setting++;
		if (strcmp(name, "level") == 0) {
			has_level = true;
			if (!read_level(reading, value, into))
				return false;
		} else if (setting && setting->name) {
			given |= 1ull << (setting - rule->settings);
			if (!read_setting(reading, value, setting, into))
				return false;
		} else {
			return policy_wrong(reading, policy_node_at(reading, pair->key),
			                    "unknown key %s of rule '%s', expected one of %s",
			                    policy_shown(policy_node_at(reading, pair->key)).text,
			                    rule->name, settings_of(rule, names, sizeof(names)));
		}
	}
	if (!has_level)
		return policy_wrong(reading, node,
		                    "rule '%s' has no level, expected level: error, warning "
		                    "or off",
		                    rule->name);
	for (size_t i = 0; rule->settings && rule->settings[i].name; i++)
		if (rule->settings[i].required && !(given & 1ull << i) && into->level != LEVEL_OFF)
			return policy_wrong(reading, node, "rule '%s' lacks '%s', expected %s",
			                    rule->name, rule->settings[i].name,
			                    types[rule->settings[i].type].expected);
	return true;
}

static const char *rule_names(char *text, size_t bytes)
{
	size_t used = 0;

	for (const struct rule *const *rule = rules_all(); *rule && used < bytes; rule++)
		used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "",
		                         (*rule)->name);
	return text;
}

bool policy_unknown_rule(struct reading *reading, const yaml_node_t *node)
{
	char names[512];

	return policy_wrong(reading, node, "unknown rule %s, expected one of %s",
	                    policy_shown(node).text, rule_names(names, sizeof(names)));
}

bool policy_read_rules(struct reading *reading, const yaml_node_t *node, void *into)
{
	(void)into;
	if (node->type != YAML_MAPPING_NODE)
		return policy_wrong(reading, node, "'rules' is %s, expected a mapping of rules",
		                    policy_shown(node).text);
	for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *value = policy_node_at(reading, pair->value);
		const struct rule *rule;
		const char *name;

		if (!policy_key_text(reading, node, pair, &name))
			return false;
		rule = rule_named(name);
		if (!rule)
			return policy_unknown_rule(reading, policy_node_at(reading, pair->key));
		if (value->type != YAML_SEQUENCE_NODE || !rule->repeats) {
			if (!read_rule(reading, value, rule))
				return false;
			continue;
		}
		if (value->data.sequence.items.start == value->data.sequence.items.top)
			return policy_wrong(reading, value,
			                    "rule '%s' is an empty list, expected an entry such as "
			                    "{level: error}, or level: off",
			                    rule->name);
		for (const yaml_node_item_t *item = value->data.sequence.items.start;
		     item < value->data.sequence.items.top; item++)
			if (!read_rule(reading, policy_node_at(reading, *item), rule))
				return false;
	}
	return true;
}
