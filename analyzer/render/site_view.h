/*
 * site_view: one call site with its totals, as text and as JSON.
 *
 *     calls     mapped       live    VMAs  splits       time  call      who
 *       100    400 KiB    400 KiB       1       0   152.1 us  mmap      grow (leak.c:12) < main (leak.c:30)
 */
#ifndef VMATRACE_RENDER_SITE_VIEW_H
#define VMATRACE_RENDER_SITE_VIEW_H

#include <stdio.h>

#include "core/site_table.h"
#include "io/symbols.h"
#include "json.h"

struct site_view {
	uint64_t id;
	const char *call; /* NULL: of several calls */
	/* Where its frames are to be had while the process is open: there are views whose stacks no memory holds. */
	struct symbols *symbols;
	struct stack_place place;
	const struct frame *frames; /* symbols NULL: these, innermost first */
	size_t frame_count;
	bool by_frame_pointers;
	bool internal; /* the recorder called */
	struct site_totals totals;
};

/* Its frames, as long as symbols_frames()'s. */
size_t site_view_frames(const struct site_view *site, const struct frame **frames);

/* "function (file:line) < caller < its caller": the frame to name first and some that called it. */
void print_site(FILE *out, const struct site_view *site);

void site_text_head(FILE *out, bool colored);
/*
 * group: what it is a group of, instead of the site, or NULL. apart: what tells it from a line that reads the same, or
 * NULL.
 */
void site_text_line(FILE *out, const struct site_view *site, const char *group, const char *apart);
void json_site(struct json *json, const struct site_view *site, const char *group);
/* The keys "id", "call", "stack" alone, for other objects that name a site. */
void json_site_identity(struct json *json, const struct site_view *site);

#endif
