/*
 * image: one ELF file on disk and its debug information, opened to name addresses in it.
 *
 * Addresses are the file's own (a trace's pc minus the module's bias). The file is used only if its build-id
 * is the expected one. Separate debug files are found by build-id and debug link as gdb finds them; nothing
 * is fetched.
 *
 * The ELF symbol table is read once, sorted, and searched: libdwfl's own lookup goes through all symbols for
 * each address. Line tables and inlined calls come from DWARF, read when first asked for.
 */
#ifndef VMATRACE_IO_IMAGE_H
#define VMATRACE_IO_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "demangle.h"

enum image_status {
	IMAGE_FINE,
	IMAGE_ABSENT,  /* no such file, or not an ELF file, or out of memory */
	IMAGE_CHANGED, /* another build-id: not the file that was traced */
};

struct image;

struct image *image_open(const char *path, const uint8_t *build_id, size_t build_id_bytes,
                         enum image_status *status);
void image_close(struct image *image);

/* One call that the address belongs to. */
struct image_frame {
	const char *function; /* NULL unknown */
	const char *file;     /* base name, NULL unknown */
	uint32_t line;
	bool inlined;
};

enum { IMAGE_FRAME_LIMIT = 64 };

/*
 * The calls at `address`, innermost first: those inlined there, then the function itself. Fills at least one
 * frame, all unknown if need be. Names are the demangler's, files the image's.
 */
size_t image_frames(struct image *image, struct demangler *demangler, uint64_t address,
                    struct image_frame frames[IMAGE_FRAME_LIMIT]);

#endif
