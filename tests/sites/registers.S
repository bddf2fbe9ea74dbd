/*
 * registers.S: calls a function with known values in all registers that the psABI says a function keeps, and
 * stores what they are afterwards.
 *
 *     uint64_t call_with_registers(void *function, const uint64_t argument[6], uint64_t seen[8])
 *
 * seen: rbx, rbp, r12, r13, r14, r15 as the function left them, the difference of rsp, the flags.
 */
	.text
	.globl	call_with_registers
	.type	call_with_registers, @function
call_with_registers:
	.cfi_startproc
	pushq	%rbx
	.cfi_adjust_cfa_offset 8
	pushq	%rbp
	.cfi_adjust_cfa_offset 8
	pushq	%r12
	.cfi_adjust_cfa_offset 8
	pushq	%r13
	.cfi_adjust_cfa_offset 8
	pushq	%r14
	.cfi_adjust_cfa_offset 8
	pushq	%r15
	.cfi_adjust_cfa_offset 8
	pushq	%rdx
	.cfi_adjust_cfa_offset 8
	movq	%rdi, %rax
	movq	%rsi, %r10
	movq	(%r10), %rdi
	movq	8(%r10), %rsi
	movq	16(%r10), %rdx
	movq	24(%r10), %rcx
	movq	32(%r10), %r8
	movq	40(%r10), %r9
	movq	%rsp, kept_stack(%rip)
	movabsq	$0x1111111111111111, %rbx
	movabsq	$0x2222222222222222, %rbp
	movabsq	$0x3333333333333333, %r12
	movabsq	$0x4444444444444444, %r13
	movabsq	$0x5555555555555555, %r14
	movabsq	$0x6666666666666666, %r15
	call	*%rax
	/* The flags before anything here changes them. */
	pushfq
	popq	%rdi
	movq	%rsp, %rsi
	subq	kept_stack(%rip), %rsi
	movq	kept_stack(%rip), %rsp
	popq	%rdx
	.cfi_adjust_cfa_offset -8
	movq	%rbx, (%rdx)
	movq	%rbp, 8(%rdx)
	movq	%r12, 16(%rdx)
	movq	%r13, 24(%rdx)
	movq	%r14, 32(%rdx)
	movq	%r15, 40(%rdx)
	movq	%rsi, 48(%rdx)
	movq	%rdi, 56(%rdx)
	popq	%r15
	.cfi_adjust_cfa_offset -8
	popq	%r14
	.cfi_adjust_cfa_offset -8
	popq	%r13
	.cfi_adjust_cfa_offset -8
	popq	%r12
	.cfi_adjust_cfa_offset -8
	popq	%rbp
	.cfi_adjust_cfa_offset -8
	popq	%rbx
	.cfi_adjust_cfa_offset -8
	ret
	.cfi_endproc
	.size	call_with_registers, . - call_with_registers

	.local	kept_stack
	.comm	kept_stack, 8, 8
	.section .note.GNU-stack, "", @progbits
