# Turns a page of doc/ into a man page (mdoc): awk -v name=heddle-platform -v section=5 -v about='...' [-v part='heddle run'] -f md2mdoc.awk PAGE.md
# With part only the section "## PART: ..." is taken, and its first block of code is the synopsis; "intro" takes what stands before the first such section.
# Knows what the pages use: headings, paragraphs, lists, tables, code (fenced or indented), `code`, **bold**, [links](x).

function inline(text) {
  gsub(/\\\|/, "\001", text); gsub(/\\/, "\\e", text); gsub(/\001/, "|", text)
  while (match(text, /\[[^]]*\]\([^)]*\)/)) {
    link = substr(text, RSTART + 1, RLENGTH - 1); sub(/\]\(.*/, "", link)
    text = substr(text, 1, RSTART - 1) link substr(text, RSTART + RLENGTH)
  }
  gsub(/\*\*/, "", text)
  out = ""; bold = 0
  while ((at = index(text, "`")) > 0) {
    out = out substr(text, 1, at - 1) (bold ? "\\fP" : "\\fB"); bold = !bold
    text = substr(text, at + 1)
  }
  return out text
}

# A line must not begin like a request.
function verbatim(text) { return text ~ /^[.']/ ? "\\&" text : text }

# Text is filled; each sentence begins on a line of its own.
function plain(text, n, i, line) {
  gsub(/[.?!][)]? /, "&\003", text); gsub(/ \003/, "\003", text)
  n = split(text, line, "\003"); text = ""
  for (i = 1; i <= n; i++) text = text (i > 1 ? "\n" : "") verbatim(line[i])
  return text
}

# An argument of a macro: no word may be taken for another macro.
function argument(text, words, n, i) {
  gsub(/"/, "\\(dq", text)
  n = split(text, words, " "); text = ""
  for (i = 1; i <= n; i++) text = text (i > 1 ? " " : "") "\\&" words[i]
  return text
}

function close_all() {
  if (in_table) { print ".El"; in_table = 0 }
  if (in_list) { print ".El"; in_list = 0 }
  if (in_code) { print ".Ed"; in_code = 0 }
}

function heading(level, text) {
  close_all(); print (level <= 2 ? ".Sh " : ".Ss ") argument(inline(text)); gap = 0; fresh = 1
}

function start_code() {
  close_all()
  if (part != "" && part != "intro" && !seen_synopsis) { print ".Sh SYNOPSIS"; print ".Bd -literal"; seen_synopsis = 1; synopsis = 1 }
  else { print ".Bd -literal -offset indent"; synopsis = 0 }
  in_code = 1; gap = 0
}

function end_code() {
  print ".Ed"; in_code = 0; fresh = 0; gap = 1
  if (synopsis) { print ".Sh DESCRIPTION"; fresh = 1; synopsis = 0 }
}

# Fields of a table row; `a | b` has no bar in these pages but as \|.
function cells(line, n) {
  gsub(/\\\|/, "\002", line); sub(/^\| */, "", line); sub(/ *\|[ \t]*$/, "", line)
  n = split(line, cell, / *\| */)
  for (i = 1; i <= n; i++) gsub(/\002/, "|", cell[i])
  return n
}

function table_row(line, n, more) {
  n = cells(line)
  if (!in_table) { close_all(); for (i = 1; i <= n; i++) head[i] = cell[i]; rows = 0; in_table = 1; print ".Bl -tag -width Ds"; return }
  if (line ~ /^\|[-:| ]+\|?$/) return
  print ".It " (cell[1] == "" ? "\\&" : argument(inline(cell[1])))
  more = 0
  for (i = 2; i <= n; i++) if (cell[i] != "") { print plain(inline(i == 2 || head[i] == "" ? cell[i] : "(" head[i] ": " cell[i] ")")); more = 1 }
  if (!more) print "\\&"
}

BEGIN {
  print ".\\\" Made from doc/ by build-aux/md2mdoc.awk."
  print ".Dd January 1, 2025"; print ".Dt " toupper(name) " " section; print ".Os heddle " version
  print ".Sh NAME"; print ".Nm " name; print ".Nd " about
  active = part == "" || part == "intro"
  if (active) { print ".Sh DESCRIPTION"; fresh = 1 }
}

in_fence && /^ *```/ { in_fence = 0; if (active) end_code(); next }
in_fence { if (active) { gsub(/\\/, "\\e"); print verbatim($0) } next }
/^## / && part != "" {
  if (active) close_all()
  title = substr($0, 4)
  active = part != "intro" && index(title, part ":") == 1
  next
}
!active { if ($0 ~ /^```/) in_fence = 1; next }
/^ *```/ { start_code(); in_fence = 1; next }
/^<!--/ || /^!\[/ { next }
/^# / { next }
/^## / { heading(2, substr($0, 4)); next }
/^### / { heading(part == "" ? 3 : 2, substr($0, 5)); next }
/^#### / { heading(3, substr($0, 6)); next }
/^\|/ { table_row($0); next }
/^    / && !in_list {
  if (!in_code) start_code()
  for (; blank > 0 && !first_code; blank--) print ""
  blank = 0; line = substr($0, 5); gsub(/\\/, "\\e", line); print verbatim(line); first_code = 0
  next
}
/^[ \t]*$/ { if (in_code) blank++; else { gap = 1; if (in_table) { print ".El"; in_table = 0 } } first_code = 0; next }
/^[*] / || /^- / || /^[0-9]+\. / {
  if (in_code) end_code()
  if (!in_list) { close_all(); print ".Bl -bullet"; in_list = 1 }
  print ".It"; line = $0; sub(/^([*]|-|[0-9]+\.) +/, "", line); print plain(inline(line)); gap = 0; fresh = 0; next
}
{
  if (in_code) end_code()
  if (in_table) { print ".El"; in_table = 0; gap = 1 }
  if (in_list && $0 !~ /^ /) { print ".El"; in_list = 0; gap = 1 }
  if (gap && !fresh) print ".Pp"
  gap = 0; fresh = 0; blank = 0; line = $0; sub(/^ +/, "", line); print plain(inline(line))
}
END {
  close_all()
  if (part != "" && part != "intro") { print ".Sh EXIT STATUS"; print "The codes that all commands share are listed in"; print ".Xr heddle 1 ." }
  print ".Sh SEE ALSO"
  print name == "heddle" ? ".Xr heddle-run 1 ," : ".Xr heddle 1 ,"
  n = split("heddle-mapping heddle-platform heddle-schedule-file heddle-trace heddle-workload", pages, " ")
  last = name == "heddle-engine" ? n : 0
  for (i = 1; i <= n; i++) if (pages[i] != name) print ".Xr " pages[i] " 5" (i == last ? "" : " ,")
  if (!last) print ".Xr heddle-engine 7"
}
