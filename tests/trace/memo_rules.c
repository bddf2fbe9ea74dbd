/*
 * memo_rules: what a memo of a walk hangs on, when it is filled, and where stacks are walked that are not worth one. At memo.h's
 * interface: no stack is walked here.
 */
#include "unwind_rules.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "frames.h"
#include "memo.h"
#include "recipes.h"
#include "unwind.h"

static char *memos;

void memo_rules_begin(void)
{
	memos = mmap(NULL, memo_memory_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	             -1, 0);
	memo_init(memos);
}

void memo_rules_forget(void)
{
	memset(memos, 0, memo_memory_bytes());
}

static void fill_words(struct memo *memo, const struct memo_key *key, uint32_t words,
                       bool hangs_on_bp)
{
	struct unwind_walk *walk = memo_walk(memo);

	walk->words = words;
	walk->pairs = 0;
	walk->hangs_on_bp = hangs_on_bp;
	walk->repeatable = true;
	for (uint32_t i = 0; i < words; i++) {
		walk->word[i].at = key->at.sp + i * 8;
		walk->word[i].value = *(const uint64_t *)walk->word[i].at;
	}
}

/* A memo as if a walk from `at` had read these words, which lie from at->sp on. */
static struct memo_key remember(const struct frame_registers *at, uint32_t words, bool hangs_on_bp)
{
	struct memo_key key = { .at = *at,
		                .thread = frames_thread_pointer(),
		                .epoch = recipes_epoch() };
	struct memo_stack stack = { .id = 77, .flags = VMAT_EVENT_STACK_TRUNCATED };
	struct memo *memo = memo_take(&key, true);

	fill_words(memo, &key, words, hangs_on_bp);
	memo_fill(memo, &key, &stack);
	return key;
}

/* The same, the words two by two. */
static struct memo_key remember_pairs(const struct frame_registers *at, uint32_t pairs)
{
	struct memo_key key = { .at = *at,
		                .thread = frames_thread_pointer(),
		                .epoch = recipes_epoch() };
	struct memo_stack stack = { .id = 77, .flags = VMAT_EVENT_STACK_TRUNCATED };
	struct memo *memo = memo_take(&key, true);
	struct unwind_walk *walk = memo_walk(memo);

	walk->words = 0;
	walk->pairs = pairs;
	walk->hangs_on_bp = false;
	walk->on_main_stack = true;
	walk->repeatable = true;
	for (uint32_t i = 0; i < pairs; i++) {
		const uint64_t *words = (const uint64_t *)at->sp + 2 * i;

		walk->pair[i] = (struct unwind_pair) { (uint64_t)words, { words[0], words[1] } };
	}
	memo_fill(memo, &key, &stack);
	return key;
}

static bool is_known(const struct memo_key *key)
{
	struct memo_stack stack;

	return memo_find(key, &stack) && stack.id == 77 &&
	       stack.flags == VMAT_EVENT_STACK_TRUNCATED;
}

/* Memory of a stack whose upper part goes away: no word there may be looked at once a lower one has changed. */
static void rules_of_gone_words(void)
{
	enum { PAGE = 4096, WORDS = 9 };
	char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *stack = (uint64_t *)(void *)(pages + PAGE) - 3;
	struct frame_registers at = { .pc = 0x1000, .sp = (uint64_t)stack, .bp = 5 };
	struct memo_key key;

	for (int i = 0; i < WORDS; i++)
		stack[i] = (uint64_t)i;
	key = remember(&at, WORDS, false);
	check(is_known(&key), "the memo knows what it was told");
	stack[2] = 99;
	munmap(pages + PAGE, PAGE);
	check(!is_known(&key), "the memo reads no word behind one that changed");
	munmap(pages, PAGE);
}

/* A handler that leaves by longjmp, in the middle of a walk: its memo is of use again. */
static void rules_of_left_memos(void)
{
	enum { MEANWHILE = 3000 };
	uint64_t stack[8] = { 0 };
	struct frame_registers at = { .pc = 0x3000, .sp = (uint64_t)stack, .bp = 5 };
	struct memo_key key = { .at = at,
		                .thread = frames_thread_pointer(),
		                .epoch = recipes_epoch() };
	struct memo_key other = key;
	struct memo *left[MEMO_WAYS];
	bool again = false;

	other.at.pc++;
	for (int i = 0; i < MEMO_WAYS; i++)
		left[i] = memo_take(&key, true);
	remember(&at, 8, false);
	check(!is_known(&key), "a set whose memos are all being filled knows nothing");
	for (int i = 0; i < MEANWHILE; i++)
		memo_fill(memo_take(&other, false), &other, NULL);
	for (int i = 0; i < MEMO_WAYS; i++) {
		struct memo *taken = memo_take(&key, false);

		for (int j = 0; j < MEMO_WAYS; j++)
			again |= taken == left[j];
		memo_fill(taken, &key, NULL);
	}
	check(!again, "what a walk may yet go on with is not taken by one inside it");
	remember(&at, 8, false);
	check(is_known(&key), "a memo left behind by a longjmp is filled again");
}

static void rules_of_pairs(void)
{
	enum { PAIRS = 7 };
	uint64_t stack[2 * PAIRS + 2] = { 0 };
	struct frame_registers at = { .pc = 0x2000, .sp = (uint64_t)stack, .bp = 5 };
	struct memo_key key = remember_pairs(&at, PAIRS);
	bool holds = true;

	for (int i = 0; i < 2 * PAIRS; i++) {
		stack[i] ^= 1;
		holds &= !is_known(&key);
		stack[i] ^= 1;
		holds &= is_known(&key);
	}
	check(holds, "the memo hangs on both words of each pair");
	stack[2 * PAIRS] = 1;
	check(is_known(&key), "and on none behind the last");
}

/* A new stack, looked for in vain and walked at the memo that is returned. */
static struct memo *walk_anew(const struct memo_key *key)
{
	const struct memo_stack stack = { .id = 77, .flags = VMAT_EVENT_STACK_TRUNCATED };
	struct memo *memo;

	if (is_known(key))
		return NULL;
	memo = memo_take(key, true);
	fill_words(memo, key, 7, false);
	memo_fill(memo, key, &stack);
	return memo;
}

/*
 * Where stack after stack is new only one of LOOK is kept, and looked for; the others are walked in one place, which
 * has nothing to do with the set. Each 16th of them: see memo_take().
 */
static void rules_of_new_stacks(const struct frame_registers *at)
{
	enum { MANY = 64, LOOK = 16, NEW = MANY + 20 * LOOK, LATER = 200 };
	struct memo_key key = { .at = *at, .thread = frames_thread_pointer() }, last = key;
	struct memo *set[MEMO_WAYS], *desk = NULL;
	bool all_new = true, kept = true, apart = true;
	int known = 0, tried = 0;

	memo_rules_forget();
	for (int i = 0; i < NEW; i++) {
		bool in_set = i < MANY || i % LOOK == 0;
		struct memo *memo;

		key.epoch = (uint64_t)i + 1;
		memo = walk_anew(&key);
		all_new &= memo != NULL;
		if (i < MEMO_WAYS)
			set[i] = memo;
		if (i == MANY + 1)
			desk = memo;
		if (in_set)
			kept &= memo == set[0] || memo == set[1] || memo == set[2] ||
			        memo == set[3];
		else
			apart &= memo == desk;
	}
	for (int i = 0; i < MEMO_WAYS; i++)
		apart &= desk != set[i];
	check(all_new && kept, "of %d new stacks the first %d and then each %dth are kept", NEW,
	      MANY, LOOK);
	check(apart, "and the others are walked in one place apart");

	/* The next is one that is looked for; once one is found all are, until there are many new ones again. */
	last.epoch = NEW - LOOK + 1;
	key.epoch = NEW;
	check(is_known(&last) && !is_known(&key) && is_known(&last),
	      "the last that was kept is known, the last that was walked apart is not");

	for (int i = 0; i <= MANY; i++) {
		key.epoch = NEW + (uint64_t)i + 1;
		walk_anew(&key);
	}
	while (tried < LATER && !is_known(&key))
		tried++;
	while (known < LATER && is_known(&key))
		known++;
	check(tried == LOOK - 1 && known == LATER,
	      "one that comes again is looked for once in %d, known after %d, then always", LOOK,
	      tried);
}

void rules_of_the_memo(void)
{
	uint64_t stack[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct frame_registers at = { .pc = 0x1000, .sp = (uint64_t)stack, .bp = 5 };
	struct memo_key key, other;
	bool holds = true;

	/* That there were only new stacks before is forgotten, too. */
	memo_rules_forget();
	other = key = remember(&at, 7, true);
	for (int i = 0; i < 7; i++) {
		stack[i] ^= 1;
		holds &= !is_known(&key);
		stack[i] ^= 1;
		holds &= is_known(&key);
	}
	check(holds, "the memo hangs on each word that was read");
	stack[7] = 0;
	check(is_known(&key), "and on no other");
	other.at.bp++;
	check(!is_known(&other), "on rbp, if it was used");
	other = key;
	other.thread += 8;
	check(!is_known(&other), "on the thread");
	recipes_forget((uint64_t)&rules_of_the_memo, (uint64_t)&rules_of_the_memo + 1);
	key.epoch = recipes_epoch();
	check(!is_known(&key), "an object that goes takes the memos with it");
	key = remember(&at, 7, false);
	key.at.bp++;
	check(is_known(&key), "not on rbp, if it was not used");
	rules_of_pairs();
	rules_of_left_memos();
	rules_of_new_stacks(&at);
	rules_of_gone_words();
}
