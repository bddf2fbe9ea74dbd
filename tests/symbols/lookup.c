/*
 * lookup.c: names addresses of one ELF file as the analyzer does, for judges to compare. Reads hexadecimal
 * addresses of the file, one a line; prints what `addr2line -a -f -i -C -s` prints.
 *
 *     symbol_lookup [--sysroot DIR] [--debug-dir DIR]... [--as BUILD_ID] [--cache yes] FILE <addresses
 *
 *     symbol_lookup --demangle <names
 *
 * --as: the build-id that a trace would name, in hexadecimal; by default the file's own.
 */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/image.h"

struct identity {
	uint8_t bytes[64];
	size_t count;
};

static void identity_of_file(struct identity *identity, const char *path)
{
	const void *id;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;
	ssize_t count;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	count = elf ? dwelf_elf_gnu_build_id(elf, &id) : -1;
	if (count > 0 && (size_t)count <= sizeof(identity->bytes)) {
		identity->count = (size_t)count;
		memcpy(identity->bytes, id, identity->count);
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
}

static void identity_of_text(struct identity *identity, const char *text)
{
	unsigned byte;

	while (identity->count < sizeof(identity->bytes) && sscanf(text, "%2x", &byte) == 1) {
		identity->bytes[identity->count++] = (uint8_t)byte;
		text += 2;
	}
}

static void print_frames(struct image *image, struct demangler *demangler, uint64_t address)
{
	struct image_frame frames[IMAGE_FRAME_LIMIT];
	size_t count = image_frames(image, demangler, address, frames);

	printf("0x%016" PRIx64 "\n", address);
	for (size_t i = 0; i < count; i++)
		printf("%s\n%s:%u\n", frames[i].function ? frames[i].function : "??",
		       frames[i].file ? frames[i].file : "??", frames[i].line);
}

static int demangle_all(struct demangler *demangler)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t length;

	while ((length = getline(&line, &room, stdin)) > 0) {
		line[length - 1] = '\0';
		/* The demangler remembers by address: each name has one of its own. */
		puts(demangle(demangler, strdup(line)));
	}
	free(line);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const states[] = { "fine", "absent", "changed" };
	struct symbol_sources sources = { .no_cache = true };
	struct identity identity = { 0 };
	enum image_status status;
	struct demangler *demangler = demangler_new();
	size_t room = SIZE_MAX;
	struct image *image;
	char line[64];
	int i = 1;

	if (argc == 2 && strcmp(argv[1], "--demangle") == 0)
		return demangle_all(demangler);
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
		if (strcmp(argv[i], "--sysroot") == 0)
			sources.sysroot = argv[i + 1];
		else if (strcmp(argv[i], "--cache") == 0)
			sources.no_cache = strcmp(argv[i + 1], "yes") != 0;
		else if (strcmp(argv[i], "--debug-dir") == 0 &&
		         sources.debug_dir_count < SYMBOL_DEBUG_DIR_LIMIT)
			sources.debug_dirs[sources.debug_dir_count++] = argv[i + 1];
		else
			identity_of_text(&identity, argv[i + 1]);
	}
	if (i >= argc || !demangler)
		return 2;
	if (identity.count == 0)
		identity_of_file(&identity, argv[i]);
	image = image_open(&sources, NULL, argv[i], identity.bytes, identity.count, &room, &status);
	if (!image)
		printf("%s\n", states[status]);
	while (image && fgets(line, sizeof(line), stdin))
		print_frames(image, demangler, strtoull(line, NULL, 16));
	if (image)
		image_close(image);
	demangler_free(demangler);
	return !image;
}
