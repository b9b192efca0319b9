#!/usr/bin/env python3
"""heddle validate from outside: its targets, keys, bands, traces and picture; and the cycles of in-memory-compute pipelines and of transfers that do not overlap, derived by hand on small cases."""
import json
import os
import re
import sys
import xml.etree.ElementTree as ET

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import SOURCE, finish, ok, run, scratch

KEYS = {"id", "chip", "quantity", "unit", "published", "simulated", "error_percent", "fitted", "assumed", "source"}

NET = """<workload version="1" name="small" input-bits="4 bit" weight-bits="4 bit" partial-bits="16 bit" output-bits="4 bit">
  <tensor id="image" kind="input" shape="1 16 8 8"/>
  <layer id="a" operator="Conv" inputs="image" channels="16" kernel_shape="1 1"/>
  <layer id="b" operator="Conv" inputs="a" channels="16" kernel_shape="3 3" pads="1 1 1 1"/>
</workload>
"""
MAPPING = """<mapping version="1">
  <stack layers="*"><tile OY="1"/><cut rank="OY" size="1"/><cut rank="OX" size="2"/></stack>
  <layer id="a" cores="core0"/><layer id="b" cores="core1"/>
</mapping>
"""
TARGETS = """<validation version="1" chip="small">
  <publication>none</publication>
  <parameter name="clock" value="200 MHz" provenance="assumed">for this test</parameter>
  <parameter name="energies" value="some" provenance="fitted" concerns="energy">for this test</parameter>
  <run id="r" platform="platforms/aimc-4x4.xml" workload="net.xml" mapping="net.mapping.xml">
    <parameter name="speed" value="x" provenance="fitted">for this test</parameter>
  </run>
  <target id="small-latency" quantity="latency" unit="cycle" run="r" published="1538" certainty="certain" source="by hand" least="{least}" most="{most}">a note</target>
  <target id="small-efficiency" quantity="efficiency" unit="TOPS/W" run="r" published="1" certainty="uncertain" source="nowhere" least="-100" most="1e9">a note</target>
</validation>
"""


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def parsed(result):
    try:
        return json.loads(result.stdout)["targets"]
    except (ValueError, KeyError):
        return []


def shipped_cases(at):
    result = run("validate", "--json", cwd=at)
    targets = {t["id"]: t for t in parsed(result)}
    ok(result.returncode == 0 and targets, "all targets are in their bands", result.stdout, result.stderr)
    ok(all(KEYS <= set(t) for t in targets.values()), "every target has the keys")
    for name, published in (("depfin-latency", 6.18e6), ("aimc-4x4-latency", 66302), ("diana-latency", 8.12e5)):
        t = targets.get(name, {})
        ok(t.get("published") == published and t.get("fitted") == [], f"{name}: the published value, and nothing fitted", t)
        ok(abs(t.get("error_percent", 99) - 100 * (t.get("simulated", 0) / published - 1)) < 1e-9, f"{name}: the error is that of the two values")
    ok(all(abs(targets[name]["error_percent"]) <= 4 for name in ("depfin-latency", "aimc-4x4-latency")), "DepFiN and the in-memory array are within 4 %")
    # 3,584 tiles of 147 + 42 + 23 cycles; nothing can be faster than the core that does them.
    ok(3584 * 212 <= targets["diana-latency"]["simulated"] <= 3584 * 212 * 1.04, "DIANA takes little longer than its digital core", targets["diana-latency"])
    ok(all(t["fitted"] for name, t in targets.items() if "fitted" in name) and not any(t["fitted"] for name, t in targets.items() if "fitted" not in name), "what is fitted is called so")
    ok({name: targets[name]["certainty"] for name in ("aimc-4x4-latency", "depfin-traffic")} == {"aimc-4x4-latency": "uncertain", "depfin-traffic": "certain"}, "published values say how certain they are")
    ok(targets["diana-latency"]["platform"] == "platforms/diana.xml" and targets["diana-latency"]["workload"] == "workloads/resnet18-segment.xml", "files are named as heddle run takes them", targets["diana-latency"])
    table = run("validate", cwd=at)
    ok(all(re.search(rf"^{name} ", table.stdout, re.M) for name in targets), "the table has every target", table.stdout)
    one = run("validate", "--json", "diana-latency", cwd=at)
    ok([t["id"] for t in parsed(one)] == ["diana-latency"], "a target alone", one.stdout, one.stderr)
    some = [t["id"] for t in parsed(run("validate", "--json", "d*-latency", "aimc-4x4-peak-throughput-?b", cwd=at))]
    ok(some == ["aimc-4x4-peak-throughput-8b", "aimc-4x4-peak-throughput-4b", "depfin-latency", "diana-latency"], "targets by pattern", some)
    none = run("validate", "jia*", cwd=at)
    ok(none.returncode == 2 and 'no target "jia*" - expected one of those that heddle validate prints' in none.stderr, "a pattern that nothing matches", none.stderr)
    wrong = run("validate", "diana-latenzy", cwd=at)
    ok(wrong.returncode == 2 and 'did you mean "diana-latency"' in wrong.stderr, "an unknown target, with a suggestion", wrong.stderr)


def parts_cases(at):
    """Variants of a platform differ by what they say and by nothing else."""
    plain = run("run", "-p", "platforms/depfin.xml", "-w", "workloads/fsrcnn.xml", "-m", "workloads/fsrcnn-depfin.mapping.xml", "--json", cwd=at)
    with open(os.path.join(at, "platforms/depfin-no-overlap.xml"), encoding="utf-8") as f:
        text = re.sub(r"\n *<dma [^>]*/>\n", "\n", f.read())
    write(at, "same.xml", text)
    same = run("run", "-p", "same.xml", "-w", "workloads/fsrcnn.xml", "-m", "workloads/fsrcnn-depfin.mapping.xml", "--json", cwd=at)
    runs = [json.loads(r.stdout) for r in (plain, same)]
    def body(name):
        with open(os.path.join(at, "platforms", name), encoding="utf-8") as f:
            return re.sub(r"<!--.*?-->", "", f.read(), flags=re.S)
    wide = body("depfin-96-bit.xml").replace('name="depfin-96-bit"', 'name="depfin-no-overlap"').replace('width="96 bit/cycle"', 'width="64 bit/cycle"')
    ok(wide == body("depfin-no-overlap.xml"), "depfin-96-bit is depfin-no-overlap but for the width")
    ok(all(runs[0][key] == runs[1][key] for key in ("cycles", "energy_pj")), "without its dma, depfin-no-overlap is depfin", *[(r["cycles"], r["energy_pj"]) for r in runs])


def provenance_cases(at):
    """What the files of targets say of a platform is what the platform has, and fitted platforms say so themselves."""
    for name in sorted(os.listdir(os.path.join(at, "validation"))):
        if not name.endswith(".xml"):
            continue
        chip = ET.parse(os.path.join(at, "validation", name)).getroot()
        common = {p.get("name"): p for p in chip.findall("parameter")}
        faults = []
        for one in chip.findall("run"):
            with open(os.path.join(at, "validation", one.get("platform")), encoding="utf-8") as f:
                text = f.read()
            own = {p.get("name"): p for p in one.findall("parameter")}
            told = {**common, **own}
            clock = re.search(r'<platform [^>]*clock="([^"]*)"', text).group(1)
            if clock != told["clock"].get("value"):
                faults.append(f"{one.get('id')}: clock {clock}")
            if "cycles of a product" in own and "diana" in one.get("platform") and f'cycles-per-conversion="{own["cycles of a product"].get("value")} cycle"' not in text:
                faults.append(f"{one.get('id')}: cycles of a product")
            fitted = any(p.get("provenance") == "fitted" for p in told.values())
            if fitted != bool(re.search(r"^ *fitted ", text, re.M)):
                faults.append(f"{one.get('id')}: fitted here or there, and not in both")
        ok(not faults, f"{name} and its platforms say the same", *faults)


def products_of(path):
    """MACs of a network's layers, and products of the array's units that they take: one for each output pixel, 1152 inputs of its window and 64 outputs (256 columns by 4 bits)."""
    shape, macs, products = {}, 0, 0
    for node in ET.parse(path).getroot():
        if node.tag == "tensor":
            shape[node.get("id")] = [int(s) for s in node.get("shape").split()][1:]
            continue
        c, h, w = shape[node.get("inputs").split()[0]]
        kernel, stride = int(node.get("kernel_shape", "1 1").split()[0]), int(node.get("strides", "1 1").split()[0])
        k, pad = int(node.get("channels", c)), int(node.get("pads", "0").split()[0])
        if node.get("operator") == "GlobalAveragePool":
            h = w = 1
        h, w = ((n + 2 * pad - kernel) // stride + 1 for n in (h, w))
        if node.get("operator") in ("Conv", "MatMul"):
            macs += h * w * k * c * kernel * kernel
            products += h * w * -(-c * kernel * kernel // 1152) * -(-k // 64)
        shape[node.get("id")] = [k, h, w]
    return macs, products


def whole_network_cases(at):
    targets = {t["id"]: t for t in parsed(run("validate", "--json", "aimc-4x4-resnet50-rate", "aimc-4x4-resnet50-rate-array", "aimc-4x4-resnet50-per-joule", cwd=at))}
    macs, products = products_of(os.path.join(at, "workloads/resnet50.xml"))
    ok((macs, products) == (4089184256, 182704), "ResNet-50 has the MACs and products that its page and its target say", macs, products)
    least = products * 40 / 16
    cycles = {name: 200e6 / t["simulated"] for name, t in targets.items() if t["unit"] == "1/s"}
    ok(least <= cycles["aimc-4x4-resnet50-rate-array"] <= least * 1.01, "where nothing else takes time, the array's products do, and its copies are filled", cycles, least)
    ok(cycles["aimc-4x4-resnet50-rate-array"] < cycles["aimc-4x4-resnet50-rate"], "weights and maps that move take time", cycles)
    # A product converts 256 columns, for each of 4 bits, at 1.2 pJ.
    joules = 1 / targets["aimc-4x4-resnet50-per-joule"]["simulated"]
    ok(products * 256 * 4 * 1.2e-12 <= joules <= products * 256 * 4 * 1.2e-12 * 1.7, "most of an image's energy are conversions", joules)


def depth_first_cases(at):
    """DepFiN's gain by depth-first, from runs: energies reproduce the efficiencies that they are derived from, and ratios are those of the runs."""
    runs = [json.loads(run("run", "-p", "platforms/depfin-measured-energy.xml", "-w", "workloads/mc-cnn.xml", "-m", f"workloads/mc-cnn-{name}.mapping.xml", "--json", cwd=at).stdout)
            for name in ("depfin", "depfin-layers")]
    operations = 2 * 1242 * 376 * 9 * 64 * (1 + 3 * 64)
    ok(abs(operations / runs[0]["energy_pj"] - 3.95) < 0.01, "MC-CNN's efficiency with IO is the published one", operations / runs[0]["energy_pj"])
    targets = {t["id"]: t["simulated"] for t in parsed(run("validate", "--json", "depfin-depth-first-gain", "depfin-depth-first-traffic", cwd=at))}
    ok(abs(targets["depfin-depth-first-gain"] - runs[1]["energy_pj"] / runs[0]["energy_pj"]) < 1e-9, "the gain is that of the two runs' energies", targets)
    # One feature in and 64 out of each of four layers, then of all; a little of each map stays on the chip.
    ok(0.97 * 449 / 65 < targets["depfin-depth-first-traffic"] <= 449 / 65, "the ratio of traffic is that of the maps", targets)


def hand_cases(at):
    # Core 0 begins when its weights, 16 x 16 x 4 = 1,024 bit, have arrived: behind 128 bit of the image on the link (1 cycle) two bursts of 512 bit, 4 cycles each, and 4 more into the cells: 13.
    # A round of two pixels is 4 bits x 10 cycles, for both pixels at once: 40. Core 1 needs a row of 4 rounds and 2 rounds of the next; the last of them comes through port, link and port: 13 + 240 + 3.
    # 32 rounds follow; the last two pixels leave through port and link: 256 + 1,280 + 2.
    # The segment of ResNet-50, whose first weights wait behind two pixels: 532. Then twice 30 rounds and 6 cycles of link, one round and 6, one round and 18; 1,568 rounds; 5 to leave.
    whole = {t["id"]: t["simulated"] for t in parsed(run("validate", "--json", "aimc-4x4-latency", cwd=at))}
    ok(whole.get("aimc-4x4-latency") == 532 + 2 * (30 * 40 + 6) + (40 + 6) + (40 + 18) + 1568 * 40 + 5, "the pipeline of five groups takes what it takes by hand", whole)
    write(at, "net.xml", NET)
    write(at, "net.mapping.xml", MAPPING)
    write(at, "small.xml", TARGETS.format(least="0", most="0"))
    result = run("validate", "small.xml", "--json", cwd=at)
    targets = {t["id"]: t for t in parsed(result)}
    ok(targets.get("small-latency", {}).get("simulated") == 1538, "the pipeline of two groups takes what it takes by hand", result.stdout, result.stderr)
    ok(targets["small-latency"]["fitted"] == ["speed"] and targets["small-latency"]["assumed"] == ["clock"], "energies do not count where they do not matter", result.stdout)
    ok(targets["small-efficiency"]["fitted"] == ["energies", "speed"], "and do where they matter", result.stdout)
    write(at, "lost.xml", TARGETS.format(least="0", most="0").replace("net.mapping.xml", "nowhere.xml"))
    lost = run("validate", "lost.xml", cwd=at)
    ok(lost.returncode == 66 and "nowhere.xml" in lost.stderr, "a file that a run names and that is not there: 66", lost.stderr)
    write(at, "broken.mapping.xml", MAPPING.replace("core1", "core9"))
    write(at, "broken.xml", TARGETS.format(least="0", most="0").replace("net.mapping.xml", "broken.mapping.xml"))
    broken = run("validate", "broken.xml", cwd=at)
    ok(broken.returncode == 65 and broken.stderr.startswith("heddle: broken.mapping.xml:3: "), "a broken file that a run names: 65, with its line", broken.stderr)
    write(at, "memory.xml", TARGETS.format(least="0", most="0").replace('quantity="latency" unit="cycle"', 'quantity="peak-memory" unit="KiB" memory="l9"'))
    memory = run("validate", "memory.xml", cwd=at)
    ok(memory.returncode == 65 and 'there is no memory "l9"' in memory.stderr, "a memory that the platform does not have: 65", memory.stderr)
    write(at, "small.xml", TARGETS.format(least="1", most="2"))
    result = run("validate", "small.xml", cwd=at)
    ok(result.returncode == 1 and "OUT OF ITS BAND" in result.stdout, "an error outside its band: 1", result.stdout, result.stderr)


def output_cases(at):
    result = run("validate", "-o", "made/traces", "--svg", "errors.svg", "aimc-4x4-latency", "diana-memory-ratio", cwd=at)
    made = sorted(os.listdir(os.path.join(at, "made/traces"))) if os.path.isdir(os.path.join(at, "made/traces")) else []
    ok(made == ["aimc-4x4-resnet50.h5", "diana-resnet18-layers.h5", "diana-resnet18.h5"], "a trace of each run", made, result.stderr)
    told = re.search(r"aimc-4x4-latency .*?66,302\s+([\d,]+)", result.stdout)
    ok(told and f"{told.group(1)} cycles" in run("inspect", os.path.join(at, "made/traces/aimc-4x4-resnet50.h5")).stdout, "it has the cycles that the table has", result.stdout)
    checked = run("check", *[os.path.join(at, "made/traces", name) for name in made])
    ok(checked.returncode == 0, "the traces are legal", checked.stdout, checked.stderr)
    texts = "".join(ET.parse(os.path.join(at, "errors.svg")).getroot().itertext())
    ok("aimc-4x4-latency" in texts and "diana-memory-ratio" in texts and "depfin-latency" not in texts, "the picture has the wanted targets")
    full = run("validate", "--svg", "errors2.svg", cwd=at)
    with open(os.path.join(at, "errors2.svg"), encoding="utf-8") as drawn, open(os.path.join(SOURCE, "doc/pictures/validation.svg"), encoding="utf-8") as kept:
        ok(full.returncode == 0 and drawn.read() == kept.read(), "the page's picture is what heddle draws, byte for byte", "make pictures draws it again")
    ok(run("validate", "-o", "small.xml/x", "diana-latency", cwd=at).returncode == 73, "traces into a folder that cannot be: 73")
    ok(run("validate", "--folder", "nowhere", cwd=at).returncode == 66, "a folder without targets: 66")
    ok(run("validate", "nowhere.xml", cwd=at).returncode == 66, "a file of targets that is not there: 66")


with scratch() as folder:
    shipped_cases(folder)
    parts_cases(folder)
    provenance_cases(folder)
    whole_network_cases(folder)
    depth_first_cases(folder)
    hand_cases(folder)
    output_cases(folder)
finish()
