#!/usr/bin/env python3
"""Stream on its own ground: the same machine, the same network, the same dataflow, an energy-delay product at most 1 / 2.5 of its best.

Stream (Symons et al., IEEE TC 2025; public tool of June 2023 with ZigZag 2.3.6, run for this comparison): ResNet-18, 31 layers after it has dropped the ReLUs and the
flattening, layer-by-layer, allocation by its genetic algorithm of 16 individuals and 16 generations, on the quad-core TPU-like machine: 4,130,246 cycles, 2.2912e9 pJ. Its best run
of December 2024, fused in stacks: 4,768,463 cycles, 2.4218e9 pJ. Ours keeps the ReLUs and the biases: more work, not less.
"""
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
import tap

PLATFORM = "platforms/tpu-like-quad.xml"
WORKLOAD = "workloads/resnet18.xml"
MAPPING = "workloads/resnet18-tpu-like-quad-explored.mapping.xml"
STREAM_EDP = min(4130246 * 2.2912e9, 4768463 * 2.4218e9)
WANTED = 2.5

# pJ of one access as published: level -> (read, write). Any multiply-accumulate: 0.04.
PUBLISHED = {
    "weight-register": (0.053, 0.053), "sum-register": (0.54, 0.6), "activation-buffer": (36.96, 94.88),
    "activations": (208.08, 189.2), "weights": (208.08, 189.2), "dram": (1000, 1000),
}


def pj(text):
    return float(text.split()[0])


def check_machine(source):
    """The numbers of the platform's file are those of the other tool's."""
    wrong = []
    part = ElementTree.parse(os.path.join(source, "platforms/parts/tpu-like-array.xml")).getroot()
    platform = ElementTree.parse(os.path.join(source, PLATFORM)).getroot()
    cores = [core for core in platform.findall("core") if core.get("kind") == "spatial"]
    for level in part.findall("level") + [level for core in cores for level in core.findall("level")]:
        name = re.sub(r"\d+$", "", level.get("memory") or level.get("id"))
        if (pj(level.get("read-energy")), pj(level.get("write-energy"))) != PUBLISHED[name]:
            wrong.append(f"{name}: {level.attrib}")
    wrong += [f"{core.get('id')}: {core.get('operation-energy')}" for core in cores if pj(core.get("operation-energy")) != 0.04]
    sizes = {memory.get("id"): memory.get("size") for memory in platform.findall("memory")}
    wrong += [f"{name}: {size}" for name, size in sizes.items() if re.match("activations|weights", name) and size != "1 MiB"]
    dram = next(memory for memory in platform.findall("memory") if memory.get("kind") == "dram")
    if abs(pj(dram.get("read-energy")) * 64 - 1000) > 1e-9 or dram.get("width") != "64 bit/cycle" or dram.get("ports") != "shared":
        wrong.append(str(dram.attrib))
    unrolled = [(unroll.get("rank"), unroll.get("dimension")) for unroll in part.find("dataflow").findall("unroll")]
    if len(cores) != 4 or unrolled != [("K", "D1"), ("C", "D2")] or [d.get("size") for d in part.findall("dimension")] != ["32", "32"]:
        wrong.append(f"{len(cores)} cores, {unrolled}")
    tap.ok(not wrong, "the machine is the published one: four cores of K32 x C32, its energies per access, its memories, its DRAM", *wrong)


def edp(*arguments, cwd):
    done = tap.run("run", "-p", PLATFORM, "-w", WORKLOAD, "--pass", "multi-core", "--objective", "edp", "--json", *arguments, cwd=cwd, timeout=300)
    if done.returncode != 0:
        return None, done.stderr
    result = json.loads(done.stdout)
    return result["cycles"] * result["energy_pj"], f"{result['cycles']} cycles, {result['energy_pj']:.4g} pJ"


def main():
    source = tap.SOURCE
    check_machine(source)
    product, what = edp("-m", MAPPING, cwd=source)
    tap.ok(product is not None and STREAM_EDP / product >= WANTED, f"the mapping that was kept: at least {WANTED} times below Stream's best", what)
    if product is not None:
        print(f"# {what}: {product:.4g}, {STREAM_EDP / product:.2f} times below {STREAM_EDP:.4g}")
    ruled, what = edp(cwd=source)
    tap.ok(ruled is not None and STREAM_EDP / ruled >= 1.5, "without any mapping, by rule: still below it", what)
    with tap.tempfile.TemporaryDirectory() as folder:
        best = os.path.join(folder, "best.mapping.xml")
        done = tap.run("explore", "-p", PLATFORM, "-w", WORKLOAD, "--objective", "edp", "--method", "local", "--priority", "latency", "--evaluations", "300", "-q", "-o", best, cwd=source, timeout=300)
        found, what = edp("-m", best, cwd=source) if done.returncode == 0 else (None, done.stderr)
        tap.ok(found is not None and STREAM_EDP / found >= WANTED, f"300 mappings searched anew: at least {WANTED} times below it", what)
    tap.finish()


main()
