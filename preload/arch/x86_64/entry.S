/*
 * entry.S: two functions that must not have a frame of ours in the way of what they pass on.
 *
 * syscall(number, ...): numbers of VMA calls go to system_call_traced(); any other is a jump to the next
 * definition, with every register and the stack as the caller left them, since clone and vfork made through
 * syscall() return twice on that stack.
 *
 * __libc_start_main(main, argc, argv, ...): the moment when libc is ready and main has not begun; then a jump.
 */
#include "offsets.h"

	.text
	.globl	syscall
	.type	syscall, @function
	.p2align 4
syscall:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	/* The arguments, in order, as an array: word[0] .. word[5], the sixth from the caller's stack. */
	pushq	16(%rbp)
	pushq	%r9
	pushq	%r8
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	subq	$8, %rsp
	cmpb	$0, real + REAL_RESOLVED(%rip)
	je	2f
3:
	call	system_call_is_traced
	testl	%eax, %eax
	jne	1f
	movq	8(%rsp), %rdi
	movq	16(%rsp), %rsi
	movq	24(%rsp), %rdx
	movq	32(%rsp), %rcx
	movq	40(%rsp), %r8
	movq	48(%rsp), %r9
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	jmp	*(real + REAL_SYSCALL)(%rip)
	.cfi_restore_state
1:
	/* struct frame_registers of the caller: pc, sp, bp; then system_call_traced(&it, number, word). */
	leaq	16(%rsp), %rdx
	movq	8(%rsp), %rsi
	subq	$32, %rsp
	movq	8(%rbp), %rax
	movq	%rax, (%rsp)
	leaq	16(%rbp), %rax
	movq	%rax, 8(%rsp)
	movq	(%rbp), %rax
	movq	%rax, 16(%rsp)
	movq	%rsp, %rdi
	call	system_call_traced
	leave
	.cfi_remember_state
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_restore_state
2:
	call	real_resolve_early
	movq	8(%rsp), %rdi
	movq	16(%rsp), %rsi
	jmp	3b
	.cfi_endproc
	.size	syscall, . - syscall

	.globl	__libc_start_main
	.type	__libc_start_main, @function
	.p2align 4
__libc_start_main:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	pushq	%r9
	pushq	%r8
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	call	address_space_libc_is_ready
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%r8
	popq	%r9
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	jmp	*(real + REAL_LIBC_START_MAIN)(%rip)
	.cfi_endproc
	.size	__libc_start_main, . - __libc_start_main

/*
 * site_entry: in the place of `mov $NR, %eax; syscall`. On entry the stack holds the address behind the site
 * and then what libc's function has there. All registers come back as the system call would leave them, but
 * for rcx and r11, which it clobbers too; flags are kept, as syscall keeps them (the direction flag is clear, as
 * the psABI has it wherever one function calls another).
 */
	.globl	site_entry
	.hidden	site_entry
	.type	site_entry, @function
	.p2align 4
site_entry:
	.cfi_startproc
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_offset %rbp, -16
	movq	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	/* Not pushfq: a debugger that steps over popfq leaves the trap flag behind (linux:arch/x86/kernel/step.c). */
	lahf
	seto	%al
	pushq	%rax
	/* Where nothing is recorded: the system call and no more, in the registers that it leaves to us. */
	movq	address_space + ADDRESS_SPACE_STATE(%rip), %rcx
	cmpl	$ADDRESS_SPACE_OFF, (%rcx)
	jne	1f
	movq	8(%rbp), %rcx
	movl	%ecx, %r11d
	andl	$SITE_PLACE_MASK, %r11d
	leaq	site_place(%rip), %rax
	addq	%r11, %rax
	cmpq	%rcx, (%rax)
	jne	1f
	movq	8(%rax), %rax
	movzwl	SITE_OWN_NUMBER(%rax), %eax
	syscall
	movq	%rax, %rcx
	popq	%rax
	addb	$0x7f, %al	/* overflows if there was an overflow; sahf has all the others */
	sahf
	movq	%rcx, %rax
	.cfi_remember_state
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_restore_state
1:
	subq	$SITE_FRAME_BYTES, %rsp
	andq	$-16, %rsp
	movq	%rdi, (%rsp)
	movq	%rsi, 8(%rsp)
	movq	%rdx, 16(%rsp)
	movq	%r10, 24(%rsp)
	movq	%r8, 32(%rsp)
	movq	%r9, 40(%rsp)
	movq	8(%rbp), %rax
	movq	%rax, SITE_AT(%rsp)
	leaq	16(%rbp), %rax
	movq	%rax, SITE_AT+8(%rsp)
	movq	(%rbp), %rax
	movq	%rax, SITE_AT+16(%rsp)
	cld
	movq	%rsp, %rdi
	call	site_before
	movq	(%rsp), %rdi
	movq	8(%rsp), %rsi
	movq	16(%rsp), %rdx
	movq	24(%rsp), %r10
	movq	32(%rsp), %r8
	movq	40(%rsp), %r9
	movq	SITE_NUMBER(%rsp), %rax
	syscall
	movq	%rax, SITE_RESULT(%rsp)
	movq	%rsp, %rdi
	call	site_after
	movq	(%rsp), %rdi
	movq	8(%rsp), %rsi
	movq	16(%rsp), %rdx
	movq	24(%rsp), %r10
	movq	32(%rsp), %r8
	movq	40(%rsp), %r9
	movq	SITE_RESULT(%rsp), %rcx
	leaq	-8(%rbp), %rsp
	popq	%rax
	addb	$0x7f, %al
	sahf
	movq	%rcx, %rax
	popq	%rbp
	.cfi_def_cfa %rsp, 8
	.cfi_restore %rbp
	ret
	.cfi_endproc
	.size	site_entry, . - site_entry

	.section .note.GNU-stack, "", @progbits
