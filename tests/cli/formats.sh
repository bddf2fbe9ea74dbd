#!/bin/bash
# formats.sh: JSON that jq takes, with exactly the documented keys; text that no terminal obeys; filters.
. "$(dirname "$0")/lib.sh"

command -v jq >/dev/null || { echo "skipped: no jq"; exit 77; }
for kind in good torn wrapped unknown hostile; do
	"$make_trace" $kind $kind.vmat || exit 1
done

# equal NAME EXPECTED COMMAND...: the whole of standard output.
equal() {
	name=$1 expected=$2
	shift 2
	checked=$((checked + 1))
	got=$("$@" 2>/dev/null)
	if [ "$got" != "$expected" ]; then
		failed=$((failed + 1))
		printf 'FAILED: %s\n  expected: %s\n  got:      %s\n' "$name" "$expected" "$got"
	fi
}
events() { # TRACE FILTER [OPTION ...]
	"$vmatrace" events -q --format jsonl "$1" "${@:3}" | jq -c "$2"
}

# --- exactly these keys, in every event
keys='["args","call","duration_ns","enter","errno","exit","flags","internal","pid","result","seq","stack","tid","time_ns","via"]'
for kind in good torn wrapped unknown hostile; do
	equal "$kind: keys" "$keys" sh -c "'$vmatrace' events -q --format jsonl $kind.vmat | jq -c keys | sort -u"
done
equal "keys of a frame" '["by","file","function","inlined","line","module","offset","pc"]' \
	sh -c "'$vmatrace' events -q --format jsonl good.vmat | jq -c '.stack[]|keys' | sort -u"

# --- arguments and results
equal "mmap" '{"addr":"0x0","length":16384,"prot":"rw-","flags":["MAP_PRIVATE","MAP_ANONYMOUS"],"fd":-1,"offset":0}' \
	events good.vmat 'select(.seq==0).args'
equal "mmap of a file" '{"addr":"0x0","length":4096,"prot":"r--","flags":["MAP_SHARED","0x40000000"],"fd":3,"offset":8192,"path":"/nowhere/data file"}' \
	events good.vmat 'select(.seq==3).args'
equal "mprotect" '{"addr":"0x100001000","length":4096,"prot":"r--"}' events good.vmat 'select(.seq==1).args'
equal "munmap" '[{"addr":"0x100003000","length":4096},0,null]' \
	events good.vmat 'select(.seq==2)|[.args,.result,.errno]'
equal "shm_open" '[{"name":"/shm","oflag":["O_RDWR","O_CREAT"],"mode":"0600"},5,null]' \
	events good.vmat 'select(.seq==4)|[.args,.result,.errno]'
equal "shm_unlink that failed" '[{"name":"/shm"},-1,"ENOENT"]' \
	events good.vmat 'select(.seq==5)|[.args,.result,.errno]'
equal "madvise" '"MADV_DONTNEED"' events good.vmat 'select(.seq==6).args.advice'
equal "unknown advice" '"0x270f"' events good.vmat 'select(.seq==7).args.advice'
equal "mmap that failed" '[-1,"ENOMEM"]' events good.vmat 'select(.seq==8)|[.result,.errno]'
equal "sbrk" '[{"increment":0},"0x500000"]' events good.vmat 'select(.seq==9)|[.args,.result]'
equal "times" '[3,3,3,3000000,1500,4711,4711]' \
	events good.vmat 'select(.seq==3)|[.seq,.enter,.exit,.time_ns,.duration_ns,.pid,.tid]'
equal "in flight" '["munmap",null,null,null,null,4712,["stack-unknown"]]' \
	events good.vmat 'select(.tid==4712)|[.call,.result,.exit,.duration_ns,.errno,.tid,.flags]'
equal "implicit" '["implicit","kernel",0,[],"0x200000000",4096,"rw-","create","unexplained",true]' \
	events good.vmat 'select(.call=="implicit")|[.call,.via,.tid,.stack,.args.addr,.args.length,.args.prot,.args.change,.args.cause,(.seq>=pow(2;48))]'
equal "frame" '{"pc":"0x401234","module":"/nowhere/app","offset":"0x1234","function":null,"file":null,"line":null,"inlined":false,"by":"cfi"}' \
	events good.vmat 'select(.seq==0).stack[0]'
equal "unknown call" '["unknown","unknown",999,"0x1"]' \
	events unknown.vmat 'select(.seq==1)|[.call,.via,.args.number,.args.words[0]]'
equal "torn: what is left" '[0,1,3,5]' sh -c "'$vmatrace' events -q --format jsonl torn.vmat | jq -cs 'map(.seq)'"
equal "wrapped: the newest" '[25,40,16]' \
	sh -c "'$vmatrace' events -q --format jsonl wrapped.vmat | jq -cs '[.[0].seq,.[-1].seq,length]'"
equal "json is the array of the same" true sh -c "
	'$vmatrace' events -q --format json good.vmat >a; '$vmatrace' events -q --format jsonl good.vmat >l
	jq -s --slurpfile a a '. == \$a[0]' l"

# --- every command: each line of jsonl is a document, json is one; both say the same
for command in info events timeline maps mm verify; do
	"$vmatrace" $command -q --format json good.vmat >a.json
	"$vmatrace" $command -q --format jsonl good.vmat >a.jsonl
	equal "$command: json and jsonl say the same" true \
		jq -s --slurpfile a a.json '(if ($a[0]|type) == "array" then . else .[0] end) == $a[0]' a.jsonl
	equal "$command: a line of jsonl is a document" "" \
		sh -c "while read -r line; do printf '%s' \"\$line\" | jq -e type >/dev/null || echo \"\$line\"; done <a.jsonl"
done
mkdir pair && cp good.vmat pair/1.vmat && cp torn.vmat pair/2.vmat
for command in info verify; do
	equal "$command: jsonl of two" 2 sh -c "'$vmatrace' $command -q --format jsonl pair | jq -c type | wc -l"
done
equal "verify: exactly these keys" \
	'["checkpoints","events","implicit_changes","lost","matched","racy","schema","unexplained_vmas"]' \
	sh -c "'$vmatrace' verify -q --format json good.vmat | jq -c keys"
equal "maps: exactly these keys" \
	'["created_by","dev","inode","kind","last_changed_by","offset","vm_end","vm_file","vm_flags","vm_pgoff","vm_start"]' \
	sh -c "'$vmatrace' maps -q --format jsonl good.vmat | jq -c keys | sort -u"

# --- names of a hostile trace
check "text obeys nobody" 0 'shm_open\("/\\x1b\[2J' - "$vmatrace" events hostile.vmat
LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" out && { failed=$((failed + 1)); echo "FAILED: raw control bytes"; }
check "info obeys nobody" 0 '\\x1b' - "$vmatrace" info hostile.vmat
LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" out && { failed=$((failed + 1)); echo "FAILED: raw control bytes"; }
hostile_name=$(printf 'e\033[31m.vmat')
cp good.vmat "$hostile_name"
check "messages obey nobody" 3 - 'e\\x1b\[31m\.vmat' "$vmatrace" history --crash "$hostile_name"
rm "$hostile_name"
check "json of it is UTF-8" 0 . - "$vmatrace" events --format json hostile.vmat
iconv -f UTF-8 -t UTF-8 <out >/dev/null || { failed=$((failed + 1)); echo "FAILED: not UTF-8"; }
equal "bytes that are no UTF-8" '[65533,65533,65533]' \
	events hostile.vmat 'select(.seq==0).args.name|explode|[.[9],.[10],.[11]]'

# --- info
equal "info: schema first" '"schema"' sh -c "'$vmatrace' info --format json good.vmat | jq -c 'keys_unsorted[0]'"
equal "info: losses" '{"events":7,"overwritten":0,"torn":4,"dropped":3}' \
	sh -c "'$vmatrace' info --format json torn.vmat | jq -c '.lost|{events,overwritten,torn,dropped}'"
equal "info: overwritten" '[16,25]' \
	sh -c "'$vmatrace' info --format json wrapped.vmat | jq -c '[.events.stored,.lost.overwritten]'"
equal "info: what this version does not know" '[1,1,1]' \
	sh -c "'$vmatrace' info --format json unknown.vmat | jq -c '[.events.unknown_calls,.events.unknown_flags,.lost.unknown_records]'"
equal "info: command line" '["app","--flag","two words"]' \
	sh -c "'$vmatrace' info --format json good.vmat | jq -c .command_line"
equal "info: how it ended" '["exited","killed"]' \
	sh -c "for t in good torn; do '$vmatrace' info --format json \$t.vmat; done | jq -cs 'map(.ended)'"
check "info: text" 0 '^unseen +1 changes' '' "$vmatrace" info good.vmat
check "info: text tells of losses" 0 '^lost +7 events, 4 torn, 3 dropped$' '' "$vmatrace" info torn.vmat

# --- filters
count() { # OPTION ... : number of events of good.vmat
	"$vmatrace" events -q --format jsonl good.vmat "$@" | wc -l
}
equal "all" 12 count
equal "--call" 3 count --call madvise --call sbrk
equal "--call with commas" 3 count --call madvise,sbrk
equal "--call mmap64 is mmap" 3 count --call mmap64
equal "--failed" 3 count --failed
equal "--tid" 1 count --tid 4712
equal "-n" 2 count -n 2
equal "-n 0 is all" 12 count -n 0
equal "--from --to" 2 count --from @3 --to @5
equal "--from a time" 3 count --from 8.5ms
equal "--module" 11 count --module 'app'
equal "--module, nothing" 0 count --module 'lib*'
equal "--kind" 1 count --kind file
equal "--pid" 12 count --pid 4711

# --- folders
mkdir folder && cp good.vmat folder/1.vmat && cp torn.vmat folder/2.vmat && : >folder/3.vmat
check "a folder with a bad file: the rest is shown" 3 'madvise' "cannot read 'folder/3.vmat': it is empty" \
	"$vmatrace" events folder
equal "info of a folder" '[1,2]' sh -c "'$vmatrace' info -q --format json folder | jq -c '[.schema,(.processes|length)]'"
rm folder/3.vmat
# --- several traces, files and folders
equal "info of two files" '[1,2]' sh -c "'$vmatrace' info -q --format json good.vmat torn.vmat | jq -c '[.schema,(.processes|length)]'"
equal "info of a file and a folder" 3 sh -c "'$vmatrace' info -q --format json good.vmat folder | jq '.processes|length'"
equal "events of two are those of each" "$(cat <("$vmatrace" events good.vmat) <("$vmatrace" events torn.vmat) | grep -c '^@')" \
	sh -c "'$vmatrace' events good.vmat torn.vmat | grep -c '^@'"
check "one of two cannot be read: the other is shown" 3 'madvise' "cannot open 'none.vmat': No such file" \
	"$vmatrace" events none.vmat good.vmat
check "no such process in several" 2 '' "no process 12 in 'good.vmat torn.vmat'" "$vmatrace" info --pid 12 good.vmat torn.vmat
check "a folder of one process: its last image" 0 '.' "ran 2 images; this is the last" "$vmatrace" maps folder
mkdir -p here/vmatrace.app.1 && cp good.vmat here/vmatrace.app.1/
(cd here && "$vmatrace" events >out 2>err && grep -q "^vmatrace: reading 'vmatrace.app.1'$" err) ||
	{ failed=$((failed + 1)); echo "FAILED: no operand: the newest is named"; }

# --- colour
check "no colour in a file" 0 '@0 +0.000000' '' "$vmatrace" events good.vmat
grep -q "$(printf '\033')" out && { failed=$((failed + 1)); echo "FAILED: colour in a file"; }
check "--color=always" 0 "$(printf '\033')" '' "$vmatrace" events --color=always good.vmat
finish
