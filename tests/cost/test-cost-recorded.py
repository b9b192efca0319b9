#!/usr/bin/env python3
"""The published tool's recorded evaluations (DeFiNES 2022-11, FSRCNN on Meta_prototype_DF), mapping by mapping: energy to 1e-9,
words, and cycles exactly, wherever no listed defect of the tool touches them. What is touched is counted, by defect."""
import glob
import json
import os
import subprocess
import sys

SOURCE = os.environ["HEDDLE_SRCDIR"]
RUNS = sorted(glob.glob(os.path.join(SOURCE, "..", "shared", "reference", "depth-first", "runs", "*.json")))
RANKS = ["K", "C", "OX", "OY", "FX", "FY"]
LEVELS = {"rf_1B": 0, "rf_2B": 1, "sram_32KB": 2, "sram_1MB_W": 3, "sram_64KB": 4, "sram_1MB_A": 5, "dram": 6}
# what each layer unrolls: (rank, dimension, at most)
UNROLLS = {0: [("K", 0, 32), ("OX", 2, 4), ("OY", 3, 4)]}
for layer, k in ((1, 12), (2, 12), (3, 12), (4, 12), (5, 12), (6, 32), (7, 16)):
    UNROLLS[layer] = [("K", 0, k), ("C", 1, 2), ("OX", 2, 4), ("OY", 3, 4)]
MOVES = {"wr_high": 1, "rd_low": 2, "wr_low": 3, "rd_high": 4}  # place in a row of words; 0 is the operand


def question(layer, tile):
    """The line for evaluate-mappings, or None with the defect that makes it impossible."""
    size = {r: tile["loop_dims"].get(r, 1) for r in RANKS}
    unrolls = [(r, d, min(f, size[r])) for r, d, f in UNROLLS[layer] if min(f, size[r]) > 1]
    steps = dict(size)
    for r, _, f in unrolls:
        steps[r] = -(-size[r] // f)
    order = [loop for level in tile["temporal"]["O"] for loop in level]
    product = {r: 1 for r in RANKS}
    for r, f in order:
        product[r] *= f
    if any(product[r] != steps[r] for r in RANKS):
        return None, "steps rounded through fractions"
    words = [str(size[r]) for r in RANKS]
    words += [str(LEVELS[tile["levels"][o][-1]]) for o in "IWO"]
    words.append(str(len(unrolls)))
    for r, d, f in unrolls:
        words += [str(RANKS.index(r)), str(d), str(f)]
    words.append(str(len(order)))
    for r, f in order:
        words += [str(RANKS.index(r)), str(f)]
    for o in "IWO":
        words.append(str(len(tile["temporal"][o])))
        n = 0
        for level in tile["temporal"][o]:
            n += len(level)
            words.append(str(n))
    return " ".join(words), None


def same_words(tile, rows):
    """Word accesses of every operand, level and direction."""
    at = {0: 0, 1: 0, 2: 0}
    for row in rows:
        recorded = tile["word_access"]["IWO"[row[0]]][at[row[0]]]
        at[row[0]] += 1
        for name, place in MOVES.items():
            if abs(row[place] - recorded[name]) > 1e-9 * max(1, recorded[name]):
                return False
    return True


def main():
    if not RUNS:
        print("1..0 # SKIP the reference numbers are not here")
        return
    tiles, lines, defects = [], [], {}
    for path in RUNS:
        run = json.load(open(path))
        shift = 1 if "SLfixed" in path else 0  # that run numbers its layers from 1
        for entry in run["layers"]:
            for tile in entry["tiles"] if entry["kind"] == "compute" else []:
                line, defect = question(int(entry["layer"]) - shift, tile)
                if line is None:
                    defects[defect] = defects.get(defect, 0) + 1
                    continue
                lines.append(line)
                tiles.append((os.path.basename(path), entry["layer"], tile))
    helper = os.path.join(os.environ["HEDDLE_BUILDDIR"], "tests", "evaluate-mappings")
    out = subprocess.run([helper], input="\n".join(lines) + "\n", text=True, capture_output=True, check=True).stdout.splitlines()
    bad = {"energy": [], "words": [], "compute and stall": [], "first loads": [], "last stores": []}
    for (path, layer, tile), text in zip(tiles, out):
        ours = json.loads(text)
        where = f"{path} layer {layer}"
        if "error" in ours:
            bad["energy"].append(f"{where}: {ours['error']}")
            continue
        mult = tile.get("mult", 1)
        if abs(ours["energy"] - tile["energy"] / mult) > 1e-9 * ours["energy"] and abs(ours["energy"] - tile["energy"]) > 1e-9 * ours["energy"]:
            bad["energy"].append(f"{where}: {ours['energy']} recorded {tile['energy']}")
        if not same_words(tile, ours["words"]):
            bad["words"].append(where)
        for name, mine, recorded in (("compute and stall", ours["compute"] + ours["stall"], tile["latency_total0"]),
                                     ("first loads", ours["load"], tile["data_loading_cycle"]),
                                     ("last stores", ours["offload"], tile["data_offloading_cycle"])):
            if mine != recorded and mine != recorded / mult:
                bad[name].append(f"{where}: {mine} recorded {recorded}")
    print(f"1..{len(bad) + 1}")
    for i, (name, where) in enumerate(bad.items()):
        print(f"{'not ok' if where else 'ok'} {i + 1} - {name} of {len(tiles)} recorded evaluations")
        for text in where[:10]:
            print(f"# {text}")
        if where:
            print(f"# {len(where)} differ")
    print(f"{'ok' if len(tiles) > 400 else 'not ok'} {len(bad) + 1} - most recorded evaluations can be compared")
    for defect, n in defects.items():
        print(f"# {n} not compared: {defect}")


if __name__ == "__main__":
    sys.exit(main())
