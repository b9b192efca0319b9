#!/bin/bash
# Hand-made schedules and those that heddle writes are valid by the schema, files of another form are not, and the XSD is the one that schedule.rnc says.
set -u
n=0
report () { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi }
cd "$HEDDLE_SRCDIR" || exit 1
xmllint --noout --schema schema/schedule.xsd tests/corpus/schedule/legal.xml tests/corpus/schedule/broken-*.xml >/dev/null 2>&1
report $? "the hand-made schedules are valid"
for bad in unknown-element unknown-attribute missing-cycles missing-id broken-box no-unit wrong-unit order negative-id words-for-numbers task-before-queue child-in-piece version root; do
  ! xmllint --noout --schema schema/schedule.xsd "tests/corpus/schedule/bad-$bad.xml" >/dev/null 2>&1
  report $? "bad-$bad.xml is not valid"
done
made=$(mktemp -d)
"$HEDDLE" schedule -p platforms/depfin.xml -w workloads/fsrcnn.xml -m workloads/fsrcnn-depfin.mapping.xml -o "$made/fsrcnn.xml" >/dev/null 2>&1 &&
  xmllint --noout --schema schema/schedule.xsd "$made/fsrcnn.xml" >/dev/null 2>&1
report $? "what a pass makes is valid"
"$HEDDLE" check platforms/depfin.xml "$made/fsrcnn.xml" >/dev/null 2>&1
report $? "and legal"
if command -v trang >/dev/null; then
  trang schema/schedule.rnc "$made/schedule.xsd" && cmp -s schema/schedule.xsd "$made/schedule.xsd"
  report $? "schedule.xsd is made from schedule.rnc"
else
  n=$((n + 1)); echo "ok $n - schedule.xsd is made from schedule.rnc # SKIP there is no trang"
fi
rm -r "$made"
echo "1..$n"
