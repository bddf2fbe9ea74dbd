/*
 * image: one ELF file on disk and its debug information, opened to name addresses in it.
 *
 * Addresses are the file's own (a trace's pc minus the module's bias). Which files are read is symbol_files'
 * business: the object if its build-id is the expected one, and separate debug files of it.
 *
 * The ELF symbol table is read once, sorted, and searched: libdwfl's lookup goes through all symbols for
 * each address. Line tables and inlined calls come from DWARF, read when first asked for.
 */
#ifndef VMATRACE_IO_IMAGE_H
#define VMATRACE_IO_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/module_build.h"
#include "demangle.h"
#include "symbol_sources.h"

enum image_status {
	IMAGE_FINE,
	IMAGE_ABSENT,  /* no such file, or not an ELF file, or out of memory */
	IMAGE_CHANGED, /* another build-id: not the file that was traced */
};

struct image;
struct debuginfod;

/*
 * debuginfod: NULL if nothing is to be fetched. learn_room: bytes that this image and others may yet keep in
 * memory of what the cache knew or will; it must outlive the image. NULL: no cache.
 */
struct image *image_open(const struct symbol_sources *sources, struct debuginfod *debuginfod,
                         const char *path, const uint8_t *build_id, size_t build_id_bytes,
                         size_t *learn_room, enum image_status *status);
void image_close(struct image *image);

/* What there must be room for before any of the two below is called, where memory is limited (memory_left.h). */
size_t image_room(const struct image *image);

/* As dwarf_frames_missing(): known after the addresses were asked for. */
size_t image_missing_units(const struct image *image, bool *foreign);

/* One call that the address belongs to. */
struct image_frame {
	const char *function; /* NULL unknown */
	const char *file;     /* base name, NULL unknown */
	const char *path; /* as the compiler knew it, from the folder it ran in; NULL with file */
	uint32_t line;
	bool inlined;
};

enum { IMAGE_FRAME_LIMIT = 64 };

/* How it was compiled, as far as its files tell. */
void image_build(const struct image *image, struct module_build *build);

/*
 * The calls at `address`, innermost first: those inlined there, then the function itself. Fills at least one
 * frame, all unknown if need be. Names are the demangler's, files the image's.
 */
size_t image_frames(struct image *image, struct demangler *demangler, uint64_t address,
                    struct image_frame frames[IMAGE_FRAME_LIMIT]);

#endif
