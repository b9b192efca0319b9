#!/usr/bin/env python3
"""Back-to-back inferences, as the program tells them: the first one, the pace of the others, cold and warm weights; and the lower bounds beside them."""
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import finish, ok, run

# As in tests/passes/test-inferences.c, where the times are derived: x at 8, w at 24, product to 34, relu to 38, y is out at 46; then one every 10 cycles.
PLATFORM = """<platform version="1" name="two" clock="1 MHz">
  <memory id="dram" kind="dram" ports="separate" width="8 bit/cycle"/>
  <memory id="ma" size="4 KiB" core="a" ports="separate"/>
  <memory id="mb" size="4 KiB" core="b" ports="separate"/>
  <bus id="bus" connects="dram ma mb"/>
  <core id="a" kind="fixed" operators="mac"><operator type="*" cycles-per-node="10 cycle"/>
    <level memory="ma" operands="I W O" read-width="64 bit/cycle" write-width="64 bit/cycle"/></core>
  <core id="b" kind="fixed" operators="vector"><operator type="*" cycles-per-node="4 cycle"/>
    <level memory="mb" operands="I W O" read-width="64 bit/cycle" write-width="64 bit/cycle"/></core>
</platform>"""
WORKLOAD = """<workload version="1" name="tiny">
  <tensor id="x" kind="input" shape="2" bits="32 bit"/><tensor id="w" kind="weight" shape="2 2" bits="32 bit"/>
  <tensor id="h" kind="activation" shape="2" bits="32 bit"/><tensor id="y" kind="output" shape="2" bits="32 bit"/>
  <nest id="product" operator="Gemm" class="mac" ranks="K=2 C=2"><input tensor="x" index="C"/><weight tensor="w" index="K, C"/><output tensor="h" index="K"/></nest>
  <nest id="relu" operator="Relu" class="vector" ranks="K=2"><input tensor="h" index="K"/><output tensor="y" index="K"/></nest>
</workload>"""
EXPECTED = {"count": 4, "first_cycles": 46, "steady_cycles": 10, "mean_cycles": 19, "per_second": 100000, "together": False, "busiest_core": "a", "busiest_core_cycles": 10, "cold_dram_read_bits": 192, "warm_dram_read_bits": 64,
            "each": [{"begin": 24 + 10 * i, "end": 46 + 10 * i, "dram_read_bits": 64 if i else 192} for i in range(4)]}

# One core for both, which works 14 for each. One after the other: product 24..34, relu to 38, y is out at 46; the next 14 later. All at once: products end at 34, 44, 54, 64, relus at 68, 72, 76, 80;
# each y takes 8 cycles on the way out: 76, 84, 92, 100. No core keeps a pace of 8 cycles: four in 100 are one in 25.
ONE_CORE = PLATFORM.replace('<core id="b" kind="fixed" operators="vector"><operator type="*" cycles-per-node="4 cycle"/>\n    <level memory="mb" operands="I W O" read-width="64 bit/cycle" write-width="64 bit/cycle"/></core>', "")
ONE_CORE = ONE_CORE.replace(' core="b"', "").replace('operators="mac"><operator type="*" cycles-per-node="10 cycle"/>', 'operators="mac vector"><operator type="Gemm" cycles-per-node="10 cycle"/><operator type="Relu" cycles-per-node="4 cycle"/>')

# Of four: x and w at 8 bit a cycle, product, relu, y; then 4 x 10 and 4 x 4 cycles; then 4 x 64 + 128 bit in and 4 x 64 out.
BOUNDS = {"critical_path_cycles": 16 + 10 + 4 + 8, "work": [{"cores": ["a"], "compute_cycles": 40, "cycles": 40}, {"cores": ["b"], "compute_cycles": 16, "cycles": 16}],
          "bandwidth": [{"resource": "dram.read", "bits": 384, "cycles": 48}, {"resource": "dram.write", "bits": 256, "cycles": 32}], "greatest_cycles": 48, "ratio": 76 / 48}


def main(at):
    for name, text in (("p.xml", PLATFORM), ("w.xml", WORKLOAD)):
        with open(os.path.join(at, name), "w", encoding="utf-8") as f:
            f.write(text)
    four = ["-p", "p.xml", "-w", "w.xml", "--inferences", "4"]

    summary = json.loads(run("run", *four, "--json", "-o", "t.h5", cwd=at).stdout)
    ok(summary["inferences"] == EXPECTED and summary["cycles"] == 76, "the summary of a run", summary["inferences"])
    ratio = summary["bounds"].pop("ratio")
    ok(abs(ratio - BOUNDS.pop("ratio")) < 1e-12 and summary["bounds"] == BOUNDS, "its lower bounds", summary["bounds"])
    ok(run("schedule", *four, "-o", "s.h5", cwd=at).returncode == 0 and run("schedule", *four, "-o", "s.xml", cwd=at).returncode == 0, "schedules are written")
    for name in ("s.h5", "s.xml"):
        ok(json.loads(run("simulate", "p.xml", name, "--json", cwd=at).stdout)["inferences"] == EXPECTED, f"the summary of {name} simulated")
    ok(json.loads(run("inspect", "t.h5", "--json", cwd=at).stdout)["inferences"] == EXPECTED, "the inspection of the trace")
    line = "inferences: 4 back to back; the first took 46 cycles, then one comes every 10 (100,000 a second), over all one for every 19; a works 10 for each; from DRAM the first read 24 B (cold weights), a later one 8 B"
    bounds = "lower bounds [cycle]: critical path 38; work 40 on a; bandwidth 48 for 48 B through dram.read; the run takes 1.58 times the greatest"
    ok(bounds in run("run", *four, cwd=at).stdout.splitlines(), "the bounds in words")
    for command in (["run", *four], ["inspect", "t.h5"]):
        text = run(*command, cwd=at).stdout
        ok(line in text.splitlines(), f"in words: heddle {command[0]}", text)
    names = set(re.findall(r"^compute,.*?,(\d/\w+),", run("export", "t.h5", "--format", "csv", cwd=at).stdout, re.M)) or run("export", "t.h5", "--format", "csv", cwd=at).stdout
    ok(all(f"{i}/{layer}" in str(names) for i in range(1, 5) for layer in ("product", "relu")), "the trace tells whose layers they are", names)
    check = run("check", "p.xml", "s.xml", "t.h5", cwd=at)
    ok(check.returncode == 0, "schedule and trace are legal", check.stdout, check.stderr)

    with open(os.path.join(at, "one.xml"), "w", encoding="utf-8") as f:
        f.write(ONE_CORE)
    for priority, ends, expected in (("latency", [46, 60, 74, 88], (False, 14, 22)), ("throughput", [76, 84, 92, 100], (True, 25, 25))):
        command = ["run", "-p", "one.xml", *four[2:], "--pass", "multi-core", "--priority", priority]
        told = json.loads(run(*command, "--json", cwd=at).stdout)["inferences"]
        ok([i["end"] for i in told["each"]] == ends and (told["together"], told["steady_cycles"], told["mean_cycles"]) == expected and told["busiest_core_cycles"] == 14,
           f"the pace of one core by {priority}", told)
    words = "inferences: 4 at once; the first took 76 cycles, all of them 100, one for every 25 (40,000 a second); a works 14 for each; from DRAM the first read 24 B (cold weights), a later one 8 B"
    ok(words in run(*command, cwd=at).stdout.splitlines(), "what ends together, in words", run(*command, cwd=at).stdout)
    at_once = json.loads(run("run", *four, "--pass", "multi-core", "--priority", "throughput", "--json", cwd=at).stdout)["inferences"]
    ok((at_once["together"], at_once["steady_cycles"]) == (False, 10), "where stages are cores, inferences flow by throughput, too", at_once)
    pace = {n: json.loads(run("run", *four[:4], "--inferences", n, "--json", cwd=at).stdout)["inferences"]["steady_cycles"] for n in ("2", "3", "9")}
    ok(set(pace.values()) == {10}, "few or many, the pace is the slowest stage's", pace)

    # Two inferences of two layers on two cores end a little closer than a core could keep up.
    with open(os.path.join(at, "two.xml"), "w", encoding="utf-8") as f:
        f.write('<workload version="1" name="t"><tensor id="image" kind="input" shape="1 8 16 16"/><layer id="a" operator="Conv" inputs="image" channels="16" kernel_shape="3 3" pads="1 1 1 1"/>'
                '<layer id="b" operator="Conv" inputs="a" channels="8" kernel_shape="1 1"/></workload>')
    two = json.loads(run("run", "-p", "core:2 sram:64KiB bus:128b dram:64b@200MHz", "-w", "two.xml", "--pass", "multi-core", "--inferences", "2", "--json", cwd=at).stdout)["inferences"]
    ok(not two["together"] and two["steady_cycles"] >= two["busiest_core_cycles"] > two["each"][1]["end"] - two["each"][0]["end"], "no pace is told that the busiest core could not keep", two)

    one = json.loads(run("run", *four[:4], "--json", cwd=at).stdout)
    ok(one["inferences"] is None and one["cycles"] == 46, "one inference is as ever")
    same = run("run", *four[:4], "--inferences", "1", "-q", cwd=at).stdout
    ok(same == run("run", *four[:4], "-q", cwd=at).stdout and "inferences" not in same, "asking for one changes nothing")
    for wrong in ("0", "-1", "x", "2.5"):
        result = run("run", *four[:4], "--inferences", wrong, cwd=at)
        ok(result.returncode == 2 and "--inferences" in result.stderr, f"--inferences {wrong} is refused", result.stderr)
    result = run("run", *four[:4], "--inferences", "20000", cwd=at)
    ok(result.returncode == 65 and "20000 inferences of 2 layers - expected 1 to 10000" in result.stderr, "too many layers are refused", result.stderr)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="heddle-test-") as folder:
        main(folder)
    finish()
