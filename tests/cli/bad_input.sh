#!/bin/bash
# bad_input.sh: whatever is put into vmatrace, it answers with one clear line and the documented status.
. "$(dirname "$0")/lib.sh"

for kind in good torn wrapped unknown newer incompatible hostile huge overlapping; do
	"$make_trace" $kind $kind.vmat || exit 1
done
commands="info events timeline maps mm verify"

# --- no trace, or none of ours
: >empty.vmat
head -c 65536 /dev/zero >zeros.vmat
echo "this is no trace at all, but long enough to be taken for one" >text.vmat
cp "$vmatrace" elf.vmat
mkfifo fifo.vmat
mkdir empty_folder
for command in $commands; do
	check_refused "$command: no such file" 3 "cannot open 'none.vmat': No such file or directory" \
		"$vmatrace" $command none.vmat
	check_refused "$command: empty file" 3 "cannot read 'empty.vmat': it is empty" "$vmatrace" $command empty.vmat
	check_refused "$command: zeros" 3 "it is empty" "$vmatrace" $command zeros.vmat
	check_refused "$command: text" 3 "cannot read 'text.vmat': not a vmatrace trace" "$vmatrace" $command text.vmat
	check_refused "$command: program" 3 "not a vmatrace trace" "$vmatrace" $command elf.vmat
	check_refused "$command: FIFO" 3 "not a vmatrace trace" "$vmatrace" $command fifo.vmat
	check_refused "$command: /dev/null" 3 "not a vmatrace trace" "$vmatrace" $command /dev/null
	check_refused "$command: newer" 3 "made by a newer vmatrace" "$vmatrace" $command newer.vmat
	check_refused "$command: feature" 3 "made by a newer vmatrace" "$vmatrace" $command incompatible.vmat
	check "$command: overlapping sections" 3 - "damaged at byte [0-9]+: sections that do not overlap" \
		"$vmatrace" $command overlapping.vmat
	check_refused "$command: empty folder" 3 "no trace \(\*\.vmat\) in 'empty_folder'" \
		"$vmatrace" $command empty_folder
	check "$command: one of two cannot be read" 3 '' "cannot read 'empty.vmat': it is empty" \
		"$vmatrace" $command empty.vmat nowhere.vmat
	check_refused "$command: unknown option" 2 "unknown option '--frobnicate'" \
		"$vmatrace" $command --frobnicate good.vmat
	check_refused "$command: unknown letter" 2 "unknown option '-Z'" "$vmatrace" $command -Z good.vmat
	check_refused "$command: value missing" 2 "option '--format' needs a value" \
		"$vmatrace" $command good.vmat --format
	check_refused "$command: bad format" 2 "bad value 'xml' of option '--format'" \
		"$vmatrace" $command --format xml good.vmat
	check_refused "$command: value not taken" 2 "option '--quiet' takes no value" \
		"$vmatrace" $command --quiet=yes good.vmat
	check_refused "$command: no such process" 2 "no process 12 in 'good.vmat'" \
		"$vmatrace" $command --pid 12 good.vmat
	# A folder of this form is what `record` leaves; a damaged file in it takes nothing from the others.
	check "$command: help" 0 "^usage: vmatrace $command" '' "$vmatrace" $command --help
done
mkdir nothing_here
(cd nothing_here && check_refused "no operand, no trace" 3 "no trace here" "$vmatrace" info && exit $failed) ||
	failed=$((failed + 1))
if [ "$(id -u)" != 0 ]; then
	: >secret.vmat && chmod 0 secret.vmat
	check_refused "no permission" 3 "cannot open 'secret.vmat': Permission denied" "$vmatrace" info secret.vmat
fi

# --- the command itself
check_refused "unknown command" 2 "unknown command 'frobnicate'" "$vmatrace" frobnicate
check_refused "unknown global option" 2 "unknown option '--frobnicate'" "$vmatrace" --frobnicate
check "no command" 2 '' '^usage: vmatrace COMMAND' "$vmatrace"
check "--help" 0 '^usage: vmatrace COMMAND' '' "$vmatrace" --help
check "--version" 0 '^vmatrace [0-9]+\.[0-9]+\.[0-9]+$' '' "$vmatrace" --version
check "COMMAND --version" 0 '^vmatrace [0-9]' '' "$vmatrace" info --version

# --- moments
for when in '' yesterday 1 1.s 5m @ @x @-1 @1-- mark: mark peak- END '1e3s' 99999999999999999999s; do
	check_refused "bad WHEN '$when'" 2 "bad value '$when' of option '--at'" "$vmatrace" maps --at "$when" good.vmat
done
check_refused "no such event" 2 "no event @77 in 'good.vmat': the last is @9" "$vmatrace" maps --at @77 good.vmat
check_refused "no such mark" 2 "no mark 'here' in 'good.vmat'" "$vmatrace" maps --at mark:here good.vmat
check_refused "overwritten event" 3 "events before @25 were overwritten" "$vmatrace" maps --at @3 wrapped.vmat
for when in start end peak peak-vmas 1.5s 2ms @3 @3-; do
	check "WHEN $when" 0 . '' "$vmatrace" maps --at $when good.vmat
done
check_refused "bad call" 2 "bad value 'frob' of option '--call'" "$vmatrace" events --call frob good.vmat
check_refused "bad kind" 2 "bad value 'heap,frob' of option '--kind'" "$vmatrace" events --kind heap,frob good.vmat
check_refused "bad number" 2 "bad value '-3' of option '--limit'" "$vmatrace" events -n -3 good.vmat

# --- output that cannot be written
for command in info events; do
	for format in text json jsonl; do
		check "$command $format to a full disk" 3 - \
			'^vmatrace: cannot write standard output: No space left on device$' \
			sh -c "'$vmatrace' $command --format $format good.vmat >/dev/full"
	done
	check "$command into a closed pipe" 0 - '' \
		bash -c "trap '' PIPE; '$vmatrace' $command good.vmat | sleep 0; exit 0"
done

# --- operands and options in any order
check "option last" 0 '^\{"seq":0' '' "$vmatrace" events good.vmat --format jsonl
check "after --" 0 '^\{"seq":0' '' "$vmatrace" events --format=jsonl -- good.vmat

# --- cut off anywhere: data, or one line and status 3
size=$(stat -c %s good.vmat)
for cut in 1 7 8 9 100 1000 4095 4096 4097 4500 4607 4608 8191 8192 8300 8704 8720 8800 9000 9216 9217 9300 \
	10000 12000 16000 20000 25087 25088 25089 25216 25300 26000 27000 30000 $((size - 1)); do
	head -c $cut good.vmat >cut.vmat
	for command in $commands; do
		checked=$((checked + 1))
		"$vmatrace" $command cut.vmat >out 2>err
		status=$?
		if [ $status -gt 3 ] || [ $status = 2 ] ||
			{ [ $status = 3 ] && ! grep -q '^vmatrace: ' err; }; then
			failed=$((failed + 1))
			echo "FAILED: $command of a trace cut at $cut: status $status"
			head -3 err
		fi
	done
done
head -c 4000 good.vmat >cut.vmat
check_refused "cut in the header" 3 "cut off at byte 4000, inside the header" "$vmatrace" info cut.vmat
head -c 4200 good.vmat >cut.vmat
check_refused "cut in the control section" 3 "cut off at byte 4200, inside the control section" \
	"$vmatrace" info cut.vmat
head -c 25216 good.vmat >cut.vmat
check "cut in the ring" 0 '^\{"seq":0' "'cut.vmat' is cut off" "$vmatrace" events --format jsonl cut.vmat

# --- damaged anywhere, and nonsense whose checksums hold: SEEDS of each
for kind in flipped forged; do
	for seed in $(seq 1 "${SEEDS:-60}"); do
		"$make_trace" $kind $kind.vmat "$seed"
		for command in $commands; do
			checked=$((checked + 1))
			timeout 10 "$vmatrace" $command $kind.vmat >out 2>err
			status=$?
			if [ $status -gt 3 ] || [ $status = 2 ]; then
				failed=$((failed + 1))
				echo "FAILED: $command of $kind $seed: status $status"
				grep -m 3 -E 'ERROR|runtime error' err
			fi
		done
	done
done
for command in $commands; do
	check "$command: huge numbers" "$(case $command in info | events) echo 0 ;; *) echo 3 ;; esac)" - - \
		timeout 20 "$vmatrace" $command huge.vmat
done
finish
