/*
 * core_file: see the header. The notes are those of Linux on 64-bit machines (fs/binfmt_elf.c): the first
 * NT_PRSTATUS is of the thread that the signal came to, NT_SIGINFO is the siginfo_t it came with.
 */
#include "core_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

enum {
	PRSTATUS_PID = 32,
	PRPSINFO_PID = 24,
	SIGINFO_CODE = 8,
	SIGINFO_ADDRESS = 16,
};

/* Of a note NT_PRSTATUS, 0: not known. pr_reg is 112 bytes in; then as in struct user_regs_struct. */
static size_t sp_at(unsigned machine)
{
	switch (machine) {
	case EM_X86_64:
		return 112 + 19 * 8;
	case EM_AARCH64:
		return 112 + 31 * 8;
	default:
		return 0;
	}
}

static bool get(const Elf_Data *data, const GElf_Nhdr *note, size_t at, size_t offset, void *word,
                size_t bytes)
{
	if (offset + bytes > note->n_descsz || at + offset + bytes > data->d_size)
		return false;
	memcpy(word, (const char *)data->d_buf + at + offset, bytes);
	return true;
}

static void read_note(const Elf_Data *data, const GElf_Nhdr *note, size_t at, unsigned machine,
                      struct core_signal *found)
{
	switch (note->n_type) {
	case NT_PRSTATUS:
		if (found->tid)
			break;
		get(data, note, at, PRSTATUS_PID, &found->tid, sizeof(found->tid));
		if (sp_at(machine))
			get(data, note, at, sp_at(machine), &found->sp, sizeof(found->sp));
		break;
	case NT_PRPSINFO:
		get(data, note, at, PRPSINFO_PID, &found->pid, sizeof(found->pid));
		break;
	case NT_SIGINFO:
		get(data, note, at, 0, &found->signal, sizeof(found->signal));
		get(data, note, at, SIGINFO_CODE, &found->code, sizeof(found->code));
		get(data, note, at, SIGINFO_ADDRESS, &found->address, sizeof(found->address));
		break;
	}
}

static const char *read_notes(Elf *elf, struct core_signal *found)
{
	size_t count;
	GElf_Ehdr header;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header) || header.e_type != ET_CORE)
		return "not a core file";
	if (elf_getphdrnum(elf, &count))
		return "its program headers cannot be read";
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		GElf_Nhdr note;
		size_t name, desc;
		Elf_Data *data;

		if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_NOTE)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)segment.p_offset, segment.p_filesz,
		                            ELF_T_NHDR);
		for (size_t at = 0; data && (at = gelf_getnote(data, at, &note, &name, &desc));)
			read_note(data, &note, desc, header.e_machine, found);
	}
	return found->signal ? NULL : "it names no signal";
}

bool core_file_read(const char *path, struct core_signal *signal, const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;

	*signal = (struct core_signal) { 0 };
	*why = NULL;
	if (fd < 0)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	*why = elf ? read_notes(elf, signal) : "not a core file";
	elf_end(elf);
	close(fd);
	return !*why;
}
