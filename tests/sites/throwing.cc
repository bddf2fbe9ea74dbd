// throwing: exceptions out of constructors that have mapped memory, through frames that unmap it. Says whose
// unwinder it was. With -DPLUGIN: for throwing_host.c.
#include <cstdio>
#include <cstdlib>
#include <dlfcn.h>
#include <stdexcept>
#include <sys/mman.h>
#include <unwind.h>
#include <vector>

struct Pages {
	void *start;
	explicit Pages(int number)
	    : start(mmap(nullptr, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))
	{
		if (start == MAP_FAILED)
			throw std::runtime_error("mmap");
		if (number % 3 == 0) {
			munmap(start, 8192);
			throw std::runtime_error("a third");
		}
	}
	~Pages() { munmap(start, 8192); }
};

static int nest(int number)
{
	Pages pages(number);
	std::vector<char> large(300000 + number);

	large[0] = 1;
	return number > 1 && number % 7 ? nest(number - 1) + large[0] : 0;
}

#ifdef PLUGIN
extern "C" int throwing()
#else
int main()
#endif
{
	Dl_info unwinder;
	int caught = 0;

	for (int i = 0; i < 3000; i++) {
		try {
			nest(i);
			// malloc itself fails here, after its mmap did.
			if (i % 100 == 0)
				delete[] new char[1UL << 46];
		} catch (const std::bad_alloc &) {
			caught += 1000;
		} catch (const std::runtime_error &) {
			caught++;
		}
	}
	if (dladdr(reinterpret_cast<void *>(&_Unwind_RaiseException), &unwinder))
		printf("by %s\n", unwinder.dli_fname);
	printf("%d caught\n", caught);
	return 0;
}
