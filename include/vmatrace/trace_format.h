/*
 * trace_format.h: the bytes of a trace file (*.vmat), specified here and nowhere else.
 *
 * One file is one address space (one pid, one exec). All numbers are little-endian and fixed-width.
 *
 *     offset 0        header        4096 bytes, written once before the first event
 *     section table   in the header; the only way to find anything below:
 *       CONTROL       the words that change: head, arena use, losses, how it ends
 *       IN_FLIGHT     entries of calls that have begun and not ended
 *       MODULES       records of loaded objects, at any multiple of VMAT_RECORD_ALIGN
 *       THREADS       entries of threads: their names, their stacks; a trace may have none
 *       ARENA         records one behind the other, in laps: stacks, strings, objects, rows, snapshots
 *       RING          event slots; slot of sequence number s is s & (slot_count - 1)
 *
 * The file is sparse: a byte never written reads 0, and 0 means "nothing here" everywhere. Nothing counts
 * on exit code running: what a killed process stored is in the page cache.
 *
 * A slot of sequence number s is
 *     valid        stamp == s + 1 and the checksum holds
 *     torn         stamp == 0 or the checksum fails: the writer died in it, or writes it now
 *     overwritten  stamp >  s + 1
 *     never begun  stamp <  s + 1 (left over from an earlier lap): reserved, nothing stored
 *
 * Compatibility: a reader refuses an unknown version or an unknown bit of feature_incompat; it skips and
 * counts unknown sections, record types, calls and flags. It takes sizes and strides from the file.
 */
#ifndef VMATRACE_TRACE_FORMAT_H
#define VMATRACE_TRACE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* As PNG's: a high bit, the name, both line ends and ^Z, so that any text-mode transfer shows. */
#define VMAT_MAGIC "\x89VMAT\r\n\x1a"

enum {
	VMAT_MAGIC_BYTES = 8,
	VMAT_VERSION = 1,
	VMAT_ENDIAN = 0x01020304,
	VMAT_HEADER_BYTES = 4096,
	VMAT_SECTION_LIMIT = 8,
	VMAT_SLOT_BYTES = 128,
	VMAT_IN_FLIGHT_BYTES = 128,
	VMAT_IN_FLIGHT_COUNT = 512,
	VMAT_THREAD_BYTES = 64,
	VMAT_THREAD_COUNT = 1024,
	VMAT_THREAD_NAME_BYTES = 16, /* TASK_COMM_LEN (linux:include/linux/sched.h) */
	VMAT_RECORD_ALIGN = 16,
	VMAT_ARGUMENT_WORDS = 6,
	VMAT_BUILD_ID_BYTES = 32,
	VMAT_DEPTH_LIMIT = 128, /* pcs of a stack */
	VMAT_PC_BITS = 56,
};

/*
 * Bits of vmat_header.feature_incompat.
 *
 * LAPS: the arena is filled in laps, and the modules have a section of their own. Ring and arena are
 * bounded, so both run over what they held long ago:
 *
 *     arena   [ lap 6: record record record ...    | lap 7: record record | stale ]
 *                                                                        ^ arena_used = 7 << 40 | offset
 *
 * Laps take turns in two places, so that the one before is whole. A record says which lap it was written in. It
 * is valid if that is the current one or the one before, and otherwise nothing. An id holds the low bits of the
 * lap, an event the ones above them (vmat_event.lap): an id whose record was written over names nothing, never
 * another record.
 * A file without the bit has one lap, checksums seeded with the type alone, ids of 32 bits of offset, the
 * number of frames where a STACK has its lap, and its modules in the arena.
 *
 * PACKED_STACKS: there may be records of that type. A reader that does not know them would lose the stacks.
 */
enum vmat_feature {
	VMAT_FEATURE_LAPS = 1u << 0,
	VMAT_FEATURE_PACKED_STACKS = 1u << 1,
};

enum {
	VMAT_LAP_MASK = 0xffffff,
	VMAT_LAP_SHIFT = 40,    /* vmat_control.arena_used: lap << 40 | offset; 24 bits of lap */
	VMAT_ID_LAP_SHIFT = 24, /* record id: (lap & 0xff) << 24 | offset / VMAT_RECORD_ALIGN */
};

enum vmat_section_type {
	VMAT_SECTION_CONTROL = 1,
	VMAT_SECTION_IN_FLIGHT = 2,
	VMAT_SECTION_ARENA = 3,
	VMAT_SECTION_RING = 4,
	VMAT_SECTION_MODULES = 5,
	VMAT_SECTION_THREADS = 6,
};

struct vmat_section {
	uint32_t type;        /*  0 enum vmat_section_type */
	uint32_t entry_bytes; /*  4 stride of its entries, 0 if it has none */
	uint64_t offset;      /*  8 from the start of the file */
	uint64_t length;      /* 16 bytes */
};

/* What the recorder could see (design "three layers"); bits of vmat_header.layers. */
enum vmat_layer {
	VMAT_LAYER_WRAPPERS = 1u << 0,
	VMAT_LAYER_SITES = 1u << 1,
	VMAT_LAYER_SNAPSHOTS = 1u << 2,
};

/* Why the site layer is not in force; vmat_header.sites_off. */
enum vmat_sites_off {
	VMAT_SITES_IN_FORCE = 0,
	VMAT_SITES_NOT_BUILT = 1,    /* this build of the recorder has no site layer */
	VMAT_SITES_ASKED_OFF = 2,    /* VMATRACE_COVERAGE=calls */
	VMAT_SITES_UNKNOWN_LIBC = 3, /* no site of a known shape was found */
	VMAT_SITES_REFUSED = 4,  /* the text could not be written, or each site failed a check */
	VMAT_SITES_VALGRIND = 5, /* valgrind runs a translation of the text */
	VMAT_SITES_RR = 6,       /* rr patches the same places itself */
};

enum vmat_clock {
	VMAT_CLOCK_MONOTONIC_NS = 1, /* ticks are CLOCK_MONOTONIC nanoseconds */
	VMAT_CLOCK_TSC = 2, /* ... are the invariant time stamp counter's, see vmat_clock_pair */
};

enum vmat_on_full { VMAT_OVERWRITE = 0, VMAT_STOP = 1, VMAT_GROW = 2 };
enum vmat_stack_mode { VMAT_STACK_CFI = 0, VMAT_STACK_FP = 1, VMAT_STACK_NONE = 2 };

/* The same moment on both clocks; two pairs make the line that turns ticks into nanoseconds. */
struct vmat_clock_pair {
	uint64_t ticks;
	uint64_t monotonic_ns;
};

/* Addresses; half-open, 0 to 0 if there is none. */
struct vmat_range {
	uint64_t start;
	uint64_t end;
};

struct vmat_header {
	uint8_t magic[VMAT_MAGIC_BYTES]; /*   0 */
	uint32_t version;                /*   8 VMAT_VERSION */
	uint32_t header_bytes;           /*  12 */
	uint32_t endian;                 /*  16 VMAT_ENDIAN as the writer stored it */
	uint32_t crc;                    /*  20 CRC32C of header_bytes with this word 0 */
	uint64_t feature_compat;         /*  24 unknown bits: read on */
	uint64_t feature_incompat;       /*  32 unknown bits: refuse */
	uint32_t machine;                /*  40 ELF e_machine of the traced program */
	uint32_t page_bytes;             /*  44 */
	uint64_t slot_count;             /*  48 a power of two, at least 16 */
	uint32_t slot_bytes;             /*  56 */
	uint32_t section_count;          /*  60 */
	struct vmat_section section[VMAT_SECTION_LIMIT]; /* 64 */
	uint32_t pid;                                    /* 256 as the process sees itself */
	uint32_t parent_pid;                             /* 260 */
	uint32_t uid;                                    /* 264 */
	uint32_t from_fork;      /* 268 1: a fork child's file; parent_trace says whose */
	uint64_t parent_head;    /* 272 the parent's ring head when the child began its trace */
	uint64_t file_id;        /* 280 random; names this address space */
	uint64_t parent_file_id; /* 288 0: none */
	uint64_t realtime_ns;    /* 296 CLOCK_REALTIME at start */
	struct vmat_clock_pair start; /* 304 time 0 of the trace */
	uint32_t clock;               /* 320 enum vmat_clock */
	uint32_t layers;              /* 324 enum vmat_layer bits */
	uint32_t sites_off;           /* 328 enum vmat_sites_off */
	uint32_t on_full;             /* 332 enum vmat_on_full */
	uint32_t stack_mode;          /* 336 enum vmat_stack_mode */
	uint32_t depth;               /* 340 frames kept of a stack */
	uint32_t children;            /* 344 1: fork children and exec'd images are traced */
	/* 348 from_fork: 1 + the events from the last one of the thread that forked up to parent_head, in
	 * which time the fork came; 0: not known */
	uint32_t fork_window;
	uint64_t ring_bytes_asked; /* 352 VMATRACE_RING in bytes, before rounding */
	uint64_t start_code;       /* 360 the nine words of mm_struct that /proc/PID/stat shows, */
	uint64_t end_code;         /* 368 0 where it was refused */
	uint64_t start_data;       /* 376 */
	uint64_t end_data;         /* 384 */
	uint64_t start_brk;        /* 392 */
	uint64_t start_stack;      /* 400 */
	uint64_t arg_start;        /* 408 */
	uint64_t env_start;        /* 416 */
	uint64_t brk;              /* 424 the break when recording began */
	uint64_t max_map_count;    /* 432 vm.max_map_count, 0 unknown */
	uint64_t limit_as;         /* 440 soft limits, UINT64_MAX unlimited */
	uint64_t limit_data;       /* 448 */
	uint64_t limit_stack;      /* 456 */
	uint64_t limit_memlock;    /* 464 */
	char recorder_version[32]; /* 472 */
	char exe[1024];            /* 504 /proc/self/exe, NUL-terminated, cut if longer */
	char cwd[1024];            /* 1528 */
	char command_line[1024];   /* 2552 arguments, each NUL-terminated, cut if longer */
	uint32_t command_line_bytes; /* 3576 */
	uint32_t reserved_2;         /* 3580 */
	struct vmat_range own
		[2]; /* 3584 mapped by the recorder before its first event: file, private memory */
	uint32_t sites_found;   /* 3616 pairs with the shape of a site, in libc and ld.so */
	uint32_t sites_patched; /* 3620 of them in force */
	char sites_left[256];   /* 3624 those left alone and why, NUL-terminated, cut if longer */
	uint32_t
		overcommit; /* 3880 1 + vm.overcommit_memory; 0: not known, and what follows is not */
	uint32_t overcommit_ratio; /* 3884 vm.overcommit_ratio, percent */
	uint64_t memory_total;     /* 3888 bytes: MemTotal, SwapTotal, CommitLimit and */
	uint64_t swap_total;       /* 3896 Committed_AS of /proc/meminfo when recording began */
	uint64_t commit_limit;     /* 3904 */
	uint64_t committed;        /* 3912 */
	uint64_t
		overcommit_kbytes; /* 3920 vm.overcommit_kbytes in bytes; above 0 the ratio is not used */
};

/* How far the process is; vmat_control.state. Anything but EXITED with the pid gone: it was killed. */
enum vmat_state {
	VMAT_STATE_STARTING = 0,
	VMAT_STATE_RUNNING = 1,
	VMAT_STATE_EXITED = 2, /* the exit snapshot was taken; recording goes on behind it */
	VMAT_STATE_EXECED = 3, /* an exec was entered; the call is in flight */
};

/* Why nothing more is recorded; vmat_control.stopped. */
enum vmat_stopped {
	VMAT_RECORDING = 0,
	VMAT_STOPPED_FULL = 1,     /* VMATRACE_ON_FULL=stop, or grow at its end */
	VMAT_STOPPED_NO_SPACE = 2, /* the file's pages were refused: disk, quota, memory */
	VMAT_STOPPED_TRIMMED =
		3, /* after the exit snapshot the slack left behind the cut was used up */
	VMAT_STOPPED_OVERMAPPED = 4, /* the program mapped something of its own over the ring */
};

/* What a fatal signal said, with VMATRACE_FAULTS=1. */
struct vmat_fault {
	uint64_t address; /*  0 si_addr */
	uint64_t ticks;   /*  8 */
	uint64_t head;    /* 16 ring head: calls before it are over or in flight */
	uint32_t tid;     /* 24 */
	uint32_t signal;  /* 28 SIGSEGV or SIGBUS; 0: none. Stored last, with release */
	int32_t code;     /* 32 si_code */
	uint32_t access;  /* 36 enum vmat_access bits, 0 unknown */
};

enum vmat_access {
	VMAT_ACCESS_READ = 1,
	VMAT_ACCESS_WRITE = 2,
	VMAT_ACCESS_EXECUTE = 4,
};

/*
 * The words that change. Each hot one has 128 bytes of its own (a cache line and its prefetched twin).
 * written  = head - never begun - torn, known only by looking; the rest are exact counts.
 */
struct vmat_control {
	uint64_t head; /*    0 next sequence number; a slot is reserved by adding 1 */
	uint64_t pad0[15];
	uint64_t arena_used; /*  128 lap << VMAT_LAP_SHIFT | bytes of the arena reserved in it */
	/* 136 of the first thread (its number is header.pid): the name it had when a list was read last, "" not
	 * known; padded with zeros */
	uint64_t first_name[2];
	uint64_t first_stack;   /*  152 an address in its stack, 0 not known */
	uint64_t limits_stored; /* 160 records of LIMITS that were ever stored */
	uint64_t pad1[4];
	struct vmat_fault fault; /*  200 written at most once: it costs its neighbours nothing */
	uint64_t pad1_end[2];
	uint64_t dropped;        /*  256 calls with no slot: stopped, no space, fork in mid-event */
	uint64_t arena_full;     /*  264 records not stored: arena full or no space */
	uint64_t early;          /*  272 calls before recording began */
	uint64_t in_flight_full; /* 280 calls that found no in-flight entry */
	uint64_t carved; /*  288 calls whose range was carved around the recorder's own memory */
	uint64_t snapshots_failed; /* 296 snapshots that could not be read or stored */
	uint64_t not_followed;     /*  304 fork children for which no file could be made */
	uint64_t copies_patched; /*  312 libcs loaded once more (dlmopen) with all sites patched */
	uint64_t copies_left;    /*  320 libcs loaded once more with a site left alone */
	uint64_t modules_full;   /*  328 loaded objects not stored: their section is full */
	uint64_t children_left;  /*  336 fork children not to be followed (VMATRACE_CHILDREN=0) */
	uint64_t execs_failed; /*  344 of vfork children: their events are stored before the call */
	uint64_t threads_lost; /*  352 names of threads not stored, or written over by another's */
	uint64_t unloading_unseen; /*  360 1: nothing tells when the loader unloads an object */
	uint64_t pad2[2];
	uint32_t state;     /*  384 enum vmat_state */
	uint32_t stopped;   /*  388 enum vmat_stopped */
	uint32_t snapshots; /*  392 number of snapshots begun; the next id */
	uint32_t
		sandboxed; /*  396 1: the program asked for a seccomp filter; no list is read any more */
	uint64_t latest_version;       /* 400 odd while `latest` is being written, else even */
	struct vmat_clock_pair latest; /* 408 */
	uint64_t
		exit_status; /*  424 1 << 32 | status as wait(2) gave it to `record`; 0: not known */
	char copy_left[80];  /* 432 why, of the first of copies_left; NUL-terminated */
};

/* Flags of one event. Unknown bits are skipped and counted. */
enum vmat_event_flag {
	VMAT_EVENT_INTERNAL = 1u << 0, /* the recorder's own call */
	VMAT_EVENT_NESTED =
		1u << 1, /* began inside another event of the thread (a signal handler) */
	VMAT_EVENT_STACK_TRUNCATED =
		1u << 2, /* there were more frames than the depth or the unwinder gave */
	VMAT_EVENT_STACK_UNKNOWN = 1u << 3, /* no stack was taken; caller is all there is */
	VMAT_EVENT_EARLY = 1u << 4,         /* before the unwinder was loaded */
	VMAT_EVENT_FAILED = 1u << 5,        /* the call failed; error says why */
	VMAT_EVENT_CHILD = 1u << 6,         /* made by a vfork child in this address space */
	VMAT_EVENT_FP = 1u << 7,            /* frames of the stack were come by by frame pointers */
	VMAT_EVENT_LEFT =
		1u
		<< 8, /* the thread left it by a jump: it may have been done or not, result means nothing */
};

enum vmat_via { VMAT_VIA_WRAPPER = 0, VMAT_VIA_SITE = 1, VMAT_VIA_KERNEL = 2 };

/* One call, written after it returned. The checksum covers bytes 8..123, seeded with the low word of seq. */
struct vmat_event {
	uint64_t stamp;    /*   0 0 while written, else seq + 1; stored last, with release */
	uint64_t time;     /*   8 ticks just before the call */
	uint64_t duration; /*  16 ticks */
	uint64_t enter;    /*  24 head, loaded with acquire just before the call */
	uint64_t args[VMAT_ARGUMENT_WORDS]; /* 32 in the order of calls.def */
	uint64_t result;                    /*  80 */
	uint64_t caller; /*  88 return address of the call; known even when no stack is */
	uint32_t tid;    /*  96 */
	uint32_t stack;  /* 100 record id of a STACK, 0 none */
	uint32_t object; /* 104 record id of an OBJECT or STRING, 0 none */
	uint32_t rows;   /* 108 record id of ROWS read just after the call, 0 none */
	int32_t error;   /* 112 errno, 0 success */
	uint16_t call;   /* 116 enum call_id */
	uint16_t flags;  /* 118 enum vmat_event_flag */
	uint8_t via;     /* 120 enum vmat_via */
	uint8_t lap;     /* 121 bits 8..15 of the arena's lap when it was stored, see vmat_record */
	uint8_t reserved[2];
	uint32_t crc; /* 124 */
};

/* A call that has begun. owner: 0 free, (tid << 1) being filled, (tid << 1 | 1) whole. */
struct vmat_in_flight {
	uint64_t owner;                     /*   0 */
	uint64_t time;                      /*   8 ticks */
	uint64_t enter;                     /*  16 */
	uint64_t args[VMAT_ARGUMENT_WORDS]; /* 24 */
	uint64_t caller;                    /*  72 */
	uint32_t tid;                       /*  80 */
	uint32_t stack;                     /*  84 */
	uint32_t object;                    /*  88 */
	uint16_t call;                      /*  92 */
	uint16_t flags;                     /*  94 */
	uint8_t via;                        /*  96 */
	uint8_t lap;                        /*  97 as vmat_event.lap */
	uint8_t reserved[6];
	uint64_t slot; /* 104 sequence number of its event + 1, once that is drawn; until then 0 */
	uint64_t
		frame; /* 112 stack pointer of the caller; lowest bit: it waits for a site to say when */
	uint8_t reserved_2[8];
};

enum vmat_thread_flag {
	VMAT_THREAD_SEEN = 1u << 0,  /* by another thread, asleep: it made no call by itself */
	VMAT_THREAD_ENDED = 1u << 1, /* its last call was that of its end; `seq` says when */
};

/*
 * A thread, its name as the kernel last had it (/proc/PID/task/TID/comm) and where its stack is: by an address
 * in it, for libc's own data of a thread lie at its end. Read at calls of the thread that come ever less often,
 * at its end, and of all threads with a snapshot and after stacks were mapped. An entry lies in one of a few
 * places that its tid leads to; two may be of one thread, then the newer `seq` holds.
 */
struct vmat_thread {
	uint32_t version;                  /*  0 0: never used; odd: being written; even: whole */
	uint32_t crc;                      /*  4 CRC32C of bytes 8..63, seeded with tid */
	uint64_t from_seq;                 /*  8 ring head when it was first met */
	uint64_t seq;                      /* 16 ring head when its name was last read */
	uint64_t stack;                    /* 24 an address in its stack, 0 unknown */
	uint32_t tid;                      /* 32 */
	uint32_t flags;                    /* 36 enum vmat_thread_flag */
	char name[VMAT_THREAD_NAME_BYTES]; /* 40 any bytes, NUL-terminated */
	uint64_t reserved;                 /* 56 */
};

/*
 * Records. Nothing begins at offset 0 of the arena, so id 0 is "none". type is stored last, with release: 0
 * means reserved, never finished; with the right lap, `bytes` is then what was reserved. A walk that meets
 * neither steps VMAT_RECORD_ALIGN bytes on.
 *
 * An id names the record at its offset if the low 8 bits of the record's lap are the id's, and the next 8 bits
 * are vmat_event.lap, or one less: the id may be older than the event by a lap or two, the record by 65,536
 * laps it cannot be.
 */
enum vmat_record_type {
	VMAT_RECORD_STACK =
		0x4b545356, /* "VSTK" payload: uint64_t pc[], innermost first, with VMAT_PC_MARKS */
	VMAT_RECORD_PACKED_STACK = 0x4b505356, /* "VSPK" the same, packed: see below */
	VMAT_RECORD_STRING = 0x52545356,       /* "VSTR" payload: bytes, no NUL */
	VMAT_RECORD_OBJECT = 0x4a424f56,       /* "VOBJ" struct vmat_object + path */
	VMAT_RECORD_MODULE = 0x444f4d56,       /* "VMOD" struct vmat_module + path */
	VMAT_RECORD_ROWS =
		0x574f5256, /* "VROW" text: lines of /proc/self/maps that touch the call's range */
	VMAT_RECORD_MAPS =
		0x50414d56, /* "VMAP" struct vmat_maps_part + text: a piece of /proc/self/maps */
	VMAT_RECORD_SNAPSHOT =
		0x504e5356, /* "VSNP" struct vmat_snapshot: the pieces are complete */
	VMAT_RECORD_LIMITS =
		0x4d494c56, /* "VLIM" struct vmat_limits: limits other than the last stored */
};

/*
 * A pc of a stack: a user address, below 2^56, and how it was come by. Without a mark: a return address that unwind
 * information led to (or, in a trace of a recorder that set no marks, see VMAT_EVENT_FP).
 */
#define VMAT_PC_BY_FP (UINT64_C(1) << 63) /* the frame inside led here by its frame pointer */
#define VMAT_PC_EXACT (UINT64_C(1) << 62) /* where a signal came in: the instruction itself */
#define VMAT_PC_MARKS (VMAT_PC_BY_FP | VMAT_PC_EXACT)

/*
 * A packed stack has an entry of 1 to 8 bytes, little-endian, for each pc. With t(pc) = pc turned left by 2 bits, so
 * that the marks are lowest, t = 0 before the first, and d = t(this pc) - t(the one before), as int64_t:
 *
 *     entry = zigzag << 3 | (bytes - 1)        zigzag = d << 1 ^ d >> 63, in as few bytes as will do
 *
 * Bytes of 0xff fill the last word: an entry that says it is longer than what is left.
 *
 *     pc 0x401136 0x401150 0x7f0000001000
 *     83 4d 04 10 . 81 06 . 06 ac ff ef ff bf 1f . ff ff ff
 */

struct vmat_record {
	uint32_t type;  /*  0 enum vmat_record_type */
	uint32_t bytes; /*  4 of payload */
	uint32_t crc;   /*  8 CRC32C of the payload, seeded with type ^ lap */
	uint32_t lap;   /* 12 of the arena; 0 in MODULES */
};

struct vmat_object {
	uint32_t dev_major; /*  0 as /proc/PID/maps prints it */
	uint32_t dev_minor; /*  4 */
	uint64_t inode;     /*  8 */
			    /* path follows: what /proc/self/fd/N reads, " (deleted)" included */
};

struct vmat_module {
	uint64_t bias;  /*  0 what was added to the file's addresses */
	uint64_t start; /*  8 mapped range, half-open */
	uint64_t end;   /* 16 */
	uint64_t
		from_seq; /* 24 ring head when it was first seen; it holds until another covers its range */
	uint32_t build_id_bytes;               /* 32 0: it has none */
	uint32_t flags;                        /* 36 bit 0: the recorder's own */
	uint8_t build_id[VMAT_BUILD_ID_BYTES]; /* 40 */
	/* path follows; empty: the main program, see vmat_header.exe */
};

struct vmat_maps_part {
	uint32_t snapshot; /* id of the snapshot */
	uint32_t part;     /* 0, 1, 2, ... */
};

enum vmat_snapshot_reason {
	VMAT_SNAPSHOT_START = 1,
	VMAT_SNAPSHOT_BEFORE_TRACER = 2, /* before the recorder loads the unwinder ... */
	VMAT_SNAPSHOT_AFTER_TRACER = 3,  /* ... and after: what differs is the recorder's own */
	VMAT_SNAPSHOT_PERIODIC = 4,
	VMAT_SNAPSHOT_EXIT = 5,
	VMAT_SNAPSHOT_EXEC = 6,
};

/*
 * A snapshot is not atomic: rows touched by a call that overlaps [begin, end] are uncertain in it.
 * Its text is that of its MAPS parts 0 .. parts-1, joined.
 */
struct vmat_snapshot {
	uint32_t snapshot;            /*  0 id */
	uint32_t reason;              /*  4 enum vmat_snapshot_reason */
	uint32_t parts;               /*  8 */
	uint32_t tid;                 /* 12 who read it */
	uint64_t begin;               /* 16 head before the first read */
	uint64_t end;                 /* 24 head after the last read */
	struct vmat_clock_pair clock; /* 32 after the last read */
	uint64_t brk;                 /* 48 the break, 0 unknown */
	uint64_t reserved;            /* 56 */
};

/* The soft limits when the call of event `seq` had just failed by ENOMEM or EAGAIN; UINT64_MAX unlimited. */
struct vmat_limits {
	uint64_t seq;     /*  0 */
	uint64_t as;      /*  8 */
	uint64_t data;    /* 16 */
	uint64_t memlock; /* 24 */
};

#define VMAT_OFFSET(type, field, bytes)                                                            \
	_Static_assert(offsetof(struct type, field) == (bytes), #type "." #field)

_Static_assert(sizeof(struct vmat_section) == 24, "section");
VMAT_OFFSET(vmat_header, section, 64);
VMAT_OFFSET(vmat_header, pid, 256);
VMAT_OFFSET(vmat_header, start, 304);
VMAT_OFFSET(vmat_header, start_code, 360);
VMAT_OFFSET(vmat_header, recorder_version, 472);
VMAT_OFFSET(vmat_header, exe, 504);
VMAT_OFFSET(vmat_header, command_line_bytes, 3576);
VMAT_OFFSET(vmat_header, own, 3584);
VMAT_OFFSET(vmat_header, sites_left, 3624);
VMAT_OFFSET(vmat_header, overcommit, 3880);
VMAT_OFFSET(vmat_header, overcommit_kbytes, 3920);
_Static_assert(sizeof(struct vmat_header) <= VMAT_HEADER_BYTES, "header");
VMAT_OFFSET(vmat_control, arena_used, 128);
VMAT_OFFSET(vmat_control, dropped, 256);
VMAT_OFFSET(vmat_control, state, 384);
VMAT_OFFSET(vmat_control, latest, 408);
VMAT_OFFSET(vmat_control, fault, 200);
_Static_assert(sizeof(struct vmat_control) == 512, "control");
VMAT_OFFSET(vmat_event, args, 32);
VMAT_OFFSET(vmat_event, tid, 96);
VMAT_OFFSET(vmat_event, call, 116);
VMAT_OFFSET(vmat_event, crc, 124);
_Static_assert(sizeof(struct vmat_event) == VMAT_SLOT_BYTES, "event");
VMAT_OFFSET(vmat_in_flight, tid, 80);
VMAT_OFFSET(vmat_in_flight, slot, 104);
_Static_assert(sizeof(struct vmat_in_flight) == VMAT_IN_FLIGHT_BYTES, "in flight");
VMAT_OFFSET(vmat_thread, tid, 32);
_Static_assert(sizeof(struct vmat_thread) == VMAT_THREAD_BYTES, "thread");
_Static_assert(sizeof(struct vmat_record) == VMAT_RECORD_ALIGN, "record");
_Static_assert(sizeof(struct vmat_object) == 16, "object");
_Static_assert(sizeof(struct vmat_module) == 72, "module");
_Static_assert(sizeof(struct vmat_maps_part) == 8, "maps part");
_Static_assert(sizeof(struct vmat_snapshot) == 64, "snapshot");
_Static_assert(sizeof(struct vmat_limits) == 32, "limits");

#endif
