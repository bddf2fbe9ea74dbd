/*
 * rules: what may be wrong with what a program does to its address space. A rule is a row of the table and a
 * file of its own (rule_*.c): it watches a walk, and reports what it finds.
 *
 *     policy ── rules_new ──┐
 *     process 1 ── rules_process_begin ── walk, with its observer ── rules_process_end ──┐
 *     process 2 ── ...                                                                   ├── rules_finish ── findings,
 *                                                                                        ┘                worst first
 *
 * What needs the map is looked at as the walk passes and noted; notes and events are judged behind it, in a thread of
 * the caller's if it has one (struct rules_relay):
 *
 *     before, change, passed ──note──┐
 *     each event, when it is over ───┴── rules_take ── noted, after
 *
 * Pure: what a rule asks about call sites, the caller answers (struct rules_source), who can read symbols.
 * Calls of the recorder's own are left out unless asked for. Fails: only when out of memory; rules_failed().
 */
#ifndef VMATRACE_CORE_RULES_H
#define VMATRACE_CORE_RULES_H

#include "findings.h"
#include "kinds.h"
#include "policy.h"
#include "walk.h"

/* What a setting of a rule is: how it is spelled, and what is expected when it is not spelled so. */
enum setting_type { SETTING_COUNT_TYPE, SETTING_BYTES, SETTING_MODE, SETTING_CALL, SETTING_GLOB };

struct rule_setting {
	const char *name; /* NULL ends the list */
	enum setting_type type;
	bool required;
	size_t offset; /* in struct rule_settings */
};

/* What a rule saw of the map, for itself; what does not matter to it is 0. */
struct rule_note {
	uint64_t start; /* of the VMA that it is about */
	uint64_t end;
	uint8_t prot;
	bool shared;
	const char *name;   /* of its file; the walk's */
	uint64_t author;    /* seq of an event that the rule wants to know of */
	uint64_t two_bytes; /* writable and executable by two mappings; 0: not */
	bool both;          /* ... by one */
	bool more;          /* not the first of its event */
};

struct rule_run;
struct measure;

struct rule {
	const char *name;
	const char *short_name; /* as lines of a suppression file may say; NULL: none */
	const char *means;      /* what a finding says of the program; one sentence */
	const char *fix;        /* what to do about it; one sentence */
	const struct rule_setting *settings; /* NULL: none */
	size_t state_bytes;                  /* for rule_run.state, zeroed at the start */
	const struct measure *measure;       /* of a rule that watches a limit (limit_watch.h) */
	bool repeats;    /* may stand several times in a policy, with other settings */
	bool wants_past; /* asks what memory was before a fork (walk_input.written) */
	bool at_end;     /* judges what a process leaves behind: nothing, before it has ended */
	/* Each may be NULL. With the walk, which goes on when they return: they call rule_note(), and report nothing. */
	void (*before)(struct rule_run *run, const struct walk *walk, const struct event *event);
	void (*change)(struct rule_run *run, const struct vma_change *change);
	void (*passed)(struct rule_run *run, const struct walk *walk); /* an event is over */
	/* Behind it, in the same order. */
	void (*noted)(struct rule_run *run, const struct event *event,
	              const struct rule_note *note);
	void (*after)(struct rule_run *run, const struct event *event);
	/* With the walk, when all before it is judged. */
	void (*checkpoint)(struct rule_run *run, const struct walk *walk,
	                   const struct checkpoint *checkpoint);
	void (*process_end)(struct rule_run *run, const struct walk *walk);
	void (*finish)(struct rule_run *run); /* after the last process */
	void (*release)(struct rule_run *run);
	/* What is wrong, in one sentence without a full stop; the call site is said elsewhere. */
	void (*say)(const struct finding *finding, char *text, size_t bytes);
};

/* All rules, in the order of the documentation; NULL ends them. */
const struct rule *const *rules_all(void);
/* NULL: there is none of that name. */
const struct rule *rule_named(const char *name);
/* By its name or its short one. */
const struct rule *rule_named_shortly(const char *name);
/* Its place in that order. */
uint64_t rule_order(const struct rule *rule);

/* Whose a call is. Two calls of one owner may replace each other's memory. */
struct call_owner {
	uint64_t place;     /* return address in the frame shown as call site; 0 unknown */
	const char *module; /* that frame's; NULL unknown */
	bool runtime;       /* libc or the loader made the call inside itself */
};

/* What rules ask about one process. Strings live until the process has ended. */
struct rules_source {
	void *context;
	/* Id of the event's call site (call and chain of functions), 0: none. */
	uint64_t (*site)(void *context, const struct event *event);
	/* It will soon be asked for: what it takes to answer is fetched from memory meanwhile. NULL: nothing is. */
	void (*expect)(void *context, const struct event *event);
	/* Its frames, innermost first. */
	size_t (*frames)(void *context, const struct event *event,
	                 const struct finding_frame **frames);
	struct call_owner (*owner)(void *context, const struct event *event);
	enum vma_creator (*creator)(void *context, const struct event *event);
	/* The event of that number. False: it did not survive. */
	bool (*event)(void *context, uint64_t seq, struct event *event);
	/*
	 * What of the address space is the recorder's own. Asked by the walk, maybe while the others are asked behind it:
	 * it uses nothing that they change.
	 */
	void (*own)(void *context, const struct walk *walk, uint64_t *bytes, uint64_t *vmas);
};

/* What is judged behind the walk, one after the other. */
struct rules_item {
	struct event event;
	struct rule_run *run; /* whose the note is; NULL: the event is over */
	struct rule_note note;
};

/* The way there. */
struct rules_relay {
	void *context;
	/* Room for one item, the rules' until they give it: rules_take() is to be called with it. */
	struct rules_item *(*room)(void *context);
	void (*give)(void *context);
	/* Returns when all that was given is taken. */
	void (*drain)(void *context);
};

struct rules_process {
	const struct rules_source
		*source; /* asked by rules_take(), and where all is taken; own() by the walk */
	const struct rules_relay *relay; /* NULL: what is noted is judged at once */
	const char *exe;
	uint64_t realtime_ns; /* when time 0 of its events was */
	uint64_t number;      /* 0, 1, 2, ... */
	bool inherits; /* a fork child of one that was judged: what it begins with was its parent's */
	bool runs;     /* it may do more: what its trace holds at the end is not what it left */
	uint32_t pid;
	uint32_t page_bytes;
};

struct baseline;
struct rules;

/*
 * internal: judge the recorder's own calls too. baseline: NULL, or what is filled with the call sites met, and
 * compared at the end. NULL when out of memory.
 */
struct rules *rules_new(const struct policy *policy, struct baseline *baseline, bool internal);
void rules_free(struct rules *rules);

/* A process begins; *observer is for its walk. Both live until rules_process_end(). */
void rules_process_begin(struct rules *rules, const struct rules_process *process,
                         struct walk_observer *observer);
void rules_take(struct rules *rules, const struct rules_item *item);
/* It will be taken soon, some others before it. */
void rules_expect(const struct rules *rules, const struct rules_item *item);
void rules_process_end(struct rules *rules, const struct walk *walk);
/* Once, after the last process: the findings, those that are allowed marked. */
struct findings *rules_finish(struct rules *rules);
bool rules_failed(const struct rules *rules);
/* How many calls an entry of the policy could not judge, as their callers are not all known. */
uint64_t rules_unsure(const struct rules *rules, const struct policy_rule *named);
/* How many findings the policy's entry `index` allowed. */
uint64_t rules_allowed(const struct rules *rules, size_t index);

/* --- for the rules themselves ------------------------------------------------------------------------- */

struct rule_run {
	const struct policy_rule *policy;
	const struct rule_settings *settings;
	const struct rules_process *process;
	struct baseline *baseline; /* NULL: no call sites are counted */
	struct findings *findings;
	struct rules *rules;
	void *state;
	uint64_t order;
	uint64_t unsure;    /* calls of which the trace does not tell whether they are findings */
	uint64_t running;   /* processes so far that may do more */
	uint64_t own_bytes; /* the recorder's share of the address space as it is now */
	uint64_t own_vmas;
};

/*
 * Reports: event NULL or implicit for what no call did. detail tells findings of one site apart, and is
 * part of the fingerprint: it must be the same in every run. Counts it. NULL: out of memory.
 */
struct finding *rule_report(struct rule_run *run, const struct event *event, const char *detail);
/* The same, of what a call site is not the answer to: the finding is the program's, detail its key. */
struct finding *rule_report_program(struct rule_run *run, const struct event *event,
                                    const char *detail);
/*
 * The same, of a module: `like` is a finding of it, from which the process and the module's path are taken. May
 * be called when the processes have ended.
 */
struct finding *rule_report_module(struct rule_run *run, const struct finding *like,
                                   const char *module, const char *detail);
/* The VMA it is about, if none is known yet. */
void finding_set_vma(struct rule_run *run, struct finding *finding, const struct vma_run *vma,
                     const struct vma_map *map);
void finding_set_noted(struct rule_run *run, struct finding *finding, const struct rule_note *note);
/* A note of what a change left or, removed, what was there. */
struct rule_note rule_note_of_change(const struct vma_change *change);
/* What of a run lies in the range. */
struct rule_note rule_note_of_run(const struct vma_run *vma, const struct vma_map *map,
                                  uint64_t start, uint64_t end);
/* With the walk: for noted(), of this event. */
void rule_note(struct rule_run *run, const struct event *event, const struct rule_note *note);
/* With the walk: all that was noted is judged; from now on, until the rule returns, it may report. */
void rule_catch_up(struct rule_run *run);
void rule_out_of_memory(struct rule_run *run);
/* "mmap at main (app.c:12)" of the event; returns text. */
char *rule_spell_call(struct rule_run *run, const struct event *event, char *text, size_t bytes);
/* "ENOMEM"; NULL: an error without a name. */
const char *error_name(int error);
/* It maps, protects or names memory; exec, spawn and marks do not. */
bool call_is_about_memory(uint16_t call);

extern const struct rule rule_wx_mapping;
extern const struct rule rule_write_then_exec;
extern const struct rule rule_max_vmas;
extern const struct rule rule_max_mapped;
extern const struct rule rule_leaked_mapping;
extern const struct rule rule_leaked_shm;
extern const struct rule rule_shm_mode;
extern const struct rule rule_fixed_clobber;
extern const struct rule rule_forbidden_call;
extern const struct rule rule_failed_call;
extern const struct rule rule_churn;
extern const struct rule rule_unexplained;
extern const struct rule rule_new_call_site;

#endif
