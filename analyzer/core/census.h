/*
 * census: every call of every call site of the judged processes, counted into a baseline: what is written to
 * one, and what is held against one.
 */
#ifndef VMATRACE_CORE_CENSUS_H
#define VMATRACE_CORE_CENSUS_H

#include "baseline.h"
#include "rules.h"

/* Counts the event, and leaves in baseline->unknown what the known list does not have. False: out of memory. */
bool census_take(struct baseline *baseline, const struct rules_process *process,
                 const struct event *event);

#endif
