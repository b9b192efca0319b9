#!/usr/bin/env python3
"""Rooflines: the numbers of each point by hand, where it is drawn, and that the drawing is one."""
import math
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import finish, ok, run

SVG = "{http://www.w3.org/2000/svg}"
# x (64 bit) at 8 and w (128) at 24 of 8 bit a cycle, product to 34; h (64) takes no time, relu to 38; y (64) goes out.
PLATFORM = """<platform version="1" name="two" clock="1 MHz">
  <memory id="dram" kind="dram" ports="separate" width="8 bit/cycle"/>
  <memory id="ma" size="4 KiB" core="a" ports="separate"/>
  <memory id="mb" size="4 KiB" core="b" ports="shared" width="256 bit/cycle"/>
  <bus id="bus" connects="dram ma mb"/>
  <core id="a" kind="fixed" operators="mac"><operator type="*" cycles-per-point="2.5 cycle"/>
    <level memory="ma" operands="I W O" read-width="64 bit/cycle" write-width="64 bit/cycle"/></core>
  <core id="b" kind="vector" lanes="1"><level memory="mb" operands="I W O"/></core>
</platform>"""
WORKLOAD = """<workload version="1" name="tiny">
  <tensor id="x" kind="input" shape="2" bits="32 bit"/><tensor id="w" kind="weight" shape="2 2" bits="32 bit"/>
  <tensor id="h" kind="activation" shape="2" bits="32 bit"/><tensor id="y" kind="output" shape="2" bits="32 bit"/>
  <nest id="product" operator="Gemm" class="mac" ranks="K=2 C=2"><input tensor="x" index="C"/><weight tensor="w" index="K, C"/><output tensor="h" index="K"/></nest>
  <nest id="relu" operator="Relu" class="vector" ranks="K=2"><input tensor="h" index="K"/><output tensor="y" index="K"/></nest>
</workload>"""


def main(at):
    for name, text in (("p.xml", PLATFORM), ("w.xml", WORKLOAD), ("byte.xml", WORKLOAD.replace("32 bit", "8 bit"))):
        with open(os.path.join(at, name), "w", encoding="utf-8") as f:
            f.write(text)
    result = run("run", "-p", "p.xml", "-w", "w.xml", "-o", "t.h5", "--json", cwd=at)
    ok(result.returncode == 0, "a run", result.stderr)
    result = run("export", "t.h5", "--format", "roofline", cwd=at)
    ok(result.returncode == 0 and result.stderr == "", "rooflines of it", result.stderr)
    root = ElementTree.fromstring(result.stdout)
    ok(root.tag == SVG + "svg" and not re.search("<script|href|url\\(", result.stdout), "the drawing is SVG, without scripts and links")
    titles = [t.text for t in root.iter(SVG + "title")]
    # The node's data: x and w. That h leaves is the relu's transfer.
    product = "product: 4 operations in 34 cycles, 0.1176 in a cycle of the core; 24 B to and from DRAM, 24 B into and out of its own memories"
    ok(product in titles, "what the product did, by hand", *titles)
    relu = [t for t in titles if t.startswith("relu: 2 operations in ")]
    ok(relu and relu[0].endswith("8 B to and from DRAM, 16 B into and out of its own memories"), "what the relu moved", *titles)
    texts = [t.text for t in root.iter(SVG + "text")]
    ok("peak 0.4 1/cycle, DRAM 16 bit/cycle, own memories no limit" in texts, "the roofs of core a: a point in 2.5 cycles", *texts)
    ok("peak 1 1/cycle, DRAM 16 bit/cycle, own memories 256 bit/cycle" in texts, "the roofs of core b", *texts)
    # Core a: x from 1e-2 (4/192, 0.4/16) to 1e-1, y from 1e-2 (two decades) to 1; the plot begins at 84, 146 and is 530 by 300.
    circle = next(c for c in root.iter(SVG + "circle") if "ring" not in c.get("class") and c[0].text == product)
    x, y = 84 + (math.log10(4 / 192) + 2) * 530, 146 + 300 - (math.log10(4 / 34) + 2) / 2 * 300
    ok(abs(float(circle.get("cx")) - x) < 0.01 and abs(float(circle.get("cy")) - y) < 0.01, "the point is where the axes say", circle.attrib, x, y)
    ok(run("export", "t.h5", "--format", "roofline", cwd=at).stdout == result.stdout, "the same again")

    # What has no platform, and a platform in place of a trace.
    ok(run("export", "p.xml", "--format", "roofline", cwd=at).returncode == 2, "a platform has no roofline")
    many = run("run", "-p", "core:20 sram:64KiB bus:128b dram:64b", "-w", "byte.xml", "-o", "m.h5", cwd=at)
    ok(many.returncode == 0 and run("export", "m.h5", "-f", "roofline", "-o", "m.svg", cwd=at).returncode == 0, "of twenty cores one works", many.stderr)
    with open(os.path.join(at, "m.svg"), encoding="utf-8") as f:
        ok([t.text for t in ElementTree.parse(f).iter(SVG + "text") if t.get("class") == "core"] == ["core00"], "and has a panel")

    # In-memory compute: with inputs and weights of 4 bit, two units of 1152 x 256 cells do 2 x 1152 x 64 MACs in 4 x 10 cycles; at 8 bit a quarter of it.
    files = [os.path.join(os.environ["HEDDLE_SRCDIR"], name) for name in ("platforms/aimc-4x4.xml", "workloads/resnet50-segment.xml", "workloads/resnet50-segment-aimc-4x4.mapping.xml")]
    array = run("run", "-p", files[0], "-w", files[1], "-m", files[2], "-o", "a.h5", "-q", cwd=at)
    drawn = run("export", "a.h5", "--format", "roofline", cwd=at).stdout
    ok(array.returncode == 0 and drawn.count(">peak 3686.4 1/cycle (4x4 bit), ") == 4 and drawn.count(">peak 14746 1/cycle (4x4 bit), ") == 1, "the roof of macros is that of the operands that they got", drawn[:2000])
    reached = [float(n) for n in re.findall(r" cycles, ([0-9.e+]+) in a cycle of the core", drawn)]
    ok(reached and max(reached) <= 3686.4, "and nothing is above it", *reached)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="heddle-test-") as folder:
        main(folder)
    finish()
