/*
 * empty: a library that does nothing, of any size, to tell what preloading any library does to a program's
 * layout. layout.py compiles it.
 */
extern const char nothing[BYTES];
const char nothing[BYTES] = { 1 };
