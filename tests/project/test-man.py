#!/usr/bin/env python3
"""Man pages are well formed and tell every command and option; the completion offers them too."""
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from tap import BUILD, SOURCE, finish, ok, run, skip

MAN = os.path.join(BUILD, "man")
COMMANDS = re.findall(r"^  ([a-z]+) ", run("--help").stdout, re.M)


def options_of(command):
    """Long and short options that --help tells."""
    return re.findall(r"(?<![\w-])(--?[a-z][\w-]*)", "\n".join(re.match(r"\s*((?:-\w, )?--[\w-]+)", line).group(1) for line in run(command, "--help").stdout.splitlines() if re.match(r"\s+(-\w, )?--", line)))


def complete(words, folder):
    """What the completion offers for these words, the last of them unfinished."""
    script = f'source "{SOURCE}/completion/heddle"; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); compopt () {{ :; }}; _heddle; printf "%s\\n" "${{COMPREPLY[@]}}"'
    result = subprocess.run(["bash", "-O", "extglob", "-c", script, "bash", *words], cwd=folder, capture_output=True, text=True, timeout=30)
    return [line for line in result.stdout.splitlines() if line]


pages = sorted(os.listdir(MAN))
ok(len(COMMANDS) >= 9, "heddle --help tells the commands", COMMANDS)
missing = [p for p in [f"heddle-{c}.1" for c in COMMANDS] + ["heddle.1", "heddle-engine.7"] + [f"heddle-{f}.5" for f in ("platform", "workload", "mapping", "schedule-file", "trace")] if p not in pages]
ok(not missing, "there is a page for each command, each format and the engine", *missing)
for page in pages:
    if shutil.which("mandoc"):
        lint = subprocess.run(["mandoc", "-Tlint", "-W", "warning", os.path.join(MAN, page)], capture_output=True, text=True)
        ok(lint.returncode == 0 and not lint.stdout, f"mandoc finds no fault in {page}", lint.stdout)
    else:
        skip(f"mandoc finds no fault in {page}", "there is no mandoc")
with open(os.path.join(MAN, "heddle.1"), encoding="utf-8") as f:
    overview = f.read()
ok(all(f"\\fB{command}\\fP" in overview for command in COMMANDS), "heddle(1) names every command")
ok(sorted(set(complete(["heddle", ""], SOURCE)) - {"--help", "--version"}) == sorted(COMMANDS), "the completion offers every command", complete(["heddle", ""], SOURCE))
for command in COMMANDS:
    with open(os.path.join(MAN, f"heddle-{command}.1"), encoding="utf-8") as f:
        text = f.read()
    untold = [option for option in options_of(command) if not re.search(rf"{re.escape(option)}(?![\w-])", text)]
    ok(not untold and "--help" in options_of(command), f"heddle-{command}(1) tells every option", *untold)
    offered = complete(["heddle", command, "-"], SOURCE)
    long_options = [option for option in options_of(command) if option.startswith("--")]
    ok(not set(long_options) - set(offered), f"the completion of {command} offers every option", set(long_options) - set(offered))
    invented = [option for option in offered if option.startswith("--") and option not in long_options]
    ok(not invented, f"the completion of {command} offers no other", *invented)
ok(complete(["heddle", "run", "-p", "platforms/tpu-like-q"], SOURCE) == ["platforms/tpu-like-quad.xml"], "platforms are completed")
ok(complete(["heddle", "run", "--pass", "f"], SOURCE) == ["fused"], "values are completed")
ok(complete(["heddle", "run", "--pass", "=", "l"], SOURCE) == ["layer-by-layer"], "values after = are completed")
ok(complete(["heddle", "simu"], SOURCE) == ["simulate"], "commands are completed")
finish()
