/*
 * symbol_files.c: see symbol_files.h.
 */
#include "symbol_files.h"

#include <elfutils/libdwelf.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "debuginfod.h"
#include "symbol_open.h"

static const char usual_debug_dir[] = "/usr/lib/debug";

/* One search: what is looked for, and where. */
struct search {
	const struct symbol_sources *sources;
	struct debuginfod *debuginfod;
	const uint8_t *build_id;
	size_t build_id_bytes;
};

static void close_file(struct symbol_file *file)
{
	if (file->elf) {
		elf_end(file->elf);
		close(file->fd);
	}
	free(file->path);
	*file = (struct symbol_file) { .fd = -1 };
}

/* libelf would decompress a file, or read an archive; neither is ever loaded. */
static bool is_elf(int fd, const struct stat *status)
{
	char magic[SELFMAG];

	return status->st_size >= (off_t)sizeof(Elf32_Ehdr) &&
	       pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* Takes fd and path over. */
static bool take_fd(struct symbol_file *file, int fd, char *path)
{
	*file = (struct symbol_file) { .fd = fd, .path = path };
	if (fd >= 0 && path && fstat(fd, &file->status) == 0 && is_elf(fd, &file->status))
		file->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (file->elf && elf_kind(file->elf) == ELF_K_ELF)
		return true;
	if (!file->elf && fd >= 0)
		close(fd);
	close_file(file);
	return false;
}

static bool open_file(struct symbol_file *file, const char *root, const char *path)
{
	struct stat status;

	return take_fd(file, open_regular(root, path, &status), strdup(path));
}

static bool has_id(const struct symbol_file *file, const uint8_t *id, size_t id_bytes)
{
	const void *found = NULL;
	ssize_t bytes = dwelf_elf_gnu_build_id(file->elf, &found);

	if (bytes <= 0)
		return id_bytes == 0;
	return (size_t)bytes == id_bytes && memcmp(found, id, id_bytes) == 0;
}

Elf_Scn *elf_section_named(Elf *elf, const char *name)
{
	Elf_Scn *section = NULL;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings) != 0)
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *found = gelf_getshdr(section, &header)
		                            ? elf_strptr(elf, strings, header.sh_name)
		                            : NULL;

		if (found && strcmp(found, name) == 0)
			return section;
	}
	return NULL;
}

/* The section's header is kept by `objcopy --only-keep-debug` even of what it empties. */
static bool has_contents(Elf *elf, const char *name)
{
	Elf_Scn *section = elf_section_named(elf, name);
	GElf_Shdr header;

	return section && gelf_getshdr(section, &header) && header.sh_type != SHT_NOBITS &&
	       header.sh_size > 0;
}

static bool has_dwarf(const struct symbol_file *file)
{
	return file->elf &&
	       (has_contents(file->elf, ".debug_info") || has_contents(file->elf, ".zdebug_info"));
}

/* The file at ROOT/FOLDER/NAME if it has the build-id. */
static bool try_file(struct symbol_file *file, const char *root, const char *folder,
                     const char *name, const uint8_t *id, size_t id_bytes)
{
	char *path;
	bool found;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return false;
	found = open_file(file, root, path);
	free(path);
	if (found && !has_id(file, id, id_bytes)) {
		close_file(file);
		return false;
	}
	return found;
}

/* Each folder of debug files in turn, the usual one last. NULL: no more. */
static const char *debug_dir(const struct search *search, size_t index, const char **root)
{
	*root = index < search->sources->debug_dir_count ? NULL : search->sources->sysroot;
	if (index < search->sources->debug_dir_count)
		return search->sources->debug_dirs[index];
	return index == search->sources->debug_dir_count ? usual_debug_dir : NULL;
}

/* DIR/.build-id/ab/cdef.debug */
static bool find_by_id(struct symbol_file *file, const struct search *search, const uint8_t *id,
                       size_t id_bytes, const char *suffix)
{
	char name[2 * 64 + 32] = ".build-id/";
	size_t length = strlen(name);
	const char *folder, *root;

	if (id_bytes < 2 || id_bytes > 64)
		return false;
	for (size_t i = 0; i < id_bytes; i++)
		length += (size_t)snprintf(name + length, sizeof(name) - length,
		                           i == 1 ? "/%02x" : "%02x", id[i]);
	snprintf(name + length, sizeof(name) - length, "%s", suffix);
	for (size_t i = 0; (folder = debug_dir(search, i, &root)); i++) {
		if (try_file(file, root, folder, name, id, id_bytes))
			return true;
	}
	return false;
}

/* The CRC of .gnu_debuglink, which is zlib's. */
static bool crc_is(const struct symbol_file *file, uint32_t expected)
{
	/* A trace can name a sparse file of any size; what is larger than this has a build-id. */
	const off_t limit = (off_t)1 << 30;
	unsigned char bytes[16384];
	uLong crc = 0;

	if (file->status.st_size > limit)
		return false;
	for (off_t at = 0; at < file->status.st_size;) {
		ssize_t n = pread(file->fd, bytes, sizeof(bytes), at);

		if (n <= 0)
			return false;
		crc = crc32(crc, bytes, (uInt)n);
		at += n;
	}
	return crc == expected;
}

static bool same_file(const struct symbol_file *a, const struct symbol_file *b)
{
	return a->status.st_dev == b->status.st_dev && a->status.st_ino == b->status.st_ino;
}

/* As gdb does: the folder of main, .debug/ in it, the folders of debug files with main's path below, and flat. */
static bool find_by_link(struct symbol_files *files, const struct search *search)
{
	GElf_Word crc = 0;
	const char *link = dwelf_elf_gnu_debuglink(files->main.elf, &crc);
	const char *slash = strrchr(files->main.path, '/');
	int length = slash ? (int)(slash - files->main.path) : 0;
	const char *below[] = { "", "/.debug" };
	const char *folder, *root;
	bool found = false;
	char *place;

	/* A name, not a path. */
	if (!link || !*link || strchr(link, '/') || !slash)
		return false;
	for (size_t i = 0; !found; i++) {
		size_t dir = (i - 2) / 2;

		if (i < 2) {
			root = search->sources->sysroot;
			if (asprintf(&place, "%.*s%s", length, files->main.path, below[i]) < 0)
				return false;
		} else if ((folder = debug_dir(search, dir, &root))) {
			if (asprintf(&place, "%s%.*s", folder, i % 2 ? 0 : length,
			             files->main.path) < 0)
				return false;
		} else {
			return false;
		}
		found = try_file(&files->debug, root, place, link, search->build_id,
		                 search->build_id_bytes);
		free(place);
		if (found && (same_file(&files->main, &files->debug) ||
		              (search->build_id_bytes == 0 && !crc_is(&files->debug, crc)))) {
			close_file(&files->debug);
			found = false;
		}
	}
	return true;
}

static bool fetch(struct symbol_file *file, const struct search *search, const uint8_t *id,
                  size_t id_bytes)
{
	char *path = NULL;
	int fd;

	if (!search->debuginfod)
		return false;
	fd = debuginfod_fetch(search->debuginfod, id, id_bytes, &path);
	if (!take_fd(file, fd, path))
		return false;
	if (has_id(file, id, id_bytes))
		return true;
	close_file(file);
	return false;
}

static void find_alternate(struct symbol_files *files, const struct search *search)
{
	const struct symbol_file *debug = symbol_files_dwarf(files);
	Elf_Scn *section = debug ? elf_section_named(debug->elf, ".gnu_debugaltlink") : NULL;
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	const char *name = data ? data->d_buf : NULL;
	const char *end = name ? memchr(name, '\0', data->d_size) : NULL;
	const uint8_t *id;
	size_t id_bytes;
	const char *slash;
	char *place;

	if (!section)
		return;
	files->alternate_missing = true;
	if (!end)
		return;
	/* Behind the name's NUL stands the build-id. */
	id = (const uint8_t *)end + 1;
	id_bytes = data->d_size - (size_t)(end + 1 - name);
	if (id_bytes == 0)
		return;
	files->alternate_missing = !find_by_id(&files->alternate, search, id, id_bytes, ".debug") &&
	                           !fetch(&files->alternate, search, id, id_bytes);
	if (!files->alternate_missing)
		return;
	slash = strrchr(debug->path, '/');
	if (asprintf(&place, "%.*s", name[0] == '/' || !slash ? 0 : (int)(slash - debug->path),
	             debug->path) < 0)
		return;
	/* The debug file's own folder may lie outside of the root; its build-id is what counts. */
	files->alternate_missing =
		!try_file(&files->alternate, search->sources->sysroot, place, name, id, id_bytes) &&
		!try_file(&files->alternate, NULL, place, name, id, id_bytes);
	free(place);
}

/* The file at ROOT/FOLDER PATH.dwp if it is a package. */
static bool try_package(struct symbol_file *file, const char *root, const char *folder,
                        const char *path)
{
	char *place;
	bool found;

	if (asprintf(&place, "%s%s.dwp", folder, path) < 0)
		return false;
	found = open_file(file, root, place);
	free(place);
	if (found && !has_contents(file->elf, ".debug_cu_index")) {
		close_file(file);
		return false;
	}
	return found;
}

/* As gdb does, which takes the first that is there. */
static void find_package(struct symbol_files *files, const struct search *search, const char *path)
{
	const struct symbol_file *debug = symbol_files_dwarf(files);
	const char *slash = strrchr(path, '/');
	const char *folder, *root;

	/* Split units have their addresses there. */
	if (!debug || !slash ||
	    (!has_contents(debug->elf, ".debug_addr") && !has_contents(debug->elf, ".zdebug_addr")))
		return;
	/* As with the alternate file, debug may lie outside of the root. */
	if (try_package(&files->package, search->sources->sysroot, "", path) ||
	    try_package(&files->package, search->sources->sysroot, "", debug->path) ||
	    try_package(&files->package, NULL, "", debug->path))
		return;
	for (size_t i = 0; (folder = debug_dir(search, i, &root)); i++) {
		if (try_package(&files->package, root, folder, path) ||
		    try_package(&files->package, root, folder, slash))
			return;
	}
}

bool symbol_files_find(struct symbol_files *files, const struct symbol_sources *sources,
                       struct debuginfod *debuginfod, const char *path, const uint8_t *build_id,
                       size_t build_id_bytes)
{
	const struct search search = { sources, debuginfod, build_id, build_id_bytes };

	*files = (struct symbol_files) {
		.main.fd = -1, .debug.fd = -1, .alternate.fd = -1, .package.fd = -1
	};
	elf_version(EV_CURRENT);
	if (open_file(&files->main, sources->sysroot, path) &&
	    !has_id(&files->main, build_id, build_id_bytes)) {
		files->changed = true;
		close_file(&files->main);
	}
	/* It may be kept where debug files are: build-id folders have links to both. */
	if (!files->main.elf)
		find_by_id(&files->main, &search, build_id, build_id_bytes, "");
	if (!has_dwarf(&files->main) &&
	    !find_by_id(&files->debug, &search, build_id, build_id_bytes, ".debug") &&
	    !(files->main.elf && find_by_link(files, &search)))
		fetch(&files->debug, &search, build_id, build_id_bytes);
	find_alternate(files, &search);
	find_package(files, &search, path);
	return files->main.elf || files->debug.elf;
}

void symbol_files_release(struct symbol_files *files)
{
	close_file(&files->main);
	close_file(&files->debug);
	close_file(&files->alternate);
	close_file(&files->package);
}

const struct symbol_file *symbol_files_dwarf(const struct symbol_files *files)
{
	if (has_dwarf(&files->debug))
		return &files->debug;
	return has_dwarf(&files->main) ? &files->main : NULL;
}
