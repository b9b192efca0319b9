#!/bin/bash
# Every network of workloads/ is valid by the schema, the schema is the one that workload.rnc says, and every operator stands in its table.
set -u
n=0
report () { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi }
cd "$HEDDLE_SRCDIR" || exit 1
for file in workloads/*.xml; do
  case $file in *.mapping.xml) continue ;; esac
  xmllint --noout --schema schema/workload.xsd "$file" >/dev/null 2>&1
  report $? "$file is valid"
done
for bad in unknown-element unknown-attribute bad-kind zero-size nest-class nest-rank-zero bits-no-unit; do
  ! xmllint --noout --schema schema/workload.xsd "tests/corpus/workload/$bad.xml" >/dev/null 2>&1
  report $? "$bad.xml is not valid"
done
if command -v trang >/dev/null; then
  made=$(mktemp -d)
  trang schema/workload.rnc "$made/workload.xsd" && cmp -s schema/workload.xsd "$made/workload.xsd"
  report $? "workload.xsd is made from workload.rnc"
  rm -r "$made"
else
  n=$((n + 1)); echo "ok $n - workload.xsd is made from workload.rnc # SKIP there is no trang"
fi
# names of the operator table, and of their attributes
missing=
for name in $(sed -n 's/^  { "\([A-Za-z0-9]*\)", [A-Z]*, _hd_op.*/\1/p' src/workload/operators.c); do
  grep -q "\`$name\`" doc/operators.md || missing="$missing $name"
done
[ -z "$missing" ]; report $? "doc/operators.md has every operator$missing"
echo "1..$n"
