#!/bin/bash
# A trace is whole or absent: full disks, failing writes, kills, competing runs. Each failure must give 73 or 74, a message, no crash, no partial file
# of its own making, and leave an older output as it was.
#
# Another program can be put to the same test: TRACE_COMMAND, with OUT for the output (heddle run ... -o OUT).
set -u
build=${HEDDLE_BUILDDIR:-.}
shim=$build/tests/.libs/fail-write.so
driver=$build/tests/trace-driver
if [ -x "$build/tests/.libs/trace-driver" ]; then # without libtool's script around it, which would meet the faults first
  driver=$build/tests/.libs/trace-driver
  export LD_LIBRARY_PATH=$build/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
command=${TRACE_COMMAND:-$driver OUT}
work=$(mktemp -d) || exit 99
trap 'cd /; [ -n "${mounted-}" ] && umount "$work/small"; rm -rf "$work"' EXIT
cd "$work" || exit 99
n=0

ok () { n=$((n + 1)); echo "ok $n - $1"; }
bad () { n=$((n + 1)); echo "not ok $n - $1"; shift; printf '# %s\n' "$@"; }
skip () { n=$((n + 1)); echo "ok $n - $1 # SKIP $2"; }
check () { local name=$1; shift; if [ -z "$*" ]; then ok "$name"; else bad "$name" "$@"; fi; }

# run OUT [VARIABLE=VALUE ...]: runs the program; rc and the file `said` tell how it went
run () {
  local out=$1; shift
  env "$@" ${command//OUT/$out} >/dev/null 2>said
  rc=$?
}

# The failure was told and nothing was touched; prints what was not so.
clean_failure () {
  case $rc in 73|74) ;; *) echo "$1: exit code $rc"; cat said ;; esac
  [ -s said ] || echo "$1: no message"
  [ "$(head -c 15 old.h5 2>/dev/null | tr -d '\0')" = "an older output" ] || echo "$1: the older output is gone"
  [ ! -e old.h5.partial ] || echo "$1: a partial file is left"
}

run good.h5
check "a run without faults" "$([ $rc = 0 ] || { echo "exit code $rc"; cat said; })"
run again.h5
check "reruns are byte-identical" "$(cmp good.h5 again.h5 2>&1)"
printf 'an older output' >old.h5

if ldd "$build/.libs/libheddle.so.0" 2>/dev/null | grep -q libasan; then
  preload= ; why="a sanitizer must be loaded first"
elif [ ! -e "$shim" ]; then
  preload= ; why="$shim is not built"
else
  preload=LD_PRELOAD=$shim
fi

if [ -n "$preload" ]; then
  run count.h5 $preload FAIL_COUNT="$work/count"
  calls=$(cat count)
  # The last call is the folder's fsync: the file has its name by then, and is whole.
  faults=$(for k in $(seq 1 $((calls - 1))); do run old.h5 $preload FAIL_AT="$k"; clean_failure "write $k of $calls"; done)
  check "the disk is full from write 1, 2, ... $calls on" "$faults"
  # A failure that passes may go unseen only where it does no harm.
  faults=$(for k in $(seq 1 "$calls"); do
    run old.h5 $preload FAIL_AT="$k" FAIL_ONCE=1
    if [ $rc = 0 ]; then
      cmp -s old.h5 good.h5 || echo "write $k of $calls failed, exit code 0, and the file is wrong"
      printf 'an older output' >old.h5
    else
      clean_failure "write $k of $calls"
    fi
  done)
  check "one write of $calls fails once" "$faults"
  run old.h5 $preload FAIL_RENAME=1
  check "the file cannot be renamed" "$(clean_failure rename)"
else
  skip "the disk is full from write 1, 2, ... on" "$why"
  skip "one write fails once" "$why"
  skip "the file cannot be renamed" "$why"
fi

mkdir small
if mount -t tmpfs -o size=64k none small 2>/dev/null; then
  mounted=1
  (cd small && printf 'an older output' >old.h5)
  (cd small && run old.h5 && cp said ../said; echo $rc >../rc)
  rc=$(cat rc)
  check "a file system of 64 KiB" "$(cd small; cp ../said .; clean_failure tmpfs)"
  umount small && mounted=
else
  skip "a file system of 64 KiB" "tmpfs cannot be mounted here"
fi

(ulimit -f 64; run old.h5; echo $rc >rc)
rc=$(cat rc)
check "files may not grow beyond 64 KiB" "$(clean_failure 'ulimit -f')"

faults=$(for files in 3 4 5 6 7 8 9 10 12 16; do
  (ulimit -n $files; env ${command//OUT/old.h5}) >/dev/null 2>&1
  rc=$?
  if [ $rc = 0 ]; then
    cmp -s old.h5 good.h5 || echo "with $files descriptors the file is wrong"
    printf 'an older output' >old.h5
  elif [ $rc -ge 128 ]; then
    echo "with $files descriptors: exit code $rc"
  fi
  [ -e old.h5 ] || echo "with $files descriptors the older output is gone"
done)
check "few file descriptors" "$faults"

run no/such/folder/x.h5
check "the folder is not there" "$([ $rc = 73 ] && [ -s said ] || echo "exit code $rc")"
mkdir closed && printf 'an older output' >closed/old.h5 && chmod 555 closed && chmod 755 "$work"
if [ "$(id -u)" != 0 ]; then
  run closed/old.h5
  check "the folder is read-only" "$([ $rc = 73 ] && [ -s said ] || echo "exit code $rc")"
elif setpriv --reuid=65534 --clear-groups test -x "$build" 2>/dev/null; then
  setpriv --reuid=65534 --clear-groups ${command//OUT/closed/old.h5} >/dev/null 2>said
  rc=$?
  check "the folder is read-only" "$([ $rc = 73 ] && [ -s said ] || { echo "exit code $rc"; cat said; })"
else
  skip "the folder is read-only" "root may write everywhere"
fi

# Killed at any time: what was there stays there, and the next run does not mind the rest.
faults=$(for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  printf 'an older output' >old.h5
  ${command//OUT/old.h5} >/dev/null 2>&1 &
  sleep "0.0$(printf %02d $((k * 2)))"
  kill -KILL $! 2>/dev/null
  wait $! 2>/dev/null
  [ "$(head -c 15 old.h5 | tr -d '\0')" = "an older output" ] || cmp -s old.h5 good.h5 || echo "kill $k left something else"
done 2>/dev/null)
run old.h5
check "killed 20 times, then run to the end" "$faults$(cmp old.h5 good.h5 2>&1)$([ ! -e old.h5.partial ] || echo 'a partial file is left')"

# Two runs on one output: one of them is told; the other's file is whole. The first is stopped as soon as its partial file is there.
if [ -n "${TRACE_COMMAND-}" ]; then slow=$command; else slow="$command 30000000 100000"; fi
${slow//OUT/expected.h5} >/dev/null 2>&1
${slow//OUT/two.h5} >/dev/null 2>first &
first=$!
for _ in $(seq 1 100000); do [ -e two.h5.partial ] && break; done
kill -STOP $first 2>/dev/null
if [ -e two.h5.partial ]; then
  run two.h5
  second=$rc
  kill -CONT $first
  wait $first
  check "two runs on one output" "$([ $second = 73 ] && grep -q 'another run' said || { echo "second: exit code $second"; cat said; })$(cmp two.h5 expected.h5 2>&1)"
else
  kill -CONT $first 2>/dev/null
  wait $first
  skip "two runs on one output" "the first was too fast to be stopped"
fi
echo "1..$n"
