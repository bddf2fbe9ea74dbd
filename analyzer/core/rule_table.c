/*
 * rule_table: which rules there are, a row for each. A new one is a file of its own (rule_NAME.c), its
 * declaration in rules.h, and a row here: policies, --list-rules and the formats read these rows.
 */
#include <string.h>

#include "rules.h"

static const struct rule *const table[] = {
	&rule_wx_mapping,     &rule_write_then_exec,
	&rule_max_vmas,       &rule_max_mapped,
	&rule_leaked_mapping, &rule_leaked_shm,
	&rule_shm_mode,       &rule_fixed_clobber,
	&rule_forbidden_call, &rule_failed_call,
	&rule_churn,          &rule_unexplained,
	&rule_new_call_site,  NULL,
};

const struct rule *const *rules_all(void)
{
	return table;
}

const struct rule *rule_named(const char *name)
{
	for (const struct rule *const *rule = table; *rule; rule++)
		if (strcmp((*rule)->name, name) == 0)
			return *rule;
	return NULL;
}

const struct rule *rule_named_shortly(const char *name)
{
	for (const struct rule *const *rule = table; *rule; rule++)
		if ((*rule)->short_name && strcmp((*rule)->short_name, name) == 0)
			return *rule;
	return rule_named(name);
}

uint64_t rule_order(const struct rule *rule)
{
	uint64_t order = 0;

	while (table[order] && table[order] != rule)
		order++;
	return order;
}
