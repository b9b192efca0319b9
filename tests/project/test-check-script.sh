#!/bin/bash
# The last line of ./check counts right, whatever happens: with a build and a make that do what each case says, in place of the real ones.
set -u
source=${HEDDLE_SRCDIR:?}
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/build-aux" "$scratch/build"
cp "$source/check" "$scratch/check"
printf '#!/bin/sh\nexit 0\n' >"$scratch/build-aux/install-packages"
chmod +x "$scratch/build-aux/install-packages"
unset MAKEFLAGS MFLAGS MAKELEVEL HEDDLE_BUILD
count=0

# case WHAT BUILD_STATUS "RECIPE OF MAKE CHECK" "LAST LINE" STATUS
case_ () {
  count=$((count + 1))
  printf '#!/bin/sh\necho "%s"\nexit %s\n' "$scratch/build" "$2" >"$scratch/build-aux/build"
  chmod +x "$scratch/build-aux/build"
  printf 'check:\n\t%s\n' "$3" >"$scratch/build/Makefile"
  out=$("$scratch/check" 2>&1)
  status=$?
  if [ "$(tail -n 1 <<<"$out")" = "$4" ] && [ $status = "$5" ]; then echo "ok $count - $1"; else
    echo "not ok $count - $1"; sed 's/^/# /' <<<"$out"; echo "# status $status, expected $5 and: $4"; fi
}

pass=':test-result: PASS' fail=':test-result: FAIL'
case_ "all pass" 0 "printf '$pass a\\n$pass b\\n' >x.trs" "2 passed, 0 failed" 0
case_ "one of two programs fails" 0 "printf '$pass a\\n' >x.trs; printf '$pass a\\n$fail b\\n' >y.trs; exit 1" "2 passed, 1 failed" 1
case_ "a program ends before its plan" 0 "printf ':test-result: ERROR - missing test plan\\n' >x.trs; exit 1" "0 passed, 1 failed" 1
case_ "skipped cases are neither" 0 "printf '$pass a\\n:test-result: SKIP b\\n' >x.trs" "1 passed, 0 failed" 0
case_ "an expected failure that passes is a failure" 0 "printf ':test-result: XPASS a\\n' >x.trs; exit 1" "0 passed, 1 failed" 1
case_ "the tests cannot be built" 0 "exit 2" "0 passed, 1 failed" 1
case_ "an earlier count is not counted again" 0 "true" "0 passed, 1 failed" 1
case_ "the program cannot be built" 1 "true" "0 passed, 1 failed" 1
echo "1..$count"
