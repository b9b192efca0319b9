#!/usr/bin/env python3
"""Every broken file of every corpus, through the program: exit code 65, its place (FILE:LINE of XML; FILE:/OBJECT of HDF5; FILE and node, name or byte of ONNX), within a second of
processor time and 200 MB, and nothing is left behind. The files are those of tests/corpus, and those that broken.py makes of sound ones: cut short, hostile XML, wrong types and
numbers, names that are missing or twice. HEDDLE_KEEP=FOLDER keeps those that are not refused so."""
import collections
import concurrent.futures
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../project"))
from tap import BUILD, HEDDLE, PYTHON, SOURCE, environment, finish, ok, run, scratch
import broken

# Debian's packages belong to Debian's own interpreter.
HAVE_H5PY = importlib.util.find_spec("h5py") is not None
if not HAVE_H5PY and sys.executable != PYTHON and "HEDDLE_SECOND" not in os.environ:
    os.environ["HEDDLE_SECOND"] = "1"
    os.execv(PYTHON, [PYTHON] + sys.argv)

SECONDS = 1.0
BYTES = 200e6
WORKERS = os.cpu_count() or 1
# A sanitizer keeps what was freed, to see who still uses it; that is not heddle's memory.
ASAN_OPTIONS = "quarantine_size_mb=8:" + os.environ.get("ASAN_OPTIONS", "")
CORPUS = os.path.join(SOURCE, "tests/corpus")
SYNTHETIC = "core:2 sram:64KiB bus:64b dram:64b"   # what the schedules of tests/corpus are for
TINY = b"""<?xml version="1.0" encoding="UTF-8"?>
<workload version="1" name="tiny" input-bits="8 bit">
  <tensor id="image" kind="input" shape="1 3 16 16" bits="8 bit"/>
  <layer id="first" operator="Conv" inputs="image" channels="8" kernel_shape="3 3" pads="1 1 1 1" strides="1 1" group="1"/>
  <layer id="second" operator="Conv" inputs="first" channels="8" kernel_shape="3 3" dilations="1 1"/>
  <layer id="sum" operator="Add" inputs="second second"/>
  <layer id="pool" operator="MaxPool" inputs="sum" kernel_shape="2 2" strides="2 2"/>
</workload>
"""
MAPPING = b"""<?xml version="1.0" encoding="UTF-8"?>
<mapping version="1" workload="tiny">
  <stack layers="first second sum">
    <tile OY="4"/>
    <cut rank="OY" size="2"/>
  </stack>
  <operator type="Conv" cores="core">
    <spatial>
      <unroll rank="OX" dimension="D3" factor="4"/>
    </spatial>
  </operator>
</mapping>
"""
XML_PLACE = r":\d+: "
H5_PLACE = r":/[^:]*(?::\d+)?: "
ONNX_PLACE = r": (?=.*(?:node \d|\"|at byte \d|model|graph|operator set|initializer|layer))"

# One family of one corpus: the command before the file, what tells the place, and (name, bytes) of its files, or paths.
Family = collections.namedtuple("Family", "corpus name command place ending files")


def refused(at, family, name, path):
    """(name, None or what went wrong, seconds, bytes) of one file, in the folder @at, which is empty but for it."""
    before = sorted(os.listdir(at))
    temporary = at + ".tmp"
    env = environment(TMPDIR=temporary, ASAN_OPTIONS=ASAN_OPTIONS)
    with open(at + ".said", "w+b") as said:
        process = subprocess.Popen([HEDDLE, *family.command, path], cwd=at, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env)
        killer = threading.Timer(60, process.kill)
        killer.start()
        _, status, use = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = code = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read(100000).decode("utf-8", "replace")
    seconds, size = use.ru_utime + use.ru_stime, use.ru_maxrss * 1024
    place = rf"heddle: (?:{re.escape(path)}|{re.escape(os.path.dirname(path))}/parts/[\w.-]+){family.place}"
    faults = [f"exit {code}"] if code != 65 else []
    faults += ["no place"] if not re.match(place, text) else []
    faults += [f"{seconds:.2f} s"] if seconds > SECONDS else []
    faults += [f"{size / 1e6:.0f} MB"] if size > BYTES else []
    faults += [f"left {left}" for left in [set(os.listdir(at)) - set(before) or set(os.listdir(temporary))] if left]
    faults += [f"a message of {len(text)} bytes"] if len(text) > 20000 else []
    return name, f"{family.corpus} {family.name} {name}: {', '.join(faults)}: {text[:200]!r}" if faults else None, seconds, size


def keep(family, name, data):
    with open(os.path.join(os.environ["HEDDLE_KEEP"], f"{family.corpus}-{family.name}-{name}{family.ending}".replace("/", "_")), "wb") as file:
        file.write(data)


def submit(pool, at, family, name, data):
    """@data are bytes, or the path of a file that stays where it is."""
    for folder in (at, at + ".tmp"):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
    path = data
    if isinstance(data, bytes):
        path = os.path.join(at, "broken" + family.ending)
        with open(path, "wb") as file:
            file.write(data)
    return pool.submit(refused, at, family._replace(files=None), name, path)


def check(at, pool, family):
    """All files of a family are refused; the worst of them is told."""
    running, results = {}, []
    def collect(some):
        for future in concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED if some else concurrent.futures.ALL_COMPLETED).done:
            place, name, data = running.pop(future)
            places.append(place)
            results.append(future.result())
            if results[-1][1] and os.environ.get("HEDDLE_KEEP") and isinstance(data, bytes):
                keep(family, name, data)
    places = [os.path.join(at, str(i)) for i in range(WORKERS)]
    for name, data in family.files:
        if not places:
            collect(True)
        place = places.pop()
        running[submit(pool, place, family, name, data)] = place, name, data
    collect(False)
    faults = [r[1] for r in results if r[1]]
    slow, large = max(results, key=lambda r: r[2]), max(results, key=lambda r: r[3])
    print(f"# {family.corpus}, {family.name}: {len(results)} files; at most {slow[2]:.2f} s ({slow[0]}), {large[3] / 1e6:.0f} MB ({large[0]})")
    ok(not faults and len(results) > 4, f"{family.corpus}: {family.name}: {len(results)} files are refused at their place, soon, in little memory", *faults)


def kept(folder, pattern):
    """Files that stand in tests/corpus."""
    folder = os.path.join(CORPUS, folder)
    return [(name, os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if re.fullmatch(pattern, name)]


def xml_families(corpus, root, command, sound, numbers, many):
    files_of = {"cut": broken.cuts(sound), "hostile XML": broken.hostile_xml(root, sound), "numbers": broken.wrong_numbers(sound, numbers), "names": broken.wrong_names(sound)}
    if many is None:
        del files_of["names"]   # they are free
    elif many:
        files_of["crowds"] = broken.crowds(sound, many)
    for name, files in files_of.items():
        yield Family(corpus, name, command, XML_PLACE, ".xml", files)


def onnx_families(at):
    texts = [path for _, path in kept("onnx", r".*\.txt")]
    made = os.path.join(at, "onnx")
    os.mkdir(made)
    subprocess.run([os.path.join(BUILD, "tests/onnx-from-text"), made, os.path.join(SOURCE, "tests/workload/sound-model.txt"), *texts], check=True)
    with open(os.path.join(made, "sound-model.onnx"), "rb") as file:
        sound = file.read()
    os.remove(os.path.join(made, "sound-model.onnx"))
    files = [(name, os.path.join(made, name)) for name in sorted(os.listdir(made))]
    for command in (["check", "-q"], ["import"]):
        yield Family("onnx", f"kept ({command[0]})", command, ONNX_PLACE, ".onnx", files)
    yield Family("onnx", "cut", ["check"], ONNX_PLACE, ".onnx", broken.cuts(sound, 60))
    yield Family("onnx", "hostile messages", ["check"], ONNX_PLACE, ".onnx", broken.hostile_messages())


def put(path, row, value):
    """A value in a column, and the name of that fault."""
    return f"{path[1:].replace('/', '.')}-{row}-is-{value}", lambda file: file[path].__setitem__(row, value)


BIG = 2**64 - 1
SCHEDULE_H5 = dict([
    put("/tasks/kind", 3, 7), put("/tasks/queue", 2, 99), put("/tasks/what", 4, 100000), put("/tasks/layer", 0, 55), put("/tasks/use_begin", 0, 1), put("/tasks/use_begin", 5, BIG),
    put("/tasks/after_begin", 9, 1 << 30), put("/tasks/use", 0, 4000000000), put("/tasks/bits", 0, 0), put("/tasks/bits", 0, 1 << 63), put("/queues/tasks", 0, 555), put("/queues/tasks", 0, 1),
    put("/queues/begin", 1, BIG), put("/queues/core", 0, 77), put("/queues/order", 0, 9), put("/queues/outstanding", 0, 0), put("/pieces/memory", 1, 77), put("/pieces/bits", 1, 0),
    put("/pieces/bits", 1, BIG), put("/pieces/creator", 6, 1 << 31), put("/pieces/tensor", 6, 12345), put("/pieces/box_begin", 2, 1 << 20), put("/pieces/box_to", 0, -(2**63)),
    put("/pieces/box_from", 0, 2**62), put("/pieces/release_begin", 3, BIG - 1), put("/pieces/release", 0, 999), put("/routes/begin", 0, 1), put("/routes/begin", 1, BIG),
    put("/routes/resource", 0, 999), put("/routes/parent", 1, 999), put("/routes/source", 0, 999), put("/costs/cycles", 0, BIG), put("/costs/energy", 0, BIG),
    ("a-circle", lambda f: f["/pieces/creator"].__setitem__(slice(None), len(f["/tasks/kind"]) - 1)),
    *((f"without-{name}", lambda f, n=name: broken.change_attribute(f, n, None)) for name in ("format", "version", "platform", "platform_sha256")),
    ("other-format", lambda f: broken.change_attribute(f, "format", "heddle-trace")),
    ("other-version", lambda f: broken.change_attribute(f, "version", "2")),
    ("other-platform", lambda f: broken.change_attribute(f, "platform_sha256", "abc")),
    ("a-number-for-text", lambda f: broken.change_attribute(f, "platform", 7)),
    ("another-memory", lambda f: f["/names/memories"].__setitem__(0, "elsewhere")),
])
TRACE_H5 = dict([
    put("/tasks/kind", 3, 7), put("/tasks/queue", 2, 99), put("/tasks/layer", 0, 55), put("/tasks/bits", 0, BIG), put("/tasks/core", 1, 55), put("/memories/capacity_bits", 0, 1),
    put("/cores/compute", 0, 1), put("/names/core", 0, "elsewhere"),
    *((f"without-{name}", lambda f, n=name: broken.change_attribute(f, n, None)) for name in ("complete", "Conventions", "cycles", "clock_hz", "title", "source", "outcome", "schedule_sha256")),
    ("half-complete", lambda f: broken.change_attribute(f, "complete", 0, "<u8")),
    ("cycles-of-text", lambda f: broken.change_attribute(f, "cycles", "9")),
    ("cycles-negative", lambda f: broken.change_attribute(f, "cycles", -1, "<i8")),
    ("cycles-few", lambda f: broken.change_attribute(f, "cycles", 7, "<u8")),
    ("cycles-huge", lambda f: broken.change_attribute(f, "cycles", BIG, "<u8")),
    ("title-of-numbers", lambda f: broken.change_attribute(f, "title", 1, "<u8")),
    ("title-no-text", lambda f: broken.change_attribute(f, "title", b"\xff\xfe")),
    ("outcome-unknown", lambda f: broken.change_attribute(f, "outcome", "fine")),
    ("of-another-schedule", lambda f: broken.change_attribute(f, "schedule_sha256", "abc")),
    ("series-longer", lambda f: broken.replace(f, "/cycles/core/state", "u1", (f.attrs["cycles"] + 1,), chunks=(1000,), shuffle=True, compression="gzip")),
    ("series-signed", lambda f: broken.replace(f, "/cycles/core/state", "i1", (f.attrs["cycles"],), chunks=(1000,), shuffle=True, compression="gzip")),
    ("series-contiguous", lambda f: broken.replace(f, "/cycles/core/state", "u1", (f.attrs["cycles"],))),
    ("series-of-no-kind", lambda f: f.move("/cycles/core/state", "/cycles/core/warmth")),
    ("power-of-integers", lambda f: broken.replace(f, "/cycles/platform/power", "u1", (f.attrs["cycles"],), chunks=(1000,), shuffle=True, compression="gzip")),
    ("series-in-itself", lambda f: f.__setitem__("/cycles/core/again", f["/cycles"])),
    ("series-of-the-root", lambda f: f.__setitem__("/cycles/again", f["/"])),
    ("series-of-garbage", lambda f: broken.raw_chunk(f, "/cycles/core/state", b"0123456789" * 9, {"compression": "gzip", "shuffle": True})),
    ("recipe-unknown", lambda f: (f.__delitem__("/meta/recipe"), f.create_dataset("/meta/recipe", data="best of all"))),
    ("platform-of-words", lambda f: (f.__delitem__("/meta/platform"), f.create_dataset("/meta/platform", data="words"))),
    ("workload-of-nothing", lambda f: (f.__delitem__("/meta/workload"), f.create_dataset("/meta/workload", data=""))),
])


def hdf5_families(at, platform):
    with open(os.path.join(at, "s.h5"), "rb") as file:
        schedule = file.read()
    with open(os.path.join(at, "t.h5"), "rb") as file:
        trace = file.read()
    yield Family("schedule", "HDF5", ["check", platform], H5_PLACE, ".h5", broken.hdf5(schedule, "/tasks/bits", SCHEDULE_H5))
    yield Family("trace", "HDF5", ["check"], H5_PLACE, ".h5", broken.hdf5(trace, "/tasks/end", TRACE_H5))


def make_sound(at):
    """A schedule in both forms and a trace, made by the program itself."""
    for name, data in (("tiny.xml", TINY), ("tiny.mapping.xml", MAPPING)):
        with open(os.path.join(at, name), "wb") as file:
            file.write(data)
    base = ["-p", "platforms/meta-prototype-df.xml", "-w", "tiny.xml", "-m", "tiny.mapping.xml"]
    for command in (["schedule", *base, "-o", "s.h5"], ["schedule", *base, "-o", "s.xml"], ["run", *base, "-o", "t.h5"], ["check", *base[1::2], "platforms/meta-prototype-df.xml", "s.xml", "s.h5", "t.h5"]):
        result = run(*command, cwd=at)
        ok(result.returncode == 0, f"{command[0]} of the sound files", result.stderr)


def families(at):
    platform, workload = os.path.join(at, "platforms/meta-prototype-df.xml"), os.path.join(at, "tiny.xml")
    template = run("check", "--template", "platform").stdout.encode()
    with open(os.path.join(at, "s.xml"), "rb") as file:
        schedule = file.read()
    yield Family("platform", "kept", ["check"], XML_PLACE, ".xml", kept("platform", r".*\.xml"))
    yield from xml_families("platform", "platform", ["check"], template, ["platform.clock", "memory.width", "memory.size", "memory.read-energy", "bus.width", "dimension.size", "level.size", "core.operation-energy"], ["memory", "bus", "core"])
    yield Family("workload", "kept", ["check"], XML_PLACE, ".xml", kept("workload", r".*\.xml"))
    yield from xml_families("workload", "workload", ["check"], TINY, ["workload.input-bits", "tensor.shape", "tensor.bits", "layer.channels", "layer.kernel_shape", "layer.strides", "layer.dilations", "layer.group"], ["tensor", "layer"])
    yield Family("mapping", "kept", ["check", "-q", os.path.join(at, "platforms/depfin.xml"), os.path.join(at, "workloads/fsrcnn.xml")], XML_PLACE, ".xml", kept("mapping", r".*\.xml"))
    yield from xml_families("mapping", "mapping", ["check", "-q", platform, workload], MAPPING, ["tile.OY", "cut.size", "unroll.factor"], [])
    yield Family("schedule", "kept", ["check", "-q", SYNTHETIC], XML_PLACE, ".xml", kept("schedule", r"bad-.*\.xml"))
    yield from xml_families("schedule", "schedule", ["check", "-q", platform], schedule, ["piece.bits", "piece.id", "transfer.id", "transfer.bits", "compute.cycles", "compute.energy", "compute.id", "compute.node"], ["layer", "tensor", "queue", "piece", "transfer", "compute"])
    with open(os.path.join(SOURCE, "validation/depfin.xml"), "rb") as file:
        validation = file.read()
    yield from xml_families("validation", "validation", ["check"], validation, ["target.published"], None)
    yield from onnx_families(at)
    if HAVE_H5PY:
        yield from hdf5_families(at, platform)


# The workers are processes, and forked while this one is small: a child's memory is counted from its parent's.
def illegal_schedules():
    """Schedules that are sound files and that nobody should run: the answer is no, which is another exit code."""
    wrong = []
    for name, path in kept("schedule", r"broken-.*\.xml"):
        result = run("check", "-q", "core:2 sram:256B bus:64b dram:64b", path)
        if result.returncode != 1 or not result.stderr.startswith("heddle: "):
            wrong.append(f"{name}: exit {result.returncode}: {result.stderr[:200]}")
    ok(not wrong, "illegal schedules in sound files give exit code 1", *wrong)


with concurrent.futures.ProcessPoolExecutor(WORKERS) as workers, scratch() as folder:
    list(workers.map(time.sleep, [0.05] * WORKERS))
    make_sound(folder)
    for each in families(folder):
        if not sys.argv[1:] or re.search(sys.argv[1], f"{each.corpus} {each.name}"):
            check(os.path.join(folder, "places"), workers, each)
    illegal_schedules()
finish()
