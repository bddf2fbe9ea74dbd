// plugin: throws through a few frames, catches, and takes a backtrace: for whom these bind is the question.
#include <execinfo.h>
#include <stdexcept>
#include <sys/mman.h>

__attribute__((noinline)) static void throws(int depth)
{
	void *page = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page, 4096);
	if (depth == 0)
		throw std::runtime_error("on purpose");
	throws(depth - 1);
	asm volatile("");
}

extern "C" int plugin_run(int depth)
{
	void *pcs[64];

	try {
		throws(depth % 20);
	} catch (const std::exception &) {
		return backtrace(pcs, 64) > 2;
	}
	return 0;
}
