/*
 * image.c: see image.h. Nothing of the files is read before an address is asked for that the cache does not
 * know.
 */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "build_options.h"
#include "dwarf_frames.h"
#include "elf_symbols.h"
#include "symbol_cache.h"

/* The lines, abbreviations and ranges of a large compilation unit, as libdw keeps them. */
enum { UNIT_ROOM = 16 << 20 };

struct image {
	struct symbol_files files;
	struct symbol_cache *cache; /* NULL: none is kept */
	bool read;
	struct elf_symbols symbols;
	struct dwarf_frames *dwarf; /* NULL: none, or not yet */
};

struct image *image_open(const struct symbol_sources *sources, struct debuginfod *debuginfod,
                         const char *path, const uint8_t *build_id, size_t build_id_bytes,
                         size_t *learn_room, enum image_status *status)
{
	struct image *image = calloc(1, sizeof(*image));

	*status = IMAGE_ABSENT;
	if (!image)
		return NULL;
	if (!symbol_files_find(&image->files, sources, debuginfod, path, build_id,
	                       build_id_bytes)) {
		if (image->files.changed)
			*status = IMAGE_CHANGED;
		image_close(image);
		return NULL;
	}
	if (!sources->no_cache && learn_room)
		image->cache =
			symbol_cache_open(&image->files, build_id, build_id_bytes, learn_room);
	*status = IMAGE_FINE;
	return image;
}

void image_close(struct image *image)
{
	/* It writes down names, which live in the files. */
	symbol_cache_close(image->cache);
	dwarf_frames_close(image->dwarf);
	elf_symbols_release(&image->symbols);
	symbol_files_release(&image->files);
	free(image);
}

size_t image_room(const struct image *image)
{
	/* What cannot be mapped is read, section by section. */
	return image->read ? UNIT_ROOM
	                   : UNIT_ROOM + (size_t)image->files.main.status.st_size +
	                             (size_t)image->files.debug.status.st_size;
}

void image_build(const struct image *image, struct module_build *build)
{
	build_options_read(build, &image->files);
}

size_t image_missing_units(const struct image *image, bool *foreign)
{
	*foreign = false;
	return image->dwarf ? dwarf_frames_missing(image->dwarf, foreign) : 0;
}

static size_t read_frames(struct image *image, struct demangler *demangler, uint64_t address,
                          struct image_frame frames[IMAGE_FRAME_LIMIT], bool *lasts)
{
	*lasts = true;
	if (!image->read) {
		image->read = true;
		/* Out of memory: a symbol that does not fit is not found, no more. */
		elf_symbols_read(&image->symbols, &image->files);
		image->dwarf = dwarf_frames_open(&image->files);
	}
	frames[0] = (struct image_frame) {
		.function = demangle(demangler, elf_symbols_at(&image->symbols, address)),
	};
	return image->dwarf ? dwarf_frames_at(image->dwarf, demangler, address, frames, lasts) : 1;
}

size_t image_frames(struct image *image, struct demangler *demangler, uint64_t address,
                    struct image_frame frames[IMAGE_FRAME_LIMIT])
{
	size_t count = symbol_cache_find(image->cache, address, frames);
	bool lasts;

	if (count > 0)
		return count;
	count = read_frames(image, demangler, address, frames, &lasts);
	if (lasts)
		symbol_cache_add(image->cache, address, frames, count);
	return count;
}
