/*
 * shm_folder.h: the objects that are in /dev/shm now. That no object has a name there says little of one that a trace saw
 * there: the same file system may be mounted there as a whole, or one folder of it, for the traced program or for us.
 *
 *     traced       /dev/shm = folder a    /dev/shm/x
 *     here         /dev/shm = all of it   /dev/shm/a/x
 *
 * So an object is gone if its file system is the one of our /dev/shm, that is all of it, and none of its folders has
 * the inode. Anything else, as a folder that may not be read, or one that another mount hides: not known.
 */
#ifndef VMATRACE_IO_SHM_FOLDER_H
#define VMATRACE_IO_SHM_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: not read yet. */
struct shm_folder {
	bool is_read;
	bool is_known; /* all of the file system was seen */
	uint64_t mount;
	uint64_t device;  /* major << 32 | minor */
	uint64_t *inodes; /* of all that is no folder; sorted */
	size_t count;
};

/* True: no such object is there any more, under this name or another. name: a stranger's. The first call reads. */
bool shm_folder_lost(struct shm_folder *folder, const char *name, uint64_t device, uint64_t inode);
void shm_folder_release(struct shm_folder *folder);

#endif
