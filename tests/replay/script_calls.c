/*
 * script_calls: how each call is written in a script. mmap, mremap and shmat have words for their flags; the
 * others are their arguments in the order of the man page.
 *
 *     mmap LENGTH PROT [FLAG...] [at ADDR] [of FILE+OFFSET]      private and anonymous unless said otherwise
 *     mremap OLD OLD_SIZE NEW_SIZE [FLAG...] [to ADDR]
 *     shmat ID SIZE [FLAG...] [at ADDR]
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "core/call_table.h"
#include "script.h"

struct flag {
	const char *word;
	uint64_t value;
};

static const struct flag mmap_flags[] = {
	{ "shared", MAP_SHARED },
	{ "fixed", MAP_FIXED },
	{ "locked", MAP_LOCKED },
	{ "noreplace", MAP_FIXED_NOREPLACE },
	{ "hugetlb", MAP_HUGETLB },
	{ "growsdown", MAP_GROWSDOWN },
	{ "noreserve", MAP_NORESERVE },
	{ "1gib", 30ull << MAP_HUGE_SHIFT },
	{ NULL, 0 },
};

static const struct flag mremap_flags[] = {
	{ "maymove", MREMAP_MAYMOVE },
	{ "fixed", MREMAP_MAYMOVE | MREMAP_FIXED },
	{ "dontunmap", MREMAP_MAYMOVE | MREMAP_DONTUNMAP },
	{ NULL, 0 },
};

static const struct flag shmat_flags[] = {
	{ "rdonly", SHM_RDONLY },
	{ "exec", SHM_EXEC },
	{ "remap", SHM_REMAP },
	{ NULL, 0 },
};

static const struct flag errnos[] = {
	{ "EPERM", EPERM },   { "EACCES", EACCES }, { "EINVAL", EINVAL }, { "ENOMEM", ENOMEM },
	{ "EFAULT", EFAULT }, { "EEXIST", EEXIST }, { NULL, 0 },
};

static const struct flag *find_flag(const struct flag *flags, const char *word)
{
	for (; flags->word; flags++) {
		if (strcmp(flags->word, word) == 0)
			return flags;
	}
	return NULL;
}

/* Takes words as long as they are flags of the table. */
static uint64_t read_flags(struct words *words, const struct flag *flags)
{
	uint64_t value = 0;

	for (size_t i = 0; flags[i].word; i++) {
		if (take_word(words, flags[i].word)) {
			value |= flags[i].value;
			i = (size_t)-1; /* from the first again: they come in any order */
		}
	}
	return value;
}

/* "\n" in a name is a newline, which no word of a line can hold. */
static const char *unescape(char *name)
{
	char *to = strstr(name, "\\n");

	if (to) {
		*to = '\n';
		memmove(to + 1, to + 2, strlen(to + 2) + 1);
	}
	return name;
}

static void read_mmap(struct script *script, struct words *words, struct event *event)
{
	event->args[1] = hex_word(script, words);
	event->args[2] = prot_of(script, next_word(words));
	event->args[3] = read_flags(words, mmap_flags) | MAP_ANONYMOUS;
	event->args[4] = UINT64_MAX;
	if (take_word(words, "at"))
		event->args[0] = hex_word(script, words);
	if (take_word(words, "of")) {
		struct vma_row row = { .offset = 0 };

		what_of(script, next_word(words), &row);
		event->args[3] &= ~(uint64_t)MAP_ANONYMOUS;
		event->args[4] = 3;
		event->args[5] = row.offset;
		event->has_object = true;
		event->dev_major = row.dev_major;
		event->dev_minor = row.dev_minor;
		event->inode = row.inode;
		event->text = unescape((char *)row.name);
	}
	if (!(event->args[3] & MAP_SHARED))
		event->args[3] |= MAP_PRIVATE;
}

static void read_mremap(struct script *script, struct words *words, struct event *event)
{
	event->args[0] = hex_word(script, words);
	event->args[1] = hex_word(script, words);
	event->args[2] = hex_word(script, words);
	event->args[3] = read_flags(words, mremap_flags);
	if (take_word(words, "to"))
		event->args[4] = hex_word(script, words);
}

static void read_shmat(struct script *script, struct words *words, struct event *event)
{
	event->args[0] = hex_word(script, words);
	event->args[3] = hex_word(script, words);
	event->args[2] = read_flags(words, shmat_flags);
	if (take_word(words, "at"))
		event->args[1] = hex_word(script, words);
}

static void read_protect(struct script *script, struct words *words, struct event *event)
{
	event->args[0] = hex_word(script, words);
	event->args[1] = hex_word(script, words);
	event->args[2] = prot_of(script, next_word(words));
	if (take_word(words, "growsdown"))
		event->args[2] |= PROT_GROWSDOWN;
	if (take_word(words, "key"))
		event->args[3] = hex_word(script, words);
}

static void read_brk(struct script *script, struct words *words, struct event *event)
{
	event->args[0] = hex_word(script, words);
	event->args[1] = script->brk;
}

static void read_sbrk(struct script *script, struct words *words, struct event *event)
{
	words->rest += strspn(words->rest, " ");
	if (words->rest[0] == '-') {
		words->rest++;
		event->args[0] = -hex_word(script, words);
	} else {
		event->args[0] = hex_word(script, words);
	}
}

/* prctl(PR_SET_VMA): ADDR LENGTH [NAME] */
static void read_prctl(struct script *script, struct words *words, struct event *event)
{
	char *name;

	event->args[2] = hex_word(script, words);
	event->args[3] = hex_word(script, words);
	if (!take_word(words, "named"))
		return;
	name = next_word(words);
	event->text = name ? keep_text(script, "%s", name) : NULL;
}

/* remap_file_pages ADDR SIZE PAGE */
static void read_remap(struct script *script, struct words *words, struct event *event)
{
	event->args[0] = hex_word(script, words);
	event->args[1] = hex_word(script, words);
	event->args[3] = hex_word(script, words);
}

/* Up to six numbers. */
static void read_plain(struct script *script, struct words *words, struct event *event)
{
	for (size_t i = 0; i < 6; i++) {
		words->rest += strspn(words->rest, " ");
		if (!*words->rest || *words->rest == '=')
			break;
		event->args[i] = hex_word(script, words);
	}
}

static const struct {
	enum call_effect effect;
	void (*read)(struct script *script, struct words *words, struct event *event);
} readers[] = {
	{ EFFECT_MAPS, read_mmap },         { EFFECT_MOVES, read_mremap },
	{ EFFECT_ATTACHES, read_shmat },    { EFFECT_PROTECTS, read_protect },
	{ EFFECT_SETS_BREAK, read_brk },    { EFFECT_MOVES_BREAK, read_sbrk },
	{ EFFECT_REMAPS_FILE, read_remap }, { EFFECT_NAMES, read_prctl },
};

static void read_result(struct script *script, struct words *words, struct event *event)
{
	const struct flag *error;
	char *word;

	if (!take_word(words, "=")) {
		if (next_word(words))
			script_fail(script, script->line, "one word too many", NULL);
		return;
	}
	word = next_word(words);
	error = word ? find_flag(errnos, word) : NULL;
	event->failed = error != NULL;
	event->error = error ? (int)error->value : 0;
	event->result = error ? UINT64_MAX : hex(script, word);
}

bool read_call(struct script *script, const char *name, struct words *words, struct event *event)
{
	void (*read)(struct script *, struct words *, struct event *) = read_plain;
	enum call_effect effect;

	if (!call_find(name, &event->call))
		return false;
	effect = call_effect(event->call);
	for (size_t i = 0; i < sizeof(readers) / sizeof(*readers); i++) {
		if (readers[i].effect == effect)
			read = readers[i].read;
	}
	read(script, words, event);
	read_result(script, words, event);
	if (effect == EFFECT_SETS_BREAK)
		script->brk = event->result;
	if (effect == EFFECT_MOVES_BREAK && !event->failed)
		script->brk = event->result + event->args[0];
	return true;
}
