#!/bin/bash
# heddle cost as its users meet it: the published numbers through the program, its JSON, one layer in words, what it refuses.
cd "$HEDDLE_SRCDIR" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0

ok () { # description, status of the check
  number=$((number + 1))
  if [ "$2" -eq 0 ]; then echo "ok $number - $1"; else echo "not ok $number - $1"; sed 's/^/# /' "$work/out" "$work/err" | head -20; fi
}

run () { "$HEDDLE" cost "$@" > "$work/out" 2> "$work/err"; }

echo 1..12
df="-p platforms/meta-prototype-df.xml -w workloads/fsrcnn-nopad.xml"
run $df --rules zigzag --search orderings --factor-limit 7 --json
ok "the published search succeeds" $?
python3 - "$work/out" <<'P'
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema"] == "heddle-cost-1" and d["evaluations"] == 37800 and d["cycles"] == 28930123
assert abs(d["energy_pj"] - 19070101051.265) < 20
for layer in d["layers"]:
    parts = layer["mac_energy_pj"] + sum(level["energy_pj"] for level in layer["levels"])
    assert abs(parts - layer["energy_pj"]) < 1e-9 * parts
    assert layer["cycles"] == sum(layer[k + "_cycles"] for k in ("compute", "stall", "input", "fill", "load"))
P
ok "its JSON has the recorded totals, and its parts add up" $?
run $df --rules zigzag --objective edp --json && python3 -c 'import json,sys
d = json.load(open(sys.argv[1])); sys.exit(not (d["energy_pj"] < 19070101051.265 and d["cycles"] < 28930123))' "$work/out"
ok "the search by product is below the recorded one in energy and in cycles" $?
run $df --rules zigzag --objective energy --json && python3 -c 'import json,sys
d = json.load(open(sys.argv[1])); sys.exit(not (d["energy_pj"] <= 19070101051.265 and d["cycles"] <= 28930123))' "$work/out"
ok "the search by energy is never above the recorded one, in energy and in cycles" $?
run $df --rules zigzag --tie 0 --json; cp "$work/out" "$work/least"
run $df --rules zigzag --tie 0 --factor-limit 7 --json && python3 -c 'import json,sys
recorded = 19070101051.265
limited, least = (json.load(open(f)) for f in sys.argv[1:])
sys.exit(not (limited["energy_pj"] <= recorded * (1 + 1e-9) and limited["cycles"] <= 28930123 and least["energy_pj"] < 0.995 * recorded))' "$work/out" "$work/least"
ok "the least energy is below it, and in its space of 7 factors both are" $?
run -p platforms/tpu-like.xml -w workloads/resnet18.xml --objective edp --json && python3 -c 'import json,sys
layers = [l for l in json.load(open(sys.argv[1]))["layers"] if "conv" in l["id"] or "downsample" in l["id"] or l["id"] == "fc"]
assert len(layers) == 21
sys.exit(not (sum(l["energy_pj"] for l in layers) < 1871436380.66 and sum(l["cycles"] for l in layers) < 3703960.5))' "$work/out"
ok "ResNet-18 on the TPU-like machine is below the recorded energy and cycles" $?
run $df --layer conv1 && grep -q "for C in 0..7" "$work/out" && grep -q "on the array: K x12 along D1, C x2 along D2" "$work/out" && ! grep -q CRITICAL "$work/err"
ok "one layer is told with its loop nest" $?
run $df --json; cp "$work/out" "$work/first"
LC_ALL=de_DE.UTF-8 "$HEDDLE" cost $df --json > "$work/out" 2> "$work/err"
cmp <(sed 's/"wall_s".*//' "$work/first") <(sed 's/"wall_s".*//' "$work/out")
ok "the same bytes again, in another locale" $?
run $df --rules guess; [ $? -eq 2 ] && grep -q "expected one of exact, zigzag, simple" "$work/err"
ok "an unknown name is a usage error" $?
run $df --layer convx; [ $? -eq 2 ] && grep -q 'no layer "convx"' "$work/err"
ok "an unknown layer is a usage error" $?
sed 's/size="2 byte"/size="1 byte"/' platforms/meta-prototype-df.xml > "$work/small.xml"
run -p "$work/small.xml" -w workloads/fsrcnn-nopad.xml; [ $? -eq 1 ] && grep -q "sum-register holds 8 bit" "$work/err"
ok "a memory that is too small is named" $?
cp -r platforms "$work/platforms"
sed -i 's/id="weights0" size="1 MiB"/id="weights0" size="4 bit"/' "$work/platforms/tpu-like-quad.xml"
run -p "$work/platforms/tpu-like-quad.xml" -w workloads/fsrcnn.xml --layer conv1; [ $? -eq 0 ] && grep -q "does not fit core core0: weights0 holds 4 bit" "$work/err" && grep -q "^conv1  *core1" "$work/out"
ok "a core that is too small is told, and the next one is taken" $?
