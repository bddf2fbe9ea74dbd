/*
 * check_roots: the folder that paths in reports are relative to. A compiler writes down the path that it was run
 * in as the shell spells it, links and all (gcc takes $PWD where that is right), so both spellings count.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "command.h"

/* "/": as good as nothing, for a path below it begins with the slash that follows a root. */
static void strip_slashes(char *path)
{
	for (size_t length = strlen(path); length && path[length - 1] == '/'; length--)
		path[length - 1] = '\0';
}

int check_find_roots(struct check_roots *roots, const char *source_root)
{
	const char *folder = source_root ? source_root : ".";
	char *here = get_current_dir_name();
	struct stat status;

	*roots = (struct check_roots) { .real = realpath(folder, NULL) };
	if (!roots->real || stat(roots->real, &status) != 0 || !S_ISDIR(status.st_mode)) {
		int error = roots->real ? ENOTDIR : errno;

		free(here);
		check_roots_release(roots);
		return complain(STATUS_USAGE, "cannot use the source root '%s': %s", folder,
		                strerror(error));
	}
	/* Dots in it are nobody's spelling. */
	if (!source_root)
		roots->spelled = here ? strdup(here) : NULL;
	else if (folder[0] == '/')
		roots->spelled = strdup(folder);
	else if (here && folder[0] != '.' && asprintf(&roots->spelled, "%s/%s", here, folder) < 0)
		roots->spelled = NULL;
	free(here);
	if (!roots->spelled)
		roots->spelled = strdup(roots->real);
	if (!roots->spelled) {
		check_roots_release(roots);
		return complain(STATUS_TRACE, "out of memory");
	}
	strip_slashes(roots->real);
	strip_slashes(roots->spelled);
	return STATUS_FINE;
}

void check_roots_release(struct check_roots *roots)
{
	free(roots->real);
	free(roots->spelled);
	*roots = (struct check_roots) { 0 };
}
