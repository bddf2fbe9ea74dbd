/*
 * policy: what a project asks of its programs' address spaces: which rules hold, how bad a finding is, and
 * what is allowed all the same. Read from a file by io/policy_file.h; judged by rules.h.
 *
 * Owner: whoever made it; policy_release() frees the contents. Strings are the policy's own.
 */
#ifndef VMATRACE_CORE_POLICY_H
#define VMATRACE_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Worse is larger. */
enum rule_level { LEVEL_OFF, LEVEL_WARNING, LEVEL_ERROR, LEVEL_COUNT };
/* What a trace is worth that does not hold everything. */
enum incomplete_action { INCOMPLETE_FAIL, INCOMPLETE_WARN, INCOMPLETE_IGNORE, INCOMPLETE_COUNT };

/* "off", "warning", "error"; "fail", "warn", "ignore": as policies spell them. */
const char *rule_level_name(enum rule_level level);
const char *incomplete_action_name(enum incomplete_action action);

/* What a rule is told beside its level. Which of these it wants is in its row (rules.h). */
struct rule_settings {
	uint64_t limit;            /* VMAs or bytes: more is a finding */
	uint64_t at_least;         /* bytes: less is none */
	uint64_t max_mode;         /* permission bits that may be set */
	uint64_t calls_per_second; /* of one call site */
	uint64_t call;             /* enum call_id */
	char *module;              /* globs; NULL: any */
	char *function;
};

struct rule;

struct policy_rule {
	const struct rule *rule;
	enum rule_level level;
	struct rule_settings settings;
};

/* Matches a finding if one frame of it matches all globs that are given. */
struct policy_allow {
	const struct rule *rule; /* NULL: of any rule */
	char *module;            /* of the path or the base name; NULL: any */
	char *function;
	char *file;
	char *any;     /* of a suppression file: of module, function or file */
	char *pattern; /* the same as it is written there */
	char *reason;
	const char *source; /* the file it stands in; borrowed */
	unsigned line;
};

struct policy {
	enum incomplete_action incomplete;
	struct policy_rule *rules;
	size_t rule_count;
	struct policy_allow *allows;
	size_t allow_count;
};

/* Room for one more, all 0; NULL: out of memory. Valid until the next one is added. */
struct policy_rule *policy_add_rule(struct policy *policy);
struct policy_allow *policy_add_allow(struct policy *policy);
/* It judges something: a rule of it is not off. */
bool policy_judges(const struct policy *policy);
void policy_release(struct policy *policy);

#endif
