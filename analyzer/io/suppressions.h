/*
 * suppressions: what somebody has decided to live with, in the format of LeakSanitizer's files, for every rule:
 *
 *     # caches of the font library
 *     leak:libfontconfig     any frame whose function, module or source file contains "libfontconfig"
 *     leak:^init_cache$      a function (module, file) whose whole name is init_cache
 *     rwx:jit_*_code         * is any text
 *
 * What stands before the colon is a rule's name or its short one (core/rules.h). Lines become allow entries, so
 * there is one way to match them, for `check` and for `leaks`.
 */
#ifndef VMATRACE_IO_SUPPRESSIONS_H
#define VMATRACE_IO_SUPPRESSIONS_H

#include "policy_file.h"

/* Adds to the policy's entries; path stays borrowed. False: one line without "vmatrace: " in error. */
bool suppressions_read(struct policy *policy, const char *path, char error[POLICY_ERROR_BYTES]);

#endif
