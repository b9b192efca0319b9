#!/usr/bin/env python3
"""The program from outside: exit codes, what goes where, JSON keys, signals, unwritable outputs."""
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import HEDDLE, environment, finish, ok, run, scratch

PLATFORM = "core:1 sram:64KiB bus:128b dram:64b"
# The first piece fills the memory and goes only when the compute has ended, which needs room beside it.
DEADLOCK = """<schedule version="1" platform="synthetic">
  <layer name="l"/>
  <tensor name="x"/>
  <tensor name="y"/>
  <queue name="core0" core="core0"/>
  <queue name="loads"/>
  <piece id="0" memory="dram" bits="8192 bit" tensor="x"/>
  <transfer id="0" queue="loads" layer="l" from="dram" to="sram0" bits="8192 bit" uses="0">
    <piece id="1" memory="sram0" bits="8192 bit" tensor="x" release="1"/>
  </transfer>
  <compute id="1" queue="core0" layer="l" node="0" cycles="30 cycle" energy="1 pJ" uses="1">
    <piece id="2" memory="sram0" bits="512 bit" tensor="y"/>
  </compute>
</schedule>
"""
SUMMARY = {"schema", "cycles", "energy_pj", "nodes", "tasks", "events", "wall_s", "dram_read_bits", "dram_write_bits", "inferences", "bounds", "cores", "memories", "resources"}
ROWS = {"cores": {"id", "compute", "wait_input", "wait_space", "wait_turn", "done"}, "memories": {"id", "capacity_bits", "peak_bits"}, "resources": {"id", "busy", "bits"}}
FSRCNN = ["-p", "platforms/depfin.xml", "-w", "workloads/fsrcnn.xml", "-m", "workloads/fsrcnn-depfin.mapping.xml"]


def code(expected, what, *command, cwd, says=None, silent=True, env=None):
    """The exit code; what is said on stderr; nothing on stdout when it fails, and no trace of a crash."""
    result = run(*command, cwd=cwd, env=env)
    good = result.returncode == expected and (says is None or re.search(says, result.stderr) is not None) and (expected in (0, 1) or not silent or result.stdout == "")
    ok(good, f"{expected}: {what}", f"heddle {' '.join(command)}", f"exit {result.returncode}", "stdout:", result.stdout, "stderr:", result.stderr)
    return result


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as f:
        f.write(text)


def usage_cases(at):
    code(2, "no command", cwd=at, says="usage:")
    code(2, "an unknown command, with a suggestion", "simulat", cwd=at, says='did you mean "simulate"')
    code(0, "--help", "--help", cwd=at)
    code(0, "--version", "--version", cwd=at)
    for command in ("import", "check", "cost", "schedule", "simulate", "run", "explore", "inspect", "export", "compare"):
        code(0, f"{command} --help", command, "--help", cwd=at)
        code(2, f"{command} with an unknown option", command, "--nonsense", cwd=at, says="nonsense")
        code(2, f"{command} without arguments", command, cwd=at)
    code(0, "validate --help", "validate", "--help", cwd=at)
    code(2, "validate with an unknown option", "validate", "--nonsense", cwd=at, says="nonsense")
    code(2, "an unknown pass", "run", *FSRCNN, "--pass", "fast", cwd=at, says="fast")
    code(2, "unknown rules", "run", *FSRCNN, "--rules", "none", cwd=at, says="none")
    code(2, "a broken window", "run", *FSRCNN, "--window", "9:3", "-o", "w.h5", cwd=at)
    ok(not os.path.exists(os.path.join(at, "w.h5")), "a broken window writes nothing")


def missing_cases(at):
    code(66, "run without its platform", "run", "-p", "nowhere.xml", "-w", "workloads/fsrcnn.xml", cwd=at, says="nowhere.xml")
    code(66, "run without its workload", "run", "-p", "platforms/depfin.xml", "-w", "nowhere.xml", cwd=at, says="nowhere.xml")
    code(66, "run without its mapping", "run", *FSRCNN[:4], "-m", "nowhere.xml", cwd=at, says="nowhere.xml")
    for command in (["import", "nowhere.onnx"], ["check", "nowhere.xml"], ["simulate", PLATFORM, "nowhere.xml"], ["inspect", "nowhere.h5"],
                    ["export", "nowhere.h5", "--format", "svg"], ["compare", "nowhere.h5", "nowhere.h5"], ["cost", "-p", "nowhere.xml", "-w", "workloads/fsrcnn.xml"]):
        code(66, f"{command[0]} of a file that is not there", *command, cwd=at, says="nowhere")


def work_cases(at):
    """The way through all commands, and the answer no."""
    code(0, "schedule", "schedule", *FSRCNN, "-o", "s.h5", cwd=at)
    code(0, "schedule as XML", "schedule", *FSRCNN, "-o", "s.xml", cwd=at)
    code(0, "simulate", "simulate", "platforms/depfin.xml", "s.h5", "-o", "a.h5", cwd=at)
    code(0, "simulate the XML form", "simulate", "platforms/depfin.xml", "s.xml", "-o", "b.h5", cwd=at)
    code(0, "run", "run", *FSRCNN, "-o", "c.h5", cwd=at)
    code(0, "check of everything", "check", "platforms/depfin.xml", "workloads/fsrcnn.xml", "workloads/fsrcnn-depfin.mapping.xml", "s.h5", "a.h5", cwd=at)
    code(0, "inspect", "inspect", "a.h5", "--at", "100000", cwd=at)
    code(0, "compare of equal runs", "compare", "a.h5", "b.h5", cwd=at)
    code(0, "run and schedule with simulate give the same run", "compare", "a.h5", "c.h5", cwd=at)
    code(0, "run of the other pass", "run", *FSRCNN, "--pass", "layer-by-layer", "-o", "d.h5", cwd=at)
    code(1, "compare of different runs", "compare", "a.h5", "d.h5", cwd=at)
    code(65, "a schedule of another platform", "simulate", "platforms/tpu-like-quad.xml", "s.h5", cwd=at, says="platform")
    code(2, "inspect past the end", "inspect", "a.h5", "--at", "99999999999", cwd=at)
    code(2, "inspect of an unknown core", "inspect", "a.h5", "--core", "cor", cwd=at, says="cor")
    code(2, "an unknown format", "export", "a.h5", "--format", "svgg", cwd=at)
    write(at, "large.mapping.xml", '<mapping version="1"><stack layers="*"><tile OY="64"/></stack></mapping>')
    code(1, "what does not fit", "run", "-p", PLATFORM, "-w", "workloads/fsrcnn.xml", "-m", "large.mapping.xml", cwd=at, says="sram0 holds 524288 bit")
    write(at, "deadlock.xml", DEADLOCK)
    result = code(1, "a deadlock", "simulate", "core:1 sram:1KiB bus:128b dram:64b", "deadlock.xml", "-o", "dead.h5", cwd=at)
    ok("deadlock" in (result.stdout + result.stderr).lower() and "sram0" in result.stdout + result.stderr, "a deadlock is explained: who waits for what", result.stdout, result.stderr)
    result = run("run", *FSRCNN, "-q", cwd=at)
    ok(result.stderr == "", "with -q nothing is said beside the result", result.stderr)
    two = ["run", "-p", "core:2 sram:16KiB bus:64b dram:64b", "-w", "workloads/fsrcnn.xml"]
    ok("--pass multi-core chooses" in run(*two, cwd=at).stderr, "cores that stand idle for want of a mapping are told of")
    for quiet in (["-q"], ["--pass", "multi-core"]):
        result = run(*two, *quiet, cwd=at)
        ok(result.returncode == 0 and "multi-core chooses" not in result.stderr, f"but not with {quiet[-1]}", result.stderr)


def json_cases(at):
    for what, command in (("run", ["run", *FSRCNN, "--json"]), ("simulate", ["simulate", "platforms/depfin.xml", "s.h5", "--json"]), ("simulate of a deadlock", ["simulate", "core:1 sram:1KiB bus:128b dram:64b", "deadlock.xml", "--json"])):
        result = run(*command, cwd=at)
        try:
            summary = json.loads(result.stdout)
        except ValueError as error:
            ok(False, f"{what} --json is one JSON object", error, result.stdout, result.stderr)
            continue
        ok(summary["schema"] == "heddle-summary-1" and not SUMMARY - set(summary), f"{what} --json has the stable keys", SUMMARY - set(summary))
        missing = [f"{table}: {keys - set(row)}" for table, keys in ROWS.items() for row in summary[table] if keys - set(row)]
        ok(not missing, f"{what} --json: its tables have the stable keys", *missing)
        bounds, ended = summary["bounds"], summary["outcome"] == "complete"
        ok(bounds["ratio"] >= 1 and bounds["greatest_cycles"] <= summary["cycles"] if ended else bounds["ratio"] is None, f"{what} --json: bounds are below the run", bounds)
        states = ROWS["cores"] - {"id"}
        ok(all(sum(core[state] for state in states) == summary["cycles"] for core in summary["cores"]), f"{what} --json: the states of each core add up to the cycles")
    for command in (["inspect", "a.h5", "--json"], ["compare", "a.h5", "d.h5", "--json"], ["check", "platforms/depfin.xml", "--json"], ["check", "nowhere.xml", "--json"], ["cost", *FSRCNN[:4], "--json"],
                    ["schedule", *FSRCNN, "-o", "s.h5", "--json"]):
        result = run(*command, cwd=at)
        try:
            ok(isinstance(json.loads(result.stdout), dict), f"{command[0]} --json is one JSON object")
        except ValueError as error:
            ok(False, f"{command[0]} --json is one JSON object", error, result.stdout, result.stderr)


def output_cases(at):
    code(73, "run into a folder that is not there", "run", *FSRCNN, "-o", "nowhere/t.h5", cwd=at, says="nowhere", silent=False)
    code(73, "schedule into a folder that is not there", "schedule", *FSRCNN, "-o", "nowhere/s.h5", cwd=at, says="nowhere", silent=False)
    code(73, "export into a folder that is not there", "export", "a.h5", "--format", "svg", "-o", "nowhere/a.svg", cwd=at, says="nowhere", silent=False)
    for command in (["run", *FSRCNN], ["inspect", "a.h5"], ["export", "a.h5", "--format", "csv"], ["compare", "a.h5", "a.h5"], ["compare", "a.h5", "d.h5"], ["check", "platforms/depfin.xml"], ["--help"], ["run", "--help"]):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run([HEDDLE, *command], cwd=at, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, env=environment())
        ok(result.returncode == 74 and result.stderr != "", f"74: {' '.join(command[:1] + command[-1:])} on a full disk", f"exit {result.returncode}", result.stderr)
    # "heddle ... | head" has no reader any more.
    for command in (["run", *FSRCNN, "-o", "piped.h5"], ["inspect", "a.h5"], ["export", "a.h5", "--format", "csv"], ["export", "a.h5", "--format", "svg", "-o", "/dev/stdout"], ["--help"]):
        end, out = os.pipe()
        os.close(end)
        result = subprocess.run([HEDDLE, *command], cwd=at, stdout=out, stderr=subprocess.PIPE, text=True, timeout=60, env=environment())
        os.close(out)
        ok(result.returncode == -signal.SIGPIPE and result.stderr == "", f"SIGPIPE: {' '.join(command[:1] + command[-1:])} into a pipe that nobody reads", f"exit {result.returncode}", result.stderr)
    ok(os.path.exists(os.path.join(at, "piped.h5")), "what a run wrote before its summary was not wanted is whole")
    # What is no file is written to; no file takes its place.
    os.symlink("/dev/null", os.path.join(at, "device"))
    code(0, "export into a device", "export", "a.h5", "--format", "svg", "-o", "device", cwd=at)
    code(73, "a trace into a device", "run", *FSRCNN, "-o", "device", cwd=at, says="not a regular file", silent=False)
    ok(os.path.islink(os.path.join(at, "device")), "a device stays one")
    ok(not [f for f in os.listdir(at) if f.endswith(".partial")], "nothing partial is left", *os.listdir(at))


def signal_cases(at):
    """A million nodes take long enough to be stopped; an earlier output is left as it was."""
    write(at, "long.mapping.xml", '<mapping version="1"><stack layers="*"><tile OY="1" OX="4"/></stack></mapping>')
    for number, expected in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        write(at, "earlier.h5", "earlier")
        process = subprocess.Popen([HEDDLE, "run", *FSRCNN[:4], "-m", "long.mapping.xml", "-o", "earlier.h5"], cwd=at, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))   # ignored by what a script starts with "&"
        time.sleep(0.4)
        process.send_signal(number)
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        out, err = process.communicate(timeout=60)
        with open(os.path.join(at, "earlier.h5"), encoding="utf-8", errors="replace") as f:
            kept = f.read() == "earlier"
        # Before the run proper begins, the signal itself ends the process: a shell reports the same code.
        ok(process.returncode in (expected, -number) and kept, f"{expected}: stopped by {number.name}, an earlier output is left alone", f"exit {process.returncode}, kept: {kept}", out, err)


with scratch() as folder:
    usage_cases(folder)
    missing_cases(folder)
    work_cases(folder)
    json_cases(folder)
    output_cases(folder)
    signal_cases(folder)
finish()
