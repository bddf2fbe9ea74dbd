/*
 * throws: calls from inlined functions, lambdas, destructors that run while an exception flies, handlers that
 * catch it and throw on.
 */
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <stdexcept>
#include <vector>

static void call()
{
	void *page = mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED || munmap(page, 8192))
		abort();
}

struct caller {
	~caller()
	{
		call();
	}
};

template <int depth> static inline void inlined()
{
	inlined<depth - 1>();
}

template <> inline void inlined<0>()
{
	call();
}

__attribute__((noinline)) static void descend(int depth, const std::function<void()> &end)
{
	caller at_the_end;

	if (depth == 0)
		end();
	else
		descend(depth - 1, end);
}

__attribute__((noinline)) static void passes_on(int depth)
{
	try {
		descend(depth, [depth] { throw std::runtime_error(depth % 2 ? "odd" : "even"); });
	} catch (const std::exception &) {
		call();
		throw;
	}
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 5;

	for (int i = 0; i < rounds; i++) {
		std::vector<int> numbers = { 3, 1, 2 };

		try {
			passes_on(i);
		} catch (const std::runtime_error &) {
			inlined<4>();
		}
		descend(i, call);
		std::sort(numbers.begin(), numbers.end(), [](int a, int b) {
			call();
			return a < b;
		});
	}
	return 0;
}
