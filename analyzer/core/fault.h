/*
 * fault: why an address could not be used, from what the replay knows of it at that moment.
 */
#ifndef VMATRACE_CORE_FAULT_H
#define VMATRACE_CORE_FAULT_H

#include "kinds.h"
#include "walk.h"

enum fault_reason {
	FAULT_NULL,        /* the first pages: a null pointer and a field's offset */
	FAULT_UNMAPPED,    /* was mapped once, and the last thing that happened was its removal */
	FAULT_MOVED,       /* ... or that mremap moved it away */
	FAULT_NEVER,       /* never mapped while the trace lasted */
	FAULT_GUARD,       /* nothing may be done there, on purpose: the guard of a stack */
	FAULT_STACK_LIMIT, /* below the main stack, which may not grow so far */
	FAULT_PROTECTED,   /* mapped, and not for that access */
	FAULT_BEYOND_FILE, /* mapped, but the file ends before it */
	FAULT_NO_ADDRESS,  /* the kernel did not tell where */
	FAULT_UNKNOWN,     /* mapped and usable, as far as the trace tells */
	FAULT_REASONS,
};

/* The access that failed: PROT_READ, PROT_WRITE, PROT_EXEC; 0 unknown. */
struct fault {
	uint64_t address;
	unsigned access;
	bool bus; /* SIGBUS */
	bool no_address;
};

/* What si_code says of si_addr (sigaction(2), asm-generic/siginfo.h). */
enum fault_origin {
	FAULT_OF_ACCESS,
	/*
	 * The kernel's own signal, without an address: what the processor tells none of (x86: a pointer that is
	 * not canonical), or a handler for whose frame the stack had no room.
	 */
	FAULT_OF_KERNEL,
	FAULT_SENT, /* by a process: si_addr is something else */
};

enum fault_origin fault_origin(int code);

/* What is known of the page. */
struct fault_facts {
	bool mapped; /* now */
	unsigned prot;
	bool file;          /* of a file, by its mapping */
	enum vma_kind kind; /* of the row that holds it */
	bool has_last;      /* something happened to it, the last of which was: */
	enum change_kind last;
	bool moved_away;      /* ... a move to another place */
	uint64_t stack_start; /* of the main stack's row; 0 unknown */
};

enum fault_reason fault_explain(const struct fault *fault, const struct fault_facts *facts);

/* "unmapped", "never-mapped", ... for JSON. */
const char *fault_reason_name(enum fault_reason reason);

#endif
