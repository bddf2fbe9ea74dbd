/*
 * trace_set.c: finds the trace files that a command line means.
 */
#include "trace_set.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "render/text.h"

static int complain_of(const struct trace_error *error, const char *path)
{
	char escaped[4096];
	char text[4608];

	text_escaped(escaped, sizeof(escaped), path);
	trace_error_text(error, escaped, text, sizeof(text));
	return complain(STATUS_TRACE, "%s", text);
}

static int out_of_memory(void)
{
	return complain(STATUS_TRACE, "cannot look for traces: %s", strerror(ENOMEM));
}

/* Takes over path. False: out of memory. */
static bool add_entry(struct trace_set *set, char *path, const struct vmat_header *header)
{
	struct trace_entry *grown;

	grown = reallocarray(set->entries, set->count + 1, sizeof(*grown));
	if (!path || !grown) {
		free(path);
		if (grown)
			set->entries = grown;
		return false;
	}
	set->entries = grown;
	grown[set->count] = (struct trace_entry) {
		.path = path,
		.pid = header->pid,
		.realtime_ns = header->realtime_ns,
		.file_id = header->file_id,
		.forked_by = header->from_fork ? header->parent_file_id : 0,
		.parent_seen =
			header->fork_window ? header->parent_head - header->fork_window + 1 : 0,
		.parent_head = header->parent_head,
	};
	memcpy(grown[set->count].exe, header->exe, sizeof(grown[set->count].exe) - 1);
	set->count++;
	return true;
}

static int compare_entries(const void *left, const void *right)
{
	const struct trace_entry *a = left;
	const struct trace_entry *b = right;

	if (a->realtime_ns != b->realtime_ns)
		return a->realtime_ns < b->realtime_ns ? -1 : 1;
	if (a->pid != b->pid)
		return a->pid < b->pid ? -1 : 1;
	return strcmp(a->path, b->path);
}

bool trace_set_add(struct trace_set *set, const char *path, const struct vmat_header *header)
{
	return add_entry(set, strdup(path), header);
}

void trace_set_sort(struct trace_set *set)
{
	if (set->count)
		qsort(set->entries, set->count, sizeof(*set->entries), compare_entries);
}

static int is_trace_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && fnmatch("*.vmat", entry->d_name, 0) == 0;
}

/* "folder/" is named as "folder": a path of it has one slash. */
static void strip_slashes(char *name)
{
	for (size_t length = strlen(name); length > 1 && name[length - 1] == '/'; length--)
		name[length - 1] = '\0';
}

static int read_folder(struct trace_set *set, char *folder)
{
	size_t entries = set->count, unreadable = set->unreadable;
	struct dirent **names;
	int status = STATUS_FINE;
	int count;

	strip_slashes(folder);
	count = scandir(folder, &names, is_trace_name, alphasort);
	if (count < 0)
		return complain(STATUS_TRACE, "cannot open '%s': %s", folder, strerror(errno));
	for (int i = 0; i < count; i++) {
		struct vmat_header header;
		struct trace_error error;
		char *path = NULL;

		if (status == STATUS_FINE &&
		    asprintf(&path, "%s/%s", folder, names[i]->d_name) < 0) {
			path = NULL;
			status = out_of_memory();
		}
		if (path && !trace_peek(path, &header, &error)) {
			complain_of(&error, path);
			set->unreadable++;
			free(path);
		} else if (path && !add_entry(set, path, &header)) {
			status = out_of_memory();
		}
		free(names[i]);
	}
	free(names);
	if (status == STATUS_FINE && set->count == entries && set->unreadable == unreadable)
		return complain(STATUS_TRACE, "no trace (*.vmat) in '%s'", folder);
	return status;
}

static int read_file(struct trace_set *set, const char *path)
{
	struct vmat_header header;
	struct trace_error error;

	if (!trace_peek(path, &header, &error)) {
		complain_of(&error, path);
		set->unreadable++;
		return STATUS_FINE;
	}
	return add_entry(set, strdup(path), &header) ? STATUS_FINE : out_of_memory();
}

/* A file or a folder. */
static int read_operand(struct trace_set *set, const char *operand)
{
	char *name = strdup(operand);
	struct stat status;
	int result;

	if (!name)
		return out_of_memory();
	if (stat(name, &status) == 0 && S_ISDIR(status.st_mode)) {
		set->several = true;
		result = read_folder(set, name);
	} else {
		result = read_file(set, name);
	}
	free(name);
	return result;
}

/* Later is newer; the name decides between two of one moment, so that the answer is always the same. */
static bool is_newer(const struct stat *left, const struct stat *right)
{
	if (left->st_mtim.tv_sec != right->st_mtim.tv_sec)
		return left->st_mtim.tv_sec > right->st_mtim.tv_sec;
	return left->st_mtim.tv_nsec > right->st_mtim.tv_nsec;
}

/*
 * The newest *.vmat file or vmatrace.*.* folder of the current directory. Stores through a mapping touch a
 * file's time lazily, so for two that ran at once this is a guess; it is always named on stderr.
 */
static int find_newest(char **name_found, bool quiet)
{
	char *newest_name = NULL;
	struct dirent **names;
	int count = scandir(".", &names, NULL, alphasort);
	struct stat newest = { 0 };

	if (count < 0)
		return complain(STATUS_TRACE, "cannot open '.': %s", strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		bool file = is_trace_name(names[i]);
		bool folder = fnmatch("vmatrace.*.*", name, 0) == 0;
		struct stat status;

		if ((file || folder) && stat(name, &status) == 0 &&
		    ((file && S_ISREG(status.st_mode)) || (folder && S_ISDIR(status.st_mode))) &&
		    (!newest_name || is_newer(&status, &newest))) {
			free(newest_name);
			newest_name = strdup(name);
			newest = status;
		}
		free(names[i]);
	}
	free(names);
	if (!newest_name)
		return complain(STATUS_TRACE, "no trace here: neither *.vmat nor vmatrace.*.*/");
	if (!quiet) {
		fputs("vmatrace: reading '", stderr);
		print_escaped(stderr, newest_name);
		fputs("'\n", stderr);
	}
	*name_found = newest_name;
	return STATUS_FINE;
}

/* Those that are wanted, in their order. */
static void keep(struct trace_set *set, bool (*wanted)(const struct trace_entry *, const void *),
                 const void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		if (wanted(&set->entries[i], context))
			set->entries[kept++] = set->entries[i];
		else
			free(set->entries[i].path);
	}
	set->count = kept;
}

static bool is_of_pid(const struct trace_entry *entry, const void *context)
{
	const uint64_t *pid = context;

	return entry->pid == *pid;
}

static int keep_pid(struct trace_set *set, uint64_t pid)
{
	keep(set, is_of_pid, &pid);
	if (set->count)
		return STATUS_FINE;
	return complain(STATUS_USAGE, "no process %" PRIu64 " in '%s'", pid, set->name);
}

/* The operands as they were given, joined by blanks. */
static char *joined(char *const *items, int count)
{
	size_t bytes = 1;
	char *name;

	for (int i = 0; i < count; i++)
		bytes += strlen(items[i]) + 1;
	name = calloc(bytes, 1);
	for (int i = 0; name && i < count; i++) {
		strcat(name, i ? " " : "");
		strcat(name, items[i]);
	}
	return name;
}

static int read_operands(struct trace_set *set, const struct operands *operands, bool quiet)
{
	int result = STATUS_FINE;
	char *newest = NULL;

	if (operands->count == 0) {
		result = find_newest(&newest, quiet);
		if (result == STATUS_FINE)
			result = read_operand(set, newest);
		set->name = newest;
	} else {
		set->name = joined(operands->item, operands->count);
		if (!set->name)
			return out_of_memory();
	}
	set->several |= operands->count > 1;
	for (int i = 0; i < operands->count && result == STATUS_FINE; i++)
		result = read_operand(set, operands->item[i]);
	if (result == STATUS_FINE && set->count == 0)
		return STATUS_TRACE;
	trace_set_sort(set);
	return result;
}

int trace_set_find(struct trace_set *set, const struct operands *operands,
                   const struct common_options *common)
{
	int result;

	*set = (struct trace_set) { 0 };
	result = read_operands(set, operands, common->quiet);
	if (result == STATUS_FINE && common->pid.given)
		result = keep_pid(set, common->pid.value);
	if (result != STATUS_FINE)
		trace_set_release(set);
	return result;
}

void trace_set_release(struct trace_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->entries[i].path);
	free(set->entries);
	free(set->name);
	*set = (struct trace_set) { 0 };
}

struct trace *trace_set_open(const struct trace_set *set, size_t index)
{
	const char *path = set->entries[index].path;
	struct trace_error error;
	struct trace *trace = trace_open(path, &error);

	if (!trace) {
		complain_of(&error, path);
		return NULL;
	}
	if (trace_counts(trace)->truncated)
		complain(STATUS_FINE, "'%s' is cut off: what its end held is missing", path);
	return trace;
}

static void list_processes(const struct trace_set *set, const char *what)
{
	fprintf(stderr, "vmatrace: %zu address spaces%s in '", set->count, what);
	print_escaped(stderr, set->name);
	fputs("'; take one with --pid PID:\n", stderr);
	for (size_t i = 0; i < set->count; i++) {
		fprintf(stderr, "  %10" PRIu32 "  ", set->entries[i].pid);
		print_escaped(stderr, set->entries[i].exe);
		putc('\n', stderr);
	}
}

static int choose(struct trace_set *set, const struct trace_choice *choice)
{
	size_t wanted = 0;

	for (size_t i = 0; i < set->count; i++)
		wanted += choice->wanted(&set->entries[i], choice->context);
	if (wanted)
		keep(set, choice->wanted, choice->context);
	else if (choice->none)
		return complain(STATUS_TRACE, "none of the %zu traces in '%s' %s", set->count,
		                set->name, choice->none);
	return STATUS_FINE;
}

static int open_one(const struct trace_set *set, const struct common_options *common,
                    const char *what, struct trace **trace)
{
	size_t last = set->count - 1;

	for (size_t i = 0; i < set->count; i++) {
		if (set->entries[i].pid != set->entries[last].pid) {
			list_processes(set, what);
			return STATUS_USAGE;
		}
	}
	if (set->count > 1 && !common->quiet)
		complain(STATUS_FINE, "process %" PRIu32 " ran %zu images; this is the last, '%s'",
		         set->entries[last].pid, set->count, set->entries[last].path);
	*trace = trace_set_open(set, last);
	return *trace ? STATUS_FINE : STATUS_TRACE;
}

int trace_set_open_one(const struct operands *operands, const struct common_options *common,
                       const struct trace_choice *choice, struct trace **trace)
{
	struct trace_set set = { 0 };
	size_t found;
	int status = trace_set_find(&set, operands, common);

	*trace = NULL;
	found = set.count;
	if (status == STATUS_FINE && choice && set.count > 1)
		status = choose(&set, choice);
	if (status == STATUS_FINE)
		status = open_one(&set, common, set.count < found ? choice->what : "", trace);
	trace_set_release(&set);
	return status;
}
