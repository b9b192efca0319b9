#!/usr/bin/env python3
"""A user's own measurements held against a trace: errors by hand, in all forms; broken files are told with file and line."""
import json
import os
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import finish, ok, run

# Two cores: a computes 0..40 and 50..60 of layer first, b 40..100 of layer second; layer third does nothing.
SCHEDULE = """<schedule version="1" platform="synthetic"><layer name="first"/><layer name="second"/><layer name="third"/>
  <queue name="core0" core="core0"/><queue name="core1" core="core1"/>
  <compute id="0" queue="core0" layer="first" node="0" cycles="40 cycle" energy="1 pJ"/>
  <compute id="1" queue="core0" layer="first" node="1" cycles="20 cycle" energy="1 pJ"/>
  <compute id="2" queue="core1" layer="second" node="2" cycles="60 cycle" energy="1 pJ" after="0"/>
</schedule>
"""
# name, text, line, what is said
BROKEN = [
    ("empty", "", 1, "nothing in it"),
    ("comments", "# nothing\n\n", 1, "nothing in it"),
    ("no-rows", "layer,cycles\n", 2, "no line behind the columns"),
    ("column", "layer,cycle\n", 1, 'column "cycle", did you mean "cycles"?'),
    ("no-layer", "start,end\n0,1\n", 1, 'no column "layer"'),
    ("no-times", "layer,start\nfirst,1\n", 1, "no times"),
    ("twice", "layer,cycles,cycles\n", 1, 'a second column "cycles"'),
    ("fields", "layer,cycles\nfirst,1\nsecond\n", 3, "1 fields - expected 2"),
    ("number", "layer,cycles\nfirst,fast\n", 2, 'cycles is "fast" - expected a number'),
    ("negative", "layer,cycles\nfirst,-1\n", 2, 'cycles is "-1"'),
    ("not-finite", "layer,cycles\nfirst,inf\n", 2, 'cycles is "inf"'),
    ("hexadecimal", "layer,cycles\nfirst,0x10\n", 2, 'cycles is "0x10"'),
    ("huge", "layer,cycles\nfirst,1e19\n", 2, 'cycles is "1e19"'),
    ("unknown", "layer,cycles\nfrist,1\n", 2, 'no layer of the trace is called "frist" - did you mean "first"?'),
    ("idle", "layer,cycles\nthird,1\n", 2, 'layer "third" did nothing in the trace'),
    ("again", "layer,cycles\nfirst,1\n\nfirst,1\n", 4, 'a second row of layer "first"'),
    ("backwards", "layer,start,end\nfirst,9,1\n", 2, "ends before it starts"),
    ("contradiction", "layer,start,end,cycles\nfirst,1,9,7\n", 2, "are not the difference"),
    ("quote", 'layer,cycles\n"first,1\n', 2, "a quote that is not closed"),
    ("binary", b"layer,cycles\nfirst,1\n\xff\xfe\n", 3, "is no text in UTF-8"),
    ("semicolons", "layer;cycles\nfirst;1\n", 1, 'the columns of "layer;cycles" are separated by semicolons - expected commas'),
    ("tabs", "layer\tcycles\nfirst\t1\n", 1, "are separated by tabs - expected commas"),
    ("nul", b"layer,cycles\nfir\0st,1\n", 2, "is no text in UTF-8"),
]


def write(at, name, text):
    with open(os.path.join(at, name), "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())


def good_cases(at):
    write(at, "times.csv", "# measured on the board\r\nlayer, start ,end\r\nfirst,0,48\r\n\"second\",50,110.5\r\n*,0,80\r\n")
    result = run("validate", "--measured", "times.csv", "t.h5", "--json", cwd=at)
    ok(result.returncode == 0 and result.stderr == "", "a file with starts and ends", result.stderr)
    told = json.loads(result.stdout)
    rows = {row["id"]: row for row in told["layers"]}
    ok(list(rows) == ["first", "second", "*"] and told["schema"] == "heddle-measured-1", "rows stand in the order of the file", told)
    # first takes 60 for 48: +25 %; second 60 for 60.5; the run 100 for 80.
    ok(rows["first"] == {"id": "first", "measured_cycles": 48, "simulated_cycles": 60, "error_percent": 25, "measured_start": 0, "measured_end": 48, "simulated_start": 0, "simulated_end": 60}, "the first layer", rows)
    ok(abs(rows["second"]["error_percent"] + 100 * 0.5 / 60.5) < 1e-9 and rows["second"]["simulated_start"] == 40 and rows["*"]["error_percent"] == 25, "the second, and the run", rows)
    ok(told["worst"] == "first" and abs(told["mean_error_percent"] - (25 + 100 * 0.5 / 60.5) / 2) < 1e-9 and told["unmeasured"] == 0, "the mean is of layers, without the whole run", told)
    text = run("validate", "--measured", "times.csv", "t.h5", cwd=at).stdout.splitlines()
    ok(["first", "48", "60", "+25.0", "%", "0", "0"] in [line.split() for line in text] and ["second", "60.5", "60", "-0.8", "%", "50", "40"] in [line.split() for line in text], "in words", *text)
    ok("layers: 12.9 % off on average, at most +25.0 % (first)" in text, "and the mean", *text)

    write(at, "cycles.csv", "cycles,layer\n0,first\n")
    told = json.loads(run("validate", "--measured", "cycles.csv", "t.h5", "--json", cwd=at).stdout)
    ok(told["layers"][0]["error_percent"] is None and told["worst"] is None and told["mean_error_percent"] is None and told["unmeasured"] == 1, "nothing was measured: no error", told)
    ok(told["layers"][0]["measured_start"] is None, "cycles alone have no start")
    text = run("validate", "--measured", "cycles.csv", "t.h5", cwd=at).stdout
    ok("1 layer of the trace not measured" in text and "start" not in text, "in words as well", text)

    write(at, "marked.csv", b"\xef\xbb\xbflayer,cycles\r\nfirst,48\r\n")
    ok(json.loads(run("validate", "--measured", "marked.csv", "t.h5", "--json", cwd=at).stdout)["layers"][0]["error_percent"] == 25, "a byte order mark, as spreadsheets write it, is none of the first column")

    result = run("validate", "--measured", "times.csv", "t.h5", "--svg", "m.svg", cwd=at)
    root = ElementTree.parse(os.path.join(at, "m.svg")).getroot()
    bars = [(float(b.get("x")), float(b.get("width"))) for b in root.iter("{http://www.w3.org/2000/svg}rect") if b.get("class") in ("measured", "simulated") and b.get("width") != "22"]
    scale = 720 / 110.5
    expected = [(0, 48), (0, 60), (50, 60.5), (40, 60), (0, 80), (0, 100)]
    ok(len(bars) == 6 and all(abs(x - 200 - s * scale) < 0.02 and abs(w - d * scale) < 0.02 for (x, w), (s, d) in zip(bars, expected)), "the picture has each bar at its times", bars)
    ok(any("+25" in (t.text or "") for t in root.iter("{http://www.w3.org/2000/svg}text")), "and the errors")


def broken_cases(at):
    for name, text, line, says in BROKEN:
        write(at, "broken.csv", text)
        result = run("validate", "--measured", "broken.csv", "t.h5", cwd=at)
        ok(result.returncode == 65 and f"broken.csv:{line}: " in result.stderr and says in result.stderr and result.stdout == "", f"broken: {name}", result.returncode, result.stderr)
    write(at, "broken.csv", "layer,cycles\n" + "".join(f"l{i},x\n" for i in range(100)))
    result = run("validate", "--measured", "broken.csv", "t.h5", cwd=at)
    ok(result.returncode == 65 and 10 < result.stderr.count("broken.csv:") <= 21, "many faults at once, not all of them", result.stderr)
    write(at, "broken.csv", "layer,cycles\n" + "x" * 3000000 + ",1\n" + '"' * 2000000 + ",,\n")
    result = run("validate", "--measured", "broken.csv", "t.h5", cwd=at)
    ok(result.returncode == 65 and len(result.stderr) < 10000, "endless fields", result.stderr[:300])
    ok(run("validate", "--measured", "nowhere.csv", "t.h5", cwd=at).returncode == 66, "no such measurements")
    ok(run("validate", "--measured", "times.csv", "nowhere.h5", cwd=at).returncode == 66, "no such trace")
    ok(run("validate", "--measured", "times.csv", "times.csv", cwd=at).returncode == 65, "no trace")
    for wrong in ([], ["t.h5", "t.h5"], ["t.h5", "--folder", "x"], ["t.h5", "-o", "x"]):
        ok(run("validate", "--measured", "times.csv", *wrong, cwd=at).returncode == 2, f"usage: {wrong}")
    ok(run("validate", "--measured", "times.csv", "t.h5", "--svg", "nowhere/m.svg", cwd=at).returncode == 73, "a picture that cannot be made")


def main(at):
    write(at, "s.xml", SCHEDULE)
    result = run("simulate", "core:2 sram:1KiB bus:128b dram:64b", "s.xml", "-o", "t.h5", "--json", cwd=at)
    ok(result.returncode == 0 and json.loads(result.stdout)["cycles"] == 100, "the trace", result.stderr)
    good_cases(at)
    broken_cases(at)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="heddle-test-") as folder:
        main(folder)
    finish()
