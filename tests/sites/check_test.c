/*
 * Unit tests of arch/x86_64/site_check: the pairs of this libc, and functions made by hand in which one thing or
 * another speaks against replacing the pair.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>
#include <string.h>

#include "site_check.h"

/* mov $11, %eax; syscall; cmp $-4095, %rax; ret */
#define PAIR 0xb8, 0x0b, 0, 0, 0, 0x0f, 0x05
#define NEXT 0x48, 0x3d, 0x01, 0xf0, 0xff, 0xff, 0xc3
#define BYTES(...) ((const uint8_t[]) { __VA_ARGS__ }), sizeof((const uint8_t[]) { __VA_ARGS__ })

static uint32_t frame_bytes;

/* What the check says of the pair at `at` in a function of these bytes. */
static const char *verdict(size_t at, const uint8_t *bytes, size_t count)
{
	const struct function function = { bytes, bytes + count };

	assert_true(site_is_pair(bytes + at));
	return site_check(&function, bytes + at, &frame_bytes);
}

static void fine(size_t at, const uint8_t *bytes, size_t count)
{
	const char *why = verdict(at, bytes, count);

	if (why)
		fail_msg("refused: %s", why);
}

static void plain(void **state)
{
	(void)state;
	fine(0, BYTES(PAIR, NEXT));
	assert_int_equal(frame_bytes, 0);
	fine(4, BYTES(0xf3, 0x0f, 0x1e, 0xfa, PAIR, NEXT)); /* endbr64 */
	fine(0, BYTES(PAIR, 0xf7, 0xd8, 0xc3));             /* neg %eax */
	fine(5, BYTES(0x48, 0x83, 0xec, 0x58, 0x53, PAIR, NEXT));
	assert_int_equal(frame_bytes, 0x60); /* sub $0x58, %rsp; push %rbx */
}

static void next_instruction(void **state)
{
	(void)state;
	assert_string_equal(verdict(0, BYTES(PAIR, 0x90, 0xc3, 0x90, 0x90, 0x90, 0x90)),
	                    "an unknown next instruction");
	assert_string_equal(verdict(0, BYTES(PAIR, 0xc3, 0x90, 0x90, 0x90, 0x90, 0x90)),
	                    "an unknown next instruction");
	assert_string_equal(verdict(0, BYTES(PAIR, 0x48, 0x3d, 0x01, 0xe0, 0xff, 0xff, 0xc3)),
	                    "an unknown next instruction");
}

/* Jumps from before and from behind to each byte of the pair, and to both ends of it. */
static void jumps(void **state)
{
	(void)state;
	for (unsigned target = 0; target <= SITE_BYTES; target++) {
		uint8_t forward[] = { 0xeb, (uint8_t)target, PAIR, NEXT };
		uint8_t back[] = { PAIR, NEXT, 0x74, 0 };
		uint8_t far[] = { 0x0f, 0x84, (uint8_t)target, 0, 0, 0, PAIR, NEXT };
		uint8_t call[] = { 0xe8, (uint8_t)target, 0, 0, 0, PAIR, NEXT };

		back[sizeof(back) - 1] = (uint8_t)((int)target - (int)sizeof(back));
		if (target == 0 || target == SITE_BYTES) {
			fine(2, forward, sizeof(forward));
			fine(0, back, sizeof(back));
			fine(6, far, sizeof(far));
			fine(5, call, sizeof(call));
			continue;
		}
		assert_string_equal(verdict(2, forward, sizeof(forward)), "a jump into it");
		assert_string_equal(verdict(0, back, sizeof(back)), "a jump into it");
		assert_string_equal(verdict(6, far, sizeof(far)), "a jump into it");
		assert_string_equal(verdict(5, call, sizeof(call)), "a jump into it");
	}
}

static void red_zone(void **state)
{
	(void)state;
	/* mov %rdi, -8(%rsp); mov -16(%rsp), %rax; mov %edi, -256(%rsp): any operand there */
	assert_string_equal(verdict(5, BYTES(0x48, 0x89, 0x7c, 0x24, 0xf8, PAIR, NEXT)),
	                    "the red zone in use");
	assert_string_equal(verdict(5, BYTES(0x48, 0x8b, 0x44, 0x24, 0xf0, PAIR, NEXT)),
	                    "the red zone in use");
	assert_string_equal(verdict(7, BYTES(0x89, 0xbc, 0x24, 0, 0xff, 0xff, 0xff, PAIR, NEXT)),
	                    "the red zone in use");
	/* mov 8(%rsp), %r9 reads an argument. */
	fine(5, BYTES(0x4c, 0x8b, 0x4c, 0x24, 0x08, PAIR, NEXT));
}

static void boundary(void **state)
{
	(void)state;
	/* The pair is the operand of mov $imm64, %rax. */
	assert_string_equal(verdict(2, BYTES(0x48, 0xb8, PAIR, 0x90, NEXT)),
	                    "no instruction boundary");
	/* Its first byte is the last of mov $imm32, %ebx. */
	assert_string_equal(verdict(4, BYTES(0xbb, 1, 2, 3, PAIR, NEXT, 0x90, 0x90)),
	                    "no instruction boundary");
}

static void not_known(void **state)
{
	(void)state;
	/* int3 before it, as a debugger writes; movaps; fld1; a prefix that nothing follows. */
	assert_string_equal(verdict(1, BYTES(0xcc, PAIR, NEXT)), "an instruction not known");
	assert_string_equal(verdict(3, BYTES(0x0f, 0x28, 0xc1, PAIR, NEXT)),
	                    "an instruction not known");
	assert_string_equal(verdict(0, BYTES(PAIR, NEXT, 0xd9, 0xe8)), "an instruction not known");
	assert_string_equal(verdict(0, BYTES(PAIR, NEXT, 0x66)), "an instruction not known");
	/* pop %rbx; add $8, %rsp; leave; mov %rbp, %rsp before it: where is the return address? */
	assert_string_equal(verdict(1, BYTES(0x5b, PAIR, NEXT)), "a stack frame not known");
	assert_string_equal(verdict(4, BYTES(0x48, 0x83, 0xc4, 0x08, PAIR, NEXT)),
	                    "a stack frame not known");
	assert_string_equal(verdict(1, BYTES(0xc9, PAIR, NEXT)), "a stack frame not known");
	assert_string_equal(verdict(3, BYTES(0x48, 0x89, 0xec, PAIR, NEXT)),
	                    "a stack frame not known");
}

/* One byte of it another one, as int3: no pair any more. */
static void bytes(void **state)
{
	static const uint8_t pair[] = { PAIR };

	(void)state;
	for (unsigned i = 0; i < SITE_BYTES; i++) {
		uint8_t doctored[SITE_BYTES];

		memcpy(doctored, pair, sizeof(doctored));
		doctored[i] = 0xcc;
		assert_false(site_is_pair(doctored));
	}
	/* write(2) changes no VMA. */
	assert_false(site_is_pair((const uint8_t[]) { 0xb8, 1, 0, 0, 0, 0x0f, 0x05 }));
}

/* The functions of the libc that runs this: each has its pair, and nothing speaks against it. */
static void this_libc(void **state)
{
	static const struct {
		const char *name;
		uint32_t number;
	} known[] = {
		{ "mmap64", 9 }, { "mprotect", 10 }, { "munmap", 11 },
		{ "brk", 12 },   { "mremap", 25 },   { "madvise", 28 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		const uint8_t *start = dlsym(RTLD_DEFAULT, known[i].name);
		struct function function;
		unsigned pairs = 0;

		assert_non_null(start);
		assert_non_null(site_functions(start));
		assert_true(site_function(site_functions(start), start, &function));
		assert_ptr_equal(function.start, start);
		for (const uint8_t *at = start; at + SITE_BYTES <= function.end; at++) {
			if (!site_is_pair(at))
				continue;
			assert_int_equal(site_number(at), known[i].number);
			assert_null(site_check(&function, at, &frame_bytes));
			pairs++;
		}
		assert_int_equal(pairs, 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain),    cmocka_unit_test(next_instruction),
		cmocka_unit_test(jumps),    cmocka_unit_test(red_zone),
		cmocka_unit_test(boundary), cmocka_unit_test(not_known),
		cmocka_unit_test(bytes),    cmocka_unit_test(this_libc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
