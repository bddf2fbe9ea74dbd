/*
 * mm_report: see the header. Both print the same two tables of words and counts.
 */
#include "mm_report.h"

#include <inttypes.h>
#include <string.h>

#include "text.h"

/*
 * The words of mm_struct that the kernel tells in /proc/PID/stat, by where they are in the header.
 */
static const struct {
	const char *name;
	size_t offset;
	const char *meaning;
} words[] = {
	{ "start_code", offsetof(struct vmat_header, start_code), "program text begins" },
	{ "end_code", offsetof(struct vmat_header, end_code), "and ends" },
	{ "start_data", offsetof(struct vmat_header, start_data), "initialised data begins" },
	{ "end_data", offsetof(struct vmat_header, end_data), "and ends" },
	{ "start_brk", offsetof(struct vmat_header, start_brk), "the heap begins" },
	{ "brk", 0, "and ends, at this moment" },
	{ "start_stack", offsetof(struct vmat_header, start_stack),
	  "the first stack begins, and grows down" },
	{ "arg_start", offsetof(struct vmat_header, arg_start), "the arguments" },
	{ "env_start", offsetof(struct vmat_header, env_start), "the environment" },
};

static uint64_t word(const struct mm_report *report, size_t i)
{
	uint64_t value;

	if (!words[i].offset)
		return report->view->brk;
	memcpy(&value, (const char *)report->header + words[i].offset, sizeof(value));
	return value;
}

/* Counts of pages; `highest` is 0 where no high-water mark is kept. */
static const struct {
	const char *name;
	size_t now;
	size_t highest;
	const char *meaning;
} counts[] = {
	{ "total_vm", offsetof(struct mm_view, total_bytes),
	  offsetof(struct mm_view, highest_bytes), "all of it (VmSize, VmPeak)" },
	{ "locked_vm", offsetof(struct mm_view, locked_bytes),
	  offsetof(struct mm_view, highest_locked), "kept in RAM by mlock (VmLck)" },
	{ "exec_vm", offsetof(struct mm_view, exec_bytes), 0,
	  "executable, not writable (VmExe + VmLib)" },
	{ "vm_exe", offsetof(struct mm_view, exe_bytes), 0,
	  "of it the program's own text (VmExe)" },
	{ "vm_lib", offsetof(struct mm_view, lib_bytes), 0, "and all other (VmLib)" },
	{ "stack_vm", offsetof(struct mm_view, stack_bytes), 0, "growing down (VmStk)" },
	{ "data_vm", offsetof(struct mm_view, data_bytes), 0, "private and writable (VmData)" },
	{ "shared", offsetof(struct mm_view, shared_bytes), 0, "shared mappings" },
};

/* Of mm_struct, but nowhere to be read outside the kernel. */
static const struct {
	const char *name;
	const char *meaning;
} unseen[] = {
	{ "mm_users", "how many threads and borrowers use it" },
	{ "mm_count", "how many references keep the structure" },
	{ "pgd", "the page table that the processor walks" },
	{ "mmap_lock", "the lock that every change of the list takes" },
	{ "mm_mt", "the maple tree that holds the VMAs" },
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t field(const struct mm_view *view, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)view + offset, sizeof(value));
	return value;
}

static void text_count(FILE *out, const char *name, uint64_t now, uint64_t highest,
                       bool has_highest, uint32_t page_bytes, const char *meaning)
{
	char bytes[32];

	fprintf(out, "  %-11s %10" PRIu64 " %10s", name, now / page_bytes,
	        text_bytes(bytes, sizeof(bytes), now));
	if (has_highest)
		fprintf(out, " %10s", text_bytes(bytes, sizeof(bytes), highest));
	else
		fprintf(out, " %10s", "");
	fprintf(out, "  %s\n", meaning);
}

enum { PARTS = 12 }; /* in text; JSON has all */

static void text_parts(FILE *out, const char *title, const struct mm_part *parts, size_t count,
                       size_t limit)
{
	char bytes[32];

	fprintf(out, "\n  %-11s %10s %10s\n", title, "VMAs", "bytes");
	for (size_t i = 0; i < count && i < limit; i++) {
		fprintf(out, "  %11s %10" PRIu64 " %10s  ", "", parts[i].vmas,
		        text_bytes(bytes, sizeof(bytes), parts[i].bytes));
		print_escaped(out, parts[i].name);
		putc('\n', out);
	}
	if (count > limit)
		fprintf(out, "  %11s %10s %10s  and %zu more\n", "", "", "...", count - limit);
}

static void text_stacks(FILE *out, const struct mm_report *report)
{
	char bytes[32];

	fprintf(out, "\nstacks\n");
	for (size_t i = 0; i < report->stack_count && i < PARTS; i++) {
		const struct mm_stack *stack = &report->stacks[i];

		fprintf(out, "  %" PRIx64 "-%" PRIx64 " %10s  %s", stack->row->start,
		        stack->row->end,
		        text_bytes(bytes, sizeof(bytes), stack->row->end - stack->row->start),
		        vma_kind_name(stack->kind));
		thread_print_owner(out, stack->owner, report->seq);
		putc('\n', out);
	}
	if (report->stack_count > PARTS)
		fprintf(out, "  ... and %zu more: maps --who shows all\n",
		        report->stack_count - PARTS);
}

static void json_parts(struct json *json, const char *key, const char *name,
                       const struct mm_part *parts, size_t count)
{
	json_key(json, key);
	json_array(json);
	for (size_t i = 0; i < count; i++) {
		json_object(json);
		json_member_string(json, name, parts[i].name);
		json_member_number(json, "vmas", parts[i].vmas);
		json_member_number(json, "bytes", parts[i].bytes);
		json_object_end(json);
	}
	json_array_end(json);
}

static void json_stacks(struct json *json, const struct mm_report *report)
{
	json_key(json, "stacks");
	json_array(json);
	for (size_t i = 0; i < report->stack_count; i++) {
		json_object(json);
		json_member_hex(json, "vm_start", report->stacks[i].row->start);
		json_member_hex(json, "vm_end", report->stacks[i].row->end);
		json_member_string(json, "kind", vma_kind_name(report->stacks[i].kind));
		json_member_thread(json, report->stacks[i].owner);
		json_object_end(json);
	}
	json_array_end(json);
}

static void text_holes(FILE *out, const struct mm_view *view)
{
	char bytes[32];

	if (!view->hole_count) {
		fprintf(out, "\nholes in the heap: none\n");
		return;
	}
	fprintf(out, "\nholes in the heap: %" PRIu64 ", %s\n", view->hole_count,
	        text_bytes(bytes, sizeof(bytes), view->hole_bytes));
	for (size_t i = 0; i < view->hole_count && i < MM_HOLE_LIMIT; i++)
		fprintf(out, "  %" PRIx64 "-%" PRIx64 " %10s  %s\n", view->hole[i].start,
		        view->hole[i].end,
		        text_bytes(bytes, sizeof(bytes), view->hole[i].end - view->hole[i].start),
		        view->hole[i].mapped ? "something else is mapped there"
		                             : "nothing is mapped");
	if (view->hole_count > MM_HOLE_LIMIT)
		fprintf(out, "  ... and %" PRIu64 " more\n", view->hole_count - MM_HOLE_LIMIT);
}

void mm_text(FILE *out, const struct mm_report *report)
{
	const struct mm_view *view = report->view;
	const struct vmat_header *header = report->header;
	char bytes[32];

	print_escaped(out, header->exe);
	fprintf(out, " (%u) at %s\n\n", header->pid, report->at);
	for (size_t i = 0; i < LENGTH(words); i++) {
		if (word(report, i))
			fprintf(out, "  %-11s 0x%-16" PRIx64 " %s\n", words[i].name,
			        word(report, i), words[i].meaning);
		else
			fprintf(out, "  %-11s %-18s %s\n", words[i].name, "unknown",
			        words[i].meaning);
	}
	fprintf(out, "\n  %-11s %10" PRIu64 " %10s %10" PRIu64 "  VMAs", "map_count",
	        view->map_count, "", view->highest_count);
	if (header->max_map_count)
		fprintf(out, "; the kernel allows %" PRIu64, header->max_map_count);
	fprintf(out, "\n  %-11s %10s %10s %10s\n", "", "pages", "bytes", "highest");
	for (size_t i = 0; i < LENGTH(counts); i++)
		text_count(out, counts[i].name, field(view, counts[i].now),
		           counts[i].highest ? field(view, counts[i].highest) : 0,
		           counts[i].highest != 0, header->page_bytes, counts[i].meaning);
	if (!report->locked_known)
		fprintf(out, "  locked_vm is too low: memory ran out while locks were followed\n");
	if (view->own_bytes)
		fprintf(out, "  of total_vm the recorder's own: %s in %" PRIu64 " VMAs\n",
		        text_bytes(bytes, sizeof(bytes), view->own_bytes), view->own_count);
	text_parts(out, "by kind", report->kinds, report->kind_count, SIZE_MAX);
	if (report->kind_more)
		fprintf(out,
		        "  %11s more by %" PRIu64 " than map_count: a row of several kinds is "
		        "counted with each\n",
		        "", report->kind_more);
	text_parts(out, "by file", report->files, report->file_count, PARTS);
	text_stacks(out, report);
	text_holes(out, view);
	fprintf(out, "\nof mm_struct, but not to be seen from user space:\n");
	for (size_t i = 0; i < LENGTH(unseen); i++)
		fprintf(out, "  %-11s %s\n", unseen[i].name, unseen[i].meaning);
}

void mm_json(struct json *json, const struct mm_report *report)
{
	const struct mm_view *view = report->view;
	uint32_t page = report->header->page_bytes;

	json_object(json);
	json_member_number(json, "schema", 1);
	json_member_number(json, "pid", report->header->pid);
	json_member_string(json, "at", report->at);
	for (size_t i = 0; i < LENGTH(words); i++) {
		if (word(report, i))
			json_member_hex(json, words[i].name, word(report, i));
		else
			json_member_null(json, words[i].name);
	}
	json_member_number(json, "map_count", view->map_count);
	json_member_number(json, "max_map_count", report->header->max_map_count);
	for (size_t i = 0; i < LENGTH(counts); i++)
		json_member_number(json, counts[i].name, field(view, counts[i].now) / page);
	json_member_number(json, "page_bytes", page);
	json_key(json, "highest");
	json_object(json);
	json_member_number(json, "map_count", view->highest_count);
	for (size_t i = 0; i < LENGTH(counts); i++)
		if (counts[i].highest)
			json_member_number(json, counts[i].name,
			                   field(view, counts[i].highest) / page);
	json_object_end(json);
	json_key(json, "recorder");
	json_object(json);
	json_member_number(json, "map_count", view->own_count);
	json_member_number(json, "total_vm", view->own_bytes / page);
	json_object_end(json);
	json_parts(json, "kinds", "kind", report->kinds, report->kind_count);
	json_member_number(json, "vmas_counted_again", report->kind_more);
	json_parts(json, "files", "file", report->files, report->file_count);
	json_stacks(json, report);
	json_member_number(json, "heap_hole_count", view->hole_count);
	json_key(json, "heap_holes");
	json_array(json);
	for (size_t i = 0; i < view->hole_count && i < MM_HOLE_LIMIT; i++) {
		json_object(json);
		json_member_hex(json, "start", view->hole[i].start);
		json_member_hex(json, "end", view->hole[i].end);
		json_member_bool(json, "mapped", view->hole[i].mapped);
		json_object_end(json);
	}
	json_array_end(json);
	json_key(json, "unseen");
	json_array(json);
	for (size_t i = 0; i < LENGTH(unseen); i++)
		json_string(json, unseen[i].name);
	json_array_end(json);
	json_object_end(json);
}
