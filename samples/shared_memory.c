/*
 * shared_memory: chapter "POSIX shared memory: create, size, map, access from another process".
 *
 * One object's life across two processes: the parent creates, sizes and maps it; the child opens
 * it by name, maps it at an address of its own, and writes; the parent reads what was written,
 * moves its mapping to a bigger one, and takes the name away. Then the same without a name:
 * memfd_create().
 *
 * True today: shm_open() is open() of a file below /dev/shm, a tmpfs; the name is gone after
 * shm_unlink(), the memory only when the last mapping and descriptor are. A new object has
 * length 0: a read or write of its mapping before ftruncate() is a SIGBUS, not a SIGSEGV.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

static size_t page_bytes;

/* The other process: knows the name and nothing else. */
static void child(const char *name)
{
	int fd = DID(shm_open, name, O_RDWR, 0);
	char *memory;

	if (fd < 0)
		exit(1);
	memory = DID(mmap, NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		exit(1);
	print("child: the parent wrote \"%s\"\n", memory);
	strcpy(memory, "hello, parent");
	DID(munmap, memory, page_bytes);
	own_maps_print();
	exit(0);
}

static int named(void)
{
	const int may_move = MREMAP_MAYMOVE;
	char name[64];
	int status = 0;
	char *memory;
	pid_t pid;
	int fd;

	snprintf(name, sizeof(name), "/vmatrace-sample-%ld", (long)getpid());
	fd = DID(shm_open, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return 1;
	MARK("created");
	DID(shm_open, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (ftruncate(fd, 4 * (off_t)page_bytes) != 0)
		return 1;
	memory = DID(mmap, NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return 1;
	strcpy(memory, "hello, child");

	pid = fork();
	if (pid == 0)
		child(name);
	waitpid(pid, &status, 0);
	print("parent: the child wrote \"%s\"\n", memory);

	memory = DID(mremap, memory, page_bytes, 4 * page_bytes, may_move);
	if (memory == MAP_FAILED)
		return 1;
	print("parent: after growing it still says \"%s\"\n", memory);
	DID(shm_unlink, name);
	MARK("unlinked");
	DID(shm_unlink, name);
	print("parent: after shm_unlink it still says \"%s\"\n", memory);
	DID(munmap, memory, 3 * page_bytes);
	close(fd);
	return status != 0;
}

static int nameless(void)
{
	int fd = DID(memfd_create, "sample", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char *one;
	char *two;

	if (fd < 0 || ftruncate(fd, (off_t)page_bytes) != 0)
		return 1;
	one = DID(mmap, NULL, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	two = DID(mmap, NULL, page_bytes, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (one == MAP_FAILED || two == MAP_FAILED)
		return 1;
	strcpy(one, "one object, two addresses");
	print("memfd: %s\n", two);
	return 0;
}

int main(void)
{
	int status;

	ACCOUNT_BEGIN();
	page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	status = named() || nameless();
	own_maps_print();
	return status;
}
