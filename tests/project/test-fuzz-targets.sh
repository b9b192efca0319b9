#!/bin/bash
# Each fuzz target, as it is built here, over all files that `make fuzz` begins with, and over those of another kind: no crash, and nothing left behind.
set -u
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
export TMPDIR=$seeds/tmp
mkdir "$TMPDIR"
targets="platform workload mapping schedule schedule-h5 onnx trace"
n=0
report () { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi }
bash "$HEDDLE_SRCDIR/build-aux/fuzz-seeds" . "$seeds/files" >"$seeds/said" 2>&1
report $? "the files are made"
sed 's/^/# /' "$seeds/said"
for target in $targets; do
  files=$(find "$seeds/files/$target" -type f | wc -l)
  ./tests/fuzz-$target "$seeds/files/$target"/* "$seeds/files/trace"/tiny-f* "$seeds/files/workload"/d*
  report $? "fuzz-$target over $files files"
done
for target in schedule-h5 trace; do
  HEDDLE_SOUND=1 ./tests/fuzz-$target "$seeds/files/$target"/*
  report $? "fuzz-$target reads sound files to the end"
done
[ -z "$(ls -A "$TMPDIR")" ]
report $? "nothing is left behind"
echo "1..$n"
