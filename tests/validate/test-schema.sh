#!/bin/bash
# The committed XSD is what validation.rnc says; the files of validation/ are valid, and what has a wrong form is not.
set -u
n=0
report () { n=$((n + 1)); if [ "$1" = 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi }
skip () { n=$((n + 1)); echo "ok $n - $1 # SKIP there is no $2"; }
cd "$HEDDLE_SRCDIR" || exit 1
if command -v trang >/dev/null; then
  made=$(mktemp -d)
  trang schema/validation.rnc "$made/validation.xsd" && cmp -s schema/validation.xsd "$made/validation.xsd"
  report $? "validation.xsd is made from validation.rnc"
  rm -r "$made"
else
  skip "validation.xsd is made from validation.rnc" trang
fi
if command -v xmllint >/dev/null; then
  for file in validation/*.xml; do
    xmllint --noout --schema schema/validation.xsd "$file" >/dev/null 2>&1
    report $? "$file is valid"
    for change in 's/quantity="latency"/quantity="speed"/' 's/certainty="[a-z]*"/certainty="sure"/' 's/provenance="derived"/provenance="known"/' 's/<target id=/<target name=/' 's/<run id=/<case id=/;s/<.run>/<\/case>/' 's/ version="1"//'; do
      ! sed "$change" "$file" | xmllint --noout --schema schema/validation.xsd - >/dev/null 2>&1
      report $? "$file after $change is not"
    done
  done
else
  skip "files of validation/ are valid" xmllint
fi
echo "1..$n"
