/*
 * leaks_json: all rows in one array, each with its class; "leaked_bytes" is the sum of those of class
 * "program" that no suppression names.
 */
#include "leaks_report.h"
#include "thread_view.h"

static void threads(struct json *json, const struct leak_row *row)
{
	json_key(json, "threads");
	json_array(json);
	for (size_t i = 0; i < row->thread_count; i++) {
		json_object(json);
		json_member_thread(json, &row->threads[i].thread);
		json_member_bool(json, "ended", row->threads[i].thread.ended);
		json_object_end(json);
	}
	json_array_end(json);
}

static void mapping(struct json *json, const struct leak_row *row)
{
	json_object(json);
	json_site_identity(json, row->site);
	json_member_string(json, "class", leak_class_name(row->class));
	json_member_number(json, "calls", row->site->totals.calls);
	json_member_number(json, "bytes", row->site->totals.bytes_live);
	json_member_number(json, "vmas", row->site->totals.vmas_live);
	json_member_string(json, "suppressed_by", row->suppressed_by);
	if (row->class == LEAK_THREAD_STACK)
		threads(json, row);
	json_object_end(json);
}

static void shm(struct json *json, const struct shm_name *name, const struct site_view *site)
{
	char path[300];

	snprintf(path, sizeof(path), "/%s", name->name);
	json_object(json);
	json_member_string(json, "name", path);
	json_member_number(json, "mode", name->mode);
	json_member_number(json, "pid", name->pid);
	json_member_number(json, "seq", name->seq);
	json_member_bool(json, "exclusive", name->exclusive);
	json_member_bool(json, "gone_now", name->gone_now);
	json_site_identity(json, site);
	json_object_end(json);
}

static void stacks(struct json *json, const struct leak_stacks *of)
{
	json_key(json, "thread_stacks");
	json_object(json);
	json_member_number(json, "count", of->count);
	json_member_number(json, "exited", of->exited);
	json_member_number(json, "unjoined_at_least", of->unjoined);
	json_member_number(json, "unjoined_bytes_at_least", of->unjoined_bytes);
	json_object_end(json);
}

static void accounts(struct json *json, const struct leak_accounts *of)
{
	json_key(json, "accounts");
	json_object(json);
	json_member_number(json, "mapped", of->mapped);
	json_member_number(json, "before", of->before);
	json_member_number(json, "tracer", of->tracer);
	for (unsigned i = 0; i < LEAK_CLASSES; i++)
		json_member_number(json, leak_class_name((enum leak_class)i), of->of_class[i]);
	json_member_number(json, "suppressed", of->suppressed);
	json_object_end(json);
}

void leaks_json(struct json *json, const struct leak_report *report)
{
	json_object(json);
	json_member_number(json, "schema", 1);
	json_member_number(json, "leaked_bytes", report->leaked_bytes);
	json_member_number(json, "leaked_vmas", report->leaked_vmas);
	json_key(json, "mappings");
	json_array(json);
	for (size_t i = 0; i < report->row_count; i++)
		mapping(json, &report->rows[i]);
	json_array_end(json);
	json_key(json, "shm");
	json_array(json);
	for (size_t i = 0; i < report->shm_count; i++)
		shm(json, &report->shm[i], report->shm_sites[i]);
	json_array_end(json);
	json_key(json, "shm_removed");
	json_array(json);
	for (size_t i = 0; i < report->shm_removed; i++)
		shm(json, &report->shm[report->shm_count + i],
		    report->shm_sites[report->shm_count + i]);
	json_array_end(json);
	json_member_number(json, "shm_suppressed", report->shm_suppressed);
	stacks(json, &report->stacks);
	accounts(json, &report->accounts);
	json_object_end(json);
}
