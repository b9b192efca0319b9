#!/usr/bin/env python3
"""Same input, same bytes: twice, in another folder, locale, order of elements, contents of fresh memory."""
import os
import random
import shutil
import subprocess
import sys
import xml.etree.ElementTree as tree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import environment, finish, ok, run, scratch, skip

INPUTS = ["platforms/depfin.xml", "workloads/fsrcnn.xml", "workloads/fsrcnn-depfin.mapping.xml"]
# Where the order of children means something (array dimensions, levels from registers up, loops from inside out), they stay.
ORDERED = {"level", "dimension", "loop", "unroll", "input", "output", "operand", "dim"}


def record(folder, name, env=None, inputs=INPUTS, more=()):
    """The bytes of the trace, of the schedule and of the summary."""
    result = run("run", "-p", inputs[0], "-w", inputs[1], "-m", inputs[2], "-o", f"{name}.h5", *more, cwd=folder, env=env)
    made = run("schedule", "-p", inputs[0], "-w", inputs[1], "-m", inputs[2], "-o", f"{name}.s.h5", cwd=folder, env=env)
    text = run("schedule", "-p", inputs[0], "-w", inputs[1], "-m", inputs[2], "-o", f"{name}.s.xml", cwd=folder, env=env)
    told = run("inspect", f"{name}.h5", "--json", cwd=folder, env=env)
    drawn = run("export", f"{name}.h5", "--format", "svg", cwd=folder, env=env)
    if any(r.returncode != 0 for r in (result, made, text, told, drawn)):
        return result.stderr + made.stderr + text.stderr + told.stderr + drawn.stderr
    parts = {"summary": result.stdout.encode(), "inspect": told.stdout.encode(), "picture": drawn.stdout.encode()}
    for part, path in (("trace", f"{name}.h5"), ("schedule", f"{name}.s.h5"), ("schedule as XML", f"{name}.s.xml")):
        with open(os.path.join(folder, path), "rb") as f:
            parts[part] = f.read()
    return parts


def same(what, first, second):
    if isinstance(second, str):
        ok(False, what, second)
        return
    ok(first == second, what, *[f"{part} differs" for part in first if first[part] != second[part]])


def shuffled(path, target, chance):
    """The same file with the children of each element in another order, those of ORDERED among themselves as they were."""
    root = tree.parse(path).getroot()
    for element in root.iter():
        children = list(element)
        places = list(range(len(children)))
        chance.shuffle(places)
        mixed = [children[p] for p in places]
        kept = iter([c for c in children if c.tag in ORDERED])
        mixed = [next(kept) if c.tag in ORDERED else c for c in mixed]
        for child in children:
            element.remove(child)
        element.extend(mixed)
    tree.ElementTree(root).write(target, encoding="utf-8")


with scratch() as folder:
    first = record(folder, "first")
    if not ok(isinstance(first, dict), "a run, a schedule, a report and a picture are made", first):
        finish()
    same("a second run gives the same bytes", first, record(folder, "second"))
    for fill in ("85", "170"):
        same(f"fresh memory full of {fill} changes nothing", first, record(folder, "perturbed", environment(MALLOC_PERTURB_=fill)))
    elsewhere = os.path.join(folder, "a longer name of a folder", "und noch eine")
    os.makedirs(elsewhere)
    for name in ("platforms", "workloads"):
        shutil.copytree(os.path.join(folder, name), os.path.join(elsewhere, name))
    same("another folder changes nothing", first, record(elsewhere, "first"))
    same("the locale C changes nothing", first, record(folder, "locale", environment(LC_ALL="C", LANG="C")))
    for locale in ("de_DE", "tr_TR"):   # a comma in numbers; an i without its dot
        made = subprocess.run(["localedef", "-i", locale, "-f", "UTF-8", os.path.join(folder, f"{locale}.UTF-8")], capture_output=True) if shutil.which("localedef") else None
        if made is None or made.returncode > 1:
            skip(f"the locale {locale} changes nothing", "this machine cannot make it")
            continue
        same(f"the locale {locale} changes nothing", first, record(folder, "locale", environment(LOCPATH=folder, LC_ALL=f"{locale}.UTF-8", LANG=f"{locale}.UTF-8")))
    same("the time zone and the width of the terminal change nothing", first, record(folder, "zone", environment(TZ="Asia/Tokyo", COLUMNS="20", TERM="dumb", NO_COLOR="1")))
    chance = random.Random(1)
    for round_ in range(3):
        mixed = [f"mixed{round_}-{os.path.basename(path)}" for path in INPUTS]
        for path, target in zip(INPUTS, mixed):
            shuffled(os.path.join(folder, path), os.path.join(folder, target), chance)
        again = record(folder, f"mixed{round_}", inputs=mixed)
        same(f"the order of elements changes nothing, order {round_ + 1}", first, again)
finish()
