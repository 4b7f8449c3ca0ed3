# SPDX-License-Identifier: GPL-2.0-only
#
# The registers of arch/arm64/tools/sysreg with their fields and values, as rows of C;
# and those that only arch/arm64/include/asm/sysreg.h has, which is read first.

function number(bits,    n, i)
{
	if (bits !~ /^0b/)
		return bits + 0
	for (i = 3; i <= length(bits); i++)
		n = 2 * n + substr(bits, i, 1)
	return n + 0
}

/^#define[ \t]+SYS_[A-Z0-9_]+[ \t]+sys_reg\([0-9, ]+\)$/ {
	split($0, part, /[ \t]+sys_reg\(|, *|\)/)
	sub(/^#define[ \t]+SYS_/, "", part[1])
	printf "REG(\"%s\", %d, %d, %d, %d, %d)\n", part[1], part[2], part[3], part[4], part[5], part[6]
}

$1 == "Sysreg" {
	reg = $2
	printf "REG(\"%s\", %d, %d, %d, %d, %d)\n", $2, $3, $4, $5, $6, $7
}
$1 == "EndSysreg" { reg = "" }
reg != "" && $1 ~ /^(Field|Enum|SignedEnum|UnsignedEnum)$/ {
	n = split($2, bit, ":")
	printf "FIELD(\"%s\", \"%s\", %d, %d)\n", reg, $3, bit[1], bit[n]
	field = $3
}
reg != "" && $1 ~ /^0b[01]+$/ && field != "" {
	printf "VALUE(\"%s\", \"%s\", %d, \"%s\")\n", reg, field, number($1), $2
}
$1 == "EndEnum" { field = "" }
