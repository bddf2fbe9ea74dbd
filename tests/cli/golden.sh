#!/bin/bash
# golden.sh: traces of released versions of the format are read for ever. tests/traces/vN holds them, each
# with the text that must come out; UPDATE=1 writes that text anew, for a change that is meant.
#
#     NAME.vmat.gz  NAME.events  NAME.maps  NAME.info.json  NAME.stacks (seq, and of each frame pc, offset, by)
traces=$(cd "$(dirname "$0")/../traces" && pwd) || exit 1
. "$(dirname "$0")/lib.sh"

command -v jq >/dev/null || { echo "skipped: no jq"; exit 77; }
compare() { # EXPECTED COMMAND...
	expected=$1
	shift
	checked=$((checked + 1))
	"$@" >out 2>err
	[ "$UPDATE" ] && cp out "$expected"
	if ! diff -u "$expected" out >difference; then
		failed=$((failed + 1))
		echo "FAILED: $(basename "$expected")"
		head -20 difference err
	fi
}
# Of info what can be counted: keys may come, these stay.
kept='{exe,pid,command_line,ended,events,unseen,lost:(.lost|{events,overwritten,torn,dropped}),
	in_flight:(.in_flight|length),snapshots:(.snapshots|map([.reason,.begin,.end,.rows]))}'
for packed in "$traces"/v*/*.vmat.gz; do
	stem=${packed%.vmat.gz}
	gzip -dc "$packed" >golden.vmat || exit 1
	compare "$stem.events" "$vmatrace" events -q golden.vmat
	compare "$stem.maps" "$vmatrace" maps -q golden.vmat
	compare "$stem.stacks" sh -c "'$vmatrace' events -q --format jsonl golden.vmat |
		jq -c '[.seq, (.stack | map([.pc, .offset, .by]))]'"
	compare "$stem.info.json" sh -c "'$vmatrace' info --format json golden.vmat | jq -S '$kept'"
done
finish
