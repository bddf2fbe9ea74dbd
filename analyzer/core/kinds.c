/*
 * kinds: see the header. Names decide first (a table), then letters, then neighbours; each step
 * looks only at what the one before it left open.
 */
#include "kinds.h"

#include <string.h>
#include <sys/mman.h>

#include "call_table.h"
#include "vmatrace/trace_format.h"
#include "walk.h"

/* glibc, 64-bit: HEAP_MAX_SIZE = 2 * DEFAULT_MMAP_THRESHOLD_MAX. */
#define ARENA_BYTES (64ull << 20)
/*
 * More than this is a reservation, not a guard; Java's stack guards, the largest met, have 4 + 4 +
 * 20 pages.
 */
#define GUARD_LIMIT (1ull << 20)
/* PTHREAD_STACK_MIN. */
#define STACK_LEAST (16ull << 10)

static const char *const kind_names[KIND_COUNT] = {
	[KIND_TEXT] = "text",
	[KIND_RODATA] = "rodata",
	[KIND_DATA] = "data",
	[KIND_BSS] = "bss",
	[KIND_HEAP] = "heap",
	[KIND_MALLOC_ARENA] = "malloc-arena",
	[KIND_MALLOC_BLOCK] = "malloc-block",
	[KIND_THREAD_STACK] = "thread-stack",
	[KIND_MAIN_STACK] = "main-stack",
	[KIND_GUARD] = "guard",
	[KIND_LOADER] = "loader",
	[KIND_FILE] = "file",
	[KIND_SHM] = "shm",
	[KIND_MEMFD] = "memfd",
	[KIND_SYSV] = "sysv",
	[KIND_ANONYMOUS] = "anonymous",
	[KIND_JIT] = "jit",
	[KIND_VDSO] = "vdso",
	[KIND_TRACER] = "tracer",
};

const char *vma_kind_name(enum vma_kind kind)
{
	return kind < KIND_COUNT ? kind_names[kind] : "anonymous";
}

static const struct {
	const char *function;
	enum vma_creator creator;
} creators[] = {
	/* Exported: a stripped libc has these, and every way in leads through one of them. */
	{ "malloc", CREATOR_MALLOC },
	{ "calloc", CREATOR_MALLOC },
	{ "realloc", CREATOR_MALLOC },
	{ "reallocarray", CREATOR_MALLOC },
	{ "free", CREATOR_MALLOC },
	{ "cfree", CREATOR_MALLOC },
	{ "memalign", CREATOR_MALLOC },
	{ "posix_memalign", CREATOR_MALLOC },
	{ "aligned_alloc", CREATOR_MALLOC },
	{ "valloc", CREATOR_MALLOC },
	{ "pvalloc", CREATOR_MALLOC },
	{ "malloc_trim", CREATOR_MALLOC },
	{ "mallopt", CREATOR_MALLOC },
	{ "__libc_malloc", CREATOR_MALLOC },
	{ "__libc_calloc", CREATOR_MALLOC },
	{ "__libc_realloc", CREATOR_MALLOC },
	{ "__libc_free", CREATOR_MALLOC },
	{ "__libc_memalign", CREATOR_MALLOC },
	{ "__libc_freeres", CREATOR_MALLOC },
	{ "pthread_create", CREATOR_THREAD },
	{ "pthread_join", CREATOR_THREAD },
	{ "pthread_detach", CREATOR_THREAD },
	{ "pthread_exit", CREATOR_THREAD },
	{ "dlopen", CREATOR_LOADER },
	{ "dlmopen", CREATOR_LOADER },
	{ "dlclose", CREATOR_LOADER },
	{ "_dl_catch_exception", CREATOR_LOADER },
	{ "_dl_catch_error", CREATOR_LOADER },
	/* Inside, where symbols tell more: a thread's end comes through nothing exported. */
	{ "_int_malloc", CREATOR_MALLOC },
	{ "_int_free", CREATOR_MALLOC },
	{ "_int_realloc", CREATOR_MALLOC },
	{ "_int_memalign", CREATOR_MALLOC },
	{ "sysmalloc", CREATOR_MALLOC },
	{ "sysmalloc_mmap", CREATOR_MALLOC },
	{ "sysmalloc_mmap_fallback", CREATOR_MALLOC },
	{ "new_heap", CREATOR_MALLOC },
	{ "alloc_new_heap", CREATOR_MALLOC },
	{ "arena_get2", CREATOR_MALLOC },
	{ "heap_trim", CREATOR_MALLOC },
	{ "systrim", CREATOR_MALLOC },
	{ "mtrim", CREATOR_MALLOC },
	{ "munmap_chunk", CREATOR_MALLOC },
	{ "mremap_chunk", CREATOR_MALLOC },
	{ "allocate_stack", CREATOR_THREAD },
	{ "start_thread", CREATOR_THREAD },
	{ "advise_stack_range", CREATOR_THREAD },
	{ "__nptl_free_stacks", CREATOR_THREAD },
	{ "__nptl_deallocate_stack", CREATOR_THREAD },
	{ "_dl_open", CREATOR_LOADER },
	{ "_dl_close", CREATOR_LOADER },
	{ "_dl_map_object", CREATOR_LOADER },
	{ "_dl_map_object_from_fd", CREATOR_LOADER },
	{ "_dl_map_segments", CREATOR_LOADER },
	{ "_dl_unmap", CREATOR_LOADER },
};

enum vma_creator vma_creator_of(const char *function)
{
	for (size_t i = 0; function && i < sizeof(creators) / sizeof(creators[0]); i++)
		if (strcmp(function, creators[i].function) == 0)
			return creators[i].creator;
	return CREATOR_PROGRAM;
}

/* Names that settle the kind; compared from the start of the name. */
static const struct {
	const char *prefix;
	enum vma_kind kind;
} named[] = {
	{ "[heap]", KIND_HEAP },
	{ "[stack]", KIND_MAIN_STACK },
	{ "[vdso]", KIND_VDSO },
	{ "[vvar", KIND_VDSO },
	{ "[vsyscall]", KIND_VDSO },
	{ "[uprobes", KIND_VDSO },
	{ "/dev/shm/", KIND_SHM },
	{ "/memfd:", KIND_MEMFD },
	{ "/SYSV", KIND_SYSV },
	/* Memory without a file that the kernel gives a file of its own. */
	{ "/dev/zero", KIND_ANONYMOUS },
	{ "/anon_hugepage", KIND_ANONYMOUS },
	/* glibc since 2.39 names its memory where the kernel lets it. */
	{ "[anon: glibc: malloc arena", KIND_MALLOC_ARENA },
	{ "[anon: glibc: malloc", KIND_MALLOC_BLOCK },
	{ "[anon: glibc: pthread", KIND_THREAD_STACK },
	{ "[anon: glibc: loader", KIND_LOADER },
};

/* KIND_COUNT: the name says nothing. */
static enum vma_kind kind_by_name(const char *name)
{
	/* Most memory has no name. */
	for (size_t i = 0; name[0] && i < sizeof(named) / sizeof(named[0]); i++)
		if (strncmp(name, named[i].prefix, strlen(named[i].prefix)) == 0)
			return named[i].kind;
	return KIND_COUNT;
}

/* A path that maps may have put " (deleted)" behind. */
static bool same_file(const char *name, const char *path)
{
	size_t length = strlen(path);

	return strncmp(name, path, length) == 0 &&
	       (name[length] == '\0' || strcmp(name + length, " (deleted)") == 0);
}

static bool is_loader(const char *name)
{
	const char *base = strrchr(name, '/');

	base = base ? base + 1 : name;
	return strncmp(base, "ld-linux", 8) == 0 || strncmp(base, "ld-2.", 5) == 0 ||
	       strncmp(base, "ld64.so", 7) == 0 || strncmp(base, "ld-musl", 7) == 0;
}

static bool is_anonymous(const struct vma_row *row)
{
	return row->name[0] == '\0' || strncmp(row->name, "[anon", 5) == 0;
}

static enum vma_kind kind_of_segment(unsigned prot)
{
	if (prot & PROT_EXEC)
		return KIND_TEXT;
	if (prot & PROT_WRITE)
		return KIND_DATA;
	return prot ? KIND_RODATA : KIND_GUARD;
}

/*
 * The loader maps an object's segments one after the other: rows of one file with nothing of
 * another file between them. Such a row of rows is an object if one of them is executable, or if
 * the trace says that an object is loaded there, or that the loader mapped it: a library of data alone has no text, and
 * is never met in a stack.
 */
static size_t kinds_of_file(const struct vma_row_info *rows, size_t first, size_t count,
                            const struct kinds_source *source, enum vma_kind *kinds)
{
	const struct vma_row *file = &rows[first].row;
	const char *module = source->module ? source->module(source->context, file->start) : NULL;
	bool object = module && same_file(file->name, module);
	size_t last = first;

	for (size_t i = first; i < count; i++) {
		const struct vma_row *row = &rows[i].row;

		if (row->inode != file->inode || row->dev_major != file->dev_major ||
		    row->dev_minor != file->dev_minor || strcmp(row->name, file->name) != 0) {
			if (is_anonymous(row) && row->start == rows[i - 1].row.end)
				continue; /* a part made private and zero: bss, or a gap */
			break;
		}
		object = object || (row->prot & PROT_EXEC) || rows[i].loaded;
		last = i;
	}
	for (size_t i = first; i <= last; i++) {
		if (kinds[i] == KIND_TRACER)
			continue;
		if (is_anonymous(&rows[i].row))
			kinds[i] = !object ? KIND_COUNT : rows[i].row.prot ? KIND_BSS : KIND_GUARD;
		else if (!object)
			kinds[i] = kind_by_name(file->name) < KIND_COUNT ? kind_by_name(file->name)
			                                                 : KIND_FILE;
		else
			kinds[i] = is_loader(file->name) ? KIND_LOADER
			                                 : kind_of_segment(rows[i].row.prot);
	}
	return last;
}

/*
 * What follows an object's data directly and is anonymous is its bss, if the object reaches that far: where the trace
 * knows the object it knows its end. The loader's own memory may lie right behind.
 */
static bool is_bss(const struct vma_row_info *rows, size_t i, const struct kinds_source *source,
                   const enum vma_kind *kinds)
{
	const struct vma_row *data = i > 0 ? &rows[i - 1].row : NULL;
	const char *object, *here;

	if (!data || data->end != rows[i].row.start || !rows[i].row.prot || is_anonymous(data) ||
	    (kinds[i - 1] != KIND_DATA && kinds[i - 1] != KIND_RODATA &&
	     kinds[i - 1] != KIND_LOADER))
		return false;
	/* Of what is loaded later nothing was there before. */
	if ((rows[i - 1].created_by == CREATED_BEFORE) != (rows[i].created_by == CREATED_BEFORE))
		return false;
	object = source->module ? source->module(source->context, data->start) : NULL;
	if (!object)
		return true;
	/* Its path need not be the row's: links lead to it. */
	here = source->module(source->context, rows[i].row.start);
	return here && strcmp(here, object) == 0;
}

/* [used rw-][reserved ---] up to the next multiple of its size, or used up entirely. */
static bool is_arena(const struct vma_row_info *rows, size_t i, size_t count,
                     enum vma_creator creator)
{
	const struct vma_row *used = &rows[i].row;
	const struct vma_row *rest = i + 1 < count ? &rows[i + 1].row : NULL;
	uint64_t top = (used->start / ARENA_BYTES + 1) * ARENA_BYTES;

	if (used->start % ARENA_BYTES != 0 || used->prot != (PROT_READ | PROT_WRITE) ||
	    used->end > top)
		return false;
	if (used->end == top && creator == CREATOR_MALLOC)
		return true;
	/* A stack's guard right above the reserve is one VMA with it. */
	return rest && rest->start == used->end && is_anonymous(rest) && rest->prot == PROT_NONE &&
	       rest->end >= top && (creator == CREATOR_MALLOC || rest->end % ARENA_BYTES == 0);
}

/* What different calls mapped, or one before recording and one in it, was not mapped together. */
static bool made_together(const struct vma_row_info *a, const struct vma_row_info *b)
{
	bool seen_a = a->created_by < SEQ_IMPLICIT, seen_b = b->created_by < SEQ_IMPLICIT;

	if (seen_a || seen_b)
		return a->created_by == b->created_by;
	return (a->created_by == CREATED_BEFORE) == (b->created_by == CREATED_BEFORE);
}

/* A guard directly below, mapped with it, and enough above that to be a stack. */
static bool is_stack(const struct vma_row_info *rows, size_t i, enum vma_creator creator)
{
	const struct vma_row *row = &rows[i].row;

	if (!(row->prot & PROT_WRITE) || row->shared)
		return false;
	if (creator == CREATOR_THREAD || rows[i].grows_down)
		return true;
	return creator == CREATOR_UNKNOWN && row->end - row->start >= STACK_LEAST && i > 0 &&
	       rows[i - 1].row.end == row->start && is_anonymous(&rows[i - 1].row) &&
	       made_together(&rows[i - 1], &rows[i]) && rows[i - 1].row.prot == PROT_NONE &&
	       rows[i - 1].row.end - rows[i - 1].row.start <= GUARD_LIMIT;
}

/* A stack is mapped without rights whole, and all but its guard opened then. */
static bool is_unopened(const struct vma_row_info *rows, size_t i, size_t count)
{
	bool opened = i + 1 < count && rows[i + 1].row.start == rows[i].row.end &&
	              rows[i + 1].row.prot && rows[i + 1].created_by == rows[i].created_by;

	return !opened && rows[i].row.end - rows[i].row.start > GUARD_LIMIT;
}

/* PROT_NONE and small, beside something that wants guarding. */
static bool is_guard(const struct vma_row_info *rows, size_t i, size_t count)
{
	const struct vma_row *row = &rows[i].row;

	return row->prot == PROT_NONE && row->end - row->start <= GUARD_LIMIT &&
	       ((i + 1 < count && rows[i + 1].row.start == row->end && rows[i + 1].row.prot) ||
	        (i > 0 && rows[i - 1].row.end == row->start && rows[i - 1].row.prot));
}

static enum vma_creator creator_of(const struct vma_row_info *row,
                                   const struct kinds_source *source)
{
	if (!source->creator || row->created_by == CREATED_BEFORE ||
	    row->created_by >= SEQ_IMPLICIT)
		return CREATOR_UNKNOWN;
	return source->creator(source->context, row);
}

static void kind_of_anonymous(const struct vma_row_info *rows, size_t i, size_t count,
                              const struct kinds_source *source, enum vma_kind *kinds)
{
	enum vma_creator creator = creator_of(&rows[i], source);
	bool loaded = creator == CREATOR_UNKNOWN || creator == CREATOR_LOADER;

	if (rows[i].row.prot & PROT_EXEC)
		kinds[i] = KIND_JIT;
	else if (loaded && is_bss(rows, i, source, kinds))
		kinds[i] = KIND_BSS;
	else if (creator != CREATOR_PROGRAM && creator != CREATOR_THREAD &&
	         is_arena(rows, i, count, creator))
		kinds[i] = KIND_MALLOC_ARENA;
	else if (creator == CREATOR_MALLOC)
		/* Malloc reserves for arenas only; a block can be written. */
		kinds[i] = rows[i].row.prot ? KIND_MALLOC_BLOCK : KIND_MALLOC_ARENA;
	else if (creator == CREATOR_THREAD && rows[i].row.prot == PROT_NONE)
		kinds[i] = is_unopened(rows, i, count) ? KIND_THREAD_STACK : KIND_GUARD;
	else if (i > 0 && kinds[i - 1] == KIND_MALLOC_ARENA && rows[i].row.prot == PROT_NONE &&
	         rows[i - 1].row.end == rows[i].row.start)
		kinds[i] = KIND_MALLOC_ARENA;
	else if (is_stack(rows, i, creator))
		kinds[i] = KIND_THREAD_STACK;
	else if (is_guard(rows, i, count))
		kinds[i] = KIND_GUARD;
	else
		kinds[i] = creator == CREATOR_LOADER ? KIND_LOADER : KIND_ANONYMOUS;
}

static bool stack_goes_on(const struct vma_row_info *low, const struct vma_row_info *high)
{
	return low->grows_down && high->grows_down && low->row.end == high->row.start;
}

/* The kernel calls [stack] only the piece in which it began; changes of rights may have cut it. */
static void rest_of_main_stack(const struct vma_row_info *rows, size_t count, size_t labelled,
                               enum vma_kind *kinds)
{
	for (size_t i = labelled; i > 0 && stack_goes_on(&rows[i - 1], &rows[i]); i--)
		kinds[i - 1] = KIND_MAIN_STACK;
	for (size_t i = labelled; i + 1 < count && stack_goes_on(&rows[i], &rows[i + 1]); i++)
		kinds[i + 1] = KIND_MAIN_STACK;
}

void kinds_of_rows(const struct vma_row_info *rows, size_t count, const struct kinds_source *source,
                   enum vma_kind *kinds)
{
	for (size_t i = 0; i < count; i++)
		kinds[i] = rows[i].internal ? KIND_TRACER : KIND_COUNT;
	for (size_t i = 0; i < count; i++) {
		if (kinds[i] != KIND_COUNT || is_anonymous(&rows[i].row))
			continue;
		if (rows[i].row.name[0] == '[') {
			kinds[i] = kind_by_name(rows[i].row.name);
			if (kinds[i] == KIND_MAIN_STACK)
				rest_of_main_stack(rows, count, i, kinds);
		} else {
			i = kinds_of_file(rows, i, count, source, kinds);
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (kinds[i] == KIND_COUNT)
			kinds[i] = kind_by_name(rows[i].row.name);
		if (kinds[i] == KIND_COUNT)
			kind_of_anonymous(rows, i, count, source, kinds);
	}
}

/*
 * Glibc's heaps are reserved, then opened from below, and go whole or where they stick out of their alignment.
 * A block is neither reserved nor opened.
 */
static bool changes_arena(const struct vma_change *change, enum call_effect effect)
{
	const uint64_t *args = change->event ? change->event->args : NULL;

	if (effect == EFFECT_PROTECTS)
		return change->prot_before == PROT_NONE;
	if ((change->mapped_after ? change->prot_after : change->prot_before) == PROT_NONE)
		return true;
	return effect == EFFECT_UNMAPS && args && args[0] % ARENA_BYTES == 0 &&
	       args[1] == ARENA_BYTES;
}

enum vma_kind kind_of_change_alone(const struct vma_change *change, const char *module)
{
	const struct event *event = change->event;
	enum call_effect effect = event ? call_effect(event->call) : EFFECT_NONE;
	unsigned prot = change->mapped_after ? change->prot_after : change->prot_before;
	enum vma_kind kind;

	if ((event && (event->flags & VMAT_EVENT_INTERNAL)) || change->cause == CAUSE_TRACER)
		return KIND_TRACER;
	if (module && (change->name[0] == '\0' || same_file(change->name, module)))
		return is_loader(module)          ? KIND_LOADER
		       : change->name[0] || !prot ? kind_of_segment(prot)
		                                  : KIND_BSS;
	kind = kind_by_name(change->name);
	if (kind != KIND_COUNT)
		return kind;
	if (change->name[0] == '/')
		return change->loaded || prot & PROT_EXEC ? kind_of_segment(prot) : KIND_FILE;
	if (change->cause == CAUSE_STACK_GROWTH)
		return KIND_MAIN_STACK;
	if (effect == EFFECT_SETS_BREAK || effect == EFFECT_MOVES_BREAK)
		return KIND_HEAP;
	return prot & PROT_EXEC ? KIND_JIT : KIND_COUNT;
}

enum vma_kind kind_of_change(const struct vma_change *change, const char *module,
                             enum vma_creator creator)
{
	enum call_effect effect = change->event ? call_effect(change->event->call) : EFFECT_NONE;
	unsigned prot = change->mapped_after ? change->prot_after : change->prot_before;
	enum vma_kind kind = kind_of_change_alone(change, module);

	if (kind != KIND_COUNT)
		return kind;
	if (creator == CREATOR_MALLOC)
		return changes_arena(change, effect) ? KIND_MALLOC_ARENA : KIND_MALLOC_BLOCK;
	/* A stack is mapped without rights whole, and all but its guard opened then. */
	if (creator == CREATOR_THREAD)
		return prot || change->end - change->start > GUARD_LIMIT ? KIND_THREAD_STACK
		                                                         : KIND_GUARD;
	if (creator == CREATOR_LOADER)
		return KIND_LOADER;
	return prot == PROT_NONE && change->end - change->start <= GUARD_LIMIT ? KIND_GUARD
	                                                                       : KIND_ANONYMOUS;
}
