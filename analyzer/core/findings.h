/*
 * findings: what rules found, one for each place: a thousand calls of one call site that break one rule are
 * one finding with a count, in whatever process they were made.
 *
 *     key = rule, site id, detail      ->  fingerprint, the same in every run
 *
 * Owner: the caller; findings_release() frees the contents. A finding stays where it is until then.
 */
#ifndef VMATRACE_CORE_FINDINGS_H
#define VMATRACE_CORE_FINDINGS_H

#include "event.h"
#include "number_table.h"
#include "policy.h"

/* A place in the program. Strings are borrowed from whoever found the frame, or the finding's own. */
struct finding_frame {
	const char *module;   /* path; NULL unknown */
	const char *function; /* NULL unknown */
	const char *file;     /* base name; NULL unknown */
	const char *path;     /* of the source file, without dots; NULL unknown */
	uint64_t offset;      /* in the module */
	uint32_t line;        /* 0 unknown */
	bool inlined;
	bool runtime; /* libc, the loader, an allocator */
};

struct finding {
	const struct policy_rule *policy;
	uint64_t fingerprint;
	uint64_t site;  /* id of its call site, 0: it has none */
	uint64_t order; /* of policy->rule in the table */

	/* The call that it was seen at first; the process it was made in. */
	bool has_event;     /* false: it was so when recording began, or no call did it */
	struct event event; /* its pointers are not to be followed */
	uint32_t pid;
	uint64_t process;   /* number of the process among those judged */
	uint64_t processes; /* in how many it was seen, whatever programs each executed */
	uint64_t last_process;
	uint32_t number; /* its place before they are sorted */

	/* The VMA that it is about. */
	bool has_vma;
	uint64_t start;
	uint64_t end;
	uint8_t prot;
	bool shared;
	char *name; /* of its file; "" anonymous */

	uint64_t count;  /* how often */
	uint64_t amount; /* what the rule measures: bytes, VMAs, calls per second */
	uint64_t limit;  /* what that was held against */
	char *note;      /* what else there is to say; NULL nothing */

	struct finding_frame *frames; /* innermost first; its own */
	size_t frame_count;
	size_t site_frame; /* the one shown: the innermost outside libc, the loader, allocators */

	const struct policy_allow *allow; /* NULL: not allowed */
};

struct findings {
	struct finding **items;
	size_t count;
	struct number_table by_key;
	struct number_table seen_in; /* number << 32 | pid */
};

/* The finding of that key; *fresh: it was just made, with nothing but its key. NULL: out of memory. */
struct finding *findings_at(struct findings *findings, const struct policy_rule *policy,
                            uint64_t order, uint64_t site, const char *detail, bool *fresh);
/* Copies frames and their strings. False: out of memory. */
bool finding_set_frames(struct finding *finding, const struct finding_frame *frames, size_t count);
/* Takes those away that were never counted, and sorts: worst first, then as the rules are listed. */
void findings_finish(struct findings *findings);
void findings_release(struct findings *findings);

/* True if the frame matches all globs of the entry, which has some. */
bool allow_matches_frame(const struct policy_allow *allow, const struct finding_frame *frame);
/* True if the entry allows the finding. */
bool allow_matches(const struct policy_allow *allow, const struct finding *finding);

#endif
