#!/bin/bash
# The fuzz targets run over the corpora, the networks and themselves (any file will do as an ONNX model): no crash, and quickly.
set -u
xml=("$HEDDLE_SRCDIR"/tests/corpus/workload/*.xml "$HEDDLE_SRCDIR"/workloads/*.xml)
onnx=("${xml[@]}" "$HEDDLE_SRCDIR"/tests/corpus/onnx/*.txt "$HEDDLE_SRCDIR"/tests/corpus/onnx-bytes/*.onnx "$HEDDLE_SRCDIR"/../shared/reference/onnx/*.onnx)
for i in "${!onnx[@]}"; do [ -f "${onnx[$i]}" ] || unset "onnx[$i]"; done
echo 1..2
./tests/fuzz-workload "${xml[@]}" && echo "ok 1 - fuzz-workload" || echo "not ok 1 - fuzz-workload"
./tests/fuzz-onnx "${onnx[@]}" && echo "ok 2 - fuzz-onnx" || echo "not ok 2 - fuzz-onnx"
