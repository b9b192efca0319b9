"""What the scripts of this folder share: TAP on the standard output, the program, a scratch folder with the inputs."""
import os
import shutil
import subprocess
import sys
import tempfile

SOURCE = os.environ.get("HEDDLE_SRCDIR") or os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("HEDDLE_BUILDDIR", SOURCE)
HEDDLE = os.environ.get("HEDDLE", os.path.join(BUILD, "heddle"))
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable   # the one that the distribution's modules are for

_count = 0
_failures = 0


def ok(good, what, *comments):
    global _count, _failures
    _count += 1
    _failures += not good
    print(f"{'ok' if good else 'not ok'} {_count} - {what}")
    if not good:
        for comment in comments:
            for line in str(comment).splitlines()[:40]:
                print(f"# {line[:300]}")
    sys.stdout.flush()
    return good


def skip(what, why):
    global _count
    _count += 1
    print(f"ok {_count} - {what} # SKIP {why}")


def finish():
    print(f"1..{_count}")
    sys.exit(_failures > 0)


def scratch():
    """A folder that is removed in the end, with copies of platforms/, workloads/ and validation/."""
    folder = tempfile.TemporaryDirectory(prefix="heddle-test-")
    for name in ("platforms", "workloads", "validation"):
        shutil.copytree(os.path.join(SOURCE, name), os.path.join(folder.name, name))
    subprocess.run(["chmod", "-R", "u+w", folder.name], check=True)
    os.mkdir(os.path.join(folder.name, "traces"))
    return folder


def environment(**more):
    env = dict(os.environ, LC_ALL="C.UTF-8")
    env["PATH"] = os.path.dirname(HEDDLE) + ":" + env["PATH"]
    env.update(more)
    return env


def run(*command, cwd=None, timeout=60, env=None, stdin=subprocess.DEVNULL, **more):
    """Runs heddle with these arguments; a text result."""
    return subprocess.run([HEDDLE, *command], cwd=cwd, timeout=timeout, env=env or environment(), stdin=stdin, capture_output=True, text=True, errors="replace", **more)
