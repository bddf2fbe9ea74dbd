/*
 * record_target: see the header. The rules of the search are execvp(3)'s, those of scripts are the
 * kernel's (fs/binfmt_script.c, execve(2) "Interpreter scripts"), those of refusal are ld.so(8)'s.
 */
#include "record_target.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
	SCRIPT_LINE_BYTES = 256, /* what the kernel reads of a #! line */
	SCRIPT_LEVELS = 5,       /* scripts run by scripts before it gives up */
};

__attribute__((format(printf, 3, 4))) static enum target_status
refuse(struct target *target, enum target_status status, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	vsnprintf(target->reason, sizeof(target->reason), format, values);
	va_end(values);
	return status;
}

/* 0 if exec would take the file, else its errno. */
static int execute_error(const char *path)
{
	struct stat file;

	if (stat(path, &file) != 0)
		return errno;
	if (!S_ISREG(file.st_mode))
		return EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

static enum target_status status_of(int error)
{
	return error == ENOENT ? TARGET_NOT_FOUND : TARGET_NOT_EXECUTABLE;
}

/*
 * execvp's search: an element without permission is remembered, and told only if no other has the
 * file.
 */
static int search(struct target *target, const char *command, const char *search_path)
{
	char standard[256];
	int error = ENOENT;

	if (command[0] == '\0')
		return ENOENT;
	if (strchr(command, '/')) {
		if (strlen(command) >= sizeof(target->path))
			return ENAMETOOLONG;
		strcpy(target->path, command);
		return execute_error(command);
	}
	if (!search_path) {
		confstr(_CS_PATH, standard, sizeof(standard));
		search_path = standard;
	}
	for (const char *folder = search_path;; folder++) {
		size_t length = strcspn(folder, ":");
		int written =
			length ? snprintf(target->path, sizeof(target->path), "%.*s/%s",
		                          (int)length, folder, command)
			       : snprintf(target->path, sizeof(target->path), "./%s", command);

		if (written > 0 && (size_t)written < sizeof(target->path)) {
			int found = execute_error(target->path);

			if (found == 0)
				return 0;
			if (found == EACCES)
				error = EACCES;
		}
		folder += length;
		if (*folder == '\0')
			return error;
	}
}

/*
 * Reads the interpreter of a script; false if the file is none. A line that is cut counts as none.
 */
static bool read_interpreter(const char *head, size_t length, char *interpreter, size_t limit)
{
	size_t begin = 2;
	size_t end;

	if (length < 2 || memcmp(head, "#!", 2) != 0)
		return false;
	while (begin < length && (head[begin] == ' ' || head[begin] == '\t'))
		begin++;
	end = begin;
	while (end < length && !memchr(" \t\n", head[end], 4))
		end++;
	if (end == begin || end - begin >= limit)
		return false;
	memcpy(interpreter, head + begin, end - begin);
	interpreter[end - begin] = '\0';
	return true;
}

/* From the path to the ELF file that runs. */
static enum target_status follow_scripts(struct target *target)
{
	char interpreter[SCRIPT_LINE_BYTES];
	char head[SCRIPT_LINE_BYTES];

	strcpy(target->image, target->path);
	for (int level = 0; level < SCRIPT_LEVELS; level++) {
		int fd = open(target->image, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		ssize_t length = fd < 0 ? -1 : read(fd, head, sizeof(head));
		int error = errno;

		if (fd >= 0)
			close(fd);
		if (length < 0)
			return refuse(target, TARGET_UNTRACEABLE, "cannot read '%s': %s",
			              target->image, strerror(error));
		if ((size_t)length >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0)
			return TARGET_FINE;
		if (!read_interpreter(head, (size_t)length, interpreter, sizeof(interpreter))) {
			/*
			 * execvp hands what the kernel does not know to the shell, but only once.
			 */
			if (level > 0)
				return refuse(target, TARGET_NOT_EXECUTABLE,
				              "cannot run '%s': the interpreter '%s': %s",
				              target->path, target->image, strerror(ENOEXEC));
			strcpy(interpreter, "/bin/sh");
		}
		error = execute_error(interpreter);
		if (error)
			return refuse(target, status_of(error),
			              "cannot run '%s': its interpreter '%s': %s", target->path,
			              interpreter, strerror(error));
		strcpy(target->image, interpreter);
	}
	return refuse(target, TARGET_NOT_EXECUTABLE, "cannot run '%s': %s", target->path,
	              strerror(ELOOP));
}

/* What of an ELF file decides whether LD_PRELOAD works in it. */
struct elf_facts {
	unsigned char class;
	GElf_Half machine;
	bool interpreted;      /* has a PT_INTERP */
	bool named;            /* has a DT_SONAME: run as a program, it is the loader itself */
	char loader[PATH_MAX]; /* its PT_INTERP */
	char sanitizer[NAME_MAX + 1];
};

static size_t file_offset(Elf *elf, size_t segments, GElf_Addr address)
{
	GElf_Phdr segment;

	for (size_t i = 0; i < segments; i++)
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
		    address >= segment.p_vaddr && address - segment.p_vaddr < segment.p_filesz)
			return segment.p_offset + (address - segment.p_vaddr);
	return 0;
}

static bool is_sanitizer(const char *name)
{
	static const char *const runtimes[] = { "libasan.so", "libtsan.so" };

	for (size_t i = 0; i < sizeof(runtimes) / sizeof(runtimes[0]); i++)
		if (strncmp(name, runtimes[i], strlen(runtimes[i])) == 0)
			return true;
	return false;
}

static void read_dynamic(Elf *elf, size_t segments, const GElf_Phdr *dynamic,
                         struct elf_facts *facts)
{
	Elf_Data *table =
		elf_getdata_rawchunk(elf, (int64_t)dynamic->p_offset, dynamic->p_filesz, ELF_T_DYN);
	size_t file_bytes = 0;
	const char *file = elf_rawfile(elf, &file_bytes);
	size_t strings = 0;
	GElf_Dyn entry;

	for (int i = 0; table && gelf_getdyn(table, i, &entry) && entry.d_tag != DT_NULL; i++) {
		if (entry.d_tag == DT_STRTAB)
			strings = file_offset(elf, segments, entry.d_un.d_ptr);
		else if (entry.d_tag == DT_SONAME)
			facts->named = true;
	}
	for (int i = 0; table && gelf_getdyn(table, i, &entry) && entry.d_tag != DT_NULL; i++) {
		size_t at = strings + entry.d_un.d_val;

		if (entry.d_tag != DT_NEEDED || !file || !strings || at < strings ||
		    at >= file_bytes || !memchr(file + at, '\0', file_bytes - at))
			continue;
		if (is_sanitizer(file + at) && strlen(file + at) < sizeof(facts->sanitizer))
			strcpy(facts->sanitizer, file + at);
	}
}

/* False if libelf cannot make sense of the file. */
static bool read_elf(const char *path, struct elf_facts *facts)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool whole = false;
	size_t segments;
	GElf_Phdr segment;
	GElf_Ehdr header;
	Elf *elf;

	*facts = (struct elf_facts) { 0 };
	if (fd < 0)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) &&
	    elf_getphdrnum(elf, &segments) == 0) {
		whole = true;
		facts->class = header.e_ident[EI_CLASS];
		facts->machine = header.e_machine;
		for (size_t i = 0; i < segments; i++) {
			if (!gelf_getphdr(elf, (int)i, &segment))
				continue;
			if (segment.p_type == PT_DYNAMIC)
				read_dynamic(elf, segments, &segment, facts);
			if (segment.p_type != PT_INTERP)
				continue;
			facts->interpreted = true;
			if (segment.p_filesz < sizeof(facts->loader) &&
			    pread(fd, facts->loader, segment.p_filesz, (off_t)segment.p_offset) < 0)
				facts->loader[0] = '\0';
		}
	}
	elf_end(elf);
	close(fd);
	return whole;
}

/*
 * What makes the kernel set AT_SECURE, where the loader drops a preload given by path (ld.so(8)
 * "Secure- execution mode"). Whether these bits count depends on who runs it and on the mount;
 * refuse in any case: a trace must not hang on that.
 */
static const char *privileged(const char *path)
{
	struct stat file;

	if (stat(path, &file) != 0)
		return NULL;
	if (file.st_mode & S_ISUID)
		return "setuid";
	/* setgid without group execution means mandatory locking, not privilege */
	if ((file.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
		return "setgid";
	if (getxattr(path, "security.capability", NULL, 0) > 0)
		return "given file capabilities";
	return NULL;
}

static enum target_status judge(struct target *target)
{
	const char *privilege = privileged(target->image);
	struct elf_facts facts, own;

	if (!read_elf(target->image, &facts))
		return refuse(target, TARGET_NOT_EXECUTABLE, "cannot run '%s': %s", target->image,
		              strerror(ENOEXEC));
	/* The recorder is built for the machine that this program is built for. */
	if (read_elf("/proc/self/exe", &own) &&
	    (own.class != facts.class || own.machine != facts.machine))
		return refuse(
			target, TARGET_UNTRACEABLE,
			"cannot trace '%s': it is a %s-bit program for %s, the recorder is not",
			target->image, facts.class == ELFCLASS32 ? "32" : "64",
			facts.machine == own.machine  ? "this machine"
			: facts.machine == EM_386     ? "i386"
			: facts.machine == EM_X86_64  ? "x86-64"
			: facts.machine == EM_AARCH64 ? "aarch64"
			: facts.machine == EM_ARM     ? "arm"
						      : "another machine");
	if (!facts.interpreted && !facts.named)
		return refuse(
			target, TARGET_UNTRACEABLE,
			"cannot trace '%s': it is statically linked, nothing can be preloaded",
			target->image);
	if (strstr(facts.loader, "/ld-musl"))
		return refuse(target, TARGET_UNTRACEABLE,
		              "cannot trace '%s': its loader is '%s', the recorder needs glibc's",
		              target->image, facts.loader);
	if (privilege)
		return refuse(target, TARGET_UNTRACEABLE,
		              "cannot trace '%s': it is %s, and the loader preloads nothing into a "
		              "program that gains privileges",
		              target->image, privilege);
	strcpy(target->sanitizer, facts.sanitizer);
	return TARGET_FINE;
}

enum target_status target_resolve(struct target *target, const char *command,
                                  const char *search_path)
{
	enum target_status status;
	int error;

	*target = (struct target) { 0 };
	error = search(target, command, search_path);
	if (error)
		return refuse(target, status_of(error), "cannot run '%s': %s", command,
		              strerror(error));
	status = follow_scripts(target);
	return status == TARGET_FINE ? judge(target) : status;
}
