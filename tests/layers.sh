#!/bin/sh
# layers: what the architecture promises of the built files and of the includes, looked up in them.
#
#     layers.sh BUILD
#
# The core is pure: it asks for no I/O and no system call. The halves share include/ and nothing
# else. The recorder exports exactly what it must, needs nothing that a stranger's program could
# notice, and is ready before libc is. Prints one line a promise; exit status 1 if one is broken,
# 77 without binutils.
set -u

build=$(cd "$1" && pwd) || exit 2
root=$(cd "$(dirname "$0")/.." && pwd)
core=$build/libvmatrace_core.a
recorder=$build/libvmatrace.so
held=0
broken=0

if ! command -v nm >/dev/null || ! command -v readelf >/dev/null; then
	echo "layers: nm and readelf are needed (binutils)"
	exit 77
fi
for file in "$core" "$recorder"; do
	[ -f "$file" ] || { echo "layers: cannot open '$file'"; exit 1; }
done

# promise WHAT OFFENDERS: held if there are none.
promise() {
	if [ -z "$2" ]; then
		held=$((held + 1))
		echo "layers: holds: $1"
	else
		broken=$((broken + 1))
		echo "layers: BROKEN: $1"
		echo "$2" | sed 's/^/    /'
	fi
}

# The undefined symbols of a file or archive, versions cut off, one a line.
undefined() {
	nm -u "$@" 2>/dev/null | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' | sort -u
}

# The core: what it may ask of libc. Everything else it asks for must be its own.
pure='^(mem(cpy|move|set|cmp|chr)|strerrorname_np|str(len|n?cmp|r?chr|nlen|n?cpy|str|n?dup|spn|cspn)|stpcpy'
pure="$pure|__(mem(cpy|move|set)|strn?cpy|stpcpy|v?snprintf)_chk|v?snprintf|qsort|bsearch"
pure="$pure|malloc|aligned_alloc|calloc|realloc|reallocarray|free|t(search|find|delete|destroy|walk)|log2"
pure="$pure|__stack_chk_fail|__assert_fail|abort"
pure="$pure|_GLOBAL_OFFSET_TABLE_|__(asan|ubsan)_.*)\$"
own=$(nm --defined-only "$core" 2>/dev/null | awk 'NF == 3 { print $3 }' | sort -u)
promise "the core asks libc for memory and strings only" \
	"$(undefined "$core" | grep -Ev "$pure" | grep -vxF "${own:-none}")"
# Constant tables of pointers are in .data.rel.ro, which is read-only once the program runs.
promise "the core defines no variable that can change" \
	"$(nm --defined-only --format=sysv "$core" 2>/dev/null |
		awk -F'|' '{ gsub(/ /, "") } $7 ~ /^\.(data|bss|tdata|tbss)(\.|$)/ &&
			$7 !~ /^\.data\.rel\.ro/ && $1 !~ /^(\.|__[au].san)/ { print $1, $7 }')"

# Includes: the path in quotes, or in angle brackets, of every file of a folder.
includes() {
	grep -rHEo --include='*.[chS]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]*[">]' \
		"$@" 2>/dev/null | sed 's/[[:space:]]*#[[:space:]]*include[[:space:]]*/ /; s/^\([^ ]*\): /\1 /'
}

cd "$root" || exit 2
# <stdio.h> is left out for snprintf, <fcntl.h>, <sys/mman.h> and <sys/shm.h> for their constants: that nothing
# else of them is used is told by the symbols above.
io='fcntl|unistd|dirent|poll|pthread|threads|dlfcn|time|signal|elf|gelf|libelf|link'
promise "analyzer/core includes no header of I/O" \
	"$(includes analyzer/core | grep -E "<($io)\.h>|<(sys|elfutils)/[a-z]*\.h>" |
		grep -vE '<(fcntl|sys/(mman|shm))\.h>')"
promise "analyzer/core includes only core/ and include/vmatrace" \
	"$(includes analyzer/core | grep '"' |
		grep -vE '"(core/[a-z_0-9]+\.h|vmatrace/[a-z_0-9]+\.(h|def))"' |
		while read -r file path; do
			name=$(echo "$path" | tr -d '"')
			[ -f "analyzer/core/$name" ] || echo "$file $path"
		done)"
promise "analyzer/io includes nothing of render/ and cmd/, render/ nothing of cmd/" \
	"$(includes analyzer/io | grep -E '"(\.\./)?(render|cmd)/'
		includes analyzer/render | grep -E '"(\.\./)?cmd/')"
promise "preload/ includes nothing of analyzer/" \
	"$(includes preload | grep '"' | while read -r file path; do
		name=$(echo "$path" | tr -d '"')
		case $name in
		vmatrace/*) ;;
		*analyzer/* | */../* | ../*) echo "$file $path" ;;
		*) find preload -name "$(basename "$name")" | grep -q . || echo "$file $path" ;;
		esac
	done)"
promise "analyzer/ includes nothing of preload/" \
	"$(includes analyzer | grep -E '"[^"]*(preload/|\.\./\.\.)')"
promise "include/ includes nothing of either half" \
	"$(includes include | grep '"' |
		grep -vE '"(vmatrace/)?([a-z_0-9]+\.h|calls\.def)"')"

# The recorder's exports: a call of calls.def that is a libc symbol, the other ways to exec, the
# mark, the start.
expected=$(sed -n 's/^CALL([A-Z0-9_]*, *\([a-z0-9_]*\),.*/\1/p' include/vmatrace/calls.def |
	grep -vxE 'mbind|mseal|mark'
	printf '%s\n' mmap64 syscall execv execvp execvpe execl execlp execle fexecve execveat \
		posix_spawnp vmatrace_mark)
exported=$(nm -D --defined-only "$recorder" | awk '{ sub(/@.*/, "", $3); print $3 }' |
	grep -vx VMATRACE | sort -u)
promise "libvmatrace.so exports every call it must" \
	"$(echo "$expected" | sort -u | grep -vxF "$exported")"
promise "libvmatrace.so exports nothing else" \
	"$(echo "$exported" | grep -vxF "$expected" | grep -vx __libc_start_main)"
foreign='(m|c|re)alloc|free|reallocarray|posix_memalign|.*printf.*|f(open|close|read|write|flush).*'
foreign="$foreign|f?puts|f?gets|perror|(secure_)?getenv|exit|_Unwind.*|_?U.*x86_64.*|unw_.*"
foreign="$foreign|backtrace.*"
promise "libvmatrace.so calls no malloc, no stdio, no getenv, no unwinder" \
	"$(undefined -D "$recorder" | grep -Ex "$foreign")"

dynamic=$(readelf -dW "$recorder")
promise "libvmatrace.so is linked to no unwinder" \
	"$(echo "$dynamic" | grep NEEDED | grep -E 'unwind|gcc_s|elf|dw')"
for flag in INITFIRST NOW NODELETE; do
	promise "libvmatrace.so is marked $flag" \
		"$(echo "$dynamic" | grep -q "FLAGS_1.*$flag" || echo "no $flag in FLAGS_1")"
done

# Sizes, from the program and section headers; a missing one is 0.
tls=$(readelf -lW "$recorder" | awk '$1 == "TLS" { print $6 }')
promise "its thread-local block is 256 bytes at most ($((${tls:-0})))" \
	"$([ $((${tls:-0})) -le 256 ] || echo "$((tls)) bytes")"
bss=$(readelf -SW "$recorder" | sed 's/\[ *//; s/\]//' | awk '$2 == ".bss" { print "0x" $6 }')
promise "its .bss is smaller than a page ($((${bss:-0})))" \
	"$([ $((${bss:-0})) -lt 4096 ] || echo "$((bss)) bytes")"
promise "its thread-local storage is initial-exec" \
	"$(readelf -rW "$recorder" | grep -E 'DTPMOD64|DTPOFF64|TLSDESC'
		undefined -D "$recorder" | grep -x __tls_get_addr)"
promise "it has no writable and executable segment, nor text relocations" \
	"$(readelf -lW "$recorder" | grep -E '(LOAD|GNU_STACK).*RWE'; echo "$dynamic" | grep TEXTREL)"

echo "layers: $held held, $broken broken"
[ "$broken" -eq 0 ]
