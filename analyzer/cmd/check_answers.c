/*
 * check_answers: what rules ask about call sites of one process, answered from its symbols. A stack is looked
 * at once: its frames, as the core knows them, and the site ids of the calls made from it are remembered.
 */
#include <stdlib.h>

#include "check.h"
#include "core/call_table.h"
#include "moment.h"
#include "site_of.h"

struct answers {
	struct rules_source source;
	const struct trace *trace;
	struct symbols *symbols;
	struct number_table places; /* frames of symbols (by address) -> place in lists + 1 */
	struct number_table sites;  /* the same and a call -> site id */
	struct finding_frame **lists;
	size_t count;
};

static struct finding_frame *copy_frames(struct answers *answers, const struct frame *frames,
                                         size_t count)
{
	struct finding_frame **grown =
		reallocarray(answers->lists, answers->count + 1, sizeof(*grown));
	struct finding_frame *list = calloc(count, sizeof(*list));

	if (grown)
		answers->lists = grown;
	if (!grown || !list) {
		free(list);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		list[i] = (struct finding_frame) {
			.module = frames[i].module,
			.function = frames[i].function,
			.file = frames[i].file,
			.path = frames[i].path,
			.offset = frames[i].offset,
			.line = frames[i].line,
			.inlined = frames[i].inlined,
			.runtime = frames[i].runtime,
		};
	grown[answers->count++] = list;
	return list;
}

static size_t frames_of(void *context, const struct event *event,
                        const struct finding_frame **frames)
{
	struct answers *answers = context;
	const struct frame *known;
	size_t count = symbols_frames(answers->symbols, event, &known);
	uint64_t *place = count ? number_table_at(&answers->places, (uintptr_t)known) : NULL;

	*frames = NULL;
	if (!place)
		return 0;
	if (!*place) {
		if (!copy_frames(answers, known, count))
			return 0;
		*place = answers->count;
	}
	*frames = answers->lists[*place - 1];
	return count;
}

static uint64_t site_of(void *context, const struct event *event)
{
	struct answers *answers = context;
	const struct frame *frames;
	size_t count = symbols_frames(answers->symbols, event, &frames);
	uint64_t *site;

	if (!count)
		return 0;
	/* Addresses of blocks leave the uppermost bits free. */
	site = number_table_at(&answers->sites, (uintptr_t)frames ^ (uint64_t)event->call << 48);
	if (!site)
		return 0;
	if (!*site)
		*site = site_of_frames(call_name(event->call), frames, count);
	return *site;
}

static struct call_owner owner_of(void *context, const struct event *event)
{
	struct answers *answers = context;
	const struct frame *frames;
	size_t count = symbols_frames(answers->symbols, event, &frames);
	const struct frame *site = symbols_call_site(answers->symbols, event);

	return (struct call_owner) {
		.place = site ? site->pc : 0,
		.module = site ? site->module : NULL,
		.runtime = count && frames[0].runtime,
	};
}

static enum vma_creator creator_of(void *context, const struct event *event)
{
	struct answers *answers = context;

	return event_creator(answers->symbols, event);
}

static bool event_of(void *context, uint64_t seq, struct event *event)
{
	struct answers *answers = context;

	return trace_event_at(answers->trace, seq, event);
}

static void own_of(void *context, const struct walk *walk, uint64_t *bytes, uint64_t *vmas)
{
	struct answers *answers = context;
	struct rows rows;

	if (rows_read(&rows, answers->trace, walk, UINT64_MAX, NULL)) {
		for (size_t i = 0; i < rows.count; i++) {
			if (!rows.rows[i].internal)
				continue;
			*bytes += rows.rows[i].row.end - rows.rows[i].row.start;
			++*vmas;
		}
	}
	rows_release(&rows);
}

struct answers *answers_new(const struct trace *trace, struct symbols *symbols)
{
	struct answers *answers = calloc(1, sizeof(*answers));

	if (!answers)
		return NULL;
	answers->trace = trace;
	answers->symbols = symbols;
	answers->source = (struct rules_source) {
		.context = answers,
		.site = site_of,
		.frames = frames_of,
		.owner = owner_of,
		.creator = creator_of,
		.event = event_of,
		.own = own_of,
	};
	return answers;
}

void answers_free(struct answers *answers)
{
	if (!answers)
		return;
	for (size_t i = 0; i < answers->count; i++)
		free(answers->lists[i]);
	free(answers->lists);
	number_table_release(&answers->places);
	number_table_release(&answers->sites);
	free(answers);
}

const struct rules_source *answers_source(const struct answers *answers)
{
	return &answers->source;
}
