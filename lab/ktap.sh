# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# KTAP out of shell: results are numbered within a group, groups nest once.

ktap_n=0 ktap_group=''

ktap_begin() { ktap_group=$1 ktap_n=0; printf '# Subtest: %s\n' "$1"; }

# ktap pass|fail|skip NAME [REASON]; standard input of a failure goes along
ktap()
{
	ktap_n=$((ktap_n + 1))
	case $1 in
	pass)	printf 'ok %d %s: %s\n' "$ktap_n" "$ktap_group" "$2" ;;
	skip)	printf 'ok %d %s: %s # SKIP %s\n' "$ktap_n" "$ktap_group" "$2" "$3" ;;
	fail)	printf 'not ok %d %s: %s%s\n' "$ktap_n" "$ktap_group" "$2" "${3:+ # $3}" ;;
	esac
}

# ktap_run NAME COMMAND...: passes if the command does; else its output is shown
ktap_run()
{
	local name=$1 log
	shift
	log=$(mktemp)
	if "$@" > "$log" 2>&1 < /dev/null; then
		ktap pass "$name"
	else
		ktap fail "$name"
		tail -n 30 "$log" | sed 's/^/#   /'
	fi
	rm -f "$log"
}

# Counts every result of a KTAP stream, of tests and of subtests.
ktap_total()
{
	awk '
	/^ *ok [0-9]/ && / # *[Ss][Kk][Ii][Pp]/	{ skipped++; next }
	/^ *ok [0-9]/				{ passed++; next }
	/^ *not ok [0-9]/			{ failed++ }
	END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 || !passed }
	'
}
