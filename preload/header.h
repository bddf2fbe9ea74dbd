/*
 * header: fills the first page of a trace file with what is true of the process when recording begins.
 */
#ifndef VMATRACE_PRELOAD_HEADER_H
#define VMATRACE_PRELOAD_HEADER_H

#include "settings.h"
#include "sites.h"
#include "vmatrace/trace_format.h"

/* Where this address space comes from: an exec (argc, argv) or a fork (parent, its head). */
struct header_origin {
	int argc;
	char **argv;
	const struct vmat_header *parent;
	uint64_t parent_head;
	uint64_t parent_seen;
};

/* The sections, the slot count and `own` are there already; the checksum is set last. */
void header_fill(struct vmat_header *header, const struct settings *settings,
                 const struct sites_report *sites, const struct header_origin *origin);

#endif
