/*
 * decode_test: the recorder's instruction decoder beside objdump, over all of a file's text: each
 * instruction's length is the same, or it is refused; relative targets are the same.
 *
 *     decode_test FILE ...
 */
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "instruction.h"

struct file {
	const uint8_t *bytes;
	size_t size;
};

struct counts {
	unsigned long instructions, refused, wrong, targets;
};

/* The byte at a virtual address of the file, and how many follow it. */
static const uint8_t *at_address(const struct file *file, uint64_t address, size_t *rest)
{
	const Elf64_Ehdr *header = (const void *)file->bytes;
	const Elf64_Phdr *segment = (const void *)(file->bytes + header->e_phoff);

	for (unsigned i = 0; i < header->e_phnum; i++) {
		uint64_t offset = address - segment[i].p_vaddr;

		if (segment[i].p_type == PT_LOAD && offset < segment[i].p_filesz) {
			*rest = segment[i].p_filesz - offset;
			return file->bytes + segment[i].p_offset + offset;
		}
	}
	return NULL;
}

/* "  1a2b:\te8 00 00 00 00\tcall 1a30 <f>": the number of bytes; 0 for any other line. */
static size_t length_of(const char *line, uint64_t *address, const char **mnemonic)
{
	char *end;
	size_t count = 0;

	*address = strtoull(line, &end, 16);
	if (end == line || end[0] != ':' || end[1] != '\t')
		return 0;
	for (line = end + 2; line[0] != '\t' && line[0] && line[1]; line += 2) {
		while (*line == ' ')
			line++;
		if (*line == '\t' || *line == '\n')
			break;
		count++;
	}
	if (*line != '\t')
		return 0;
	*mnemonic = line + 1;
	return count;
}

static void judge(const struct file *file, const char *line, struct counts *counts)
{
	struct instruction instruction;
	const char *mnemonic;
	const uint8_t *at;
	uint64_t address;
	size_t rest, length = length_of(line, &address, &mnemonic);

	if (!length || strstr(mnemonic, "(bad)") || !(at = at_address(file, address, &rest)))
		return;
	counts->instructions++;
	if (!instruction_decode(at, rest, &instruction)) {
		counts->refused++;
		return;
	}
	if (instruction.length != length) {
		if (counts->wrong++ < 10)
			printf("length %zu: %s", instruction.length, line);
		return;
	}
	if (instruction.jumps) {
		uint64_t target = address + (instruction.target - (uint64_t)at);
		char wanted[32];

		snprintf(wanted, sizeof(wanted), " %" PRIx64 " ", target);
		counts->targets++;
		if (!strstr(mnemonic, wanted) && counts->wrong++ < 10)
			printf("target %" PRIx64 ": %s", target, line);
	} else if ((mnemonic[0] == 'j' || !strncmp(mnemonic, "call", 4)) &&
	           !strchr(mnemonic, '*')) {
		/* A jump that was not seen to be one. */
		if (counts->wrong++ < 10)
			printf("no target: %s", line);
	}
}

static int judge_file(const char *path)
{
	struct counts counts = { 0 };
	char command[512], line[512];
	struct stat status;
	struct file file;
	FILE *listing;
	int fd = open(path, O_RDONLY);

	if (fd < 0 || fstat(fd, &status))
		return 2;
	file.size = (size_t)status.st_size;
	file.bytes = mmap(NULL, file.size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	snprintf(command, sizeof(command), "objdump -d -w '%s'", path);
	listing = popen(command, "r");
	if (file.bytes == MAP_FAILED || !listing)
		return 2;
	while (fgets(line, sizeof(line), listing))
		judge(&file, line, &counts);
	if (pclose(listing))
		return 77;
	printf("%s: %lu instructions, %lu refused, %lu targets, %lu wrong\n", path,
	       counts.instructions, counts.refused, counts.targets, counts.wrong);
	return counts.wrong || counts.instructions < 1000;
}

int main(int argc, char **argv)
{
	int worst = argc < 2 ? 2 : 0;

	for (int i = 1; i < argc; i++) {
		int status = judge_file(argv[i]);

		if (status > worst)
			worst = status;
	}
	return worst;
}
