/*
 * symbols_lost: what a command says when it is through, of symbols that it did not find: of files that are not those
 * that were traced, in the other halves of split DWARF; of frames that there was no memory for; and of names that may be
 * of other code.
 */
#ifndef VMATRACE_CMD_SYMBOLS_LOST_H
#define VMATRACE_CMD_SYMBOLS_LOST_H

#include "io/symbols.h"
#include "options.h"

/* At most a line for each kind on stderr; none with -q, or where symbols is NULL. */
void symbols_lost_say(const struct symbols *symbols, const struct trace *trace,
                      const struct common_options *common);

#endif
