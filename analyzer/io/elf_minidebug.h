/*
 * elf_minidebug: the symbol table that a stripped object carries along, an xz-compressed ELF file in its
 * section .gnu_debugdata ("minidebuginfo", as Fedora's packages have it).
 */
#ifndef VMATRACE_IO_ELF_MINIDEBUG_H
#define VMATRACE_IO_ELF_MINIDEBUG_H

#include <libelf.h>

struct elf_minidebug {
	Elf *elf; /* NULL: the object has none, or a damaged one */
	void *bytes;
};

void elf_minidebug_open(struct elf_minidebug *minidebug, Elf *object);
void elf_minidebug_release(struct elf_minidebug *minidebug);

#endif
