/*
 * record_output: see the header.
 */
#include "record_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PATTERN_LIMIT = 1024, /* what the recorder takes */
	NAME_LIMIT = 100,     /* of the command in the folder's name */
	FOLDER_TRIES = 1000,
};

/* False, errno ENAMETOOLONG, if it does not fit. */
__attribute__((format(printf, 3, 4))) static bool spell(char *text, size_t limit,
                                                        const char *format, ...)
{
	va_list values;
	int length;

	va_start(values, format);
	length = vsnprintf(text, limit, format, values);
	va_end(values);
	if (length >= 0 && (size_t)length < limit)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

/* The folder with each % doubled, so that it stays itself in a pattern. */
static bool spell_pattern(struct record_output *output, const char *folder, const char *rest)
{
	size_t length = 0;

	for (; *folder && length + 2 < sizeof(output->pattern); folder++) {
		if (*folder == '%')
			output->pattern[length++] = '%';
		output->pattern[length++] = *folder;
	}
	output->pattern[length] = '\0';
	return spell(output->pattern + length, PATTERN_LIMIT > length ? PATTERN_LIMIT - length : 0,
	             "/%s", rest);
}

/* mkdir -p, private. */
static bool make_folders(const char *path)
{
	char part[PATH_MAX];
	size_t length = 0;
	struct stat file;

	while (path[length]) {
		length += strspn(path + length, "/");
		length += strcspn(path + length, "/");
		memcpy(part, path, length);
		part[length] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST && stat(part, &file) != 0)
			return false;
	}
	if (stat(path, &file) != 0)
		return false;
	errno = ENOTDIR;
	return S_ISDIR(file.st_mode);
}

/* Permission bits do not tell of read-only and special file systems, nor do they bind root. */
static bool try_file(const char *folder)
{
	char path[PATH_MAX + 32];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0) {
		close(fd);
		return true;
	}
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return false;
	snprintf(path, sizeof(path), "%s/.vmatrace.XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return false;
	close(fd);
	unlink(path);
	return true;
}

/* The command's last component, as a file name. */
static void spell_name(char *name, size_t limit, const char *command)
{
	const char *slash = strrchr(command, '/');

	snprintf(name, limit, "%s", slash && slash[1] ? slash + 1 : command);
	for (; *name; name++)
		if (*name == '/' || (unsigned char)*name < ' ')
			*name = '_';
}

bool record_output_plan(struct record_output *output, const char *pattern, const char *command)
{
	char here[PATH_MAX] = "", whole[PATH_MAX], name[NAME_LIMIT];
	struct stat file;
	size_t literal;
	char *slash;

	memset(output, 0, sizeof(*output));
	strcpy(output->folder, ".");
	if (!getcwd(here, sizeof(here)) && (!pattern || pattern[0] != '/'))
		return false;
	if (!pattern) {
		spell_name(name, sizeof(name), command);
		output->own_folder = true;
		strcpy(output->folder, here);
		return access(here, W_OK | X_OK) == 0 &&
		       spell(output->folder, sizeof(output->folder), "%s/vmatrace.%s",
		             strcmp(here, "/") == 0 ? "" : here, name);
	}
	strcpy(output->folder, pattern[0] ? pattern : "");
	if (!pattern[0]) {
		errno = ENOENT;
		return false;
	}
	if (!spell(whole, sizeof(whole), "%s%s%s", pattern[0] == '/' ? "" : here,
	           pattern[0] == '/' ? "" : "/", pattern))
		return false;
	/* A folder, there or asked for by its slash: the names inside are ours. */
	if (pattern[strlen(pattern) - 1] == '/' ||
	    (stat(whole, &file) == 0 && S_ISDIR(file.st_mode))) {
		strcpy(output->folder, whole);
		for (size_t end = strlen(whole); end > 1 && output->folder[end - 1] == '/'; end--)
			output->folder[end - 1] = '\0';
		return spell_pattern(output, output->folder, "%e.%p.vmat") &&
		       make_folders(output->folder) && try_file(output->folder);
	}
	/* Folders before the first % are known now; the recorder makes the others. */
	literal =
		pattern[0] == '/' ? strcspn(whole, "%") : strlen(here) + 1 + strcspn(pattern, "%");
	memcpy(output->folder, whole, literal);
	output->folder[literal] = '\0';
	slash = strrchr(output->folder, '/');
	slash[slash == output->folder] = '\0';
	if (pattern[0] == '/' ? !spell(output->pattern, PATTERN_LIMIT, "%s", pattern)
	                      : !spell_pattern(output, here, pattern))
		return false;
	return make_folders(output->folder) && try_file(output->folder);
}

bool record_output_make(struct record_output *output, pid_t pid)
{
	char base[PATH_MAX];

	if (!output->own_folder)
		return true;
	strcpy(base, output->folder);
	for (int n = 0; n < FOLDER_TRIES; n++) {
		bool fits =
			n ? spell(output->folder, sizeof(output->folder), "%s.%d.%d", base,
		                  (int)pid, n)
			  : spell(output->folder, sizeof(output->folder), "%s.%d", base, (int)pid);

		if (!fits)
			return false;
		if (mkdir(output->folder, 0700) == 0)
			return spell_pattern(output, output->folder, "%e.%p.vmat");
		if (errno != EEXIST)
			return false;
	}
	return false;
}

void record_output_undo(const struct record_output *output)
{
	if (output->own_folder)
		rmdir(output->folder); /* refuses if there is anything in it */
}
