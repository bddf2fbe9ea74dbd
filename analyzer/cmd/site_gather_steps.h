/*
 * site_gather_steps: what a gathering does at each step, for who leads the walk and the pass over the events:
 * site_gather() for one gathering, site_gather_two() for two at once.
 *
 * What takes memory sets the gathering's `failed` where there is none, unless it says so itself.
 */
#ifndef VMATRACE_CMD_SITE_GATHER_STEPS_H
#define VMATRACE_CMD_SITE_GATHER_STEPS_H

#include "site_gather.h"

/* Of the pass over the events: whether a call counts, and that it does. Changes nothing of the gathering. */
bool site_gathering_takes(const struct site_gathering *gathering, const struct event *event);
/* False: out of memory. */
bool site_gathering_count(const struct site_gathering *gathering, struct site_table *table,
                          const struct event *event);

/* Behind the walk: to the table of the gathering what another one has. */
void site_gathering_add(struct site_gathering *gathering, const struct site_table *table);
/* What lives at the moment the gathering has reached, to that table. */
void site_gathering_add_live(struct site_gathering *gathering, struct site_table *table);

#endif
