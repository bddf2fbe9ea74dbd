// subject.cc: something to look up: templates, lambdas, and a standard library that is inlined to the bottom.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace shapes
{
template <typename Number> struct point {
	Number x, y;
	Number norm() const
	{
		return x * x + y * y;
	}
};

class walker
{
    public:
	int walk(int count)
	{
		int sum = 0;

		for (int i = 0; i < count; i++) {
			lists_[std::to_string(i)].push_back(i);
			names_[i] = std::to_string(i * 3);
		}
		for (auto &entry : lists_) {
			std::sort(entry.second.begin(), entry.second.end(),
			          [&](int a, int b) { return a > b + sum; });
			sum += entry.second[0];
		}
		std::function<int(int)> again = [&](int k) {
			return k <= 0 ? sum : again(k - 1) + static_cast<int>(names_[k].size());
		};
		return again(count);
	}

    private:
	std::map<std::string, std::vector<int>> lists_;
	std::unordered_map<int, std::string> names_;
};
} // namespace shapes

int main(int argc, char **)
{
	shapes::walker walker;
	shapes::point<double> point{ 1.0 * argc, 2 };
	std::shared_ptr<std::string> text = std::make_shared<std::string>("x");

	std::printf("%d %f %s\n", walker.walk(argc * 10), point.norm(), text->c_str());
}
