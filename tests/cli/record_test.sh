#!/bin/bash
# What `vmatrace record` promises a shell: the command's own streams, status and signals; one clear
# line and 125, 126 or 127 for what cannot be traced or run; traces where they were asked for.
#     record_test.sh VMATRACE COMPILER
vmatrace=$1
compiler=${2:-cc}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0
checks=0

fail() {
	failures=$((failures + 1))
	echo "FAILED: $1" >&2
	shift
	[ $# -eq 0 ] || printf '    %s\n' "$@" >&2
}

# run NAME STATUS ARGUMENTS...: runs record; its output is in out and err.
run() {
	local name=$1 expected=$2 status
	shift 2
	"$vmatrace" record "$@" >out 2>err </dev/null
	status=$?
	checks=$((checks + 1))
	[ "$status" -eq "$expected" ] ||
		fail "$name" "exit status $status, expected $expected" "$(cat err)"
}

# refuses NAME STATUS TEXT ARGUMENTS...: one line that holds TEXT, and nothing made.
refuses() {
	local name=$1 status=$2 text=$3
	shift 3
	run "$name" "$status" "$@"
	[ "$(wc -l <err)" -eq 1 ] || fail "$name" "not one line:" "$(cat err)"
	grep -qF -- "$text" err || fail "$name" "no '$text' in:" "$(cat err)"
	[ ! -s out ] || fail "$name" "printed on stdout: $(cat out)"
	[ -z "$(find . -name 'vmatrace.*' -prune -print)" ] || fail "$name" "left $(ls -d vmatrace.*)"
}

is() {
	checks=$((checks + 1))
	[ "$2" = "$3" ] || fail "$1" "got      '$2'" "expected '$3'"
}

traces() { find "$@" -name '*.vmat' | wc -l; }

printf 'int main(void) { return 7; }\n' >seven.c
"$compiler" -o seven seven.c || exit 1

# --- it runs -------------------------------------------------------------------------------------

run 'the status is the command'"'"'s' 7 -- ./seven
is 'one trace, in a folder named after command and process' "$(traces vmatrace.seven.*)" 1
is 'the folder is private' "$(stat -c %a vmatrace.seven.*)" 700
is 'the summary has two lines' "$(wc -l <err)" 2
grep -q 'traced 1 process, ' err || fail 'the summary counts' "$(cat err)"
grep -q 'try: vmatrace timeline vmatrace.seven' err ||
	fail 'the summary says what next' "$(cat err)"
rm -rf vmatrace.*

run 'without --' 3 sh -c 'exit 3'
run 'options of the command are its own' 0 printf '%s' -o
is 'the output is the command'"'"'s' "$(cat out)" -o
run 'quiet' 0 -q -- true
is 'quiet says nothing' "$(cat err)" ''
run 'stderr of the command' 0 -q -- sh -c 'echo problem >&2'
is 'stderr is passed on' "$(cat err)" problem
is 'stdin is passed on' "$(echo in | "$vmatrace" record -q -- cat)" in
run 'death by signal' 143 -q -- sh -c 'kill -TERM $$'
run 'SIGKILL' 137 -q -- sh -c 'kill -KILL $$'
run 'an interrupt is for the command' 5 -q -- sh -c 'kill -INT $PPID; kill -QUIT $PPID; exit 5'
if command -v perl >/dev/null; then
	ignoring() { perl -e '$SIG{CHLD} = "IGNORE"; exec @ARGV' -- "$@"; }
	ignoring "$vmatrace" record -q -- ./seven
	is 'the status where children are ignored' $? 7
	is 'they are still ignored' "$(ignoring "$vmatrace" record -q -- grep SigIgn /proc/self/status)" \
		"$(ignoring grep SigIgn /proc/self/status)"
fi
is 'same descriptors' "$("$vmatrace" record -q -- ls /proc/self/fd)" "$(ls /proc/self/fd)"
signals='grep -E Sig(Blk|Ign|Cgt) /proc/self/status'
is 'same signals' "$("$vmatrace" record -q -- $signals)" "$($signals)"
rm -rf vmatrace.*

# --- how the command is found --------------------------------------------------------------------

refuses 'not found' 127 "cannot run 'no-such-command': No such file" -- no-such-command
refuses 'no such path' 127 'No such file' -- ./none
refuses 'an empty name' 127 'No such file' -- ''
refuses 'a folder' 126 'Permission denied' -- /tmp
refuses 'not executable' 126 'Permission denied' -- ./seven.c
mkdir first second
cp seven second/it
printf 'no program' >first/it
PATH=$work/first:$work/second run 'an element that is not executable is passed over' 7 -q -- it
rm -rf vmatrace.*
chmod -x second/it
PATH=$work/first:$work/second:/usr/bin refuses 'executable nowhere' 126 'Permission denied' -- it
printf '#!/bin/sh -e\nfalse\nexit 9\n' >script
printf 'exit 11\n' >plain
printf '#!./missing\n' >orphan
printf '#! /bin/sh\nexit 13\n' >spaced
chmod +x script plain orphan spaced
run 'a script' 1 -q -- ./script
run 'a script with a blank' 13 -q -- ./spaced
run 'a script without #!' 11 -q -- ./plain
rm -rf vmatrace.*
refuses 'a script without its interpreter' 127 "interpreter './missing'" -- ./orphan

# --- what cannot be traced -----------------------------------------------------------------------

if "$compiler" -static -o static seven.c 2>/dev/null; then
	refuses 'static' 125 'statically linked' -- ./static
	"$compiler" -static-pie -o static seven.c 2>/dev/null &&
		refuses 'static and position-independent' 125 'statically linked' -- ./static
	printf '#!%s/static\n' "$work" >script
	refuses 'a script of a static interpreter' 125 'statically linked' -- ./script
fi
"$compiler" -Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1 -o musl seven.c &&
	refuses 'a program of another libc' 125 "the recorder needs glibc's" -- ./musl
# An ELF header of a 32-bit program for i386, and nothing more.
{ printf '\177ELF\1\1\1\0\0\0\0\0\0\0\0\0\2\0\3\0\1\0\0\0'; head -c 28 /dev/zero; } >small
chmod +x small
refuses '32 bits' 125 '32-bit program for i386' -- ./small
cp seven privileged
chmod u+s privileged
refuses 'setuid' 125 'it is setuid' -- ./privileged
chmod u-s,g+s privileged
refuses 'setgid' 125 'it is setgid' -- ./privileged
if chmod g-s privileged && setcap cap_net_raw+ep privileged 2>/dev/null; then
	refuses 'file capabilities' 125 'file capabilities' -- ./privileged
fi

run 'an exec without environment' 0 -- sh -c 'env -i true; exec env -i true'
grep -q '^vmatrace: 2 programs could not be traced' err ||
	fail 'programs that are not followed are counted' "$(cat err)"
run 'an exec that is followed' 0 -- sh -c 'exec true'
grep -q 'could not be traced' err && fail 'a program that is followed is not counted' "$(cat err)"
rm -rf vmatrace.*

# --- options and output --------------------------------------------------------------------------

refuses 'no command' 2 'no command'
refuses 'unknown option' 2 "'--bogus'" --bogus -- true
refuses 'bad ring' 2 "'12Q'" --ring 12Q -- true
refuses 'no ring' 2 "'0'" --ring 0 -- true
refuses 'bad stack' 2 "'dwarf'" --stack dwarf -- true
refuses 'bad depth' 2 "'129'" --depth 129 -- true
refuses 'bad on-full' 2 "'panic'" --on-full panic -- true
refuses 'bad coverage' 2 "'all'" --coverage all -- true
refuses 'no policy' 2 "cannot open 'policy.yml'" --check policy.yml -- true
echo 'version: 2' >bad.yml
refuses 'a bad policy, before the command runs' 2 'bad.yml:1: bad version' --check bad.yml -- touch ran
[ ! -e ran ] || fail 'a bad policy' 'the command ran'
refuses 'a status out of range' 2 "'256'" --check bad.yml --error-exitcode 256 -- true
refuses 'unwritable folder' 125 "cannot write to '" -o /proc/no/t.vmat -- true
refuses 'a file for a folder' 125 'Not a directory' -o seven.c/t.vmat -- true
printf 'show() { env | grep ^VMATRACE_ | grep -v ^VMATRACE_FULL=; }; show\n' >show
run 'settings' 0 -q --ring 1M --on-full stop --stack fp --depth 5 --coverage calls --no-children \
	-o here.%p.vmat -- bash show
is 'settings are in the environment' "$(grep -v CHILDREN out | sort)" "VMATRACE_COVERAGE=calls
VMATRACE_DEPTH=5
VMATRACE_ON_FULL=stop
VMATRACE_OUT=$work/here.%p.vmat
VMATRACE_RING=1M
VMATRACE_STACK=fp"
is 'children are not traced' "$(traces . -maxdepth 1)" 1
rm -f here.*

run 'a folder' 0 -o some/new/ -- sh -c 'true; /bin/true; true'
is 'both processes are in it' "$(traces some/new)" "$(ls some/new | wc -l)"
[ "$(traces some/new)" -ge 2 ] || fail 'a folder' "$(ls some/new)"
mkdir 'a 100% folder'
(cd 'a 100% folder' && "$vmatrace" record -q -- true)
is 'a % of the folder is no pattern' "$(traces 'a 100% folder')" 1
is 'a preload that was there stays, behind' \
	"$(LD_PRELOAD=libdl.so.2 "$vmatrace" record -q -- sh -c 'echo "${LD_PRELOAD#*libvmatrace.so}"')" \
	' libdl.so.2'
rm -rf vmatrace.*

if "$compiler" -fsanitize=address -o checked seven.c 2>/dev/null &&
	ldd checked | grep -q libasan; then
	run 'a program with its own sanitizer' 7 -- ./checked
	is 'it is traced' "$(traces vmatrace.checked.*)" 1
	rm -rf vmatrace.*
fi

echo "$checks checks, $failures failed"
[ "$failures" -eq 0 ]
