/*
 * unwind_judge: see the header. The heap functions of the process are wrapped here to see whether the walk
 * calls any.
 */
#include "unwind_judge.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unwind.h>

#include "frames.h"
#include "memo.h"
#include "recipes.h"
#include "unwind.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>

static int (*backtrace_of_libunwind)(void **pcs, int depth);
static int (*get_context)(unw_context_t *context);
static int (*init_local)(unw_cursor_t *cursor, unw_context_t *context);
static int (*step)(unw_cursor_t *cursor);
static int (*get_reg)(unw_cursor_t *cursor, int number, unw_word_t *value);

long judge_heap_calls;
static __thread bool walking __attribute__((tls_model("initial-exec")));

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void __libc_free(void *old);

static void count_heap_call(void)
{
	if (walking)
		__atomic_fetch_add(&judge_heap_calls, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t bytes)
{
	count_heap_call();
	return __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	count_heap_call();
	return __libc_calloc(count, bytes);
}

void *realloc(void *old, size_t bytes)
{
	count_heap_call();
	return __libc_realloc(old, bytes);
}

void free(void *old)
{
	count_heap_call();
	__libc_free(old);
}

struct stack {
	uint64_t pc[JUDGE_DEPTH];
	int depth;
};

bool judge_load(void)
{
	void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return false;
	*(void **)&backtrace_of_libunwind = dlsym(library, "unw_backtrace");
	*(void **)&get_context = dlsym(library, "_Ux86_64_getcontext");
	*(void **)&init_local = dlsym(library, "_ULx86_64_init_local");
	*(void **)&step = dlsym(library, "_ULx86_64_step");
	*(void **)&get_reg = dlsym(library, "_ULx86_64_get_reg");
	return backtrace_of_libunwind && get_context && init_local && step && get_reg;
}

static _Unwind_Reason_Code take(struct _Unwind_Context *context, void *argument)
{
	struct stack *stack = argument;

	if (stack->depth == JUDGE_DEPTH)
		return _URC_END_OF_STACK;
	stack->pc[stack->depth++] = _Unwind_GetIP(context);
	return _URC_NO_REASON;
}

/* Cuts what is no frame of the program: zeros at the end, the judge's own frames at the beginning. */
static void trim(struct stack *stack, uint64_t first)
{
	int from = 0;

	while (stack->depth && stack->pc[stack->depth - 1] == 0)
		stack->depth--;
	while (from < stack->depth && stack->pc[from] != first)
		from++;
	stack->depth -= from;
	for (int i = 0; i < stack->depth; i++)
		stack->pc[i] = stack->pc[i + from];
}

static void ask_libgcc(struct stack *stack)
{
	stack->depth = 0;
	_Unwind_Backtrace(take, stack);
}

static void ask_libunwind(struct stack *stack)
{
	stack->depth = 0;
	if (backtrace_of_libunwind)
		stack->depth = backtrace_of_libunwind((void **)stack->pc, JUDGE_DEPTH);
}

static void ask_libunwind_slowly(struct stack *stack)
{
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc;

	stack->depth = 0;
	if (!step || get_context(&context) || init_local(&cursor, &context))
		return;
	do {
		if (get_reg(&cursor, UNW_REG_IP, &pc))
			return;
		stack->pc[stack->depth++] = pc;
	} while (stack->depth < JUDGE_DEPTH && step(&cursor) > 0);
}

/* Is `a` what `b` begins with, both being cut at the depth? */
static bool begins(const struct stack *a, const struct stack *b)
{
	for (int i = 0; i < a->depth; i++) {
		if (i == b->depth || a->pc[i] != b->pc[i])
			return false;
	}
	return true;
}

/* A judge's stack lacks the few frames that the judge has itself when the depth cut it. */
static bool agree(const struct stack *ours, const struct stack *theirs)
{
	enum { OWN_FRAMES = 4 };

	if (ours->depth == theirs->depth)
		return begins(ours, theirs);
	return ours->depth == JUDGE_DEPTH && theirs->depth >= JUDGE_DEPTH - OWN_FRAMES &&
	       begins(theirs, ours);
}

/* The memo's answer for this stack: a number made of the frames, as an id of the trace would be. */
static uint32_t number_of(const struct unwind_walk *walk)
{
	uint64_t number = walk->frames;

	for (uint32_t i = 0; i < walk->frames; i++)
		number = (number ^ walk->pc[i]) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(number >> 32);
}

/*
 * True unless the memo says something else than the walk. What it does not know it is told, and must know the
 * next moment, or soon where there were only new stacks before.
 */
static bool remembers(const struct frame_registers *at, const struct unwind_walk *walk,
                      struct judge_counts *counts)
{
	enum { SOON = 400 };
	struct memo_key key = { .at = *at,
		                .thread = frames_thread_pointer(),
		                .epoch = recipes_epoch() };
	struct memo_stack right = { .id = number_of(walk), .flags = walk->flags };
	struct memo_stack found;
	struct memo *memo;

	if (memo_find(&key, &found)) {
		counts->remembered++;
		return found.id == right.id && found.flags == right.flags;
	}
	for (int i = 0; i < SOON; i++) {
		memo = memo_take(&key, true);
		if (!memo)
			return true;
		unwind_stack(&key.at, VMAT_STACK_CFI, JUDGE_DEPTH, memo_walk(memo));
		memo_fill(memo, &key, &right);
		/* Not where a signal lies between, nor in an epoch that is over, nor if there is too much of it. */
		if (!walk->repeatable || key.epoch != recipes_epoch())
			return true;
		if (memo_find(&key, &found))
			return found.id == right.id && found.flags == right.flags;
	}
	return false;
}

static void print(const char *who, const struct stack *stack)
{
	fprintf(stderr, "%s, %d frames:", who, stack->depth);
	for (int i = 0; i < stack->depth; i++)
		fprintf(stderr, " %lx", stack->pc[i]);
	fprintf(stderr, "\n");
}

__attribute__((noinline)) void judge_here(struct judge_counts *counts)
{
	enum { OTHERS_ASKED = 5000 };
	static const char *const name[] = { "libgcc", "unw_backtrace", "unw_step" };
	struct frame_registers at = {
		.pc = (uint64_t)__builtin_return_address(0),
		.sp = (uint64_t)__builtin_frame_address(0) + 16,
		.bp = *(uint64_t *)__builtin_frame_address(0),
	};
	int error = errno = 0xbad;
	struct stack theirs[3];
	static __thread struct unwind_walk walk __attribute__((tls_model("initial-exec")));
	struct stack ours;
	int agreed = 0;
	int judges = 0;
	int prefix = 0;

	walking = true;
	unwind_stack(&at, VMAT_STACK_CFI, JUDGE_DEPTH, &walk);
	walking = false;
	ours.depth = (int)walk.frames;
	for (int i = 0; i < ours.depth; i++)
		ours.pc[i] = walk.pc[i] & ~VMAT_PC_MARKS;
	if (errno != error)
		fprintf(stderr, "errno changed to %d\n", errno);
	counts->different += errno != error;
	counts->forgotten += !remembers(&at, &walk, counts);
	/* The slow one always; the others, which are as slow in all, while there are not many stacks yet. */
	theirs[0].depth = theirs[1].depth = 0;
	if (counts->stacks < OTHERS_ASKED || counts->stacks % 16 == 0) {
		ask_libgcc(&theirs[0]);
		ask_libunwind(&theirs[1]);
	}
	ask_libunwind_slowly(&theirs[2]);
	for (int i = 0; i < 3; i++) {
		if (theirs[i].depth == 0)
			continue;
		trim(&theirs[i], at.pc);
		judges++;
		agreed += agree(&ours, &theirs[i]);
		prefix += begins(&ours, &theirs[i]);
	}
	counts->stacks++;
	counts->frames += ours.depth;
	if (ours.depth > counts->deepest)
		counts->deepest = ours.depth;
	if (agreed == judges) {
		counts->equal++;
	} else if (agreed) {
		counts->judges++;
	} else if (prefix && walk.flags & VMAT_EVENT_STACK_TRUNCATED) {
		counts->truncated++;
	} else if (counts->different++ < 3) {
		print("recorder", &ours);
		for (int i = 0; i < 3; i++)
			print(name[i], &theirs[i]);
	}
}
