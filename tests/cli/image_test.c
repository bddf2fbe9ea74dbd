/*
 * image_test.c: names and lines of addresses, looked up in this very program: it knows where its functions
 * are, on which lines, and what was inlined into them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <link.h>

#include "io/demangle.h"
#include "io/image.h"
#include "io/runtime.h"

/* This program as the loader sees it. */
struct self {
	uint64_t bias;
	uint8_t build_id[64];
	size_t build_id_bytes;
};

static int see_object(struct dl_phdr_info *info, size_t bytes, void *context)
{
	struct self *self = context;

	(void)bytes;
	self->bias = info->dlpi_addr;
	for (size_t i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *at = (const char *)info->dlpi_addr + segment->p_vaddr;
		const char *end = at + segment->p_memsz;

		while (segment->p_type == PT_NOTE && at + sizeof(ElfW(Nhdr)) <= end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *name = at + sizeof(*note);
			const char *payload = name + ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && memcmp(name, "GNU", 4) == 0) {
				self->build_id_bytes = note->n_descsz;
				memcpy(self->build_id, payload, note->n_descsz);
			}
			at = payload + ((note->n_descsz + 3) & ~3u);
		}
	}
	return 1; /* the first one is the program */
}

static const struct symbol_sources here_only = { .no_cache = true };
static volatile int depth;

__attribute__((noinline)) static uint64_t here(void)
{
	depth++;
	return (uint64_t)(uintptr_t)__builtin_return_address(0);
}

enum { INNER_LINE = __LINE__ + 3 };
static inline __attribute__((always_inline)) uint64_t inner(void)
{
	uint64_t pc = here();

	/* Something to do afterwards, or the call would be a jump. */
	depth--;
	return pc;
}

enum { OUTER_LINE = __LINE__ + 3 };
__attribute__((noinline)) static uint64_t outer(void)
{
	uint64_t pc = inner();

	depth--;
	return pc;
}

static void test_inlined(void **state)
{
	struct image_frame frames[IMAGE_FRAME_LIMIT];
	struct demangler *demangler = demangler_new();
	struct self self = { 0 };
	enum image_status status;
	struct image *image;
	size_t count;

	(void)state;
	dl_iterate_phdr(see_object, &self);
	image = image_open(&here_only, NULL, "/proc/self/exe", self.build_id, self.build_id_bytes,
	                   NULL, &status);
	assert_non_null(image);
	assert_int_equal(status, IMAGE_FINE);
	count = image_frames(image, demangler, outer() - 1 - self.bias, frames);
	assert_int_equal(count, 2);
	assert_string_equal(frames[0].function, "inner");
	assert_string_equal(frames[0].file, "image_test.c");
	assert_int_equal(frames[0].line, INNER_LINE);
	assert_true(frames[0].inlined);
	assert_string_equal(frames[1].function, "outer");
	assert_string_equal(frames[1].file, "image_test.c");
	assert_int_equal(frames[1].line, OUTER_LINE);
	assert_false(frames[1].inlined);
	/* An address of nobody: one frame, all unknown. */
	count = image_frames(image, demangler, 1, frames);
	assert_int_equal(count, 1);
	assert_null(frames[0].function);
	assert_null(frames[0].file);
	image_close(image);
	demangler_free(demangler);
}

static void test_other_build_id(void **state)
{
	struct self self = { 0 };
	enum image_status status;

	(void)state;
	dl_iterate_phdr(see_object, &self);
	self.build_id[0] ^= 1;
	assert_null(image_open(&here_only, NULL, "/proc/self/exe", self.build_id,
	                       self.build_id_bytes, NULL, &status));
	assert_int_equal(status, IMAGE_CHANGED);
	assert_null(image_open(&here_only, NULL, "/proc/self/exe", NULL, 0, NULL, &status));
	assert_int_equal(status, IMAGE_CHANGED);
	assert_null(image_open(&here_only, NULL, "/proc/self/maps", NULL, 0, NULL, &status));
	assert_int_equal(status, IMAGE_ABSENT);
	assert_null(image_open(&here_only, NULL, "/nowhere", NULL, 0, NULL, &status));
	assert_int_equal(status, IMAGE_ABSENT);
}

static void test_demangle(void **state)
{
	struct demangler *demangler = demangler_new();
	static const char clone[] = "fill.constprop.0.isra.3";
	static const char version[] = "mmap@@GLIBC_2.2.5";
	static const char dot[] = "read.me";

	(void)state;
	assert_null(demangle(demangler, NULL));
	assert_string_equal(demangle(demangler, clone), "fill");
	assert_string_equal(demangle(demangler, version), "mmap");
	assert_string_equal(demangle(demangler, dot), "read.me");
	for (unsigned i = 0; i < 3; i++)
		assert_ptr_equal(demangle(demangler, clone), demangle(demangler, clone));
	demangler_free(demangler);
}

static void test_runtime(void **state)
{
	(void)state;
	assert_true(runtime_owns("/lib/x86_64-linux-gnu/libc.so.6", "mmap"));
	assert_true(runtime_owns("/lib64/ld-linux-x86-64.so.2", NULL));
	assert_true(runtime_owns("/usr/lib/libjemalloc.so.2", "je_pages_map"));
	assert_true(runtime_owns("[vdso]", NULL));
	assert_true(runtime_owns("/usr/bin/app", "malloc"));
	assert_true(runtime_owns("/usr/lib/libstdc++.so.6", "operator new(unsigned long)"));
	assert_false(runtime_owns("/usr/bin/app", "mallocate"));
	assert_false(runtime_owns("/usr/lib/libcurl.so.4", "curl_easy_perform"));
	assert_false(runtime_owns("/opt/libc-tools/app", "main"));
	assert_false(runtime_owns(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inlined),
		cmocka_unit_test(test_other_build_id),
		cmocka_unit_test(test_demangle),
		cmocka_unit_test(test_runtime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
