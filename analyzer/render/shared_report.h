/*
 * shared_report: objects that processes share, each with what was done with it and who holds it, as text and
 * as JSON (an array of objects).
 */
#ifndef VMATRACE_RENDER_SHARED_REPORT_H
#define VMATRACE_RENDER_SHARED_REPORT_H

#include <stdio.h>

#include "core/shared_objects.h"
#include "json.h"
#include "site_view.h"

/* sites[i]: of act i. start_ns: what times count from. */
struct shared_report {
	const struct shared_objects *shared;
	const struct site_view *const *sites;
	uint64_t start_ns;
};

/* True if the object at index is one that something was done with or somebody holds. */
bool shared_is_told(const struct shared_objects *shared, size_t object);

void shared_text(FILE *out, const struct shared_report *report, size_t object);
void shared_json(struct json *json, const struct shared_report *report, size_t object);

#endif
