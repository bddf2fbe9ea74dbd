/*
 * script.h: a replay script: calls in, address spaces expected. One statement a line; # begins a comment;
 * numbers are hexadecimal, but for counts, thread ids and times, which are decimal.
 *
 *     # 1.4 munmap: a hole in the middle splits           the rule that the script covers, and its section
 *     base 40000-41000:r-x:f+1000 ...                     the kernel's list before any call; default empty
 *     mmap 5000 rw- = 10000                               a call: arguments, "= result" or "= ERRNO"
 *     @3-7 T2 munmap 12000 1000                           enter 3, exit 7, thread 2; "@3-" never returned
 *     rows 10000-11000:rw- ...                            what the recorder read after that call
 *     snapshot [@B-E] [T3] [tracer] [brk X] 10000-...     the kernel's list at that moment
 *
 * A call may begin with @ENTER-EXIT, T and its thread, "internal" and "left" (by a jump,
 * before it said how it ended), in this order. Expectations speak of the moment after the call or snapshot above them:
 *
 *     maps 10000-12000:rw- 13000-15000:rw-                the whole list, neighbours joined, no labels
 *     labels 10000-12000:rw-:[heap]                       the whole list as maps prints it
 *     change split 12000-13000                            what the call was told as; "change none"
 *     checkpoint matched | unexplained N | implicit N | racy N
 *     cause stack growth                                  of the snapshot's first implicit change
 *     end                                                 what follows is expected when all is over
 *     break X · count N · bytes X · impossible N · racy N · in-flight N
 *
 * A row is START-END:PROT[s][:WHAT[+OFFSET]]. WHAT is a file (f is /f, f~ the same unlinked), [name],
 * anon:NAME, zero:INODE (shared anonymous memory), device (/dev/zero), shm:ID (a SysV segment) or huge:INODE.
 */
#ifndef VMATRACE_TESTS_REPLAY_SCRIPT_H
#define VMATRACE_TESTS_REPLAY_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event.h"

enum { PAGE = 4096 };

enum {
	EVENT_LIMIT = 256,
	SNAPSHOT_LIMIT = 32,
	CHECK_LIMIT = 256,
	ROW_LIMIT = 2048,
	TEXT_LIMIT = 1 << 16
};

enum check_kind {
	CHECK_MAPS,
	CHECK_LABELS,
	CHECK_CHANGE,
	CHECK_CHECKPOINT,
	CHECK_CAUSE,
	CHECK_BRK,
	CHECK_COUNT,
	CHECK_BYTES,
	CHECK_IMPOSSIBLE,
	CHECK_RACY,
	CHECK_IN_FLIGHT,
};

enum check_when {
	AFTER_EVENT,
	AFTER_SNAPSHOT,
	AT_END,
};

struct check {
	enum check_kind kind;
	int line;
	enum check_when when;
	uint64_t after;   /* the seq of the event, or the number of the snapshot */
	const char *text; /* a word, or NULL */
	uint64_t number;
	uint64_t start;
	uint64_t end;
	const struct vma_row *rows;
	size_t row_count;
};

struct script {
	const char *path;
	int line;
	struct event events[EVENT_LIMIT];
	size_t event_count;
	struct snapshot snapshots[SNAPSHOT_LIMIT]; /* [0] is the base */
	size_t snapshot_count;
	struct check checks[CHECK_LIMIT];
	size_t check_count;
	uint64_t start_brk;
	uint64_t start_stack;
	uint64_t window;
	uint64_t head;        /* the next sequence number */
	uint64_t brk;         /* as the last call left it */
	enum check_when last; /* what the next expectation follows */
	size_t in_flight;
	struct vma_row rows[ROW_LIMIT];
	size_t row_count;
	char text[TEXT_LIMIT];
	size_t text_bytes;
};

/* Exits with a message that names the line if the script is not one. */
void script_read(struct script *script, const char *path);
void script_fail(const struct script *script, int line, const char *what, const char *word)
	__attribute__((noreturn));

/* --- inside: script.c, script_calls.c, script_checks.c ------------------------------------------------ */

/* The words of one line; next_word() returns NULL at its end. */
struct words {
	char *rest;
};

char *next_word(struct words *words);
/* The next word if it is `word`, which is then taken. */
bool take_word(struct words *words, const char *word);
uint64_t hex_word(struct script *script, struct words *words);
uint64_t hex(const struct script *script, const char *word);
/* Of "rwx" with "-" for what is missing; "rw-+80" has more bits than a row shows. */
unsigned prot_of(const struct script *script, const char *word);
/* A copy of the formatted word that lives as long as the script. */
const char *keep_text(struct script *script, const char *format, const char *word);
/* The rest of the line. */
const struct vma_row *read_rows(struct script *script, struct words *words, size_t *count);
/* An expectation. False: the word begins none. */
bool read_check(struct script *script, const char *word, struct words *words);
/* Identity of WHAT[+OFFSET] into a row. */
void what_of(struct script *script, char *what, struct vma_row *row);
/* Arguments, result and identity of the call that the line names. False: it names none. */
bool read_call(struct script *script, const char *name, struct words *words, struct event *event);

#endif
