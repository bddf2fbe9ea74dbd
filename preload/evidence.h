/*
 * evidence: what an event carries beside its arguments, because the replay cannot compute it: the file
 * behind a descriptor, the size of a System V segment, the kernel's own rows after a call that may have
 * done half its work or whose object user space cannot name. One row of a table for each effect.
 */
#ifndef VMATRACE_PRELOAD_EVIDENCE_H
#define VMATRACE_PRELOAD_EVIDENCE_H

#include "recorder.h"

/* Just before the call is timed; may set event.object and rows_wanted. errno is the caller's to keep. */
void evidence_before(struct recording *recording);
/* After the call; result, error and flags of the event are set, and this is its number. */
void evidence_after(struct recording *recording, uint64_t seq);

#endif
