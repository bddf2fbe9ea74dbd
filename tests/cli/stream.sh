#!/bin/bash
# stream.sh: `timeline -n 0` prints changes as they are replayed, and what only the whole replay knows below them;
# but for their order all lines are those of `timeline` with room for every change.
. "$(dirname "$0")/lib.sh"

for kind in good torn wrapped hostile huge; do
	"$make_trace" $kind $kind.vmat || exit 1
done

fail() { # NAME
	failed=$((failed + 1))
	echo "FAILED: $1"
	head -40 difference
}
same() { # NAME EXPECTED GOT
	checked=$((checked + 1))
	diff -u "$2" "$3" >difference || fail "$1"
}

# The summary of each process below its changes: title, blank, columns, changes, blank, summary. Where there are none: as it is.
changes_first() {
	awk '
		function end_process() {
			if (changes)
				printf "\n"
			printf "%s", summary
			summary = changes = ""
		}
		/^[^ ].* \(47[0-9]*\)(\033\[0m)?: / { # the title of the next one, and the blank line before it
			if (title) {
				end_process()
				printf "\n"
			}
			title = 1
			blank = 0
			print
			next
		}
		/^$/ { blank = 1; next }
		blank { # columns and changes
			if (!changes)
				printf "\n"
			changes = 1
			print
			next
		}
		{ summary = summary $0 "\n" }
		END { end_process() }'
}
streams() { # NAME OPTION ...
	name=$1
	shift
	"$vmatrace" timeline -q "$@" -n 1000000 | changes_first >expected
	"$vmatrace" timeline -q "$@" -n 0 >streamed
	same "$name" expected streamed
}

streams "the whole" good.vmat
"$vmatrace" timeline -q -n 0 good.vmat >whole
checked=$((checked + 1))
# The title, the first change, and at the end what stands above the changes elsewhere.
[ "$(sed -n 2p whole)" = '' ] && sed -n 3p whole | grep -q '^ *seconds ' && sed -n 4p whole | grep -q ' @0 ' &&
	tail -5 whole | head -1 | grep -q '^10\.5 ms, 10 events' && tail -2 whole | grep -q '^kinds ' || {
	cp whole difference
	fail "the order of all"
}
streams "coloured" --color=always good.vmat
streams "a part of the time" --from @1 --to @3 good.vmat
streams "what the ring has lost" --call munmap wrapped.vmat
streams "some calls" --call madvise,mprotect good.vmat
streams "some kinds" --kind file good.vmat
streams "two processes" good.vmat --call munmap wrapped.vmat
# Nothing to print: the summary, and that there is nothing.
streams "no changes" hostile.vmat
streams "no changes of that kind" --kind heap good.vmat
streams "no changes in that time" --from @8 --to @8 good.vmat
streams "nothing in that time" --from 10s good.vmat
for span in "@3 @3" "@3- @3-" "@5 @3" "peak peak"; do
	check "no time: $span" 0 '^0 ns of 10\.5 ms, ' '' "$vmatrace" timeline -q --from ${span% *} --to ${span#* } good.vmat
done
check "no changes: says so" 0 '^no changes$' '' "$vmatrace" timeline -q -n 0 hostile.vmat
check "nothing in that time: says so" 0 '^nothing was recorded in that time' '' "$vmatrace" timeline -n 0 --from 10s good.vmat
streams "one process with, one without changes" --call munmap good.vmat hostile.vmat

# Changes alike are one line each, and all are there.
"$vmatrace" timeline -q -n 0 torn.vmat | grep -o ' @[0-9]*' >rows
"$vmatrace" events -q torn.vmat | grep -o '^@[0-9]*' | sed 's/^/ /' >calls
same "changes alike" calls rows
"$vmatrace" timeline -q torn.vmat | sed -n '2,/^$/p' | sed '$d' >summary
"$vmatrace" timeline -q -n 0 torn.vmat | tail -n "$(wc -l <summary)" >end
same "changes alike: the summary" summary end

# What cannot be replayed, or asked for, is refused before anything is printed.
check "no base" 3 '' "cannot replay 'huge.vmat': no snapshot" "$vmatrace" timeline -q -n 0 huge.vmat
check_refused "no such moment" 2 'nowhere' "$vmatrace" timeline -n 0 --from mark:nowhere good.vmat
check "one of two cannot be replayed" 3 '^kinds ' "cannot replay 'huge.vmat': no snapshot" \
	"$vmatrace" timeline -q -n 0 huge.vmat good.vmat

# Nobody reads, or nothing can be written.
check "a full disk" 3 '' 'cannot write standard output: No space left on device' \
	sh -c "'$vmatrace' timeline -q -n 0 good.vmat >/dev/full"
finish
