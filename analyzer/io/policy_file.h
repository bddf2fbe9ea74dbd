/*
 * policy_file: a policy from YAML, held against a schema: what a policy may hold is in tables here and in the
 * rules' rows, so a typo is an error with its line and not a rule that is silently off.
 *
 *     vmatrace: vmatrace.yml:7: unknown rule 'wx-maping', expected one of wx-mapping, write-then-exec, ...
 *
 * A policy is written by people, and may be written by somebody who means harm: its size is bounded, aliases
 * expand to nothing, and the first thing that is wrong ends the reading.
 *
 * Owner: the caller; policy_release(). Fails: false, and one line without "vmatrace: " in error.
 */
#ifndef VMATRACE_IO_POLICY_FILE_H
#define VMATRACE_IO_POLICY_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/policy.h"

enum { POLICY_ERROR_BYTES = 1024, POLICY_FILE_LIMIT = 256 * 1024 };

/* path stays borrowed: allow entries name it as their source. */
bool policy_read(struct policy *policy, const char *path, char error[POLICY_ERROR_BYTES]);
/* The policy in force when none is given, and its text, commented. */
bool policy_default(struct policy *policy, char error[POLICY_ERROR_BYTES]);
const char *policy_default_text(void);

/* All of a file of at most `limit` bytes, NUL-terminated; the caller frees it. NULL: error says why. */
char *policy_load_text(const char *path, size_t limit, size_t *bytes,
                       char error[POLICY_ERROR_BYTES]);

#endif
