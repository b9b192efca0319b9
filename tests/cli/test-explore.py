#!/usr/bin/env python3
"""heddle explore from outside: what it prints is what heddle run gives, on any number of threads, exhaustive and not, whole and interrupted."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import HEDDLE, environment, finish, ok, run, scratch, skip

PLATFORM = "core:2 sram:64KiB bus:128b dram:64b@200MHz"
CHAIN = """<workload version="1" name="chain" input-bits="8 bit" weight-bits="8 bit" partial-bits="16 bit" output-bits="8 bit">
  <tensor id="image" kind="input" shape="1 8 32 32"/>
  <layer id="conv1" operator="Conv" inputs="image" channels="16" kernel_shape="3 3" pads="1 1 1 1"/>
  <layer id="conv2" operator="Conv" inputs="conv1" channels="32" kernel_shape="3 3" pads="1 1 1 1"/>
</workload>
"""
BASE = ["explore", "-p", PLATFORM, "-w", "chain.xml"]
TWO = [*BASE, "--objective", "latency,peak-memory"]
KEYS = {"cycles", "bound_cycles", "ms", "energy_pj", "edp_pj_cycles", "peak_memory_bits", "dram_bits", "choice"}


def explore(at, *options, expected=0, env=None):
    result = run(*options, cwd=at, timeout=120, env=env)
    if not ok(result.returncode == expected, f"{expected}: {' '.join(options[5:])}", f"exit {result.returncode}", result.stdout, result.stderr):
        return None
    return result


def as_json(result):
    try:
        return json.loads(result.stdout)
    except (ValueError, AttributeError) as error:
        ok(False, "--json is one JSON object", error, getattr(result, "stdout", ""))
        return {"front": [], "best": 0}


def dominates(a, b, keys):
    return all(a[k] <= b[k] for k in keys) and any(a[k] < b[k] for k in keys)


def reproduce_cases(at):
    found = as_json(explore(at, *TWO, "--evaluations", "150", "--json", "--mappings", "front", "-o", "best.xml", "--svg", "front.svg"))
    front, keys = found["front"], ("cycles", "peak_memory_bits")
    ok(found.get("schema") == "heddle-explore-1" and front and all(KEYS <= set(member) for member in front), "--json has the stable keys", found)
    ok(all(0 < member["bound_cycles"] <= member["cycles"] for member in front), "each result has a lower bound", front)
    ok(not [1 for a in front for b in front if dominates(a, b, keys)], "no member of the front dominates another", *front)
    ok([m["cycles"] for m in front] == sorted(m["cycles"] for m in front), "the front is sorted by its first objective")
    wrong = []
    for member in front:
        again = json.loads(run("run", "-p", PLATFORM, "-w", "chain.xml", "-m", member["mapping"], "--pass", "multi-core", "--objective", found["cost_objective"], "--json", cwd=at).stdout)
        memory = sum(m["peak_bits"] for m in again["memories"] if m["id"] != "dram")
        if (again["cycles"], again["energy_pj"], again["dram_read_bits"] + again["dram_write_bits"], memory) != (member["cycles"], member["energy_pj"], member["dram_bits"], member["peak_memory_bits"]):
            wrong.append(f"{member['mapping']}: {again['cycles']} cycles, {memory} bit - {member}")
    ok(front and not wrong, "heddle run gives every number of every mapping that was written", *wrong)
    with open(os.path.join(at, "best.xml"), encoding="utf-8") as f, open(os.path.join(at, "front", f"front-{found['best'] + 1}.mapping.xml"), encoding="utf-8") as g:
        ok(f.read() == g.read(), "-o is the mapping with the least product")
    products = [m["cycles"] * m["peak_memory_bits"] for m in front]
    ok(products.index(min(products)) == found["best"], "the best has the least product", products, found["best"])
    lint = subprocess.run(["xmllint", "--noout", os.path.join(at, "front.svg")], capture_output=True, text=True)
    ok(lint.returncode == 0, "the picture is XML", lint.stderr)
    for more in [], ["--layer-by-layer"]:
        result = explore(at, *TWO, "--evaluations", "60", "-o", "best.xml", *more)
        command = re.search(r"the same by: heddle (.*)", result.stdout)
        best = re.search(r"^ *\*?(?:\d+) +([\d,]+) ", "\n".join(line for line in result.stdout.splitlines() if "*" in line[:6]) or result.stdout.splitlines()[4])
        again = subprocess.run(f"{HEDDLE} {command.group(1)}", shell=True, cwd=at, capture_output=True, text=True, env=environment())
        ok(best and f"{best.group(1)} cycles" in again.stdout, f"the command that is printed gives the numbers of the best {' '.join(more)}", result.stdout, again.stdout, again.stderr)
        ok(("--priority stack" in command.group(1)) == bool(more), "layer by layer, the pass keeps to one stack after the other", command.group(1))


def same_cases(at):
    options = [*BASE, "--evaluations", "300", "--seed", "7", "--json"]
    one = explore(at, *options, "--threads", "1")
    for threads in ("2", "5"):
        other = explore(at, *options, "--threads", threads)
        ok(one.stdout == other.stdout, f"{threads} threads find the same as one")
    ok(one.stdout == explore(at, *options, "--threads", "1", env=environment(LC_ALL="de_DE.UTF-8")).stdout, "so does another locale")
    drawn = []
    for threads in ("1", "3"):
        explore(at, *TWO, "--evaluations", "100", "--threads", threads, "--svg", "front.svg", "-q")
        with open(os.path.join(at, "front.svg"), encoding="utf-8") as f:
            drawn.append(f.read())
    ok(drawn[0] == drawn[1] and drawn[0].count('class="member best"') == 2, "and the picture is the same")


def exhaustive_cases(at):
    listed = explore(at, *BASE, "--list", "--vary", "* cores,conv2 rows")
    sizes = [line.count("|") + 1 for line in listed.stdout.splitlines() if ":" in line]
    said = int(re.search(r"(\d+) candidates", listed.stdout).group(1))
    product = 1
    for size in sizes:
        product *= size
    ok(len(sizes) == 3 and product == said, "--list tells the choices and their number", listed.stdout)
    whole = as_json(explore(at, *TWO, "--vary", "* cores,conv2 rows", "--json", "--evaluations", str(said)))
    ok(whole.get("ended_by") == "whole" and whole.get("exact") and whole.get("evaluations", 0) <= said, "few candidates are all run", whole)
    part = as_json(explore(at, *TWO, "--vary", "* cores,conv2 rows", "--json", "--method", "combined", "--evaluations", str(whole.get("evaluations", 1) * 3 // 4)))
    ok(not [1 for m in part["front"] for n in whole["front"] if dominates(m, n, ("cycles", "peak_memory_bits"))], "a search finds nothing better than all", part["front"], whole["front"])
    explore(at, *BASE, "--method", "exhaustive", "--evaluations", "100", expected=2)
    given = as_json(explore(at, *TWO, "-m", "best.xml", "--vary", "conv1 cores", "--json"))
    ok("given" in given and not [1 for m in given["front"] if dominates(given["given"], m, ("cycles", "peak_memory_bits"))], "the mapping that was given dominates nothing that came of it", given)


def single_cases(at):
    for name, key in (("latency", "cycles"), ("energy", "energy_pj"), ("edp", "edp_pj_cycles"), ("peak-memory", "peak_memory_bits"), ("traffic", "dram_bits")):
        found = as_json(explore(at, *BASE, "--objective", name, "--evaluations", "80", "--json", "--svg", "one.svg"))
        ok(len(found["front"]) == 1 and key in found["front"][0], f"one objective, {name}, has one best", found)


def refused_cases(at):
    for what, options, code in (
            ("an unknown objective", ["--objective", "speed"], 2), ("an objective twice", ["--objective", "latency,latency"], 2), ("an unknown method", ["--method", "luck"], 2),
            ("an unknown pass", ["--pass", "fast"], 2), ("unknown rules", ["--rules", "none"], 2), ("an unknown priority", ["--priority", "none"], 2), ("a pattern that matches nothing", ["--vary", "conv9 *"], 2),
            ("a negative number", ["--evaluations", "-3"], 2), ("no evaluations", ["--evaluations", "0"], 2),
            ("no threads", ["--threads", "0"], 2), ("no objective", ["--objective", ""], 2), ("a budget beyond memory", ["--evaluations", "2000000000"], 71), ("a mapping that is not there", ["-m", "nowhere.xml"], 66)):
        result = run(*BASE, *options, cwd=at)
        ok(result.returncode == code and result.stderr.startswith("heddle") and result.stdout == "", f"{code}: {what}", f"exit {result.returncode}", result.stdout, result.stderr)
    with open(os.path.join(at, "whole.xml"), "w", encoding="utf-8") as f:
        f.write('<mapping version="1"><stack layers="*"/></mapping>')
    small = ["explore", "-p", "core:2 sram:4KiB bus:64b dram:64b", "-w", "chain.xml", "-m", "whole.xml", "--evaluations", "20"]
    ok(re.search(r"^given is infeasible: .*does not fit", explore(at, *small).stdout, re.M), "a given mapping that is infeasible, and why")
    ok("does not fit" in as_json(explore(at, *small, "--json")).get("given_infeasible", ""), "in JSON")
    result = run("explore", "-p", "core:1 sram:64B bus:8b dram:8b", "-w", "chain.xml", "--evaluations", "30", cwd=at)
    ok(result.returncode == 1 and re.search(r"none of .* is feasible: .*bit", result.stderr), "1: nothing fits, and why", f"exit {result.returncode}", result.stdout, result.stderr)


def output_cases(at):
    for option in ("--svg", "-o"):
        late = explore(at, *BASE, "--evaluations", "1000000", option, "none/there", expected=73)
        ok(late and late.stdout == "" and "none/there" in late.stderr, f"{option}: what cannot be created is told before the search", late)
    if not os.path.exists("/dev/full"):
        skip("what is no file is written to as it is", "there is no /dev/full")
        return
    os.symlink("/dev/full", os.path.join(at, "full"))
    for option in ("--svg", "-o"):
        result = explore(at, *BASE, "--evaluations", "10", option, "full", expected=74)
        ok(result and "front of" in result.stdout, f"{option}: what cannot be written to its end; the front is told all the same", result)
        ok(os.path.islink(os.path.join(at, "full")), f"{option}: what is no file is not replaced")


def interrupted_cases(at):
    for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = subprocess.Popen([HEDDLE, *TWO, "--evaluations", "1000000", "-o", "stopped.xml", "--json"], cwd=at, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        time.sleep(1.5)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        found = as_json(subprocess.CompletedProcess([], 0, out, err))
        ok(process.returncode == expected and found.get("ended_by") == "interrupted" and len(found["front"]) > 0, f"{expected}: interrupted, it prints the best so far", f"exit {process.returncode}", out, err)
        again = run("run", "-p", PLATFORM, "-w", "chain.xml", "-m", "stopped.xml", "--pass", "multi-core", "--json", "--objective", "edp", cwd=at)
        ok(again.returncode == 0 and json.loads(again.stdout)["cycles"] > 0, "and writes it", again.stderr)
        os.unlink(os.path.join(at, "stopped.xml"))
    limited = as_json(explore(at, *TWO, "--evaluations", "1000000", "--seconds", "0.5", "--json"))
    ok(limited.get("ended_by") == "seconds" and limited["front"], "a limit of time ends it")


def progress_on_a_terminal(at):
    try:
        leader, follower = pty.openpty()
    except OSError as error:   # a bare root without devpts
        skip("a terminal sees a progress bar", error)
        return
    process = subprocess.Popen([HEDDLE, *TWO, "--evaluations", "150"], cwd=at, stdout=subprocess.DEVNULL, stderr=follower, env=environment())
    os.close(follower)
    seen = b""
    while True:
        try:
            chunk = os.read(leader, 4096)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    process.wait(timeout=60)
    os.close(leader)
    ok(b"150/150" in seen and b"[####" in seen, "a terminal sees a progress bar", seen)


def terminal_cases(at):
    """A progress bar on a terminal; nothing of the kind elsewhere."""
    progress_on_a_terminal(at)
    result = run(*TWO, "--evaluations", "50", cwd=at)
    ok("\r" not in result.stderr and "mappings/s" in result.stderr, "a file does not", result.stderr)
    ok(run(*TWO, "--evaluations", "50", "-q", cwd=at).stderr == "", "with -q nothing is said beside the result")


with scratch() as folder:
    with open(os.path.join(folder, "chain.xml"), "w", encoding="utf-8") as file:
        file.write(CHAIN)
    reproduce_cases(folder)
    same_cases(folder)
    exhaustive_cases(folder)
    single_cases(folder)
    refused_cases(folder)
    output_cases(folder)
    interrupted_cases(folder)
    terminal_cases(folder)
finish()
