/*
 * call_on_stack(top, function, argument): calls function(argument) with the stack pointer at `top`, a
 * 16-byte aligned address, and comes back. The unwinder needs more stack than an alternate signal stack of
 * 8 KiB has left, so it runs on one of its own.
 */
	.text
	.globl	call_on_stack
	.hidden	call_on_stack
	.type	call_on_stack, @function
call_on_stack:
	.cfi_startproc
	endbr64
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	mov	%rdi, %rsp
	mov	%rdx, %rdi
	call	*%rsi
	mov	%rbp, %rsp
	pop	%rbp
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	call_on_stack, . - call_on_stack
	.section .note.GNU-stack, "", @progbits
