/*
 * early: calls of the program before this library's constructor, and before the loader has relocated it. That is
 * so in the resolvers of indirect functions of the libraries behind it: their calls bind to the wrappers, whose
 * own references do not lead anywhere yet.
 *
 *     relocated first    libc.so.6  ...  a library whose resolver calls mmap()  ...  libvmatrace.so  the program
 *
 * Until address_space.state is set, a wrapper reaches nothing but hidden data and hidden functions, whose
 * addresses are relative to its own: no errno, no thread-local memory, no constant pointer, no function of libc's
 * but those of `real`, which are filled by then.
 */
#ifndef VMATRACE_PRELOAD_EARLY_H
#define VMATRACE_PRELOAD_EARLY_H

/* A call before the constructor: counts it, and sees to it that its wrapper finds the next definition. */
void early_call(void);

/* The next definition of a function of ours, by the loader's list of objects; NULL if there is none. */
void *early_next(const char *name);

#endif
