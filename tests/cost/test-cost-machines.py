#!/usr/bin/env python3
"""The ten machines and five networks of the depth-first case studies: every pair, padded and not, is costed; and where the published spatial mappings
are at hand (one for each layer and family of machines), the platforms' dataflows, with the exceptions of the mapping files, unroll the same."""
import csv
import json
import os
import re
import subprocess
import sys

SOURCE = os.environ["HEDDLE_SRCDIR"]
PUBLISHED = os.path.join(SOURCE, "..", "shared", "reference", "depth-first", "spatial_mappings.csv")
FAMILIES = ["ascend-like", "edge-tpu-like", "meta-prototype", "tesla-npu-like", "tpu-like"]
NETWORKS = ["dmcnn-vd", "fsrcnn", "mc-cnn", "mobilenetv1", "resnet18"]


def cost(machine, network):
    """The layers of a network on a machine; a quick search is enough."""
    command = [os.environ["HEDDLE"], "cost", "-p", f"{SOURCE}/platforms/{machine}.xml", "-w", f"{SOURCE}/workloads/{network}.xml", "--budget", "300", "--tie", "0", "--json"]
    mapping = f"{SOURCE}/workloads/{network}-{machine.removesuffix('-df')}.mapping.xml"
    if os.path.exists(mapping):
        command += ["-m", mapping]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return run.returncode, json.loads(run.stdout)["layers"] if run.stdout else [], run.stderr


def published():
    """By family, network and layer: {(dimension, rank): factor}."""
    table = {}
    with open(PUBLISHED, encoding="ascii") as f:
        for row in csv.DictReader(f):
            network = {"dmcnnvd": "dmcnn-vd", "mccnn": "mc-cnn"}.get(row["workload"], row["workload"])
            parts = re.findall(r"(D\d)=(\w+):(\d+)", row["spatial_mapping"])
            table[row["arch_family"].lower().replace("_", "-"), network, int(row["layer"])] = {(d, r): int(n) for d, r, n in parts}
    return table


def same(layer, wanted):
    """Each unrolling is the published one, or all of a rank that is smaller."""
    got = {(u["dimension"], u["rank"]): u["factor"] for u in layer["spatial"]}
    left = {t["rank"] for t in layer["temporal"]}
    if any(key not in wanted for key in got):
        return False
    return all(got.get(key, 1) == n or (got.get(key, 1) < n and key[1] not in left) for key, n in wanted.items())


def main():
    table = published() if os.path.exists(PUBLISHED) else None
    print(f"1..{len(FAMILIES) * len(NETWORKS)}")
    number = 0
    for family in FAMILIES:
        for network in NETWORKS:
            faults = []
            for machine in (family, family + "-df"):
                for variant in (network, network + "-nopad"):
                    status, layers, text = cost(machine, variant)
                    if status != 0 or not layers or any(layer["cycles"] < layer["ideal_cycles"] for layer in layers):
                        faults.append(f"{machine} {variant}: {status} {text[:200]}")
                    if variant == network or table is None:
                        continue
                    for i, layer in enumerate(layers):
                        wanted = table[family, network, i]
                        # both terms of a fully unrolled addition are more than that machine's 1 KiB of input registers
                        narrow = family == "tesla-npu-like" and layer["id"].startswith("add")
                        if not same(layer, {("D1", "G"): 32} if narrow else wanted):
                            faults.append(f"{machine} {variant} {layer['id']}: {layer['spatial']}, published {wanted}")
            number += 1
            print(f"{'not ' if faults else ''}ok {number} - {network} on {family}, with and without padding, both variants")
            for fault in faults:
                print("# " + fault.replace("\n", " "))
    if table is None:
        print("# the published spatial mappings are not at hand: not compared", file=sys.stderr)


main()
