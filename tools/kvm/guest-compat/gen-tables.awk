# SPDX-License-Identifier: GPL-2.0-only
#
# What the documentation says of each behaviour, and of all changes, as rows of C:
# so that there is one copy of it. Reads Documentation/virt/kvm/guest-compat/*.rst.

function c(text)
{
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\""
}

# The tables' cells are quoted, and have no quotes within.
function cells(line, out,    n)
{
	n = split(line, out, /", *"/)
	sub(/^ *"/, "", out[1])
	sub(/" *$/, "", out[n])
	return n
}

FNR == 1 { section = "" }
/^\.\. csv-table::/ { section = substr($0, index($0, "::") + 3) }

# id, name, revision, releases, "text"
/^   [0-9]+, [a-z0-9_]+, [0-9]+, [^"]*, ".*"$/ {
	split($0, field, /, */)
	text = $0
	sub(/^[^"]*"/, "", text)
	sub(/"$/, "", text)
	print "REVISION(" field[1] + 0 ", " field[3] + 0 ", " c(field[4]) ", " c(text) ")"
	next
}

FILENAME ~ /changes\.rst$/ && section != "" && /^   "/ {
	if (cells($0, cell) == 3)
		print "CHANGE(" c(section) ", " c(cell[1]) ", " c(cell[2]) ", " c(cell[3]) ")"
}
