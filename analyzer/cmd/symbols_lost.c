/*
 * symbols_lost.c: see symbols_lost.h.
 */
#include "symbols_lost.h"

#include "command.h"
#include "core/escape.h"

void symbols_lost_say(const struct symbols *symbols, const struct trace *trace,
                      const struct common_options *common)
{
	struct missing_units missing;
	size_t changed, doubtful, without;
	char module[256];

	if (!symbols || common->quiet)
		return;
	without = symbols_without_memory(symbols);
	if (without)
		complain(STATUS_FINE,
		         "frames that memory was too short for, or for their names: %zu", without);
	changed = symbols_changed_modules(symbols);
	missing = symbols_missing_units(symbols);
	if (changed)
		complain(STATUS_FINE,
		         "modules changed since '%s' was recorded, no symbols of them: %zu",
		         trace_path(trace), changed);
	doubtful = symbols_doubtful_names(symbols);
	if (doubtful)
		complain(STATUS_FINE,
		         "names of a JIT compiler's code that may be of later code at the same "
		         "place: %zu",
		         doubtful);
	if (missing.count == 0)
		return;
	text_escaped(module, sizeof(module), missing.module);
	complain(STATUS_FINE, "compilation units without inlined calls: %zu, of '%s'%s: %s",
	         missing.count, module, missing.modules > 1 ? " and others" : "",
	         missing.foreign ? "its .dwp package is of another build"
	                         : "neither their .dwo files nor a .dwp package were found");
}
