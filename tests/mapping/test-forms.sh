#!/bin/bash
# The mappings that come with heddle are valid by the schema, and the schema is the one that mapping.rnc says.
set -u
n=0
report () { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi }
for file in "$HEDDLE_SRCDIR"/workloads/*.mapping.xml; do
  xmllint --noout --schema "$HEDDLE_SRCDIR/schema/mapping.xsd" "$file" >/dev/null 2>&1
  report $? "${file##*/} is valid"
done
for bad in unknown-element unknown-mode cut-zero tensor-without-mode layer-without-id operator-without-type; do
  ! xmllint --noout --schema "$HEDDLE_SRCDIR/schema/mapping.xsd" "$HEDDLE_SRCDIR/tests/corpus/mapping/$bad.xml" >/dev/null 2>&1
  report $? "$bad.xml is not valid"
done
if command -v trang >/dev/null; then
  made=$(mktemp -d)
  trang "$HEDDLE_SRCDIR/schema/mapping.rnc" "$made/mapping.xsd" 2>/dev/null && cmp -s "$HEDDLE_SRCDIR/schema/mapping.xsd" "$made/mapping.xsd"
  report $? "mapping.xsd is made from mapping.rnc"
  rm -r "$made"
else
  n=$((n + 1)); echo "ok $n - mapping.xsd is made from mapping.rnc # SKIP there is no trang"
fi
echo "1..$n"
