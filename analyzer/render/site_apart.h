/*
 * site_apart: lines of a list that read the same, told apart. A site is a whole stack, and a line names three functions
 * of it: of two that agree in those, each says the first frame where they part.
 *
 *     mmap  map_of (a.c:30) < main  from main (a.c:61)
 *     mmap  map_of (a.c:30) < main  from main (a.c:66)
 *
 * Owner: the caller; zeroed is empty. Fails: false only when out of memory. In a list of more than SITE_APART_LIMIT nobody
 * looks for two that are alike, and they stay so; JSON has whole stacks.
 */
#ifndef VMATRACE_RENDER_SITE_APART_H
#define VMATRACE_RENDER_SITE_APART_H

#include "site_view.h"

enum { SITE_APART_LIMIT = 256 };

struct site_apart {
	char **notes; /* of each; NULL: nothing to say */
	size_t count;
};

bool site_apart_init(struct site_apart *apart, const struct site_view *const *sites, size_t count);
void site_apart_release(struct site_apart *apart);
/* Behind print_site() of site i. */
void print_site_apart(FILE *out, const struct site_apart *apart, size_t i);

#endif
