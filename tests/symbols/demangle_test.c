/*
 * demangle_test.c: Rust's names of both manglings, and names that somebody made to do harm. That C++ names and
 * thousands of Rust's come out as binutils prints them is held by judged.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/demangle.h"
#include "io/demangle_rust.h"

struct pair {
	const char *mangled;
	const char *plain; /* NULL: not Rust's, or damaged */
};

static const struct pair pairs[] = {
	/* RFC 2603, "Examples" and "Syntax of mangled names". */
	{ "_RNvCs15kBYyAo9fc_7mycrate7example", "mycrate::example" },
	{ "_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar" },
	{ "_RINvNtC3std3mem8align_ofjdE", "std::mem::align_of::<usize, f64>" },
	{ "_RNvMs_NtCs4fqI2P2rA04_5crate3modINtB4_3FoopE3bar", "<crate::mod::Foo<_>>::bar" },
	{ "_RNvXCs1234_7mycrateINtCs1234_7mycrate3FoopEINtNtCs1234_7mycrate3ops3AddpE3add",
	  "<mycrate::Foo<_> as mycrate::ops::Add<_>>::add" },
	{ "_RNCNvC7mycrate4main0", "mycrate::main::{closure#0}" },
	{ "_RNCNvC7mycrate4mains_0", "mycrate::main::{closure#1}" },
	{ "_RNSNvC7mycrate4main6vtable", "mycrate::main::{shim:vtable#0}" },
	{ "_RNvC7mycrateu8gdel_5qa", "mycrate::gödel" },
	{ "_RINvC1c1fReQhPcOlE", "c::f::<&str, &mut u8, *const char, *mut i32>" },
	{ "_RINvC1c1fAhj3_SmTEThETbcEE", "c::f::<[u8; 3], [u32], (), (u8,), (bool, char)>" },
	{ "_RINvC1c1fFEuFhEbFUKCPhEzE",
	  "c::f::<fn(), fn(u8) -> bool, unsafe extern \"C\" fn(*const u8) -> !>" },
	{ "_RINvC1c1fFG_RL0_eERL0_eE", "c::f::<for<'a> fn(&'a str) -> &'a str>" },
	{ "_RINvC1c1fDNtC1c1TEL_E", "c::f::<dyn c::T>" },
	{ "_RINvC1c1fDINtC1c1ThEp3OutlNtC1c4SendEL_E",
	  "c::f::<dyn c::T<u8, Out = i32> + c::Send>" },
	{ "_RINvC1c1fKj2a_Klnff_Kb1_Kc78_KpE", "c::f::<42, -255, true, 'x', _>" },
	{ "_RINvC1c1fKofffffffffffffffff_E", "c::f::<0xfffffffffffffffff>" },
	{ "_RNvC1c1f.llvm.1234", "c::f" },
	{ "_RNvC1c1fC1d", "c::f" }, /* instantiated by crate d */
	{ "_R0NvC1c1f", NULL },     /* a version to come */
	{ "_RNvC1c9f", NULL },      /* the identifier ends before its length does */
	{ "_RNvC1c1", NULL },
	{ "_R", NULL },
	{ "_RNvC1c1fX", NULL },
	{ "_RB_", NULL },           /* refers to itself */
	{ "_RINvC1c1fB9_E", NULL }, /* refers to what is not read yet */
	{ "_RINvC1c1fKb2_E", NULL },
	{ "_RINvC1c1fKcd800_E", NULL }, /* no code point */
	{ "_RNvC1cu4a_!!", NULL },
	{ "_RNvC1cu9zzzzzzzzz", NULL },
	/* The older mangling. */
	{ "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad" },
	{ "_ZN76_$LT$alloc..string..String$u20$as$u20$core..convert..From$LT$$RF$str$GT$$GT$4from"
	  "17hfedcba9876543210E",
	  "<alloc::string::String as core::convert::From<&str>>::from" },
	{ "_ZN1r9na$uef$ve17h0123456789abcdefE", "r::na\xc3\xafve" },
	{ "_ZN4core3fmt3pad17h0000000000000000E", NULL }, /* no hash: a C++ name */
	{ "_ZN4core3fmt3padE", NULL },
	{ "_ZN9h12345678", NULL },
	{ "_ZN99999999999999999999a17h0123456789abcdefE", NULL },
	{ "_ZN3a$b17h0123456789abcdefE", NULL },
	{ "main", NULL },
};

static void test_rust(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char *plain = demangle_rust(pairs[i].mangled);

		if (pairs[i].plain && (!plain || strcmp(plain, pairs[i].plain) != 0))
			fail_msg("%s: %s, expected %s", pairs[i].mangled, plain, pairs[i].plain);
		if (!pairs[i].plain && plain)
			fail_msg("%s: %s, expected nothing", pairs[i].mangled, plain);
		free(plain);
	}
}

/* Names of a kilobyte whose meaning would fill all memory, or whose nesting all of the stack. */
static void test_without_end(void **state)
{
	char name[1 << 14] = "_RINvC1c1f";
	size_t at = strlen(name);

	(void)state;
	/* (T, T) where each T is the one before: 2^n. */
	at += (size_t)snprintf(name + at, sizeof(name) - at, "Thh");
	for (unsigned i = 0; i < 60; i++)
		at += (size_t)snprintf(name + at, sizeof(name) - at, "EThB8_B8_");
	snprintf(name + at, sizeof(name) - at, "EE");
	free(demangle_rust(name));
	memset(name + 10, 'S', sizeof(name) - 11);
	assert_null(demangle_rust(name));
	memset(name + 2, 'N', sizeof(name) - 3);
	assert_null(demangle_rust(name));
	/* Each type refers to the one before twice. */
	strcpy(name, "_RINvC1c1fTTTTTTTTTTTTTTTTTTTTTThB");
	assert_null(demangle_rust(name));
}

/* Every prefix of a name, and every name with one character changed. */
static void test_damaged(void **state)
{
	static const char characters[] = "_019ABCEFGIKLMNRSTXYZabepstuvxz$.~\x80";

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		size_t length = strlen(pairs[i].mangled);

		for (size_t cut = 0; cut <= length; cut++) {
			/* Exactly as long as it is, so that a sanitizer sees who reads on. */
			char *name = strndup(pairs[i].mangled, cut);

			for (size_t c = 0; cut > 0 && c < sizeof(characters); c++) {
				name[cut - 1] = characters[c];
				free(demangle_rust(name));
			}
			free(name);
		}
		for (size_t at = 0; at < length; at++) {
			char *name = strdup(pairs[i].mangled);

			for (size_t c = 0; c < sizeof(characters); c++) {
				name[at] = characters[c];
				free(demangle_rust(name));
			}
			free(name);
		}
	}
}

static void test_cxx_without_end(void **state)
{
	struct demangler *demangler = demangler_new();
	static char name[1 << 16];

	(void)state;
	memcpy(name, "_Z1f", 4);
	memset(name + 4, 'P', sizeof(name) - 6);
	name[sizeof(name) - 2] = 'i';
	assert_ptr_equal(strstr(demangle(demangler, name), "_Z1fPPP"), demangle(demangler, name));
	demangler_free(demangler);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rust),
		cmocka_unit_test(test_without_end),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_cxx_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
