/*
 * proc_maps: chapter "/proc/PID/maps and its six fields".
 *
 * Makes one mapping of each sort, reads its own /proc/self/maps and explains the rows; then
 * parses lines of an older machine, among them a device number that needs three hexadecimal
 * digits (103:01, an NVMe disk) and [vsyscall], whose address is above the half that belongs to
 * the process.
 *
 * True today: the list is not a snapshot. Each read() returns at most a page of it, and since
 * Linux 6.17 the rows inside that page are read one by one, so that rows of a program with
 * running threads may even overlap. The offset of private anonymous memory is not shown (it is 0
 * there whatever the kernel keeps), and names ending in " (deleted)" may be either a deleted
 * file or one that is really called so.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "account.h"
#include "own_maps.h"
#include "vmatrace/mark.h"

static const char *const old_lines[] = {
	"00400000-0040b000 r-xp 00000000 103:01 2883                             /usr/bin/cat",
	"0060a000-0060b000 r--p 0000a000 103:01 2883                             /usr/bin/cat",
	"0060b000-0060c000 rw-p 0000b000 103:01 2883                             /usr/bin/cat",
	"2129c000-212bd000 rw-p 00000000 00:00 0                                  [heap]",
	"7f5c2a1c4000-7f5c2a3c4000 ---p 001c3000 103:01 395261                    /lib64/libc.so",
	"7ffd1f5d4000-7ffd1f5f5000 rw-p 00000000 00:00 0                          [stack]",
	"ffffffffff600000-ffffffffff601000 r-xp 00000000 00:00 0                  [vsyscall]",
};

static void explain(const char *what, const struct own_row *row)
{
	print("%s: %lu bytes, %s%s%s%s, offset 0x%lx, %s%s\n", what, row->end - row->start,
	      row->perms[0] == 'r' ? "read " : "", row->perms[1] == 'w' ? "write " : "",
	      row->perms[2] == 'x' ? "execute " : "", row->perms[3] == 's' ? "shared" : "private",
	      row->offset, row->inode ? "a file: " : "no file", row->inode ? row->name : "");
}

static void show(const char *what, const void *address)
{
	struct own_row row;

	if (own_maps_find(address, &row))
		explain(what, &row);
}

static void parse_old_lines(void)
{
	struct own_row row;

	for (size_t i = 0; i < sizeof(old_lines) / sizeof(old_lines[0]); i++) {
		if (!own_maps_parse(old_lines[i], &row)) {
			print("not understood: %s\n", old_lines[i]);
			continue;
		}
		print("old line: %lx-%lx is %lu bytes (%lu pages), device %x:%02x, inode %lu, %s\n",
		      row.start, row.end, row.end - row.start, (row.end - row.start) / 4096,
		      row.dev_major, row.dev_minor, row.inode, row.name);
	}
}

int main(void)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const int reserve = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *area;

	ACCOUNT_BEGIN();
	/*
	 * One reserve, cut into pages of different rights: neighbours that differ stay rows of
	 * their own.
	 */
	area = DID(mmap, NULL, 8 * page, PROT_NONE, reserve, -1, 0);
	if (area == MAP_FAILED || fd < 0)
		return 1;
	DID(mprotect, area + page, page, PROT_READ);
	DID(mprotect, area + 3 * page, page, PROT_READ | PROT_WRITE);
	DID(mmap, area + 5 * page, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, fd, 0);
	close(fd);
	MARK("mapped");

	show("---p reserve", area);
	show("r--p", area + page);
	show("rw-p", area + 3 * page);
	show("r-xp", area + 5 * page);
	show("rw-s",
	     DID(mmap, NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));

	parse_old_lines();
	own_maps_print();
	return 0;
}
