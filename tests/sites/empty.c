/*
 * empty: a library that does nothing, to tell what preloading any library does to a program's layout.
 */
extern int nothing;
int nothing;
