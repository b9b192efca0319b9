#!/usr/bin/env python3
"""What README.md and doc/ show is true: their commands run and print what stands there, their files exist, their picture is what heddle draws.

A block ```sh with lines "$ COMMAND" is run line by line in a scratch folder, and what stands below a command is what it prints; "..." stands for any
lines. With --update what they print is written into the pages instead (but not where "..." stands). A block ```xml after "`NAME`:" in the text is the file NAME. A block ```python is run, and a plain block after "prints" is its output.
"""
import os
import re
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import BUILD, HEDDLE, PYTHON, SOURCE, environment, finish, ok, run, scratch, skip

# What a page tells its reader to do to the machine; the tests of installation and of ./check do it.
NOT_HERE = re.compile(r"^(\./check|\./configure|autoreconf|sudo|build-aux|cc |make|git )")

UPDATE = "--update" in sys.argv


def blocks(text):
    """(language, lines, the text line before) of each fenced block."""
    language, lines, before, last = None, [], "", ""
    for line in text.splitlines():
        fence = re.match(r"```(\w*)$", line)
        if fence and language is None:
            language, lines, before = fence.group(1), [], last
        elif fence:
            yield language, lines, before
            language = None
        elif language is not None:
            lines.append(line)
        elif line.strip():
            last = line


def matches(shown, printed):
    """Whether the lines shown stand for those printed; "..." is any number of lines."""
    while shown and not shown[-1]:
        shown = shown[:-1]
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(line.rstrip()) + r"\n" for line in shown)
    return re.fullmatch(pattern + r"\n*", "".join(line.rstrip() + "\n" for line in printed)) is not None


def replace(page, command, shown, printed):
    """Puts what the command prints in the place of what the page shows below it."""
    path = os.path.join(SOURCE, page)
    with open(path, encoding="utf-8") as f:
        text = f.read()
    while shown and not shown[-1]:
        shown = shown[:-1]
    old, new = "\n".join([f"$ {command}"] + shown), "\n".join([f"$ {command}"] + [line.rstrip() for line in printed.rstrip("\n").split("\n")])
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(old + "\n", new + "\n", 1))


def shell(command, folder):
    return subprocess.run(["bash", "-o", "pipefail", "-c", command], cwd=folder, env=environment(HEDDLE_BUILD=BUILD), capture_output=True, text=True, timeout=120)


def run_shell_block(page, lines, folder):
    command, shown, steps = None, [], []
    for line in lines + ["$ "]:
        if line.startswith("$ ") or line == "$ ":
            if command:
                steps.append((command, shown))
            command, shown = line[2:].split("   #")[0].strip(), []
        elif command is None and line.startswith("heddle "):
            steps.append((line, []))
        else:
            shown.append(line)
    for command, shown in steps:
        if NOT_HERE.match(command):
            continue
        tool = shlex.split(command)[0]
        if tool in ("h5ls", "h5dump", "ncdump") and subprocess.run(["which", tool], capture_output=True).returncode != 0:
            skip(f"{page}: {command}", f"there is no {tool}")
            continue
        result = shell(command, folder)
        if ok(result.returncode == 0, f"{page}: $ {command[:90]}", result.stderr) and shown:
            if UPDATE and "..." not in shown:
                replace(page, command, shown, result.stdout)
            ok(matches(shown, result.stdout.splitlines()), f"{page}: it prints what the page shows", "printed:", result.stdout)


def run_python_block(page, lines, folder):
    if subprocess.run([PYTHON, "-c", "import h5py"], capture_output=True).returncode != 0:
        skip(f"{page}: the Python program runs", "there is no h5py")
        return None
    result = subprocess.run([PYTHON, "-c", "\n".join(lines)], cwd=folder, capture_output=True, text=True, timeout=120)
    ok(result.returncode == 0, f"{page}: the Python program runs", result.stderr)
    return result.stdout


def check_page(page, folder):
    printed = None
    with open(os.path.join(SOURCE, page), encoding="utf-8") as f:
        text = f.read()
    for language, lines, before in blocks(text):
        name = re.search(r"as `([\w.-]+)`:$", before)
        if language == "xml" and name:
            with open(os.path.join(folder, name.group(1)), "w", encoding="utf-8") as f:
                f.write("\n".join(lines) + "\n")
        elif language == "sh":
            run_shell_block(page, lines, folder)
        elif language == "python":
            printed = run_python_block(page, lines, folder)
        elif before == "prints" and printed is not None:
            ok(matches(lines, printed.splitlines()), f"{page}: it prints what the page shows", printed)
    base = os.path.dirname(os.path.join(SOURCE, page))
    dead = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not os.path.exists(os.path.join(base, link))]
    ok(not dead, f"{page}: what it links to exists", *dead)
    named = set(re.findall(r"`((?:doc|schema|tests|src|platforms|workloads|include)/[\w./-]+\.\w+)`", text))
    gone = [name for name in sorted(named) if not os.path.exists(os.path.join(SOURCE, name)) and not re.search("NAME|ROOM", name)]
    ok(not gone, f"{page}: the files it names exist", *gone)


def make_demo(folder):
    """./demo as it is, but with this build in place of one of its own."""
    os.mkdir(os.path.join(folder, "build-aux"))
    for name, body in (("install-packages", "exit 0"), ("build", 'echo "$HEDDLE_BUILD"')):
        path = os.path.join(folder, "build-aux", name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\n{body}\n")
        os.chmod(path, 0o755)
    with open(os.path.join(SOURCE, "demo"), encoding="utf-8") as f, open(os.path.join(folder, "demo"), "w", encoding="utf-8") as out:
        out.write(f.read())
    os.chmod(os.path.join(folder, "demo"), 0o755)


def first_xml(page):
    with open(os.path.join(SOURCE, page), encoding="utf-8") as f:
        return next(lines for language, lines, _ in blocks(f.read()) if language == "xml")


with scratch() as folder:
    make_demo(folder)
    for page in ["README.md", "CONTRIBUTING.md"] + [f"doc/{name}" for name in sorted(os.listdir(os.path.join(SOURCE, "doc"))) if name.endswith(".md")]:
        check_page(page, folder)
    ok(first_xml("README.md") == first_xml("doc/platform.md"), "README.md and doc/platform.md describe the same chip")
    trace = os.path.join(folder, "traces", "fsrcnn-depfin.h5")
    drawn = run("export", trace, "--format", "svg")
    with open(os.path.join(SOURCE, "doc/pictures/fsrcnn-depfin.svg"), encoding="utf-8") as f:
        ok(drawn.stdout == f.read(), "the README's picture is what heddle draws, byte for byte", "make pictures draws it again")
    example = os.path.join(BUILD, "doc/examples/first-run")
    inputs = ["platforms/depfin.xml", "workloads/fsrcnn.xml", "workloads/fsrcnn-depfin.mapping.xml"]
    if os.path.exists(example):
        result = subprocess.run([example, *inputs], cwd=folder, capture_output=True, text=True, timeout=120)
        cycles = re.search(r"\"cycles\":\s*(\d+)", run("run", "-p", inputs[0], "-w", inputs[1], "-m", inputs[2], "--json", cwd=folder).stdout)
        ok(result.returncode == 0 and cycles and f" {cycles.group(1)} cycles" in result.stdout, "the example program runs, and gives the program's cycles", result.stdout, result.stderr)
        result = subprocess.run([example, "nowhere.xml", *inputs[1:]], cwd=folder, capture_output=True, text=True, timeout=120)
        ok(result.returncode == 66 and "nowhere.xml" in result.stderr, "the example program passes errors on", result.stderr)
    else:
        ok(False, "the example program was built")
finish()
