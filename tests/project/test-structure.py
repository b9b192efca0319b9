#!/usr/bin/env python3
"""The source tree keeps its own rules: who may include whom, headers that stand alone, documented functions, sizes of files.

The rooms and their needs are read from the table in doc/internals.md, so that the page cannot say one thing and the code do another.
"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("HEDDLE_SRCDIR") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("HEDDLE_BUILDDIR", SOURCE)
MAX_LINES = 700
# Headers of other people's libraries, and the only room (or file) that may include them.
FOREIGN = [
    (re.compile(r"libxml/|libxml2"), "xml", None),
    (re.compile(r"hdf5|H5[A-Z].*\.h$"), "h5", None),
    (re.compile(r"zlib\.h$"), "h5", None),
    (re.compile(r"protobuf-c/|onnx\.pb-c\.h$"), "workload", "src/workload/onnx.c"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)

count = 0
failures = 0


def ok(faults, what):
    global count, failures
    count += 1
    print(f"{'not ok' if faults else 'ok'} {count} - {what}")
    for fault in faults[:20]:
        print(f"# {fault}")
    failures += bool(faults)
    sys.stdout.flush()


def files_of(folder, endings):
    found = []
    for here, folders, names in os.walk(os.path.join(SOURCE, folder)):
        folders.sort()
        found += [os.path.relpath(os.path.join(here, name), SOURCE) for name in sorted(names) if name.endswith(endings)]
    return [f for f in found if not f.endswith((".pb-c.c", ".pb-c.h"))]


def text_of(path):
    with open(os.path.join(SOURCE, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def rooms():
    """room -> (public headers, rooms it needs), from the table between the two comments in doc/internals.md."""
    page = text_of("doc/internals.md")
    table = page.split("<!-- rooms -->")[1].split("<!-- /rooms -->")[0]
    found = {}
    for line in table.strip().splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        name, headers, needs = cells[0], cells[1], cells[2]
        found[name] = (re.findall(r"[a-z0-9-]+\.h", headers), re.findall(r"[a-z0-9]+", needs))
    return found


def closure(table, room):
    seen, todo = set(), [room]
    while todo:
        for need in table[todo.pop()][1]:
            if need not in seen:
                seen.add(need)
                todo.append(need)
    return seen


def room_of(path, owner):
    parts = path.split("/")
    if parts[0] == "include":
        return owner.get(parts[2])
    return parts[1]


def check_rooms():
    table = rooms()
    owner = {header: room for room, (headers, _) in table.items() for header in headers}
    on_disk = {f for f in os.listdir(os.path.join(SOURCE, "include/heddle")) if f.endswith(".h")}
    folders = {f for f in os.listdir(os.path.join(SOURCE, "src")) if os.path.isdir(os.path.join(SOURCE, "src", f)) and not f.startswith(".")}
    ok(sorted(f"{f}: in one of table and tree only" for f in (on_disk ^ set(owner)) | (folders ^ set(table))), "doc/internals.md names every room and every public header, and no other")
    ok([f"{room} needs itself by way of {sorted(closure(table, room))}" for room in table if room in closure(table, room)], "the rooms form a DAG")
    ok([f"{room} needs cli" for room, (_, needs) in table.items() if "cli" in needs], "nothing needs cli")
    bad, foreign, checkers = [], [], []
    for path in files_of("src", (".c", ".h")) + files_of("include", (".h",)):
        room = room_of(path, owner)
        if room not in table:
            continue
        allowed = set(table[room][1]) | {room}
        for name in INCLUDE.findall(text_of(path)):
            target = None
            if name.startswith("heddle/"):
                target = owner.get(name.split("/")[1])
            elif "/" in name and name.split("/")[0] in table:
                target = name.split("/")[0]
            if target is not None and target not in allowed:
                bad.append(f"{path} includes {name}: {room} may include {', '.join(sorted(allowed))} only")
            if target == "engine" and path.startswith("src/schedule/check"):
                checkers.append(f"{path} includes {name}")
            for pattern, only_room, only_file in FOREIGN:
                if pattern.search(name) and (room != only_room or (only_file is not None and path != only_file)):
                    foreign.append(f"{path} includes {name}: only {only_file or 'src/' + only_room} may")
    ok(bad, "every room includes only the rooms it needs")
    ok(foreign, "libxml2 is known to src/xml only, HDF5 and zlib to src/h5 only, protobuf-c to one file")
    ok([f"engine reaches {r}" for r in ("xml", "h5") if r in table["engine"][1]] + checkers + (["schedule needs engine"] if "engine" in closure(table, "schedule") else []),
       "the engine knows no file format, and the legality check does not know the engine")


def compiler():
    with open(os.path.join(BUILD, "Makefile"), encoding="utf-8") as f:
        makefile = f.read()

    def value(name):
        found = re.search(rf"^{name} = (.*)$", makefile, re.M)
        return found.group(1) if found else ""
    return shlex.split(value("CC") or "cc")[:1], shlex.split(value("GLIB_CFLAGS"))


def check_headers():
    cc, flags = compiler()
    headers = [f"include/heddle/{f}" for f in sorted(os.listdir(os.path.join(SOURCE, "include/heddle"))) if f.endswith(".h")]
    with tempfile.TemporaryDirectory() as scratch:
        cxx = "g++" if cc == ["gcc"] else cc[0] + "++"
        have_cxx = subprocess.run([cxx, "--version"], capture_output=True).returncode == 0 if any(os.access(os.path.join(p, cxx), os.X_OK) for p in os.environ["PATH"].split(":")) else False
        for language, command in (("C", cc + ["-x", "c", "-std=c17"]), ("C++", [cxx, "-x", "c++", "-std=c++17", "-Wno-pedantic"])):
            if language == "C++" and not have_cxx:
                print(f"ok {next_number()} - every public header compiles alone in C++ # SKIP there is no {cxx}")
                continue
            bad = []
            for header in headers:
                unit = os.path.join(scratch, "unit")
                with open(unit, "w", encoding="utf-8") as f:
                    f.write(f"#include <{header[len('include/'):]}>\n#include <{header[len('include/'):]}>\nint unit_is_not_empty;\n")
                run = subprocess.run(command + ["-fsyntax-only", "-Wall", "-Werror", f"-I{SOURCE}/include"] + flags + [unit], capture_output=True, text=True)
                if run.returncode != 0:
                    bad.append(f"{header}: {run.stderr.splitlines()[:3]}")
            ok(bad, f"every public header compiles alone, and twice, in {language}")


def next_number():
    global count
    count += 1
    return count


def declarations(text):
    """(name, whether a doc comment covers it) of each function that a header declares or defines. A comment covers what follows it up to an empty line."""
    found = []
    documented = set(re.findall(r"^ \* ([a-z_0-9]+):$", text, re.M))
    covered = False
    for line in text.splitlines():
        if line.startswith("/**"):
            covered = True
        elif not line.strip():
            covered = False
        declared = re.match(r"(?!typedef|static|#|\s|\}|/)[A-Za-z_].*?\b(_?hd_[a-z0-9_]+) \(", line)
        if declared and not line.startswith("G_DEFINE"):
            found.append((declared.group(1), covered or declared.group(1) in documented))
    return found


# ref, unref and free are the same everywhere; the head of each header says who owns what.
LIFETIME = re.compile(r"_(ref|unref|free)$")


def check_comments():
    bad, functions = [], 0
    for header in files_of("include", (".h",)):
        for name, covered in declarations(text_of(header)):
            functions += 1
            if not covered and not LIFETIME.search(name):
                bad.append(f"{header}: {name} has no doc comment")
    ok(bad + ([] if functions > 100 else [f"only {functions} functions were found: the test reads the headers wrongly"]), "every public function has a doc comment")
    openings = [f"{f}: does not begin with a comment on what it is about" for f in files_of("src", (".c", ".h")) + files_of("include", (".h",)) + files_of("tests", (".c", ".h"))
                if not text_of(f).lstrip().startswith("/*")]
    ok(openings, "every source file begins with what it is about")


def check_tree():
    sources = files_of("src", (".c", ".h")) + files_of("include", (".h",)) + files_of("tests", (".c", ".h", ".py", ".sh"))
    ok([f"{f}: {n} lines" for f in sources if (n := text_of(f).count("\n")) > MAX_LINES], f"no source file is longer than {MAX_LINES} lines")
    everything = sources + files_of("doc", (".md", ".c", ".svg")) + files_of("man", (".1", ".5", ".7")) + files_of("platforms", (".xml",)) + files_of("workloads", (".xml",)) + files_of("schema", (".rnc", ".xsd"))
    everything += [f for f in ("README.md", "CONTRIBUTING.md", "configure.ac", "Makefile.am", "demo", "check") if os.path.exists(os.path.join(SOURCE, f))]
    place = re.compile(r"/(home|Users|root)/[a-z]|/wor" r"k/|/tm" r"p/b-")
    ok([f"{f}: {found.group(0)}" for f in everything if (found := place.search(text_of(f)))], "no path of somebody's machine stands in the tree")
    todo = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    ok([f"{f}: {found.group(0)}" for f in everything if (found := todo.search(text_of(f)))], "nothing is left to do in comments")
    ok([f for f in everything if f.endswith((".c", ".h", ".py", ".sh", ".md", ".1", ".5", ".7")) and re.search(r"[ \t]$", text_of(f), re.M)], "no line ends in white space")


check_rooms()
check_headers()
check_comments()
check_tree()
print(f"1..{count}")
sys.exit(failures > 0)
