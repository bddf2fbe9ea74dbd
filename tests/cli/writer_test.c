/*
 * The writer spells what printf would, and what goes through it, copied or referred to, arrives once, in order,
 * whatever the pieces are; what was spelled once is given back until there is no more room for it.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "render/spelled.h"
#include "render/writer.h"

static const uint64_t numbers[] = { 0,   1,    9,    10,   15,         16,         99,        100,
	                            255, 1000, 4096, 9999, 4294967295, 1ull << 63, UINT64_MAX };

static void spell(struct writer *writer, char *expected, uint64_t number)
{
	expected += sprintf(expected, "%" PRIu64 " %" PRIx64 " %" PRId64 " ", number, number,
	                    (int64_t)number);
	expected += sprintf(expected, "%7" PRIu64 " %06" PRIu64 " ", number, number);
	sprintf(expected, "%7s|%-7s|%7s|%-7s\n", "abc", "abc", "abcdefghi", "abcdefghi");
	assert_int_equal(writer_decimal(writer, number), snprintf(NULL, 0, "%" PRIu64, number));
	writer_byte(writer, ' ');
	assert_int_equal(writer_hex(writer, number), snprintf(NULL, 0, "%" PRIx64, number));
	writer_byte(writer, ' ');
	writer_signed(writer, (int64_t)number);
	writer_byte(writer, ' ');
	writer_decimal_right(writer, number, 7);
	writer_byte(writer, ' ');
	writer_decimal_zeros(writer, number, 6);
	writer_byte(writer, ' ');
	writer_right(writer, "abc", 7);
	writer_byte(writer, '|');
	writer_left(writer, "abc", 7);
	writer_byte(writer, '|');
	writer_right(writer, "abcdefghi", 7);
	writer_byte(writer, '|');
	writer_left(writer, "abcdefghi", 7);
	writer_byte(writer, '\n');
}

static void test_spells_as_printf(void **state)
{
	static struct writer writer;
	char expected[512];

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		writer_init(&writer, NULL);
		spell(&writer, expected, numbers[i]);
		writer_flush(&writer);
		assert_int_equal(writer.kept_bytes, strlen(expected));
		assert_memory_equal(writer.kept, expected, strlen(expected));
		free(writer.kept);
	}
}

enum { LONGEST = 3 * WRITER_BYTES, STEPS = 20000 };

/* The same steps through a writer and by hand; out: NULL: kept. */
static void write_random(struct writer *writer, FILE *out, char **expected, size_t *bytes)
{
	static char text[LONGEST];
	FILE *by_hand = open_memstream(expected, bytes);
	unsigned seed = 7;

	assert_non_null(by_hand);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('!' + i % 89);
	writer_init(writer, out);
	for (int i = 0; i < STEPS; i++) {
		size_t length = (size_t)rand_r(&seed) % (i % 97 ? 600 : sizeof(text));
		const char *from = text + (size_t)rand_r(&seed) % (sizeof(text) - length);

		fwrite(from, 1, length, by_hand);
		if (rand_r(&seed) % 2)
			writer_refer(writer, from, length);
		else
			writer_bytes(writer, from, length);
		if (rand_r(&seed) % 50 == 0)
			writer_flush(writer);
		/* By others, what was flushed comes first. */
		if (out && rand_r(&seed) % 200 == 0) {
			writer_flush(writer);
			fputs("between", out);
			fputs("between", by_hand);
		}
	}
	writer_flush(writer);
	fclose(by_hand);
}

static void test_everything_arrives(void **state)
{
	static struct writer writer;
	char *expected, *arrived;
	FILE *file = tmpfile();
	size_t bytes;

	(void)state;
	assert_non_null(file);
	write_random(&writer, file, &expected, &bytes);
	assert_int_equal(fflush(file), 0);
	assert_int_equal(lseek(fileno(file), 0, SEEK_END), bytes);
	arrived = malloc(bytes);
	assert_int_equal(pread(fileno(file), arrived, bytes, 0), bytes);
	assert_memory_equal(arrived, expected, bytes);
	fclose(file);
	free(arrived);
	free(expected);
	write_random(&writer, NULL, &expected, &bytes);
	assert_int_equal(writer.kept_bytes, bytes);
	assert_memory_equal(writer.kept, expected, bytes);
	free(writer.kept);
	free(expected);
}

/* As stdio would: the stream tells, and nobody waits for ever. */
static void test_a_full_disk_shows(void **state)
{
	static struct writer writer;
	static char text[1000];
	FILE *full = fopen("/dev/full", "w");

	(void)state;
	assert_non_null(full);
	writer_init(&writer, full);
	for (int i = 0; i < 1000; i++) {
		writer_bytes(&writer, text, 100);
		writer_refer(&writer, text, sizeof(text));
	}
	writer_flush(&writer);
	assert_true(ferror(full));
	assert_int_equal(fflush(full), EOF);
	assert_int_equal(errno, ENOSPC);
	fclose(full);
}

static void test_spelled_once(void **state)
{
	static struct writer writer;
	struct spelled spelled;
	enum { BYTES = 1 << 20, TEXTS = 300, SOURCE_BYTES = 8 << 20 };
	char *text = malloc(BYTES);
	const struct spelled_text *found;
	int known = 0;

	(void)state;
	writer_init(&writer, NULL);
	spelled_init(&spelled, &writer);
	spelled_allow(&spelled, SOURCE_BYTES);
	assert_null(spelled_find(&spelled, 1, 0));
	/* More than there is room for: the oldest are given up, and none is mistaken for another. */
	for (uint64_t key = 1; key <= TEXTS; key++) {
		memset(text, (int)key, BYTES);
		assert_non_null(spelled_add(&spelled, key, 0, text, BYTES));
		assert_non_null(spelled_add(&spelled, key, 1, "short", 5));
		found = spelled_find(&spelled, key, 0);
		assert_non_null(found);
		assert_int_equal(found->bytes, BYTES);
		assert_memory_equal(found->text, text, BYTES);
		assert_string_equal(spelled_find(&spelled, key, 1)->text, "short");
		assert_true(spelled.bytes <= 40u << 20);
	}
	for (uint64_t key = 1; key <= TEXTS; key++) {
		found = spelled_find(&spelled, key, 0);
		known += found != NULL;
		if (found)
			assert_int_equal((unsigned char)found->text[BYTES - 1], key & 0xff);
	}
	assert_in_range(known, 1, 40);
	spelled_reset(&spelled);
	assert_null(spelled_find(&spelled, TEXTS, 0));
	free(writer.kept);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spells_as_printf),
		cmocka_unit_test(test_everything_arrives),
		cmocka_unit_test(test_a_full_disk_shows),
		cmocka_unit_test(test_spelled_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
