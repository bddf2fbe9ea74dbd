/*
 * demangle: C++ and Rust names as their source spells them. C++'s demangler is that of libstdc++, loaded when the first
 * mangled name turns up: a trace of a C program needs no C++ library, and where there is none names stay
 * mangled.
 */
#ifndef VMATRACE_IO_DEMANGLE_H
#define VMATRACE_IO_DEMANGLE_H

struct demangler;

/* NULL when out of memory. */
struct demangler *demangler_new(void);
void demangler_free(struct demangler *demangler);

/*
 * `raw` demangled, without suffixes of compiler clones; NULL for NULL. raw must stay where it is (a string of
 * an ELF file or of DWARF data): the answer is remembered by its address. The demangler owns the answer.
 */
const char *demangle(struct demangler *demangler, const char *raw);

#endif
