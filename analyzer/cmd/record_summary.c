/*
 * record_summary: the last lines of `record`, on stderr: what was traced, what was lost, what to
 * try next.
 */
#include <glob.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "core/escape.h"
#include "io/trace_end.h"
#include "io/trace_live.h"
#include "io/trace_reader.h"
#include "record_output.h"
#include "untraced.h"

/* Of so many traces the events are counted; of more only how many there are. */
enum { COUNTED_LIMIT = 1000 };

struct tally {
	uint64_t traces;
	uint64_t processes; /* known only once all are counted */
	uint64_t events;
	uint64_t lost;
	uint64_t not_followed;
	uint64_t unreadable;
	uint64_t stopped; /* traces that took no more before their process ended */
	bool partly;      /* not all of them were counted */
	char only[PATH_MAX];
	struct untraced untraced;
	uint32_t *pids; /* of each trace */
};

uint64_t record_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* 1,234,567 */
static const char *grouped(char *text, uint64_t number)
{
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
	char *at = text;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return text;
}

/*
 * A glob(3) pattern for the files that the recorder's pattern can have made, where a % word may be
 * anything; numbered: for those that got a number before the suffix, because the name was taken.
 */
static bool spell_glob(char *glob_text, size_t limit, const char *pattern, bool numbered)
{
	static const char number[] = ".[0-9]*";
	const char *base = strrchr(pattern, '/');
	const char *dot = strrchr(base ? base : pattern, '.');
	size_t length = 0;

	for (const char *at = pattern;; at++) {
		if (length + sizeof(number) + 2 > limit)
			return false;
		if (numbered && at == (dot ? dot : pattern + strlen(pattern)))
			length += (size_t)sprintf(glob_text + length, "%s", number);
		if (*at == '\0')
			break;
		if (*at == '%' && at[1] && at[1] != '%') {
			at++;
			glob_text[length++] = '*';
			continue;
		}
		if (*at == '%' && at[1] == '%')
			at++;
		if (strchr("*?[]\\", *at))
			glob_text[length++] = '\\';
		glob_text[length++] = *at;
	}
	glob_text[length] = '\0';
	return true;
}

static void count(struct tally *tally, const struct trace_set *set, size_t index)
{
	const struct trace_entry *entry = &set->entries[index];
	enum trace_live live;
	struct trace_error error;
	struct trace *trace;

	snprintf(tally->only, sizeof(tally->only), "%s", entry->path);
	tally->pids[tally->traces++] = entry->pid;
	if (tally->traces > COUNTED_LIMIT) {
		tally->partly = true;
		return;
	}
	live = trace_live(entry->path, entry->pid);
	trace = trace_open(entry->path, &error);
	if (!trace) {
		tally->unreadable++;
		return;
	}
	tally->events += trace_counts(trace)->events;
	tally->lost += trace_counts(trace)->lost;
	tally->not_followed += trace_control(trace)->not_followed;
	tally->stopped += trace_control(trace)->stopped != VMAT_RECORDING;
	/* Without memory for it there is nothing to say of it. */
	untraced_see(&tally->untraced, set, index, trace, live == TRACE_RUNS);
	trace_close(trace);
}

static int compare_pids(const void *left, const void *right)
{
	const uint32_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static int compare_paths(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static void count_processes(struct tally *tally)
{
	qsort(tally->pids, tally->traces, sizeof(*tally->pids), compare_pids);
	for (size_t i = 0; i < tally->traces; i++)
		tally->processes += i + 1 == tally->traces || tally->pids[i] != tally->pids[i + 1];
}

/* As one would type it here. */
static const char *shortest(const char *path)
{
	char here[PATH_MAX];
	size_t length;

	if (!getcwd(here, sizeof(here)))
		return path;
	length = strlen(here);
	return strncmp(path, here, length) == 0 && path[length] == '/' ? path + length + 1 : path;
}

/* bash, zsh, ksh; each byte by itself, since \x takes two digits. */
static void print_dollar_quoted(const char *word)
{
	fputs("$'", stderr);
	for (; *word; word++) {
		if ((unsigned char)*word < 0x20 || (unsigned char)*word >= 0x7f)
			fprintf(stderr, "\\x%02x", (unsigned char)*word);
		else
			fprintf(stderr, *word == '\'' || *word == '\\' ? "\\%c" : "%c", *word);
	}
	fputc('\'', stderr);
}

/*
 * In single quotes where the shell wants them; what a terminal might obey is shown as the shell takes it in $'...', for the
 * name is the program's.
 */
static void print_word(const char *word)
{
	char escaped[4 * PATH_MAX + 1];

	if (word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                      "_-./+:,@%")] == '\0') {
		fputs(word, stderr);
		return;
	}
	text_escaped(escaped, sizeof(escaped), word);
	if (strcmp(escaped, word) != 0) {
		print_dollar_quoted(word);
		return;
	}
	fputc('\'', stderr);
	for (; *word; word++)
		if (*word == '\'')
			fputs("'\\''", stderr);
		else
			fputc(*word, stderr);
	fputc('\'', stderr);
}

static void print_tally(const struct tally *tally, const struct trace_set *set,
                        const struct record_output *output)
{
	char processes[32], events[32], lost[32], names[1024];

	fprintf(stderr, "vmatrace: traced %s process%s", grouped(processes, tally->processes),
	        tally->processes == 1 ? "" : "es");
	if (tally->traces > tally->processes)
		fprintf(stderr, " (%s program images)", grouped(lost, tally->traces));
	fprintf(stderr, ", %s%s event%s, ", tally->partly ? "at least " : "",
	        grouped(events, tally->events), tally->events == 1 ? "" : "s");
	if (tally->lost)
		fprintf(stderr, "%s lost; a larger --ring or --on-full grow keeps more\n",
		        grouped(lost, tally->lost));
	else
		fputs("nothing lost\n", stderr);
	if (tally->not_followed)
		fprintf(stderr, "vmatrace: no trace could be made for %s child process%s\n",
		        grouped(lost, tally->not_followed), tally->not_followed == 1 ? "" : "es");
	if (tally->untraced.count)
		fprintf(stderr,
		        "vmatrace: %s program%s could not be traced (static, setuid, 32-bit, in a "
		        "sandbox, or without its environment): %s\n",
		        grouped(lost, tally->untraced.count), tally->untraced.count == 1 ? "" : "s",
		        untraced_names(&tally->untraced, set, names, sizeof(names)));
	if (tally->stopped)
		fprintf(stderr,
		        "vmatrace: %s trace%s stopped before the end; 'vmatrace info' says why\n",
		        grouped(lost, tally->stopped), tally->stopped == 1 ? "" : "s");
	if (tally->unreadable)
		fprintf(stderr, "vmatrace: %s trace%s cannot be read; 'vmatrace info' says why\n",
		        grouped(lost, tally->unreadable), tally->unreadable == 1 ? "" : "s");
	fputs("vmatrace: next, try: vmatrace timeline ", stderr);
	print_word(
		shortest(tally->traces == 1 && !output->own_folder ? tally->only : output->folder));
	fputc('\n', stderr);
}

/* All files that the recorder can have written, each once. The caller frees it. */
static void find_files(const struct record_output *output, glob_t *found)
{
	char pattern[3 * PATH_MAX];
	size_t kept = 0;

	*found = (glob_t) { 0 };
	for (int numbered = 0; numbered < 2; numbered++)
		if (spell_glob(pattern, sizeof(pattern), output->pattern, numbered))
			glob(pattern, GLOB_NOSORT | (numbered ? GLOB_APPEND : 0), NULL, found);
	if (found->gl_pathc)
		qsort(found->gl_pathv, found->gl_pathc, sizeof(*found->gl_pathv), compare_paths);
	/* With a % word the first pattern finds the numbered ones too. */
	for (size_t i = 0; i < found->gl_pathc; i++) {
		if (kept && strcmp(found->gl_pathv[i], found->gl_pathv[kept - 1]) == 0)
			free(found->gl_pathv[i]);
		else
			found->gl_pathv[kept++] = found->gl_pathv[i];
	}
	found->gl_pathc = kept;
}

bool record_traces(const struct record_output *output, uint64_t begun_ns, struct trace_set *set)
{
	glob_t found;
	bool fine = true;

	*set = (struct trace_set) { 0 };
	find_files(output, &found);
	for (size_t i = 0; fine && i < found.gl_pathc; i++) {
		struct trace_error error;
		struct vmat_header header;

		if (!trace_peek(found.gl_pathv[i], &header, &error))
			set->unreadable += error.status != TRACE_NOT_A_TRACE;
		else if (header.realtime_ns >= begun_ns) /* else of an earlier run */
			fine = trace_set_add(set, found.gl_pathv[i], &header);
	}
	globfree(&found);
	trace_set_sort(set);
	set->name = strdup(shortest(set->count == 1 && !output->own_folder ? set->entries[0].path
	                                                                   : output->folder));
	return fine && set->name;
}

void record_store_end(const struct trace_set *set, const struct record_end *end)
{
	uint32_t pid = (uint32_t)end->pid;

	for (size_t i = set->count; i > 0; i--) {
		if (set->entries[i - 1].pid != pid)
			continue;
		trace_store_end(set->entries[i - 1].path, pid, end->wait_status);
		return;
	}
}

static bool is_on_btrfs(const char *folder)
{
	struct statfs system;

	return statfs(folder, &system) == 0 && system.f_type == BTRFS_SUPER_MAGIC;
}

void record_summary(const struct record_output *output, const struct trace_set *set)
{
	struct tally tally = { .unreadable = set->unreadable };

	tally.pids = calloc(set->count + 1, sizeof(*tally.pids));
	for (size_t i = 0; tally.pids && i < set->count; i++)
		count(&tally, set, i);
	if (tally.traces) {
		count_processes(&tally);
		if (!untraced_finish(&tally.untraced, set))
			tally.untraced.count = 0;
		print_tally(&tally, set, output);
	} else {
		fprintf(stderr,
		        "vmatrace: no trace was written: the program may have replaced itself at "
		        "once by one\nthat nothing can be preloaded into (static, setuid, 32-bit), "
		        "or cleaned its environment,\nor had no space left\n");
		if (is_on_btrfs(output->folder))
			fprintf(stderr,
			        "vmatrace: '%s' is on btrfs: under a quota, or before Linux 6.17, "
			        "a store to "
			        "a mapped file\nthere may end the program, and nothing is "
			        "recorded: try "
			        "-o /dev/shm/NAME/\n",
			        output->folder);
		record_output_undo(output);
	}
	untraced_release(&tally.untraced);
	free(tally.pids);
}
