/*
 * mark.h: what a traced program may call. vmatrace_mark("phase") puts a name on this moment of the trace,
 * to be used as `mark:phase` wherever vmatrace takes a WHEN. The reference is weak: without the preload
 * it is a null pointer and VMATRACE_MARK() costs one load.
 */
#ifndef VMATRACE_MARK_H
#define VMATRACE_MARK_H

#ifdef __cplusplus
extern "C" {
#endif

/* name: NUL-terminated, at most 255 bytes are kept. Async-signal-safe, keeps errno. */
void vmatrace_mark(const char *name) __attribute__((weak));

#ifdef __cplusplus
}
#endif

#define VMATRACE_MARK(name)                                                                        \
	do {                                                                                       \
		if (vmatrace_mark)                                                                 \
			vmatrace_mark(name);                                                       \
	} while (0)

#endif
