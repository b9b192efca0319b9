#!/bin/bash
# The committed XSD is what platform.rnc says, and the schema refuses what has a wrong form.
set -u
n=0
report () { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi }
skip () { n=$((n + 1)); echo "ok $n - $1 # SKIP there is no $2"; }
cd "$HEDDLE_SRCDIR" || exit 1
if command -v trang >/dev/null; then
  made=$(mktemp -d)
  trang schema/platform.rnc "$made/platform.xsd" && cmp -s schema/platform.xsd "$made/platform.xsd" && cmp -s schema/xi.xsd "$made/xi.xsd"
  report $? "platform.xsd is made from platform.rnc"
  rm -r "$made"
else
  skip "platform.xsd is made from platform.rnc" trang
fi
for bad in misspelt-element misspelt-attribute misspelt-arbiter misspelt-kind no-unit wrong-unit negative-size no-version bad-ports; do
  if command -v xmllint >/dev/null; then
    ! xmllint --noout --schema schema/platform.xsd "tests/corpus/platform/$bad.xml" >/dev/null 2>&1
    report $? "$bad.xml is not valid"
  else
    skip "$bad.xml is not valid" xmllint
  fi
done
echo "1..$n"
