/*
 * policy.c: two arrays that grow, and the names of two small lists.
 */
#include "policy.h"

#include <stdlib.h>

static const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_OFF] = "off",
	[LEVEL_WARNING] = "warning",
	[LEVEL_ERROR] = "error",
};

static const char *const action_names[INCOMPLETE_COUNT] = {
	[INCOMPLETE_FAIL] = "fail",
	[INCOMPLETE_WARN] = "warn",
	[INCOMPLETE_IGNORE] = "ignore",
};

const char *rule_level_name(enum rule_level level)
{
	return level < LEVEL_COUNT ? level_names[level] : "";
}

const char *incomplete_action_name(enum incomplete_action action)
{
	return action < INCOMPLETE_COUNT ? action_names[action] : "";
}

struct policy_rule *policy_add_rule(struct policy *policy)
{
	struct policy_rule *grown =
		reallocarray(policy->rules, policy->rule_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	policy->rules = grown;
	grown[policy->rule_count] = (struct policy_rule) { 0 };
	return &grown[policy->rule_count++];
}

struct policy_allow *policy_add_allow(struct policy *policy)
{
	struct policy_allow *grown =
		reallocarray(policy->allows, policy->allow_count + 1, sizeof(*grown));

	if (!grown)
		return NULL;
	policy->allows = grown;
	grown[policy->allow_count] = (struct policy_allow) { 0 };
	return &grown[policy->allow_count++];
}

bool policy_judges(const struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++)
		if (policy->rules[i].level != LEVEL_OFF)
			return true;
	return false;
}

void policy_release(struct policy *policy)
{
	for (size_t i = 0; i < policy->rule_count; i++) {
		free(policy->rules[i].settings.module);
		free(policy->rules[i].settings.function);
	}
	for (size_t i = 0; i < policy->allow_count; i++) {
		struct policy_allow *allow = &policy->allows[i];

		free(allow->module);
		free(allow->function);
		free(allow->file);
		free(allow->any);
		free(allow->pattern);
		free(allow->reason);
	}
	free(policy->rules);
	free(policy->allows);
	*policy = (struct policy) { 0 };
}
