/*
 * instruction.c: the opcode map of the Intel SDM, volume 2, appendix A, as two strings of classes, one
 * letter for each opcode, sixteen a row.
 */
#include "instruction.h"

/*
 *     m  ModRM               b  ModRM, imm8          i  ModRM, imm16/32
 *     n  nothing more        1  imm8                 4  imm16/32       8  imm64 with REX.W (mov reg, imm)
 *     j  rel8                J  rel32                t  ModRM, imm8 if /0 or /1 (test)
 *     T  ModRM, imm32 if /0 or /1                    .  refused
 */
static const char one_byte[256 + 1] =
	"mmmm14..mmmm14.." /* 0: add, or; 0f is the second map */
	"mmmm14..mmmm14.." /* 1: adc, sbb */
	"mmmm14..mmmm14.." /* 2: and, sub */
	"mmmm14..mmmm14.." /* 3: xor, cmp */
	"................" /* 4: REX, taken before */
	"nnnnnnnnnnnnnnnn" /* 5: push, pop */
	"...m....4i1b...." /* 6: movsxd, push, imul */
	"jjjjjjjjjjjjjjjj" /* 7: branches */
	"bi.bmmmmmmmm.m.m" /* 8: immediate group, test, xchg, mov, lea, pop */
	"nnnnnnnnnn......" /* 9: nop, xchg, cdqe, cqo */
	"........14nnnn.."
	"1111111188888888"  /* b: mov reg, imm */
	"bb4n..bi.n......"  /* c: shifts, ret, mov; c9 leave */
	"mmmm............"  /* d: shifts */
	"........JJ.j...."  /* e: call, jmp */
	"....nntT......mm"; /* f: hlt refused, test and not groups, inc/dec/call/jmp */

static const char two_byte[256 + 1] =
	".....n.........." /* 05 syscall */
	"............mmmm" /* 18..1f: endbr64 and long nops */
	"................"
	"................"
	"mmmmmmmmmmmmmmmm" /* 4: cmov */
	"................"
	"................"
	"................"
	"JJJJJJJJJJJJJJJJ" /* 8: branches */
	"mmmmmmmmmmmmmmmm" /* 9: setcc */
	"nnnmbm..nn.mbm.m" /* a: cpuid, bt, shld, bts, imul */
	"mm.m..mm..bmmmmm" /* b: cmpxchg, btr, movzx, bt group, btc, bsf, bsr, movsx */
	"mm.....mnnnnnnnn" /* c: xadd, cmpxchg8b, bswap */
	"................"
	"................"
	"................";

struct reader {
	const uint8_t *start;
	size_t at;
	size_t limit;
};

static bool take(struct reader *reader, size_t bytes)
{
	if (reader->limit - reader->at < bytes)
		return false;
	reader->at += bytes;
	return true;
}

/* ModRM with SIB and displacement. Table 2-2 and 2-3 of the SDM. */
static bool take_operand(struct reader *reader, struct instruction *instruction, unsigned *group)
{
	uint8_t modrm, mode, base;
	const uint8_t *displacement;
	size_t bytes;

	if (!take(reader, 1))
		return false;
	modrm = reader->start[reader->at - 1];
	mode = modrm >> 6;
	base = modrm & 7;
	*group = modrm >> 3 & 7;
	if (mode == 3)
		return true;
	bytes = mode == 1 ? 1 : mode == 2 ? 4 : 0;
	if (base == 4) {
		if (!take(reader, 1))
			return false;
		base = reader->start[reader->at - 1] & 7;
		if (mode == 0 && base == 5)
			bytes = 4;
	} else if (mode == 0 && base == 5) {
		bytes = 4; /* rip-relative */
	}
	displacement = reader->start + reader->at;
	if (!take(reader, bytes))
		return false;
	/* rsp is base 4, rbp base 5; the registers of REX.B share the numbers, which only errs to the safe side. */
	if (bytes && mode && (base == 4 || base == 5))
		instruction->below_stack = displacement[bytes - 1] & 0x80;
	return true;
}

static bool take_relative(struct reader *reader, struct instruction *instruction, size_t bytes)
{
	int32_t offset = 0;

	if (!take(reader, bytes))
		return false;
	if (bytes == 1)
		offset = (int8_t)reader->start[reader->at - 1];
	else
		__builtin_memcpy(&offset, reader->start + reader->at - bytes, sizeof(offset));
	instruction->jumps = true;
	instruction->target = (uint64_t)reader->start + reader->at + (uint64_t)(int64_t)offset;
	return true;
}

/*
 * Lowering rsp is done by push and by sub $imm, %rsp; what else writes rsp is not followed. opcode: of the
 * one-byte map. A register operand 4 without REX.B, or pop of any register, is all that can write it.
 */
static void look_at_stack(struct instruction *instruction, const uint8_t *end, uint8_t opcode,
                          uint8_t modrm)
{
	bool names_rsp = (modrm & 0xc7) == 0xc4; /* rm is rsp itself */
	bool into_rsp = (modrm & 0x38) == 0x20;  /* reg is rsp: mov and lea write it */
	int32_t immediate = 0;

	if (opcode >= 0x50 && opcode <= 0x57) {
		instruction->stack_bytes = 8;
	} else if ((opcode == 0x83 || opcode == 0x81) && modrm == 0xec) {
		if (opcode == 0x83)
			immediate = (int8_t)end[-1];
		else
			__builtin_memcpy(&immediate, end - 4, sizeof(immediate));
		instruction->stack_bytes = (uint32_t)immediate;
		if (immediate < 0)
			instruction->stack = STACK_UNKNOWN;
	} else if ((opcode >= 0x58 && opcode <= 0x5f) || opcode == 0xc9 || opcode == 0x8f ||
	           ((opcode == 0x83 || opcode == 0x81 || opcode == 0x89) && names_rsp) ||
	           ((opcode == 0x8b || opcode == 0x8d) && into_rsp)) {
		instruction->stack = STACK_UNKNOWN;
	}
}

bool instruction_decode(const uint8_t *at, size_t limit, struct instruction *instruction)
{
	struct reader reader = { at, 0, limit };
	const char *map = one_byte;
	bool wide = false, short_operand = false;
	unsigned group = 0;
	uint8_t opcode;
	size_t immediate, operand;
	bool fine;

	*instruction = (struct instruction) { 0 };
	/* Prefixes: operand size, fs and cs (long nops), rep (endbr64, rep ret), lock. */
	do {
		if (!take(&reader, 1))
			return false;
		opcode = at[reader.at - 1];
		short_operand |= opcode == 0x66;
	} while (opcode == 0x66 || opcode == 0x64 || opcode == 0x2e || opcode == 0xf3 ||
	         opcode == 0xf2 || opcode == 0xf0);
	if ((opcode & 0xf0) == 0x40) {
		wide = opcode & 8;
		if (!take(&reader, 1))
			return false;
		opcode = at[reader.at - 1];
	}
	if (opcode == 0x0f) {
		if (!take(&reader, 1))
			return false;
		opcode = at[reader.at - 1];
		map = two_byte;
	}
	immediate = short_operand ? 2 : 4;
	operand = reader.at < limit ? reader.at : 0;
	switch (map[opcode]) {
	case 'n':
		fine = true;
		break;
	case 'm':
		fine = take_operand(&reader, instruction, &group);
		break;
	case 'b':
		fine = take_operand(&reader, instruction, &group) && take(&reader, 1);
		break;
	case 'i':
		fine = take_operand(&reader, instruction, &group) && take(&reader, immediate);
		break;
	case 't':
		fine = take_operand(&reader, instruction, &group) &&
		       take(&reader, group < 2 ? 1 : 0);
		break;
	case 'T':
		fine = take_operand(&reader, instruction, &group) &&
		       take(&reader, group < 2 ? immediate : 0);
		break;
	case '1':
		fine = take(&reader, 1);
		break;
	case '4':
		fine = take(&reader, opcode == 0xc2 ? 2 : immediate);
		break;
	case '8':
		fine = take(&reader, wide ? 8 : immediate);
		break;
	case 'j':
		fine = take_relative(&reader, instruction, 1);
		break;
	case 'J':
		fine = take_relative(&reader, instruction, 4);
		break;
	default:
		fine = false;
	}
	instruction->length = reader.at;
	if (fine && map == one_byte)
		look_at_stack(instruction, at + reader.at, opcode, at[operand]);
	return fine;
}
