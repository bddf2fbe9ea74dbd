/*
 * folders: the way to a new trace. A trace shows where everything lies in a process: folders made for it are
 * its user's alone (0700), and a link that somebody else has put into a folder that all may write to (/tmp) is
 * not followed, whatever the kernel thinks of it (fs.protected_symlinks, proc(5), is off as a rule in containers).
 */
#ifndef VMATRACE_PRELOAD_FOLDERS_H
#define VMATRACE_PRELOAD_FOLDERS_H

#include <stdbool.h>

/* Makes what is missing of the way to `path`, which is as it was afterwards. */
void folders_make(char *path);

/* False: the way leads over a stranger's link in a shared folder. `path` is as it was afterwards. */
bool folders_are_safe(char *path);

#endif
