/*
 * dwarf_frames: the calls that DWARF knows an address to belong to, with their lines.
 *
 * Units and line tables are read when an address in them is first asked for.
 */
#ifndef VMATRACE_IO_DWARF_FRAMES_H
#define VMATRACE_IO_DWARF_FRAMES_H

#include <stdbool.h>

#include "image.h"
#include "symbol_files.h"

struct dwarf_frames;

/* NULL: the files have no DWARF, or not all of it, or out of memory. The files must outlive it. */
struct dwarf_frames *dwarf_frames_open(const struct symbol_files *files);
void dwarf_frames_close(struct dwarf_frames *frames);

/*
 * As image_frames(); frames[0].function is what the symbol table says, which is kept for the function itself.
 * *lasts: the answer is the same while the files are: it does not depend on a .dwo file, there or not.
 */
size_t dwarf_frames_at(struct dwarf_frames *self, struct demangler *demangler, uint64_t address,
                       struct image_frame frames[IMAGE_FRAME_LIMIT], bool *lasts);

/*
 * Compilation units with addresses that were asked for, of which there is a skeleton only. *foreign: there is a package
 * of .dwo files, without them.
 */
size_t dwarf_frames_missing(const struct dwarf_frames *self, bool *foreign);

#endif
