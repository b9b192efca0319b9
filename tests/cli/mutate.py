#!/usr/bin/env python3
"""Valid files, broken at random (but the same way each time): whatever a file holds, the program answers with one of its exit codes,
soon, in little memory, and leaves nothing behind. With HEDDLE_SLOW there are twenty times as many. A first argument is the seed."""
import json
import os
import random
import re
import resource
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import BUILD, finish, ok, run, scratch

SEED = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].isdigit() else "heddle"
ALLOWED = {0, 1, 2, 65, 66, 71, 73, 74}
ROUNDS = 20 if os.environ.get("HEDDLE_SLOW") else 1
# What a number of a file becomes: the edges of the types and of the arithmetic behind them.
NUMBERS = ["0", "1", "2", "-1", "3.5", "1e300", "nan", "65536", "2147483647", "4294967295", "4294967296", str(2**53 + 1), str(2**62), str(2**63), str(2**64 - 1), str(2**64)]
TINY = """<workload version="1" name="tiny">
  <tensor id="image" kind="input" shape="1 3 16 16"/>
  <layer id="a" operator="Conv" inputs="image" channels="8" kernel_shape="3 3" pads="1 1 1 1"/>
  <layer id="b" operator="Conv" inputs="a" channels="8" kernel_shape="3 3"/>
  <layer id="c" operator="Add" inputs="b b"/>
</workload>
"""
MAPPING = """<mapping version="1"><stack layers="a b c"><tile OY="4"/><cut rank="OY" size="2"/></stack></mapping>
"""
with open(os.path.join(BUILD, "Makefile"), encoding="utf-8") as makefile:
    SANITIZED = re.search(r"^SANITIZE_CFLAGS = .*-fsanitize", makefile.read(), re.M) is not None
SECONDS = 40 if SANITIZED else 10


def limit():
    """Address space, of which the libraries take some 100 MB and a reserved stack per thread; a sanitizer takes what it likes."""
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


def survive(command, at):
    """None, or what went wrong."""
    started = time.monotonic()
    try:
        result = run(*command, cwd=at, timeout=SECONDS, preexec_fn=limit)
    except subprocess.TimeoutExpired:
        # Killed, it cannot clear up.
        for left in [f for f in os.listdir(at) if f.endswith(".partial")]:
            os.remove(os.path.join(at, left))
        return f"heddle {' '.join(command)}: more than {SECONDS} s"
    if result.returncode not in ALLOWED:
        return f"heddle {' '.join(command)}: exit {result.returncode} {result.stderr[-600:]}"
    if result.returncode and not (result.stderr + result.stdout).strip():
        return f"heddle {' '.join(command)}: exit {result.returncode} without a word"
    if re.search(r"CRITICAL|WARNING \*\*|runtime error|Sanitizer", result.stderr):
        return f"heddle {' '.join(command)}: {result.stderr[:600]}"
    if [f for f in os.listdir(at) if f.endswith(".partial")]:
        return f"heddle {' '.join(command)}: left {[f for f in os.listdir(at) if f.endswith('.partial')]}"
    if os.environ.get("HEDDLE_VERBOSE"):
        print(f"# {time.monotonic() - started:.2f} s, exit {result.returncode}: {' '.join(command)}: {(result.stderr or result.stdout)[:200]!r}")
    return None


def mutate_text(text, rng):
    """One to three changes of a kind that leaves most of an XML file well-formed."""
    for _ in range(rng.randint(1, 3)):
        kind = rng.randrange(6)
        if kind <= 2:
            places = list(re.finditer(r"(?<=[\" :])\d+(?:\.\d+)?(?=[\" ])", text))
        elif kind == 3:
            places = list(re.finditer(r"[ \t]*<(?!\?)[^<>]*/>\n?", text))
        elif kind == 4:
            places = list(re.finditer(r' [\w-]+="[^"]*"', text))
        else:
            places = list(re.finditer(r".", text))
        if not places:
            continue
        place = rng.choice(places)
        new = rng.choice(NUMBERS) if kind <= 2 else rng.choice(["", place.group() * 2, place.group() * 30]) if kind == 3 else "" if kind == 4 else chr(rng.randrange(256))
        text = text[:place.start()] + new + text[place.end():]
    return text.encode("utf-8", "replace")


def mutate_bytes(data, rng):
    data = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(data))
        if rng.random() < 0.5:
            data[at] = rng.randrange(256)
        elif rng.random() < 0.8:
            data[at:at + 8] = rng.choice([0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]).to_bytes(8, "little")
        else:
            del data[at:at + rng.randint(1, 64)]
    return bytes(data)


def write(at, name, text):
    with open(os.path.join(at, name), "w", encoding="utf-8") as f:
        f.write(text)


def prepare(at):
    """The valid files, small so that many runs take seconds."""
    for name, text in (("tiny.xml", TINY), ("tiny.mapping.xml", MAPPING)):
        write(at, name, text)
    base = ["-p", "platforms/meta-prototype-df.xml", "-w", "tiny.xml", "-m", "tiny.mapping.xml"]
    for command in (["schedule", *base, "-o", "s.h5"], ["schedule", *base, "-o", "s.xml"], ["run", *base, "-o", "t.h5"]):
        result = run(*command, cwd=at)
        ok(result.returncode == 0, f"{command[0]} of the whole files", result.stderr)
    layers = [row["id"] for row in json.loads(run("inspect", "t.h5", "--json", cwd=at).stdout)["layers"]]
    write(at, "m.csv", "# cycles\nlayer,start,end\n" + "".join(f'"{name}",{100 * i}.5,{100 * i + 90}\n' for i, name in enumerate(layers)) + "*,0,5000\n")
    ok(run("validate", "--measured", "m.csv", "t.h5", cwd=at).returncode == 0, "measurements of the whole trace")


SUBJECTS = [
    ("platforms/meta-prototype-df.xml", 30, lambda f: [["check", f], ["run", "-p", f, "-w", "tiny.xml", "-o", "out.h5"], ["simulate", f, "s.h5"], ["export", f, "-f", "svg", "-o", "out.svg"]]),
    ("platforms/tpu-like-quad.xml", 15, lambda f: [["check", f], ["run", "-p", f, "-w", "tiny.xml", "-o", "out.h5"]]),
    ("tiny.xml", 40, lambda f: [["check", f], ["run", "-p", "platforms/depfin.xml", "-w", f, "--pass", "layer-by-layer", "-o", "out.h5"]]),
    ("workloads/fsrcnn.xml", 10, lambda f: [["check", f]]),
    ("tiny.mapping.xml", 25, lambda f: [["run", "-p", "platforms/meta-prototype-df.xml", "-w", "tiny.xml", "-m", f, "-o", "out.h5"]]),
    ("validation/depfin.xml", 20, lambda f: [["check", f], ["validate", f, "depfin-traffic-x2"]]),
    ("s.xml", 40, lambda f: [["check", f], ["simulate", "platforms/meta-prototype-df.xml", f, "-o", "out.h5"]]),
    ("s.h5", 30, lambda f: [["check", f], ["simulate", "platforms/meta-prototype-df.xml", f, "-o", "out.h5"]]),
    ("t.h5", 30, lambda f: [["inspect", f, "--at", "100"], ["export", f, "-f", "svg", "-o", "out.svg"], ["export", f, "-f", "perfetto", "-o", "out.json"], ["export", f, "-f", "csv", "-o", "out.csv"], ["compare", f, "t.h5"],
                                   ["export", f, "-f", "roofline", "-o", "out.svg"], ["validate", "--measured", "m.csv", f]]),
    ("m.csv", 30, lambda f: [["validate", "--measured", f, "t.h5", "--svg", "out.svg"]]),
]


def random_cases(at):
    for name, files, commands in SUBJECTS:
        with open(os.path.join(at, name), "rb") as f:
            whole = f.read()
        folder, base = os.path.split(name)
        faults = []
        for number in range(files * ROUNDS):
            rng = random.Random(f"{SEED} {name} {number}")
            data = mutate_text(whole.decode("utf-8"), rng) if name.endswith(".xml") else mutate_bytes(whole, rng)
            # Beside the original, for the sake of what it includes.
            broken = os.path.join(folder, f"broken-{base}")
            with open(os.path.join(at, broken), "wb") as f:
                f.write(data)
            every = commands(broken)
            fault = survive(every[number % len(every)], at)
            if fault:
                faults.append(f"number {number}: {fault}")
                keep = os.environ.get("HEDDLE_KEEP")
                if keep:
                    with open(os.path.join(keep, f"{number}-{base}"), "wb") as f:
                        f.write(data)
        ok(not faults, f"{files * ROUNDS} broken forms of {name} are survived", *faults)


def hostile_files(at):
    """Well-formed files that mean harm."""
    huge = 2**31 - 1
    def network(name, shape, *layers):
        write(at, name, f'<workload version="1" name="hostile"><tensor id="x" kind="input" shape="{shape}"/>{"".join(layers)}</workload>')
    def conv(channels):
        return f'<layer id="a" operator="Conv" inputs="x" channels="{channels}" kernel_shape="3 3" pads="1 1 1 1"/>'
    network("cube.xml", f"1 {huge} {huge} {huge}", conv(huge))
    network("line.xml", f"1 1 {huge} 1", conv(1))
    network("two-lines.xml", f"1 1 {huge} 4", '<layer id="a" operator="Relu" inputs="x"/><layer id="b" operator="Relu" inputs="a"/>')
    network("square.xml", "1 1 30000 30000", conv(1), '<layer id="b" operator="Relu" inputs="a"/>')
    network("channels.xml", "1 3 16 16", conv(10**9))
    network("square-matrix.xml", f"{huge} {huge}", '<layer id="a" operator="MatMul" inputs="x x"/>')
    network("deep.xml", "1 1 4 4", *(f'<layer id="l{i}" operator="Relu" inputs="{f"l{i - 1}" if i else "x"}"/>' for i in range(1000)))
    network("circle.xml", "1 1 4 4", '<layer id="a" operator="Add" inputs="x b"/><layer id="b" operator="Relu" inputs="a"/>')
    network("nothing.xml", "1 0 0 0", conv(0))
    write(at, "pixels.mapping.xml", '<mapping version="1"><stack layers="*"><tile OY="1" OX="1"/></stack></mapping>')
    write(at, "cuts.mapping.xml", '<mapping version="1"><stack layers="*"><tile OY="1" OX="1"/><cut rank="OY" size="1"/><cut rank="OX" size="1"/></stack></mapping>')
    write(at, "channels.mapping.xml", '<mapping version="1"><stack layers="*"><tile K="1"/></stack></mapping>')


def schedule(at, name, tasks, bits="64 bit", queue='<queue name="core0" core="core0"/>', platform="synthetic"):
    write(at, name, f'<schedule version="1" platform="{platform}"><layer name="l"/><tensor name="x"/>{queue}<piece id="0" memory="dram" bits="{bits}" tensor="x"/>{tasks}</schedule>')


def hostile_schedules(at):
    compute = '<compute id="{0}" queue="core0" layer="l" node="{0}" cycles="{1} cycle" energy="1 pJ" after="{2}"/>'
    n = 100000 // (20 if SANITIZED else 1)
    load = '<transfer id="0" queue="loads" layer="l" from="dram" to="sram0" bits="{0} bit" uses="0"><piece id="1" memory="sram0" bits="{0} bit" tensor="x"/></transfer>'
    loads = '<queue name="core0" core="core0"/><queue name="loads" outstanding="4294967294"/>'
    schedule(at, "ring.xml", "".join(compute.format(i, 1, (i + 1) % n) for i in range(n)))
    schedule(at, "back.xml", "".join(compute.format(i, 1, n - 1 - i) for i in range(n) if i * 2 != n - 1))
    schedule(at, "endless.xml", "".join(compute.format(i, 2**61, max(i - 1, 0)) if i else compute.format(0, 2**61, "").replace(' after=""', "") for i in range(9)))
    schedule(at, "huge.xml", load.format(2**62), bits=f"{2**62} bit", queue=loads)
    schedule(at, "most-outstanding.xml", load.format(64), queue=loads)
    schedule(at, "outstanding.xml", load.format(64), queue=loads.replace("4294967294", "4294967295"))
    schedule(at, "foreign.xml", "", queue='<queue name="q" core="core-of-another"/>', platform="another")
    schedule(at, "empty.xml", "")


LIMITED = ["run", "-p", "platforms/meta-prototype-df.xml", "-o", "out.h5"]   # its DRAM has an end
SYNTHETIC = "core:1 sram:64KiB bus:128b dram:64b"
SCHEDULES = ("ring", "back", "endless", "huge", "outstanding", "most-outstanding", "foreign", "empty")
HOSTILE = [
    *([*LIMITED, "-w", f"{w}.xml", *m]
      for w in ("cube", "line", "two-lines", "channels", "square-matrix", "circle", "nothing") for m in ([], ["-m", "pixels.mapping.xml"], ["-m", "channels.mapping.xml"])),
    [*LIMITED, "-w", "square.xml", "-m", "cuts.mapping.xml"],
    ["run", "-p", SYNTHETIC, "-w", "deep.xml", "-o", "out.h5"],
    # Where what nobody mapped is cut into more nodes than the machine holds.
    *([["run", "-p", "core:1 sram:1KiB bus:128b dram:64b", "-w", "workloads/fsrcnn.xml", "-o", "out.h5"]] if not SANITIZED else []),
    *(["simulate", SYNTHETIC, f"{s}.xml", "-o", "out.h5"] for s in SCHEDULES),
    *(["check", "platforms/depfin.xml", f"{s}.xml"] for s in SCHEDULES),
]


def hostile_cases(at):
    hostile_files(at)
    hostile_schedules(at)
    for command in HOSTILE:
        fault = survive(command, at)
        ok(fault is None, f"survived: {' '.join(command)}", fault)


with scratch() as folder:
    prepare(folder)
    random_cases(folder)
    hostile_cases(folder)
finish()
