# shellcheck shell=sh disable=SC2034
# setup: the Debian and Ubuntu packages that building and testing need, and how they get there.
# Sourced by tests/run and samples/run; the only list of packages.

# To build: compiler, CMake, the headers of the unwinder and of elfutils; python3 is recorded.
packages_build="gcc libc6-dev binutils cmake ninja-build pkg-config libunwind-dev libdw-dev"
packages_build="$packages_build libelf-dev liblzma-dev zlib1g-dev libyaml-dev python3"
# To test: the second compiler, the unit-test library, programs that tests trace or judge with.
packages_test="$packages_build clang libclang-rt-14-dev clang-format-14 libcmocka-dev git jq strace gdb redis-server"
packages_test="$packages_test redis-tools perl sqlite3 g++ xz-utils llvm elfutils dwz libdebuginfod1"
# Large ones, whose programs are judged with --full and skipped where they are not.
packages_full="luajit default-jdk-headless postgresql nginx curl valgrind"
packages_full="$packages_full libjemalloc2 libtcmalloc-minimal4 libmimalloc2.0 libclang-rt-14-dev"
# The recorder of another processor, emulated.
packages_full="$packages_full gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
# A loader of 32 bits.
packages_full="$packages_full libc6-i386"
# Ubuntu has perf in a package for each of its kernels: there it is taken only if it is installed.
if grep -qs '^ID=debian' /etc/os-release; then
	packages_full="$packages_full linux-perf"
fi

# File systems to fill.
packages_full="$packages_full btrfs-progs xfsprogs e2fsprogs"
# To judge JUnit XML with.
packages_test="$packages_test libxml2-utils python3-junitparser python3-yaml"
# Programs of another libc.
packages_test="$packages_test musl-tools"
# Judges from npm, locked in tests/package-lock.json. nodejs brings npm along where it is not Debian's own.
packages_test="$packages_test nodejs"
if ! command -v npm >/dev/null; then
	packages_test="$packages_test npm"
fi
npm_install() {
	if ! command -v npm >/dev/null; then
		echo "no npm: what the packages of tests/package.json judge is skipped"
	elif [ ! -e tests/node_modules/.package-lock.json ] ||
		[ tests/package-lock.json -nt tests/node_modules/.package-lock.json ]; then
		npm ci --prefix tests --ignore-scripts --no-audit --no-fund ||
			echo "npm ci failed: what these packages judge is skipped"
	fi
}

# Another kernel, for a virtual machine: unpacked, never installed.
packages_full="$packages_full qemu-system-x86 seabios busybox-static"
kernel_fetch() {
	[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] && grep -qs '^ID=debian' /etc/os-release &&
		[ ! -e tests/machine/kernel/boot ] || return 0
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)
	mkdir -p tests/machine/kernel && (cd tests/machine/kernel && apt-get download "$package" &&
		dpkg -x "$package"_*.deb . && rm -f "$package"_*.deb) ||
		echo "no package of a kernel: what runs under another kernel is skipped"
}

# Those of "$@" that are not installed.
packages_missing() {
	for package in "$@"; do
		case $(dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null) in
		ii*) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

# Installs what is missing of "$@"; asks nothing of the network when nothing is. If it may not, it
# prints the line to run and fails.
packages_install() {
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "not Debian or Ubuntu: these packages' contents are taken to be there: $*"
		return 0
	fi
	missing=$(packages_missing "$@")
	if [ -z "$missing" ]; then
		return 0
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "some packages are missing; run: sudo apt-get update && sudo apt-get install -y $missing"
		return 1
	fi
	echo "installing: $missing"
	export DEBIAN_FRONTEND=noninteractive
	# An update that fails is not the end: the lists that are there may do.
	apt-get update -q
	# shellcheck disable=SC2086
	apt-get install -q -y --no-install-recommends $missing
}
