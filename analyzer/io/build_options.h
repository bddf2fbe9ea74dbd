/*
 * build_options: how a module was compiled, from its files: the options that its compiler noted down (gcc does
 * in DW_AT_producer), else what its unwind information shows of its code. What matters is what an optimiser
 * does to stacks; options that it does not depend on are left out.
 *
 *     DWARF, gcc       -O2 -flto                 all units, each option once, sorted
 *     .eh_frame_hdr    -fomit-frame-pointer?     most functions find their caller by the stack pointer
 */
#ifndef VMATRACE_IO_BUILD_OPTIONS_H
#define VMATRACE_IO_BUILD_OPTIONS_H

#include "core/module_build.h"
#include "symbol_files.h"

/* Never fails: what cannot be read is unknown. */
void build_options_read(struct module_build *build, const struct symbol_files *files);

#endif
