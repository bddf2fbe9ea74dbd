/*
 * cfi: asks libunwind's generic library one step about one pc, in symbols, and reads the recipe off the
 * result. Why the generic library and not unw_backtrace(): see unwind.h.
 *
 *     before the step     sp = SP+0, rbp = BP+0, memory at a symbol s = loaded(s)
 *     after it            sp = SP+48        pc = loaded(SP+40)   rbp = loaded(SP+32)
 *     read off            CFA = sp + 48     pc at CFA - 8        rbp at CFA - 16
 */
#include "cfi.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "frames.h"
#include "raw_syscall.h"

_Static_assert(sizeof(unw_cursor_t) <= CFI_CURSOR_BYTES, "room for libunwind's cursor");

/*
 * A symbol is a number that is no address on any machine:
 *     63..60  SYMBOL_MARK
 *     59..58  how often memory was read to get it
 *     57..56  the register it began with
 *     55..0   SYMBOL_ZERO plus an offset, so that adding to a symbol adds to the offset
 */
enum symbol_register { SYMBOL_SP = 0, SYMBOL_BP = 1, SYMBOL_BX = 2, SYMBOL_OTHER = 3 };

#define SYMBOL_MARK (UINT64_C(0xa) << 60)
#define SYMBOL_LOADED (UINT64_C(1) << 58)
#define SYMBOL_LOADS (UINT64_C(3) << 58)
#define SYMBOL_ZERO (UINT64_C(1) << 55)

static uint64_t symbol(enum symbol_register from)
{
	return SYMBOL_MARK | (uint64_t)from << 56 | SYMBOL_ZERO;
}

static bool is_symbol(uint64_t word)
{
	return word >> 60 == SYMBOL_MARK >> 60;
}

/* Puts a - b into *offset if both began alike and it fits. */
static bool symbol_offset(uint64_t a, uint64_t b, int32_t *offset)
{
	int64_t difference = (int64_t)(a - b);

	*offset = (int32_t)difference;
	return is_symbol(a) && *offset == difference;
}

enum { DATA_BYTES = 256 };

/* The library's own data: where, and what they were when it was loaded. What follows them was zero. */
struct cfi_data {
	uint64_t start; /* 0: not known, or not ours alone */
	uint64_t bytes;
	uint64_t zero_bytes;
	uint8_t loaded[DATA_BYTES];
};
static struct cfi_data data;

/* The functions of the library that are used, by their names without prefix. */
struct cfi_state {
	unw_addr_space_t space;
	unw_addr_space_t (*create_addr_space)(unw_accessors_t *accessors, int byte_order);
	int (*set_caching_policy)(unw_addr_space_t space, unw_caching_policy_t policy);
	int (*init_remote)(unw_cursor_t *cursor, unw_addr_space_t space, void *argument);
	int (*step)(unw_cursor_t *cursor);
	int (*get_reg)(unw_cursor_t *cursor, int number, unw_word_t *value);
	int (*search_unwind_table)(unw_addr_space_t space, unw_word_t ip, unw_dyn_info_t *table,
	                           unw_proc_info_t *info, int need_unwind_info, void *argument);
};
static struct cfi_state state;

static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info,
                          int need_unwind_info, void *argument)
{
	struct cfi_desk *desk = argument;
	const struct cfi_table *header = desk->object.dlfo_eh_frame;
	unw_dyn_info_t table;
	int status;

	if (!cfi_has_table(header))
		return -UNW_ENOINFO;
	memset(&table, 0, sizeof(table));
	table.format = UNW_INFO_FORMAT_REMOTE_TABLE;
	table.start_ip = (unw_word_t)desk->object.dlfo_map_start;
	table.end_ip = (unw_word_t)desk->object.dlfo_map_end;
	table.u.rti.segbase = (unw_word_t)header;
	table.u.rti.table_data = (unw_word_t)header->row;
	table.u.rti.table_len = header->count * sizeof(header->row[0]) / sizeof(unw_word_t);
	status = state.search_unwind_table(space, ip, &table, info, need_unwind_info, argument);
	desk->described |= status >= 0;
	return status;
}

/* What search_unwind_table() allocates, the library gives back to its pool itself. */
static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *argument)
{
	(void)space, (void)info, (void)argument;
}

static int get_dyn_info_list_addr(unw_addr_space_t space, unw_word_t *list, void *argument)
{
	(void)space, (void)list, (void)argument;
	return -UNW_ENOINFO;
}

static bool covers(const struct dl_find_object *part, uint64_t address)
{
	return address >= (uint64_t)part->dlfo_map_start && address < (uint64_t)part->dlfo_map_end;
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *value, int write,
                      void *argument)
{
	const struct cfi_desk *desk = argument;

	(void)space;
	if (write)
		return -UNW_EINVAL;
	if (is_symbol(address)) {
		if ((address & SYMBOL_LOADS) == SYMBOL_LOADS)
			return -UNW_EINVAL;
		*value = address + SYMBOL_LOADED;
		return 0;
	}
	/* Words are aligned, so that one which begins in a page ends in it. */
	if (address % sizeof(*value) ||
	    (!covers(&desk->object, address) && !covers(&desk->table, address)))
		return -UNW_EINVAL;
	*value = *(const unw_word_t *)address;
	return 0;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *value, int write,
                      void *argument)
{
	const struct cfi_desk *desk = argument;

	(void)space;
	if (write)
		return -UNW_EREADONLYREG;
	if (number == FRAMES_PC)
		*value = desk->ip;
	else if (number == FRAMES_SP)
		*value = symbol(SYMBOL_SP);
	else if (number == FRAMES_BP)
		*value = symbol(SYMBOL_BP);
	else if (number == FRAMES_BX)
		*value = symbol(SYMBOL_BX);
	else /* far apart, so that no offset makes one register look like another */
		*value = symbol(SYMBOL_OTHER) + ((uint64_t)(unsigned)number << 40);
	return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
                        void *argument)
{
	(void)space, (void)number, (void)value, (void)write, (void)argument;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *argument)
{
	(void)space, (void)cursor, (void)argument;
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t address, char *name, size_t bytes,
                         unw_word_t *offset, void *argument)
{
	(void)space, (void)address, (void)name, (void)bytes, (void)offset, (void)argument;
	return -UNW_ENOINFO;
}

/* Puts into *words how far from `base` the register with this symbol was saved, if it was and that is near. */
static bool saved_near(uint64_t value, uint64_t base, int8_t *words)
{
	int32_t offset;

	if (!is_symbol(value) || !(value & SYMBOL_LOADS) ||
	    !symbol_offset(value - SYMBOL_LOADED, base, &offset) || offset % 8)
		return false;
	*words = (int8_t)(offset / 8);
	return *words == offset / 8;
}

static bool is_signal_frame(uint64_t pc, uint64_t sp, uint64_t bp)
{
	const uint64_t context = symbol(SYMBOL_SP) + SYMBOL_LOADED;

	return pc == context + FRAMES_SIGNAL_PC && sp == context + FRAMES_SIGNAL_SP &&
	       bp == context + FRAMES_SIGNAL_BP;
}

/* Where CFA comes from, by the symbol it has; false: from none of the places a walk knows. */
static bool read_cfa(struct recipe *recipe, uint64_t cfa)
{
	const struct {
		enum recipe_kind kind;
		uint64_t from;
	} places[] = {
		{ RECIPE_SP, symbol(SYMBOL_SP) },
		{ RECIPE_BP, symbol(SYMBOL_BP) },
		{ RECIPE_BX, symbol(SYMBOL_BX) },
		{ RECIPE_LOADED, symbol(SYMBOL_BP) + SYMBOL_LOADED },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		recipe->kind = (uint8_t)places[i].kind;
		if (symbol_offset(cfa, places[i].from, &recipe->cfa_offset))
			return true;
	}
	return false;
}

/* The recipe that leads to these registers of the caller. */
static struct recipe read_recipe(uint64_t pc, uint64_t sp, uint64_t bp, uint64_t bx)
{
	const struct recipe opaque = { .kind = RECIPE_OPAQUE };
	struct recipe recipe = { .kind = RECIPE_SIGNAL, .bp_words = -1 };
	uint64_t base = sp;

	if (is_signal_frame(pc, sp, bp))
		return recipe;
	if (!read_cfa(&recipe, sp) || pc != sp - 8 + SYMBOL_LOADED)
		return opaque;
	if (recipe.kind == RECIPE_LOADED)
		base = symbol(SYMBOL_BP);
	if (bp != symbol(SYMBOL_BP)) {
		if (!saved_near(bp, base, &recipe.bp_words) || (recipe.bp_words >= 0 && base == sp))
			return opaque;
		recipe.saved |= SAVED_BP;
	}
	if (bx != symbol(SYMBOL_BX))
		recipe.saved |= saved_near(bx, base, &recipe.bx_words) ? SAVED_BX : LOST_BX;
	return recipe;
}

static void answer(void *argument)
{
	struct cfi_desk *desk = argument;
	unw_cursor_t *cursor = (unw_cursor_t *)(void *)desk->cursor;
	unw_word_t pc, sp, bp;
	unw_word_t bx = 0;
	int status;

	desk->described = false;
	desk->answer = (struct recipe) { .kind = RECIPE_OPAQUE };
	status = state.init_remote(cursor, state.space, desk);
	if (status >= 0)
		status = state.step(cursor);
	/* Where nothing is described libunwind guesses; a guess about symbols is worth nothing. */
	if (!desk->described) {
		desk->answer.kind = RECIPE_NO_CFI;
		return;
	}
	if (status < 0 || state.get_reg(cursor, FRAMES_PC, &pc) < 0)
		return;
	if (status == 0 || pc == 0) {
		desk->answer.kind = RECIPE_END;
		return;
	}
	if (state.get_reg(cursor, FRAMES_SP, &sp) < 0 || state.get_reg(cursor, FRAMES_BP, &bp) < 0)
		return;
	if (state.get_reg(cursor, FRAMES_BX, &bx) < 0)
		bx = 0; /* no symbol: lost */
	desk->answer = read_recipe(pc, sp, bp, bx);
}

struct recipe cfi_recipe(struct cfi_desk *desk, uint64_t ip, const struct dl_find_object *object)
{
	desk->ip = ip;
	desk->object = *object;
	/* Of a program with gaps between its segments only the segment asked for is told. */
	if (!object->dlfo_eh_frame || !cfi_object((uint64_t)object->dlfo_eh_frame, &desk->table))
		desk->table = desk->object;
	call_on_stack(desk->stack + sizeof(desk->stack), answer, desk);
	return desk->answer;
}

/*
 * libunwind opens a pipe when it is first used, to test addresses of its own process with, and never looks
 * at it when it unwinds by accessors. The program must find its descriptor numbers as they would be without
 * us: a pipe of our own, closed at once, tells which two numbers the next one gets.
 */
static bool next_pipe(int fd[2])
{
	if (raw_failed(RAW_2(SYS_pipe2, fd, O_CLOEXEC)))
		return false;
	RAW_1(SYS_close, fd[0]);
	RAW_1(SYS_close, fd[1]);
	return true;
}

/* Closes fd if they are two ends of one pipe now. */
static void close_pipe(const int fd[2])
{
	struct stat end[2];

	for (int i = 0; i < 2; i++) {
		if (raw_failed(RAW_2(SYS_fstat, fd[i], &end[i])) || !S_ISFIFO(end[i].st_mode))
			return;
	}
	if (end[0].st_ino != end[1].st_ino || end[0].st_dev != end[1].st_dev)
		return;
	RAW_1(SYS_close, fd[0]);
	RAW_1(SYS_close, fd[1]);
}

static bool find_functions(void *library)
{
	const struct {
		const char *name;
		void *function; /* points to the pointer to fill; POSIX lets dlsym() fill any of them */
	} wanted[] = {
		{ FRAMES_SYMBOL("create_addr_space"), &state.create_addr_space },
		{ FRAMES_SYMBOL("set_caching_policy"), &state.set_caching_policy },
		{ FRAMES_SYMBOL("init_remote"), &state.init_remote },
		{ FRAMES_SYMBOL("step"), &state.step },
		{ FRAMES_SYMBOL("get_reg"), &state.get_reg },
		{ FRAMES_SYMBOL("dwarf_search_unwind_table"), &state.search_unwind_table },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		void *found = dlsym(library, wanted[i].name);

		if (!found)
			return false;
		memcpy(wanted[i].function, &found, sizeof(found));
	}
	return true;
}

static bool create_space(void)
{
	/* Room behind the accessors: libunwind 1.8 copies a longer struct, whose new members may be NULL. */
	struct {
		unw_accessors_t accessors;
		void *unused[8];
	} ours = { .accessors = { find_proc_info, put_unwind_info, get_dyn_info_list_addr,
		                  access_mem, access_reg, access_fpreg, resume, get_proc_name } };

	state.space = state.create_addr_space(&ours.accessors, 0);
	return state.space && state.set_caching_policy(state.space, UNW_CACHE_NONE) >= 0;
}

/* One answer that is known: on the first instruction of a function the CFA is sp + 8. */
static bool try_out(struct cfi_desk *desk)
{
	struct recipe recipe = { .kind = RECIPE_UNKNOWN };
	uint64_t entry = (uint64_t)call_on_stack;
	struct dl_find_object object;

	if (cfi_object(entry, &object))
		recipe = cfi_recipe(desk, entry, &object);
	return recipe.kind == RECIPE_SP && recipe.cfa_offset == 8 && recipe.saved == 0;
}

static uint64_t dynamic_value(const struct link_map *library, Elf64_Sxword tag)
{
	for (const Elf64_Dyn *entry = library->l_ld; entry->d_tag != DT_NULL; entry++) {
		if (entry->d_tag == tag)
			return entry->d_un.d_val;
	}
	return 0;
}

/*
 * What is writable and no pointer of the loader's: the segment without the part that the loader has made read-only,
 * and without the procedure linkage table, which is bound by now (generic ABI, program header; DT_PLTGOT).
 */
static void remember_data(void)
{
	struct dl_find_object object;
	const Elf64_Ehdr *header;
	const Elf64_Phdr *part;
	uint64_t bias, start = 0, end = 0, memory_end = 0, bound_end;

	if (!cfi_object((uint64_t)state.step, &object))
		return;
	header = object.dlfo_map_start;
	part = (const void *)((const char *)header + header->e_phoff);
	bias = object.dlfo_link_map->l_addr;
	for (int i = 0; i < header->e_phnum; i++) {
		if (part[i].p_type == PT_LOAD && part[i].p_flags & PF_W) {
			start = bias + part[i].p_vaddr;
			end = start + part[i].p_filesz;
			memory_end = start + part[i].p_memsz;
		}
	}
	for (int i = 0; i < header->e_phnum; i++) {
		uint64_t kept = bias + part[i].p_vaddr + part[i].p_memsz;

		if (part[i].p_type == PT_GNU_RELRO && kept - start < end - start)
			start = kept & ~UINT64_C(4095);
	}
	bound_end = dynamic_value(object.dlfo_link_map, DT_PLTGOT) + 3 * sizeof(uint64_t) +
	            dynamic_value(object.dlfo_link_map, DT_PLTRELSZ) / sizeof(Elf64_Rela) *
	                    sizeof(uint64_t);
	if (bound_end - start < end - start)
		start = bound_end;
	if (end - start > sizeof(data.loaded))
		return;
	data.bytes = end - start;
	data.zero_bytes = memory_end - end;
	memcpy(data.loaded, (const void *)start, data.bytes);
	data.start = start;
}

bool cfi_begin_anew(struct cfi_desk *desk)
{
	bool works;
	int fd[2];

	/* No pipe: no system call may be made, or there is no descriptor to be had. */
	if (!data.start || !next_pipe(fd))
		return false;
	memcpy((void *)data.start, data.loaded, data.bytes);
	memset((void *)(data.start + data.bytes), 0, data.zero_bytes);
	works = try_out(desk);
	close_pipe(fd);
	return works;
}

/* Of the program, or of a library of its. */
static bool is_loaded(void)
{
	void *library = dlopen(FRAMES_LIBRARY, RTLD_LAZY | RTLD_NOLOAD);

	if (library)
		dlclose(library);
	return library != NULL;
}

/* glibc's, and nobody else's: no other library has one. */
extern const char *gnu_get_libc_version(void) __attribute__((weak));

/*
 * True if the library, which takes memory when it begins, takes it from the recorder or from libc: a function of the
 * program's may hold a lock when it makes the call that a fork child begins with.
 */
static bool takes_memory_without_lock(void)
{
	struct dl_find_object first, ours, libc;
	void *function = dlsym(RTLD_DEFAULT, "mmap");

	return function && cfi_object((uint64_t)function, &first) &&
	       cfi_object((uint64_t)call_on_stack, &ours) &&
	       cfi_object((uint64_t)gnu_get_libc_version, &libc) &&
	       (first.dlfo_link_map == ours.dlfo_link_map ||
	        first.dlfo_link_map == libc.dlfo_link_map);
}

bool cfi_load(struct cfi_desk *desk)
{
	bool shared = cfi_can_find() && is_loaded();
	void *library = cfi_can_find() ? dlopen(FRAMES_LIBRARY, RTLD_NOW | RTLD_LOCAL) : NULL;
	bool works = false;
	int fd[2];
	bool closes;

	if (library && find_functions(library)) {
		if (!shared && takes_memory_without_lock())
			remember_data();
		closes = next_pipe(fd);
		works = create_space() && try_out(desk);
		if (closes)
			close_pipe(fd);
	}
	/* The first gives the message that a failure left behind, the second frees it. */
	if (!works) {
		dlerror();
		dlerror();
	}
	return works;
}
