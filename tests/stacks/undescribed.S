/*
 * undescribed.S: functions without call frame information. keeps_pointer: a frame pointer as the ABI has it;
 * no_pointer: rbp is a number; wild_pointer: rbp leads to words of the stack that are no frame; each calls its
 * first argument with the second.
 */
	.text
	.macro	undescribed name
	.globl	\name
	.type	\name, @function
\name:
	pushq	%rbp
	movq	%rsp, %rbp
	.endm

	undescribed keeps_pointer
	movq	%rdi, %rax
	movq	%rsi, %rdi
	call	*%rax
	popq	%rbp
	ret
	.globl	keeps_pointer_end
keeps_pointer_end:
	.size	keeps_pointer, . - keeps_pointer

	undescribed no_pointer
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movl	$0x12345, %ebp
	call	*%rax
	popq	%rbp
	ret
	.size	no_pointer, . - no_pointer

	undescribed wild_pointer
	movq	%rdi, %rax
	movq	%rsi, %rdi
	subq	$48, %rsp
	leaq	16(%rsp), %rdx
	movq	%rdx, 8(%rsp)		/* a word that points into the stack where a return address would be */
	movq	%rsp, %rbp
	call	*%rax
	addq	$48, %rsp
	popq	%rbp
	ret
	.size	wild_pointer, . - wild_pointer

	.section .note.GNU-stack, "", @progbits
