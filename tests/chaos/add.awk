# SPDX-License-Identifier: Apache-2.0
# Reports of campaigns as one: tables are added row by row, what is not a sum stands once for each.
FNR == 1 { table = "" }
/^\|---/ { next }
/^\| .* \| [0-9]+ \|$/ {
	split($0, cell, / *\| */)
	row = table SUBSEP cell[2]
	if (!(row in sum))
		rows[table] = rows[table] SUBSEP cell[2]
	sum[row] += cell[3]
	next
}
/^\| / {
	table = $0
	if (!(table in rows)) {
		tables[++n] = table
		rows[table] = ""
	}
	next
}
NF { print }
END {
	for (t = 1; t <= n; t++) {
		print "\n" tables[t] "\n|---|---|"
		k = split(rows[tables[t]], name, SUBSEP)
		for (i = 2; i <= k; i++)
			print "| " name[i] " | " sum[tables[t], name[i]] " |"
	}
}
