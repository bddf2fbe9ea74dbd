/*
 * altered: which call sites that a baseline does not know are known ones of a module that was compiled another
 * way. An optimiser takes functions out of a stack: the id (site_id.h) is another one, the call is the same.
 *
 *     known, -O0     mmap  pages < load < main            one is the other with frames left out:
 *     now,   -O2     mmap  load < main                    altered
 *
 * A changed source makes such pairs, too: somebody calls pages() without load(). So it is not enough that two
 * chains fit:
 *
 *   - Every frame that is left out belongs to a module that was compiled another way (module_build.h). The
 *     same options mean that the source has changed: a new site, and one that is gone.
 *   - Frames get lost in the direction that the change of options says: more optimisation adds no function to
 *     a stack, less takes none out.
 *   - The call has to be known: the same function makes it, on another way through the module. Or the function
 *     that makes it was inlined, or no longer is; then each known site that is gone stands for one site of now,
 *     and a known site for as many functions as it had places. A call that was added is new, whatever the
 *     options.
 *   - Where options cannot be told (no debug information, clang), the module as a whole has to speak for it:
 *     more than half of its known sites, and at least four, are gone and fit.
 *
 * Where a module has no symbols on one of the two sides, its frames have no names, and many known sites are
 * one: they fit if they are one chain of modules.
 */
#ifndef VMATRACE_CORE_ALTERED_H
#define VMATRACE_CORE_ALTERED_H

#include "baseline.h"

/*
 * Sets the state of each site of both lists, what each of now is granted, and what became of each module of now. Ids are known to both lists still. Does not fail.
 */
void altered_find(struct baseline *baseline);

#endif
