#!/bin/bash
# corpus.sh READER_REPLAY: every trace of the corpus, once. Its crash is this test's.
set -u
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")" && pwd)
for packed in "$here"/corpus/*.gz "$here"/../traces/v1/*.gz; do
	gzip -dc "$packed" >"$work/$(basename "${packed%.gz}")" || exit 2
done
# Names that were learnt are not the user's.
XDG_CACHE_HOME=$work "$1" "$work"/*.vmat
