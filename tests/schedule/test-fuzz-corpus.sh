#!/bin/bash
# The fuzz targets run over the corpus (XML is no sound HDF5 file either): no crash.
set -u
corpus=("$HEDDLE_SRCDIR"/tests/corpus/schedule/*.xml)
echo 1..2
./tests/fuzz-schedule "${corpus[@]}" && echo "ok 1 - fuzz-schedule" || echo "not ok 1 - fuzz-schedule"
./tests/fuzz-schedule-h5 "${corpus[@]:0:8}" && echo "ok 2 - fuzz-schedule-h5" || echo "not ok 2 - fuzz-schedule-h5"
