#!/usr/bin/env python3
"""Exports as other programs read them: JSON, CSV and XML of traces made by hand, and of a small schedule that the engine ran."""
import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

BUILD = os.environ.get("HEDDLE_BUILDDIR", ".")
SOURCE = os.environ.get("HEDDLE_SRCDIR", ".")
HEDDLE = os.environ.get("HEDDLE", os.path.join(BUILD, "heddle"))
DRIVER = os.path.join(BUILD, "tests/report-driver")
count = 0
failures = 0


def ok(condition, what, note=""):
    global count, failures
    count += 1
    failures += not condition
    print(f"{'ok' if condition else 'not ok'} {count} - {what}")
    if not condition and note:
        print("# " + str(note)[:2000].replace("\n", "\n# "))
    sys.stdout.flush()


def heddle(*arguments, status=0):
    run = subprocess.run([HEDDLE, *arguments], capture_output=True, text=True, timeout=120)
    if run.returncode != status:
        ok(False, f"heddle {' '.join(arguments)} exits with {status}", f"{run.returncode}: {run.stderr}")
    return run.stdout


def make(kind, folder, **environment):
    path = os.path.join(folder, f"{kind}{len(environment)}{'-'.join(environment)}.h5")
    subprocess.run([DRIVER, kind, path], check=True, env={**os.environ, **environment}, timeout=120)
    return path


def cycle(text):
    """A time in microseconds with three decimals, as the exact number of cycles."""
    whole, decimals = text.split(".")
    return int(whole) * 1000 + int(decimals.ljust(3, "0"))


def perfetto(path):
    events = json.loads(heddle("export", path, "--format", "perfetto"), parse_float=str)["traceEvents"]
    for e in events:
        e.update({key: cycle(e[key]) for key in ("ts", "dur") if key in e})
    return events


def check_perfetto(kind, path, n_slices):
    events = perfetto(path)
    slices = [e for e in events if e["ph"] == "X"]
    ok(len(slices) == n_slices, f"{kind}: every task that ended is a slice", len(slices))
    by_thread = {}
    for e in slices:
        by_thread.setdefault((e["pid"], e["tid"]), []).append((e["ts"], e["ts"] + e["dur"]))
        if e["ts"] != e["args"]["start_cycle"] or e["ts"] + e["dur"] != e["args"]["end_cycle"]:
            ok(False, f"{kind}: times are exact", e)
    for thread in by_thread.values():
        thread.sort()
    bad = [(a, b) for thread in by_thread.values() for a, b in zip(thread, thread[1:]) if b[0] < a[1]]
    ok(not bad, f"{kind}: slices of one thread do not overlap", bad[:5])
    spans = {key: set() for key in by_thread}
    starts = {(e["args"]["task"]): e for e in slices}
    ends = [e for e in events if e["ph"] == "f"]
    begins = {e["id"]: e for e in events if e["ph"] == "s"}
    lost = []
    for e in ends:
        target, source = starts.get(e["id"]), begins.get(e["id"])
        if source is None or target is None or (target["pid"], target["tid"], target["ts"]) != (e["pid"], e["tid"], e["ts"]) or source["ts"] > e["ts"] \
                or not any(a <= source["ts"] < b or a == source["ts"] == b for a, b in by_thread.get((source["pid"], source["tid"]), [])):
            lost.append(e)
    ok(not lost and len(begins) == len(ends), f"{kind}: both ends of each of {len(ends)} arrows are in a slice", lost[:3])
    named = {(e["pid"], e["tid"]) for e in events if e["ph"] == "M" and e["name"] == "thread_name"}
    ok(set(spans) <= named, f"{kind}: every thread has a name", sorted(set(spans) - named)[:5])
    return events


def check_svg(kind, path):
    text = heddle("export", path, "--format", "svg")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        ok(False, f"{kind}: the drawing is well-formed", error)
        return ""
    width, height = float(root.get("width")), float(root.get("height"))
    outside = []
    for e in root.iter("{http://www.w3.org/2000/svg}rect"):
        if e.get("width") == "100%":
            continue
        x, y, w, h = (float(e.get(k)) for k in ("x", "y", "width", "height"))
        if x < 0 or y < 0 or w < 0 or h < 0 or x + w > width or y + h > height:
            outside.append(e.attrib)
    ok(not outside, f"{kind}: the drawing is well-formed and all in its frame", outside[:3])
    # Labels at the left stand on lines of their own.
    lines = [float(e.get("y")) for e in root.iter("{http://www.w3.org/2000/svg}text") if "label" in (e.get("class") or "")]
    ok(all(b - a >= 10 for a, b in zip(lines, lines[1:])), f"{kind}: labels do not overlap", lines)
    return text


def check_made(folder):
    paths = {kind: make(kind, folder) for kind in ("ten", "many", "deadlock", "overlap")}
    # Years of cycles: without the per-cycle series, which nobody would want of them.
    paths["huge"] = make("huge", folder, NO_DENSE="1")
    expected = {"ten": 20, "many": 20000, "deadlock": 20, "overlap": 4000, "huge": 4}
    for kind, path in paths.items():
        check_perfetto(kind, path, expected[kind])
        check_svg(kind, path)
    first = min(e["ts"] for e in perfetto(paths["huge"]) if e["ph"] == "X")
    ok(first == 2**53 + 1, "cycles that a double cannot hold are written exactly", first)
    ok("without per-cycle series" in check_svg("no dense", make("ten", folder, NO_DENSE="1")), "a drawing says that the trace has no series")
    ok(check_svg("window", make("ten", folder, WINDOW="1")).count('class="unknown"') == 2, "a drawing shows what lies outside the window")
    rows = list(csv.DictReader(io.StringIO(heddle("export", paths["many"], "--format", "csv"), newline="")))
    layers = {row["layer"] for row in rows} - {""}
    ok(len(rows) == 20000 and len(layers) == 60, "CSV gives back as many tasks and layers as there were", (len(rows), len(layers)))
    ok("a<b>&\"c\",'d'10" in layers and "tab\tand\nline24" in layers, "CSV gives back names with commas, quotes and line ends", sorted(layers)[:8])
    ok(all(int(row["ready_cycle"]) <= int(row["start_cycle"]) <= int(row["end_cycle"]) for row in rows), "CSV gives back the times in order")


# Two loads share a DRAM port of 64 bit/cycle and a bus of 128: bursts of 512 bit take 8 and 4 cycles. x (1024 bit) is there at 8 + 8 + 4 = 20; w (640 bit) follows at 20 and
# is there at 20 + 8 + 4 = 32, its last 128 bit one cycle later: 33. core0 loads weights and computes for 20 + 100 cycles: 153. y (512 bit) crosses the bus in 4: 157. core1
# computes 10: 167. The bus takes z in 4, the port in 8: 179.


def check_run(folder):
    make_schedule = os.path.join(BUILD, "tests/report-schedule")
    schedule, trace, stuck, other = (os.path.join(folder, name) for name in ("small.xml", "small.h5", "stuck.h5", "other.h5"))
    platform = "core:2 sram:64KiB bus:128b dram:64b"
    subprocess.run([make_schedule, "small", schedule], check=True)
    run = json.loads(heddle("simulate", platform, schedule, "-o", trace, "--json"))
    ok(run["cycles"] == 179, "the hand-made schedule takes as long as by hand", run["cycles"])
    ok([(c["compute"], c["wait_input"], c["done"]) for c in run["cores"]] == [(120, 33, 26), (10, 157, 12)], "the states of the cores are those by hand", run["cores"])
    text, inspected = heddle("inspect", trace), json.loads(heddle("inspect", trace, "--json"))
    ok("core0 waited 33 cycles: 33 for w to arrive in sram0\ncore1 waited 157 cycles: 157 for y to arrive in sram1\n" in text, "inspect says what the cores waited for", text)
    summary = heddle("simulate", platform, schedule)
    tables, bounds, end = summary.partition("lower bounds [cycle]: ")
    ok(bounds and end.count("\n") == 1 and text.startswith(tables), "the summary of the run, but for its last line, is the beginning of its inspection", summary + text)
    ok(all(run[key] == inspected[key] for key in ("cycles", "energy_pj", "cores", "memories", "resources", "dram_read_bits", "dram_write_bits")), "summary and inspection agree in JSON")
    ok((run["dram_read_bits"], run["dram_write_bits"]) == (1664, 512), "DRAM traffic is that by hand")
    layers = {layer["id"]: layer for layer in inspected["layers"]}
    ok((layers["conv"]["compute_cycles"], layers["relu"]["compute_cycles"], layers["conv"]["moved_bits"], layers["relu"]["moved_bits"]) == (120, 10, 1664, 512), "layers are those by hand", layers)
    ok(sum(layer["compute_cycles"] for layer in layers.values()) == sum(core["compute"] for core in run["cores"]), "layers and cores compute as long")
    check_perfetto("small", trace, 6)
    check_svg("small", trace)
    power = [(e["ts"], float(e["args"]["pJ per cycle"])) for e in perfetto(trace) if e["ph"] == "C" and e["name"].startswith("power")]
    total = sum(value * (until - at) for (at, value), until in zip(power, [at for at, _ in power[1:]] + [run["cycles"]]))
    ok(abs(total - run["energy_pj"]) <= 1e-9 * run["energy_pj"] and total > 0, "the power of all cycles adds up to the energy", (total, run["energy_pj"]))
    subprocess.run([make_schedule, "slower", schedule], check=True)
    heddle("simulate", platform, schedule, "-o", other, "--quiet")
    heddle("compare", trace, trace)
    ok("b - a" in heddle("compare", trace, other, status=1), "compare exits with 1 for runs that differ")
    subprocess.run([make_schedule, "deadlock", schedule], check=True)
    result = subprocess.run([HEDDLE, "simulate", platform, schedule, "-o", stuck], capture_output=True, text=True)
    ok(result.returncode == 1 and "deadlock" in result.stderr and os.path.exists(stuck), "a deadlock exits with 1, explains itself, and leaves a trace", result.stderr)
    ok("deadlock: " in heddle("inspect", stuck) and json.loads(heddle("inspect", stuck, "--json"))["outcome"] == "deadlock", "inspect tells the deadlock")
    check_svg("stuck", stuck)


def check_peak(folder):
    """Computes without length hold memory between the rounds of a cycle: the picture's peak is the one that the tables have."""
    trace = os.path.join(folder, "whole.h5")
    paths = [os.path.join(SOURCE, name) for name in ("platforms/aimc-4x4-whole.xml", "workloads/resnet50.xml", "workloads/resnet50-aimc-4x4.mapping.xml")]
    told = {m["id"]: m["peak_bits"] for m in json.loads(heddle("run", "-p", paths[0], "-w", paths[1], "-m", paths[2], "-o", trace, "--json"))["memories"]}
    picture = heddle("export", trace, "--format", "svg")
    ok(f"peak {told['buffer'] / 8192:.1f} KiB of 80 KiB" in picture, "the picture's peak is the run's", told)


def check_platform(folder):
    path = os.path.join(folder, "platform.svg")
    heddle("export", os.path.join(SOURCE, "platforms/depfin.xml"), "--format", "svg", "-o", path)
    ok(ElementTree.parse(path).getroot().tag.endswith("svg"), "a platform is exported as a drawing")
    heddle("export", os.path.join(SOURCE, "platforms/depfin.xml"), "--format", "csv", status=2)
    heddle("export", os.path.join(folder, "none.h5"), "--format", "csv", "-o", path, status=66)
    ok(ElementTree.parse(path).getroot().tag.endswith("svg"), "an export that fails leaves an older file as it was")


with tempfile.TemporaryDirectory() as scratch:
    check_made(scratch)
    check_run(scratch)
    check_peak(scratch)
    check_platform(scratch)
print(f"1..{count}")
sys.exit(failures > 0)
