/*
 * damaged.c: reads the symbols of damaged copies of an ELF file, as of one that somebody made to have the
 * build-id that a trace names. Each copy is read in a process of its own; one that dies is a failure.
 *
 *     symbol_damaged FILE COUNT [SEED]
 *
 * Of each round's flipped bits half lie in the headers and the sections that say where others are; the rest
 * anywhere. The build-id is taken as the damaged file has it, so that nothing refuses the file before it is
 * read.
 */
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/image.h"

enum { LOOKUPS = 200, SECONDS_LIMIT = 60, SECTION_LIMIT = 64, REFUSED = 10, NAMELESS };

struct section {
	uint64_t offset;
	uint64_t bytes;
};

struct subject {
	const uint8_t *bytes;
	size_t byte_count;
	struct section sections[SECTION_LIMIT]; /* what the reader reads */
	size_t section_count;
	uint64_t text_start;
	uint64_t text_bytes;
};

static uint64_t random_state;

static uint64_t random_below(uint64_t limit)
{
	/* splitmix64 */
	uint64_t z = random_state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return limit ? (z ^ z >> 31) % limit : 0;
}

static bool read_by_symbols(const char *name)
{
	return strncmp(name, ".debug_", 7) == 0 || strcmp(name, ".symtab") == 0 ||
	       strcmp(name, ".strtab") == 0 || strcmp(name, ".shstrtab") == 0 ||
	       strncmp(name, ".note", 5) == 0 || strncmp(name, ".gnu_debug", 10) == 0 ||
	       strncmp(name, ".dyn", 4) == 0;
}

static bool open_subject(struct subject *subject, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *section = NULL;
	size_t strings;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_getshdrstrndx(elf, &strings) != 0)
		return false;
	subject->byte_count = (size_t)lseek(fd, 0, SEEK_END);
	subject->bytes = mmap(NULL, subject->byte_count, PROT_READ, MAP_PRIVATE, fd, 0);
	while ((section = elf_nextscn(elf, section)) && subject->section_count < SECTION_LIMIT) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(section, &header))
			continue;
		name = elf_strptr(elf, strings, header.sh_name);
		if (strcmp(name, ".text") == 0) {
			subject->text_start = header.sh_addr;
			subject->text_bytes = header.sh_size;
		} else if (read_by_symbols(name) && header.sh_size) {
			subject->sections[subject->section_count++] =
				(struct section) { header.sh_offset, header.sh_size };
		}
	}
	elf_end(elf);
	close(fd);
	return subject->bytes != MAP_FAILED && subject->text_bytes > 0;
}

static void damage(const struct subject *subject, uint8_t *bytes)
{
	uint64_t flips = 1 + random_below(40);
	const Elf64_Ehdr *header = (const void *)subject->bytes;
	/* Damaged headers hide the rest: three in four rounds leave them alone. */
	bool headers = random_below(4) == 0;

	for (uint64_t i = 0; i < flips; i++) {
		const struct section *section =
			&subject->sections[random_below(subject->section_count)];
		uint64_t at;

		switch (headers ? random_below(8) : 2 + random_below(6)) {
		case 0: /* header and program headers, but for the magic number */
			at = SELFMAG + random_below(sizeof(*header) + 10 * sizeof(Elf64_Phdr));
			break;
		case 1: /* section headers */
			at = header->e_shoff + random_below(header->e_shnum * sizeof(Elf64_Shdr));
			break;
		case 2: /* the beginning of a section, where its own headers are */
			at = section->offset +
			     random_below(section->bytes < 64 ? section->bytes : 64);
			break;
		default:
			at = section->offset + random_below(section->bytes);
		}
		if (at >= subject->byte_count)
			continue;
		if (random_below(2))
			bytes[at] ^= (uint8_t)(1u << random_below(8));
		else
			bytes[at] = (uint8_t)(random_below(2) ? random_below(256) : 0xff);
	}
}

static void read_damaged(const struct subject *subject, const char *path)
{
	static const struct symbol_sources sources = { .no_cache = true };
	struct image_frame frames[IMAGE_FRAME_LIMIT];
	struct demangler *demangler = demangler_new();
	enum image_status status;
	const void *id = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	ssize_t id_bytes = elf ? dwelf_elf_gnu_build_id(elf, &id) : 0;
	struct image *image = image_open(&sources, NULL, path, id,
	                                 id_bytes > 0 ? (size_t)id_bytes : 0, NULL, &status);
	size_t length = 0;

	for (unsigned i = 0; image && i < LOOKUPS; i++) {
		size_t count = image_frames(image, demangler,
		                            subject->text_start + random_below(subject->text_bytes),
		                            frames);

		/* Every name must be there to be read. */
		for (size_t k = 0; k < count; k++)
			length += (frames[k].function ? strlen(frames[k].function) : 0) +
			          (frames[k].file ? strlen(frames[k].file) : 0);
	}
	if (image)
		image_close(image);
	demangler_free(demangler);
	elf_end(elf);
	close(fd);
	if (!image)
		_exit(REFUSED);
	_exit(length ? 0 : NAMELESS);
}

int main(int argc, char **argv)
{
	struct subject subject = { 0 };
	char path[] = "/tmp/symbol_damaged.XXXXXX";
	uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t died = 0, refused = 0, nameless = 0;
	int fd = mkstemp(path);

	if (argc < 3 || fd < 0 || !open_subject(&subject, argv[1]))
		return 2;
	for (uint64_t seed = first; seed < first + count; seed++) {
		uint8_t *bytes;
		int status;
		pid_t child;

		/* A file of its own: what is mapped of the last one must not change. */
		if (ftruncate(fd, 0) || ftruncate(fd, (off_t)subject.byte_count))
			return 2;
		bytes = mmap(NULL, subject.byte_count, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (bytes == MAP_FAILED)
			return 2;
		memcpy(bytes, subject.bytes, subject.byte_count);
		random_state = seed;
		damage(&subject, bytes);
		munmap(bytes, subject.byte_count);
		child = fork();
		if (child == 0) {
			alarm(SECONDS_LIMIT);
			read_damaged(&subject, path);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0)
			return 2;
		if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED) {
			refused++;
		} else if (WIFEXITED(status) && WEXITSTATUS(status) == NAMELESS) {
			nameless++;
		} else if (status != 0) {
			died++;
			printf("seed %" PRIu64 ": %s %d\n", seed,
			       WIFSIGNALED(status) ? "signal" : "status",
			       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
		}
	}
	unlink(path);
	printf("%" PRIu64 " damaged copies of %s: %" PRIu64 " refused, %" PRIu64
	       " told nothing, %" PRIu64 " deaths\n",
	       count, argv[1], refused, nameless, died);
	return died > 0;
}
