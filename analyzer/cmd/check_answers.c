/*
 * check_answers: what rules ask about call sites of one process, answered from its symbols. The site ids of the
 * calls made from a stack are remembered; its frames are the rules' only until they ask again, for a trace can
 * have more of them than memory holds.
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
	struct number_table sites;    /* symbols_key() and a call -> site id */
	struct finding_frame *frames; /* of the last stack that was asked for */
	size_t room;
};

static bool copy_frames(struct answers *answers, const struct frame *frames, size_t count)
{
	if (count > answers->room) {
		struct finding_frame *grown = reallocarray(answers->frames, count, sizeof(*grown));

		if (!grown)
			return false;
		answers->frames = grown;
		answers->room = count;
	}
	for (size_t i = 0; i < count; i++)
		answers->frames[i] = (struct finding_frame) {
			.module = frames[i].module,
			.function = frames[i].function,
			.file = frames[i].file,
			.path = frames[i].path,
			.offset = frames[i].offset,
			.line = frames[i].line,
			.inlined = frames[i].inlined,
			.runtime = frames[i].runtime,
		};
	return true;
}

static size_t frames_of(void *context, const struct event *event,
                        const struct finding_frame **frames)
{
	struct answers *answers = context;
	const struct frame *known;
	size_t count = symbols_frames(answers->symbols, event, &known);

	*frames = NULL;
	if (!count || !copy_frames(answers, known, count))
		return 0;
	*frames = answers->frames;
	return count;
}

static void expect(void *context, const struct event *event)
{
	const struct answers *answers = context;
	uint64_t key = symbols_key(answers->symbols, event);

	number_table_expect(&answers->sites, key ^ (uint64_t)event->call << 48);
}

static uint64_t site_of(void *context, const struct event *event)
{
	struct answers *answers = context;
	uint64_t key = symbols_key(answers->symbols, event);
	const struct frame *frames;
	uint64_t *site;
	size_t count;

	if (!key)
		return 0;
	site = number_table_at(&answers->sites, key ^ (uint64_t)event->call << 48);
	if (!site)
		return 0;
	if (!*site) {
		count = symbols_frames(answers->symbols, event, &frames);
		*site = count ? site_of_frames(call_name(event->call), frames, count) : 0;
	}
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
		.expect = expect,
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
	free(answers->frames);
	number_table_release(&answers->sites);
	free(answers);
}

const struct rules_source *answers_source(const struct answers *answers)
{
	return &answers->source;
}
