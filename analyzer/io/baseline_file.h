/*
 * baseline_file: a list of call sites as text, made to be committed and reviewed: one site a line, sorted by
 * call and chain, no address, no line number, no time.
 *
 *     # vmatrace baseline 1
 *     # module NAME<tab>symbols=lines<tab>options=-O2         (core/module_build.h)
 *     ID<tab>CALL<tab>places=N<tab>calls=N<tab>bytes=N<tab>FRAME<tab>FRAME ...
 *
 * calls and bytes are what a site may do without being reported as grown (core/baseline.h).
 */
#ifndef VMATRACE_IO_BASELINE_FILE_H
#define VMATRACE_IO_BASELINE_FILE_H

#include "core/baseline.h"
#include "policy_file.h"

/* Into baseline->known. False: one line without "vmatrace: " in error. */
bool baseline_read(struct baseline *baseline, const char *path, char error[POLICY_ERROR_BYTES]);
/* baseline->now, sorted. The file is replaced at once or not at all. */
bool baseline_write(struct baseline *baseline, const char *path, char error[POLICY_ERROR_BYTES]);

#endif
