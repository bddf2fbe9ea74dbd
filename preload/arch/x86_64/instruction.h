/*
 * instruction: decodes as much of x86-64 as a short function of libc or ld.so is made of: how long an
 * instruction is, where it may jump, whether it stores below the stack pointer. Vector, x87 and unknown
 * opcodes are refused: a function with any of them is left alone.
 */
#ifndef VMATRACE_ARCH_INSTRUCTION_H
#define VMATRACE_ARCH_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What it does to the stack pointer. */
enum instruction_stack {
	STACK_KEPT,    /* or lowered by stack_bytes */
	STACK_UNKNOWN, /* anything else: popped, added to, loaded */
};

struct instruction {
	size_t length; /* bytes */
	enum instruction_stack stack;
	uint32_t stack_bytes;
	bool jumps; /* has a relative target: jump, branch or call */
	uint64_t target;
	bool below_stack; /* an operand at a negative offset from rsp or rbp: the red zone may be in use */
};

/* Decodes the instruction at `at`, reading less than `limit` bytes. False: refused. */
bool instruction_decode(const uint8_t *at, size_t limit, struct instruction *instruction);

#endif
