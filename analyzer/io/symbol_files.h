/*
 * symbol_files: the files that know the symbols of one module: the object itself, its separate debug file,
 * the file that several debug files share (dwz), and the package of its .dwo files (dwp).
 *
 *     module        path and build-id, from the trace
 *       main        SYSROOT/path
 *       debug       DIR/.build-id/ab/cdef.debug of each --debug-dir, then of SYSROOT/usr/lib/debug;
 *                   .gnu_debuglink's name beside main, in .debug/ there, and below each DIR;
 *                   with --debuginfod what a server has
 *       alternate   .gnu_debugaltlink's build-id below each DIR, or its path
 *       package     main's and debug's path with .dwp behind it; main's name with .dwp in each DIR. It has no
 *                   build-id: split_package compares the ids of its units
 *
 * Paths come from the trace and from ELF files, so they may name anything. Only regular files are opened (no
 * FIFO, no device, not even for a moment), only ELF files are read, and only those with the build-id that was
 * traced. A module without a build-id takes a main file that has none either, and a debug file whose CRC is
 * the one in .gnu_debuglink; nothing more can be known of it.
 *
 * Owner: whoever finds releases.
 */
#ifndef VMATRACE_IO_SYMBOL_FILES_H
#define VMATRACE_IO_SYMBOL_FILES_H

#include <libelf.h>
#include <stdint.h>
#include <sys/stat.h>

#include "symbol_sources.h"

struct symbol_file {
	Elf *elf; /* NULL: no such file */
	int fd;
	char *path; /* in its root */
	struct stat status;
};

struct symbol_files {
	struct symbol_file main;
	struct symbol_file debug;     /* only looked for if main has no DWARF itself */
	struct symbol_file alternate; /* only looked for if the DWARF asks for one */
	bool alternate_missing;       /* it does, and there is none: the DWARF is of no use */
	struct symbol_file package;   /* only looked for if the DWARF may be split */
	bool changed;                 /* a file is at the path, with another build-id */
};

struct debuginfod;

/* False: neither main nor debug file was found. debuginfod: NULL if nothing is to be fetched. */
bool symbol_files_find(struct symbol_files *files, const struct symbol_sources *sources,
                       struct debuginfod *debuginfod, const char *path, const uint8_t *build_id,
                       size_t build_id_bytes);
void symbol_files_release(struct symbol_files *files);

/* The file with DWARF among them, or NULL. */
const struct symbol_file *symbol_files_dwarf(const struct symbol_files *files);

/* The section of that name, or NULL. */
Elf_Scn *elf_section_named(Elf *elf, const char *name);

#endif
