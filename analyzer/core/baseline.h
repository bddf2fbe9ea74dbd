/*
 * baseline: the call sites of one run, held against those of an earlier one that a project has accepted.
 *
 *     known (from a file)          now (from the traces)
 *       id 5c..  mmap main           id 5c..            met; grown if it did more than the file grants
 *       id 81..  mmap load<main                         gone
 *                                    id 22.. mmap init  new
 *       id 90..  mmap get<main       id 91.. mmap main  altered: the module was compiled another way (altered.h)
 *
 * An id (site_id.h) survives address randomisation, rebuilds and moved lines. What it does not survive is
 * inlining without debug information, and tail calls: another optimisation level leaves out frames. That is
 * told from a changed source by how the modules were built (module_build.h), which a baseline remembers.
 *
 * Two lines of one function have one id; how many there are is its `places`, by line where lines are known.
 * Calls and bytes are kept as bounds, rounded up to a power of two, so that the file changes only when they
 * change much.
 *
 * Owner: the caller; baseline_release() frees the contents; all 0 is empty. Fails: false and NULL, only when
 * out of memory.
 */
#ifndef VMATRACE_CORE_BASELINE_H
#define VMATRACE_CORE_BASELINE_H

#include "findings.h"
#include "module_build.h"
#include "number_table.h"
#include "site_id.h"

enum baseline_state {
	BASELINE_ALONE, /* known: gone; now: new */
	BASELINE_MET,   /* the other list has it too */
	BASELINE_ALTERED,
};

struct baseline_site {
	uint64_t id;
	char *call;
	uint64_t places; /* distinct lines, or return addresses where there are no lines */
	uint64_t calls;
	uint64_t bytes;
	char *chain
		[SITE_ID_FRAMES]; /* "module!function", "module" of the runtime; innermost first */
	size_t chain_count;
	enum baseline_state state;
	/* Of now: what the known sites grant that it is, or was altered from. */
	uint64_t granted_places;
	uint64_t granted_calls;
	uint64_t granted_bytes;
	const struct baseline_site *from; /* one that it was altered from; NULL: none */
	const struct baseline_module
		*module; /* altered, or altered ones came to it: the one built anew */
};

/* A program or library that chains go through, the runtime's apart. */
struct baseline_module {
	char *name; /* base name */
	struct module_build build;
	bool asked; /* how it was built */
	bool lost;  /* its file is gone or another one: its functions have no names */
	/* Of now, by altered_find(). */
	const struct module_build *known; /* NULL: the baseline does not say */
	enum build_change change;
	size_t altered; /* sites of now that are known ones with frames left out or added */
};

struct module_list {
	struct baseline_module *modules;
	size_t count;
};

struct site_list {
	struct baseline_site *sites;
	size_t count;
	struct number_table by_id;
};

struct baseline {
	bool has_known;
	struct site_list known;
	struct site_list now;
	struct module_list known_modules;
	struct module_list now_modules;
	struct number_table places_seen;
	const struct baseline_site *unknown; /* census.h; valid until the next event */
};

/* The module of that base name, made if it is not there. Valid until the next is added. */
struct baseline_module *module_list_at(struct module_list *list, const char *name);
const struct baseline_module *module_list_find(const struct module_list *list, const char *name);
/* By name. */
void module_list_sort(struct module_list *list);

/* The site of that id, made if it is not there; *fresh: it was. Valid until the next is added. */
struct baseline_site *site_list_at(struct site_list *list, uint64_t id, bool *fresh);
const struct baseline_site *site_list_find(const struct site_list *list, uint64_t id);
/* By call, chain, id: a file's order, and that of reports. Ids are not found by site_list_at() afterwards. */
void site_list_sort(struct site_list *list);

/* The next frame of a chain; one that counts not (site_id.h) is left out. */
bool baseline_site_add_frame(struct baseline_site *site, const struct finding_frame *frame);

/*
 * One call of a site now. *is_new: the known list has no such site, or not that many places of it; said
 * once for each place. NULL: out of memory.
 */
struct baseline_site *baseline_add(struct baseline *baseline, uint64_t id, const char *call,
                                   const struct finding_frame *frames, size_t count, uint64_t bytes,
                                   bool *is_new);

/* Of a site of now that the other list has, as it is or altered: it did more than that grants. */
bool baseline_grown(const struct baseline_site *now);
/* The bound that a file grants for a number. */
uint64_t baseline_bound(uint64_t number);

void baseline_release(struct baseline *baseline);

#endif
