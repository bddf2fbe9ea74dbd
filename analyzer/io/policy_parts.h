/*
 * policy_parts: what the files that read a policy share: a YAML document with its marks, and mappings that are
 * read by tables.
 */
#ifndef VMATRACE_IO_POLICY_PARTS_H
#define VMATRACE_IO_POLICY_PARTS_H

#include <yaml.h>

#include "core/rules.h"
#include "policy_file.h"

struct reading {
	const char *path;
	yaml_document_t document;
	struct policy *policy;
	char *error;
	bool has_version;
};

/* For messages: a name from the file, short and without what a terminal would obey. */
struct shown {
	char text[96];
};

/* Says what is wrong at the node. Always false. */
bool policy_wrong(struct reading *reading, const yaml_node_t *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool policy_out_of_memory(struct reading *reading);

yaml_node_t *policy_node_at(struct reading *reading, int index);
struct shown policy_shown(const yaml_node_t *node);
/* The node's text; NULL if it is no scalar, or holds a NUL. */
const char *policy_scalar(const yaml_node_t *node);
bool policy_copy(struct reading *reading, char **into, const char *text);
bool policy_read_glob(struct reading *reading, const yaml_node_t *value, const char *key,
                      char **into);

struct key {
	const char *name;
	bool (*read)(struct reading *reading, const yaml_node_t *value, void *into);
};

/* The pair's key; wrong if it is no name, or stands in the mapping twice. */
bool policy_key_text(struct reading *reading, const yaml_node_t *mapping,
                     const yaml_node_pair_t *pair, const char **text);
/* keys end in one without a name. what: in messages. */
bool policy_read_mapping(struct reading *reading, const yaml_node_t *node, const char *what,
                         const struct key *keys, void *into);

/* policy_rules.c: the mapping of `rules`. */
bool policy_unknown_rule(struct reading *reading, const yaml_node_t *node);
bool policy_read_rules(struct reading *reading, const yaml_node_t *node, void *into);

#endif
