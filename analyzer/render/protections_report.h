/*
 * protections_report: changes of rights by call site, as text and as JSON.
 */
#ifndef VMATRACE_RENDER_PROTECTIONS_REPORT_H
#define VMATRACE_RENDER_PROTECTIONS_REPORT_H

#include <stdio.h>

#include "core/protections.h"
#include "json.h"
#include "site_view.h"

void protections_text_head(FILE *out, bool colored);
/* apart: what tells it from a line that reads the same, or NULL. */
void protections_text_row(FILE *out, const struct protection_row *row, const struct site_view *site,
                          const char *apart);
void protections_json_row(struct json *json, const struct protection_row *row,
                          const struct site_view *site);

#endif
