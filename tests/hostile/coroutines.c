/*
 * coroutines.c: calls on stacks that no thread was born with.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "acts.h"

enum { COROUTINE_STACK = 16384 };

static void in_thread(void *(*run)(void *))
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, NULL) || pthread_join(thread, NULL))
		fail("pthread_create");
}

static ucontext_t main_context, coroutine;
static long switches;

static void run_coroutine(void)
{
	for (;;) {
		map_protect_and_unmap(1);
		switches++;
		swapcontext(&coroutine, &main_context);
	}
}

static void resume_coroutines(void)
{
	for (long i = 0; i < count; i++) {
		char *stack = malloc(COROUTINE_STACK);

		getcontext(&coroutine);
		coroutine.uc_stack.ss_sp = stack;
		coroutine.uc_stack.ss_size = COROUTINE_STACK;
		coroutine.uc_link = NULL;
		makecontext(&coroutine, run_coroutine, 0);
		for (int j = 0; j < 3; j++)
			swapcontext(&main_context, &coroutine);
		free(stack);
	}
}

/*
 * A switch as libraries for coroutines write it: nothing tells an unwinder that the stack ends. The word at
 * its top, the last before a page that cannot be read, is the address of a function that is never to be
 * reached; what lies before that function in the text belongs to another one, with a frame.
 */
void switch_stack(void **save_sp, void *to_sp);
void never_reached(void);
__asm__(".text\n"
        "before_it:\n"
        "	.cfi_startproc\n"
        "	subq	$56, %rsp\n"
        "	.cfi_def_cfa_offset 64\n"
        "	ud2\n"
        "	.cfi_endproc\n"
        ".globl never_reached\n"
        "never_reached:\n"
        "	ud2\n"
        ".globl switch_stack\n"
        "switch_stack:\n"
        "	pushq	%rbp\n"
        "	pushq	%rbx\n"
        "	pushq	%r12\n"
        "	pushq	%r13\n"
        "	pushq	%r14\n"
        "	pushq	%r15\n"
        "	movq	%rsp, (%rdi)\n"
        "	movq	%rsi, %rsp\n"
        "	popq	%r15\n"
        "	popq	%r14\n"
        "	popq	%r13\n"
        "	popq	%r12\n"
        "	popq	%rbx\n"
        "	popq	%rbp\n"
        "	ret\n");

static __thread void *outer_sp, *inner_sp;

static void run_on_bare_stack(void)
{
	for (;;) {
		map_protect_and_unmap(1);
		free(malloc(300 << 10));
		switch_stack(&inner_sp, outer_sp);
	}
}

static void *switch_to_bare_stack(void *unused)
{
	char *stack = mmap(NULL, COROUTINE_STACK + PAGE, PROT_READ | PROT_WRITE,
	                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void **top = (void **)(stack + COROUTINE_STACK);

	if (stack == MAP_FAILED || mprotect(top, PAGE, PROT_NONE))
		fail("mprotect");
	*--top = (void *)(uintptr_t)never_reached;
	*--top = (void *)(uintptr_t)run_on_bare_stack;
	top -= 6;
	memset(top, 0, 6 * sizeof(*top));
	inner_sp = top;
	for (long i = 0; i < count; i++)
		switch_stack(&outer_sp, inner_sp);
	munmap(stack, COROUTINE_STACK + PAGE);
	return unused;
}

static void *resume_in_thread(void *unused)
{
	resume_coroutines();
	return unused;
}

static void coroutines(void)
{
	resume_coroutines();
	in_thread(resume_in_thread);
	dprintf(1, "%ld switches\n", switches);
}

static void bare_stacks(void)
{
	switch_to_bare_stack(NULL);
	dprintf(1, "on a bare stack\n");
	/* In a thread: right below its own stack, which an unwinder may take it for. */
	in_thread(switch_to_bare_stack);
	dprintf(1, "on a bare stack of a thread\n");
}

const struct act acts[] = {
	{ "coroutines", coroutines },
	{ "bare_stacks", bare_stacks },
	{ NULL, NULL },
};
