# lib.sh: what the tests of the command line share. Sourced with the paths of vmatrace and make_trace.
#
#     check NAME STATUS STDOUT-REGEX STDERR-REGEX COMMAND...
#
# runs COMMAND and holds its status and its output against what was expected. "" as a regex: no output at all;
# "-": not looked at. A process that a signal ended never passes: its status is above 127.
vmatrace=$1
make_trace=$2
failed=0
checked=0
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
unset NO_COLOR LC_ALL LANG
export LC_ALL=C.UTF-8
# A sanitizer's finding must not look like one of our own statuses.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1

matches() { # FILE REGEX
	case $2 in
	-) return 0 ;;
	'') [ ! -s "$1" ] ;;
	*) grep -Eq -- "$2" "$1" ;;
	esac
}

check() {
	name=$1 status=$2 out=$3 err=$4
	shift 4
	checked=$((checked + 1))
	"$@" >out 2>err
	got=$?
	if [ "$got" != "$status" ] || ! matches out "$out" || ! matches err "$err"; then
		failed=$((failed + 1))
		echo "FAILED: $name: status $got, expected $status"
		sed 's/^/  stdout: /' out | head -5
		sed 's/^/  stderr: /' err | head -5
	fi
}

# One line on stderr, beginning with our name, and nothing on stdout.
check_refused() { # NAME STATUS REGEX COMMAND...
	check "$1" "$2" '' "$3" "${@:4}"
	if [ "$(wc -l <err)" != 1 ] || ! grep -q '^vmatrace: ' err; then
		failed=$((failed + 1))
		echo "FAILED: $1: not one line of ours on stderr"
		head -5 err
	fi
}

finish() {
	echo "$checked checks, $failed failed"
	[ "$failed" = 0 ]
	exit
}
