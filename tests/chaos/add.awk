# SPDX-License-Identifier: Apache-2.0
# Reports of campaigns as one: tables are added up cell by cell ("name 3, name 4" name by name),
# what is not a sum stands once for each.
FNR == 1 || !NF { table = "" }
/^\|---/ { next }
/^\| / && !table {
	table = $0
	if (!(table in rows)) {
		tables[++n] = table
		rows[table] = ""
	}
	next
}
/^\| / {
	cells = split($0, cell, / *\| */) - 1
	row = table SUBSEP cell[2]
	if (!(row in width))
		rows[table] = rows[table] SUBSEP cell[2]
	width[row] = cells
	for (c = 3; c <= cells; c++)
		add(row SUBSEP c, cell[c])
	next
}
NF { print }

function add(at, text,    parts, part, k, i) {
	if (text ~ /^[0-9]+$/) {
		sum[at] += text
		return
	}
	k = split(text, parts, /, /)
	for (i = 1; i <= k; i++) {
		split(parts[i], part, / /)
		if (!((at, part[1]) in times))
			names[at] = names[at] SUBSEP part[1]
		times[at, part[1]] += part[2]
	}
}

function sort(v, from, to,    i, k, x) {
	for (i = from + 1; i <= to; i++) {
		x = v[i]
		for (k = i - 1; k >= from && v[k] > x; k--)
			v[k + 1] = v[k]
		v[k + 1] = x
	}
}

function print_cell(at,    name, k, i, text) {
	if (at in sum)
		return sum[at]
	k = split(names[at], name, SUBSEP)
	sort(name, 2, k)
	for (i = 2; i <= k; i++)
		text = text (i > 2 ? ", " : "") name[i] " " times[at, name[i]]
	return text
}

function print_table(table,    name, k, i, c, row, line) {
	line = table
	gsub(/[^|]+/, "---", line)
	print "\n" table "\n" line
	k = split(rows[table], name, SUBSEP)
	if (table ~ /^\| unconfirmed/)
		sort(name, 2, k)
	for (i = 2; i <= k; i++) {
		row = table SUBSEP name[i]
		line = "| " name[i] " |"
		for (c = 3; c <= width[row]; c++)
			line = line " " print_cell(row SUBSEP c) " |"
		print line
	}
}

END {
	for (t = 1; t <= n; t++)
		print_table(tables[t])
}
