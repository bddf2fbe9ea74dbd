/*
 * constants.c: a library of data alone, as those of tables are (libicudata): it has no text, and no stack leads through it.
 */
extern const char constants_read_only[1 << 16];
extern char constants_written[1 << 16];

const char constants_read_only[1 << 16] = { 1 };
char constants_written[1 << 16] = { 1 };
