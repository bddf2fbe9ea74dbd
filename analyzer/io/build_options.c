/*
 * build_options.c: see the header.
 */
#include "build_options.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

/* The set of options that is being read: words with a blank between them, sorted. */
enum { OPTIONS_LIMIT = 16, SAMPLES = 1024 };

struct options {
	char words[OPTIONS_LIMIT][32];
	size_t count;
};

static void add_word(struct options *options, const char *word, size_t length)
{
	size_t at = 0;
	char text[sizeof(options->words[0])];

	if (options->count == OPTIONS_LIMIT || length >= sizeof(text))
		return;
	memcpy(text, word, length);
	text[length] = '\0';
	while (at < options->count && strcmp(options->words[at], text) < 0)
		at++;
	if (at < options->count && strcmp(options->words[at], text) == 0)
		return;
	memmove(options->words[at + 1], options->words[at],
	        (options->count - at) * sizeof(options->words[0]));
	strcpy(options->words[at], text);
	options->count++;
}

static bool has_prefix(const char *word, const char *prefix)
{
	return strncmp(word, prefix, strlen(prefix)) == 0;
}

/* Of "GNU C17 12.2.0 -mtune=generic -O2 -g": the level, of which the last one counts, and what changes it. */
static bool read_producer(struct options *options, const char *producer)
{
	static const char *const matter[] = {
		"-flto", "-finline", "-fno-inline",   "-foptimize-sibling", "-fno-optimize-sibling",
		"-fipa", "-fno-ipa", "-fprofile-use", "-fsanitize",
	};
	const char *level = "-O0";

	if (!has_prefix(producer, "GNU ") || has_prefix(producer, "GNU AS") ||
	    !strstr(producer, " -m"))
		return false;
	for (const char *word = producer; *word;) {
		size_t length = strcspn(word, " ");

		if (has_prefix(word, "-O"))
			level = word;
		for (size_t i = 0; i < sizeof(matter) / sizeof(matter[0]); i++)
			if (has_prefix(word, matter[i]))
				add_word(options, word, strcspn(word, " ="));
		word += length;
		word += strspn(word, " ");
	}
	add_word(options, level, strcspn(level, " "));
	return true;
}

/* False: no unit says. */
static bool read_units(struct options *options, Dwarf *dwarf)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;
	bool any = false;

	while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0) {
		Dwarf_Attribute attribute;
		const char *producer = NULL;

		if (dwarf_tag(&die) == DW_TAG_compile_unit &&
		    dwarf_attr(&die, DW_AT_producer, &attribute))
			producer = dwarf_formstring(&attribute);
		any = (producer && read_producer(options, producer)) || any;
	}
	return any;
}

static bool options_of_dwarf(struct options *options, const struct symbol_files *files)
{
	const struct symbol_file *file = symbol_files_dwarf(files);
	Dwarf *dwarf, *alternate = NULL;
	bool any = false;

	/* Left to itself, libdw would open whatever the missing file's name leads to. */
	if (!file || files->alternate_missing)
		return false;
	dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (dwarf && files->alternate.elf) {
		alternate = dwarf_begin_elf(files->alternate.elf, DWARF_C_READ, NULL);
		dwarf_setalt(dwarf, alternate);
	}
	if (dwarf && (alternate || !files->alternate.elf))
		any = read_units(options, dwarf);
	dwarf_end(dwarf);
	dwarf_end(alternate);
	return any;
}

/* --- code that says it --------------------------------------------------------------------------------- */

static int32_t read_word(const uint8_t *bytes)
{
	int32_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

/* At this address the caller is found by: 0 the stack pointer, 1 another register, -1 something else. */
static int found_by(Dwarf_CFI *cfi, uint64_t address, unsigned stack_pointer)
{
	Dwarf_Frame *frame = NULL;
	Dwarf_Op *ops;
	size_t count;
	int by = -1;

	if (dwarf_cfi_addrframe(cfi, address, &frame) == 0 &&
	    dwarf_frame_cfa(frame, &ops, &count) == 0 && count >= 1) {
		/* libdw spells a plain rule as DW_OP_bregx, register, offset. */
		if (ops[0].atom == DW_OP_bregx)
			by = ops[0].number != stack_pointer;
		else if (ops[0].atom >= DW_OP_breg0 && ops[0].atom <= DW_OP_breg31)
			by = ops[0].atom - DW_OP_breg0 != (int)stack_pointer;
		if (count > 1)
			by = -1;
	}
	free(frame);
	return by;
}

/* The table of .eh_frame_hdr as all linkers write it (LSB, "Exception Frame Header"): sorted pairs. */
static size_t table_of(Elf *elf, const uint8_t **table, uint64_t *base)
{
	Elf_Scn *section = elf_section_named(elf, ".eh_frame_hdr");
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	const uint8_t *bytes = data ? data->d_buf : NULL;
	GElf_Shdr header;
	uint32_t count;

	/* Version 1; a pointer pcrel|sdata4; a count udata4; a table datarel|sdata4. */
	if (!bytes || data->d_size < 12 || bytes[0] != 1 || bytes[1] != 0x1b || bytes[2] != 0x03 ||
	    bytes[3] != 0x3b || !gelf_getshdr(section, &header))
		return 0;
	count = (uint32_t)read_word(bytes + 8);
	if (count > (data->d_size - 12) / 8)
		return 0;
	*table = bytes + 12;
	*base = header.sh_addr;
	return count;
}

/* Asked in the middle of functions, where their prologue is done. */
static const char *options_of_code(const struct symbol_files *files)
{
	Elf *elf = files->main.elf;
	Dwarf_CFI *cfi = elf ? dwarf_getcfi_elf(elf) : NULL;
	const uint8_t *table;
	uint64_t base, with = 0, without = 0;
	GElf_Ehdr header;
	size_t count, step;
	unsigned stack_pointer;

	if (!cfi || !gelf_getehdr(elf, &header) ||
	    (header.e_machine != EM_X86_64 && header.e_machine != EM_AARCH64)) {
		dwarf_cfi_end(cfi);
		return MODULE_OPTIONS_UNKNOWN;
	}
	stack_pointer = header.e_machine == EM_X86_64 ? 7 : 31;
	count = table_of(elf, &table, &base);
	step = count / SAMPLES + 1;
	for (size_t i = 0; i < count; i += step) {
		int64_t start = read_word(table + 8 * i);
		/* Where the last one ends the table does not say. */
		int64_t end = i + 1 < count ? read_word(table + 8 * (i + 1)) : start + 16;
		int by = found_by(cfi, base + (uint64_t)((start + end) / 2), stack_pointer);

		with += by == 1;
		without += by == 0;
	}
	dwarf_cfi_end(cfi);
	if (with == without)
		return MODULE_OPTIONS_UNKNOWN;
	return with > without ? MODULE_OPTIONS_FRAME_POINTER : MODULE_OPTIONS_NO_FRAME_POINTER;
}

static bool has_symbols(const struct symbol_file *file)
{
	return file->elf && (elf_section_named(file->elf, ".symtab") ||
	                     elf_section_named(file->elf, ".gnu_debugdata"));
}

void build_options_read(struct module_build *build, const struct symbol_files *files)
{
	struct options options = { .count = 0 };
	size_t used = 0;

	build->symbols = symbol_files_dwarf(files) && !files->alternate_missing    ? SYMBOLS_LINES
	                 : has_symbols(&files->main) || has_symbols(&files->debug) ? SYMBOLS_NAMES
	                                                                           : SYMBOLS_NONE;
	if (!options_of_dwarf(&options, files)) {
		strcpy(build->options, options_of_code(files));
		return;
	}
	build->options[0] = '\0';
	for (size_t i = 0; i < options.count; i++) {
		size_t length = strlen(options.words[i]);

		if (used + length + 2 > sizeof(build->options))
			break;
		if (used)
			build->options[used++] = ' ';
		memcpy(build->options + used, options.words[i], length + 1);
		used += length;
	}
}
