#!/usr/bin/env python3
"""Other people's readers read a trace, names and units included: h5py, h5dump, ncdump, xarray. The series are held against an expansion in numpy.

The trace is written by tests/trace-driver, which also prints the changes that it reports when CHANGES is set; nothing of heddle's reader is used here."""
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
    import numpy
except ImportError:
    # Another interpreter may have them: Debian's packages belong to Debian's own.
    if os.path.exists("/usr/bin/python3") and "HEDDLE_SECOND" not in os.environ:
        os.environ["HEDDLE_SECOND"] = "1"
        os.execv("/usr/bin/python3", ["/usr/bin/python3"] + sys.argv)
    print("1..0 # SKIP h5py is not installed")
    sys.exit(0)

build = os.environ.get("HEDDLE_BUILDDIR", ".")
count = 0


def tell(fine, name, why=""):
    global count
    count += 1
    print(("ok" if fine else "not ok") + f" {count} - {name}", flush=True)
    if not fine:
        print("\n".join("# " + line for line in str(why).splitlines()))


def skip(name, why):
    global count
    count += 1
    print(f"ok {count} - {name} # SKIP {why}")


def write(folder, cycles, tasks):
    """Returns the trace's path, and for each series the changes that were reported."""
    path, changes = os.path.join(folder, "t.h5"), os.path.join(folder, "changes")
    subprocess.run([os.path.join(build, "tests", "trace-driver"), path, str(cycles), str(tasks)], check=True, env={**os.environ, "CHANGES": changes})
    return path, numpy.fromfile(changes, dtype=[("cycle", "<u8"), ("value", "<u8"), ("series", "<u4"), ("unused", "<u4")])


NAMES = ["core0/state", "cluster%2Fcore1/state", "bus/bits", "dram.read/bits", "idle/bits", "lb/occupancy", "dram/occupancy", "platform/power"]
TYPES = ["u1", "u1", "u1", "u2", "u1", "u4", "u8", "f8"]


def expand(changes, series, cycles):
    """The series cycle by cycle: the last change at or before each cycle counts."""
    own = changes[changes["series"] == series]
    out = numpy.zeros(cycles, dtype="u8")
    own = own[own["cycle"] < cycles]
    if len(own):
        order = numpy.searchsorted(own["cycle"], numpy.arange(cycles, dtype="u8"), side="right")
        out[order > 0] = own["value"][order[order > 0] - 1]
    return out


def check_h5py(path, changes, cycles, tasks):
    with h5py.File(path) as f:
        tell(f.attrs["Conventions"] == "heddle-trace-1" and isinstance(f.attrs["title"], str), "attributes are text", f.attrs["title"])
        tell(f.attrs["complete"] == 1 and f.attrs["cycles"] == cycles, "complete and cycles")
        wrong = [n for i, n in enumerate(NAMES) if f["cycles/" + n].dtype.str[1:] != TYPES[i] or f["cycles/" + n].shape != (cycles,)]
        tell(not wrong, "types and lengths of the series", wrong)
        wrong = []
        for i, name in enumerate(NAMES):
            expected = expand(changes, i, cycles)
            if name == "platform/power":
                expected = expected * 0.001
            if not numpy.array_equal(f["cycles/" + name][:], expected):
                wrong.append(name)
        tell(not wrong, "every series, cycle by cycle", wrong)
        tell(f["cycles/idle/bits"].id.get_num_chunks() == 0, "a series that is always 0 takes no chunk")
        states = h5py.check_enum_dtype(f["cycles/core0/state"].dtype)
        tell(states == {"done": 0, "compute": 1, "wait_input": 2, "wait_space": 3, "wait_turn": 4}, "the states have names", states)
        bare = []
        f.visititems(lambda n, o: bare.append(n) if isinstance(o, h5py.Dataset) and o.attrs.get("CLASS") != b"DIMENSION_SCALE"
                     and not (o.attrs.get("units") and o.attrs.get("long_name")) else None)
        tell(not bare, "every dataset has units and long_name", bare)
        tell(f["cycles/bus/bits"].attrs["units"] == "bit" and f["cycles/platform/power"].attrs["units"] == "pJ"
             and f["tasks/start"].attrs["units"] == "cycle", "units")
        tell(all(f["tasks/" + c].shape == (tasks,) for c in ("start", "end", "ready", "issue", "core", "kind", "bits", "wait_kind", "wait_cause")),
             "columns of the tasks")
        tell([n.decode() if isinstance(n, bytes) else n for n in f["names/core"]] == ["core0", "cluster/core1"], "names")
        tell(f["cycles/bus/bits"].dims[0][0].name == "/cycle" and f["tasks/start"].dims[0][0].name == "/tasks/task", "dimensions")
        tell((f["tasks/end"][:] >= f["tasks/start"][:]).all() and f["tasks/end"][:].max() <= cycles, "values of the columns")


def check_tools(path, cycles):
    tools = {
        "h5dump": (["h5dump", "-H", path], ['DATASET "occupancy"', "H5T_ENUM", '"wait_space"', "H5T_STD_U16LE"]),
        "h5dump of a column": (["h5dump", "-d", "/names/core", path], ['"core0"', '"cluster/core1"']),
        "h5ls": (["h5ls", "-r", path], ["/cycles/core0/state", "/tasks/wait_cause"]),
        "ncdump": (["ncdump", "-h", path], [f"cycle = {cycles} ;", "core_state {done = 0", 'state:units = "1"', "uint64 start(task)", 'string :Conventions']),
    }
    for name, (command, words) in tools.items():
        if shutil.which(command[0]) is None:
            skip(name, "it is not installed")
            continue
        run = subprocess.run(command, capture_output=True, text=True)
        missing = [w for w in words if w not in run.stdout]
        tell(run.returncode == 0 and not missing, name, f"exit code {run.returncode}, missing {missing}\n{run.stderr}")


def check_xarray(path, cycles, tasks):
    try:
        import xarray
        import h5netcdf  # noqa: F401: xarray's engine
    except ImportError:
        skip("xarray", "it is not installed")
        return
    with xarray.open_dataset(path, engine="h5netcdf", group="tasks", decode_cf=False) as ds:
        tell(ds["start"].dims == ("task",) and ds.sizes["task"] == tasks and ds["start"].attrs["units"] == "cycle", "xarray: tasks", ds)
    with xarray.open_dataset(path, engine="h5netcdf", group="cycles/bus", decode_cf=False) as ds:
        tell(ds["bits"].dims == ("cycle",) and ds.sizes["cycle"] == cycles, "xarray: a series", ds)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for cycles, tasks in ((2500000, 70000), (1, 1)):
            path, changes = write(folder, cycles, tasks)
            check_h5py(path, changes, cycles, tasks)
            check_tools(path, cycles)
            check_xarray(path, cycles, tasks)
    print(f"1..{count}")


main()
