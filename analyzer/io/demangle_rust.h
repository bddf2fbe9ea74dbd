/*
 * demangle_rust: Rust's names as its source spells them, of both manglings: v0 (RFC 2603, "_R..."), and the
 * older one that borrows the form of C++ ("_ZN...17h<hash>E"). Hashes and crate disambiguators are left out,
 * as c++filt leaves them out.
 *
 * A name may come from anybody: depth and length of what is made of it are limited.
 */
#ifndef VMATRACE_IO_DEMANGLE_RUST_H
#define VMATRACE_IO_DEMANGLE_RUST_H

/* The caller's to free; NULL: not Rust's, damaged, too large, or out of memory. */
char *demangle_rust(const char *mangled);

#endif
