#!/usr/bin/env python3
"""When a bigger machine gets slower, the comparison says so and why: Graham's anomaly, on three processors and on four."""
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import finish, ok, run

# Graham 1969: tasks 1..9 take 3 2 2 2 4 4 4 4 9; 1 before 9; 4 before 5, 6, 7, 8. List scheduling: 12 on three processors, 15 on four.
TIME = [3, 2, 2, 2, 4, 4, 4, 4, 9]
BEFORE = {4: [3], 5: [3], 6: [3], 7: [3], 8: [0]}


def list_schedule(processors):
    """(core, task) in the order of their starts: whoever is idle takes the first that is ready."""
    busy, end, order, now = [0] * processors, {}, [], 0
    while len(end) < 9:
        for core in range(processors):
            if busy[core] <= now:
                ready = [t for t in range(9) if t not in end and all(end.get(b, now + 1) <= now for b in BEFORE.get(t, []))]
                if ready:
                    end[ready[0]] = busy[core] = now + TIME[ready[0]]
                    order.append((core, ready[0]))
        now += 1
    return order


def schedule(processors):
    order = list_schedule(processors)
    place = {task: i for i, (_, task) in enumerate(order)}
    text = ['<schedule version="1" platform="synthetic"><layer name="graham"/>'] + [f'<queue name="core{c}" core="core{c}"/>' for c in range(processors)]
    for i, (core, task) in enumerate(order):
        after = " ".join(str(place[b]) for b in BEFORE.get(task, []))
        text.append(f'<compute id="{i}" queue="core{core}" layer="graham" node="{task}" cycles="{TIME[task]} cycle" energy="1 pJ"' + (f' after="{after}"' if after else "") + "/>")
    return "\n".join(text) + "</schedule>\n"


def simulate(at, name, platform, text):
    with open(os.path.join(at, name + ".xml"), "w", encoding="utf-8") as f:
        f.write(text)
    result = run("simulate", platform, name + ".xml", "-o", name + ".h5", "--json", cwd=at)
    ok(result.returncode == 0, f"{name} runs", result.stderr)
    return json.loads(result.stdout)["cycles"] if result.returncode == 0 else None


def main(at):
    three, four = "core:3 sram:1KiB bus:128b dram:64b", "core:4 sram:1KiB bus:128b dram:64b"
    ok(simulate(at, "a", three, schedule(3)) == 12, "three processors take 12")
    ok(simulate(at, "b", four, schedule(4)) == 15, "four processors take 15")

    # On four: core 0 has 1 and 9 before and after; 4 goes to core 3, 5 and 8 to core 1, 6 to core 2, 7 to core 3, 9 behind them.
    where = {n: {task: core for core, task in list_schedule(n)} for n in (3, 4)}
    before = {n: {task: next((t for c, t in reversed(list_schedule(n)[:i]) if c == core), None) for i, (core, task) in enumerate(list_schedule(n))} for n in (3, 4)}
    moved = sum(where[3][t] != where[4][t] for t in range(9))
    reordered = sum(where[3][t] == where[4][t] and before[3][t] != before[4][t] for t in range(9))
    text = run("compare", "a.h5", "b.h5", cwd=at).stdout
    ok("b is the larger machine (4 cores for 3, " in text and ", 4 KiB on chip for 3 KiB) and takes 3 cycles longer:\n" in text, "the larger machine is called slower", text)
    ok("  computing takes the same 34 cycles in all\n" in text, "there is no more to do", text)
    ok(moved + reordered > 0 and f"  of 9 nodes {moved} are on another core and {reordered} behind another node: the order changed" in text, "the order changed", text)
    ok("  the busiest core, core1, computes for 15 cycles; on the other machine none more than 12\n" in text, "the work is shared less evenly", text)
    machines = json.loads(run("compare", "a.h5", "b.h5", "--json", cwd=at).stdout)["machines"]
    ok(machines["larger"] == "b" and machines["larger_is_slower"] and machines["cores"] == [3, 4] and machines["compute_cycles"] == [34, 34], "in JSON", machines)
    ok((machines["common_nodes"], machines["moved_nodes"], machines["reordered_nodes"]) == (9, moved, reordered) and machines["chip_bits"] == [3 * 8192, 4 * 8192], "its numbers", machines)
    back = run("compare", "b.h5", "a.h5", cwd=at).stdout
    ok("a is the larger machine (4 cores for 3" in back and "takes 3 cycles longer" in back, "the other way round as well", back)

    # The same schedule, but a second DRAM access that holds up the only core.
    load = """<schedule version="1" platform="synthetic"><layer name="l"/><tensor name="x"/><queue name="core0" core="core0"/><queue name="load"/>
      <piece id="0" memory="dram" bits="4096 bit" tensor="x"/>
      <transfer id="0" queue="load" layer="l" from="dram" to="sram0" bits="{0} bit" uses="0"><piece id="1" memory="sram0" bits="{0} bit" tensor="x"/></transfer>
      <compute id="1" queue="core0" layer="l" node="0" cycles="5 cycle" energy="1 pJ" uses="1"/></schedule>"""
    simulate(at, "e", "core:1 sram:1KiB bus:64b dram:64b", load.format(640))
    simulate(at, "f", "core:1 sram:2KiB bus:64b dram:64b", load.format(1280))
    text = run("compare", "e.h5", "f.h5", cwd=at).stdout
    ok("b is the larger machine (2 KiB on chip for 1 KiB) and takes " in text and "  all 1 nodes are on the same cores in the same order\n" in text, "more memory, and more is fetched", text)
    ok("  waits grew most on core0 by 1" in text and "(input 1" in text and "  held longer: " in text and "dram.port by 10" in text, "who waited longer, and for what was held longer", text)

    # More cores, but less memory; and another cut, in which nodes of the same number are not the same.
    text = run("compare", "a.h5", "d.h5", cwd=at).stdout if simulate(at, "d", "core:4 sram:512B bus:128b dram:64b", schedule(4)) == 15 else ""
    ok("b has more (4 cores for 3, " in text and ") but less (2 KiB on chip for 3 KiB) and takes 3 cycles longer:\n" in text, "more of one and less of another is told as such", text)
    simulate(at, "g", four, schedule(4).replace('node="8"', 'node="9"'))
    text, machines = run("compare", "a.h5", "g.h5", cwd=at).stdout, json.loads(run("compare", "a.h5", "g.h5", "--json", cwd=at).stdout)["machines"]
    ok("the network is cut into 9 nodes as well, but into others: another mapping\n" in text and "on another core" not in text, "nodes that are not the same are not compared", text)
    ok(machines["nodes"] == [9, 9] and machines["common_nodes"] == machines["moved_nodes"] == 0, "in JSON", machines)

    # A larger machine that is not slower, and the same machine: nothing to say.
    ok(simulate(at, "c", four, schedule(3)) == 12, "the schedule of three runs on four")
    text = run("compare", "a.h5", "c.h5", cwd=at).stdout
    ok("larger machine" not in text, "as fast is not slower", text)
    text = run("compare", "b.h5", "c.h5", cwd=at).stdout
    ok("larger machine" not in text and json.loads(run("compare", "b.h5", "c.h5", "--json", cwd=at).stdout)["machines"] is None, "the same machine", text)
    machines = json.loads(run("compare", "a.h5", "d.h5", "--json", cwd=at).stdout)["machines"]
    ok(machines["larger"] is None and not machines["larger_is_slower"], "more cores and less memory is not larger", machines)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="heddle-test-") as folder:
        main(folder)
    finish()
