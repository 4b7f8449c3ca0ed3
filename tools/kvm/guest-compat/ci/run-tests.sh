#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the static selftests that lie beside this script, and prints KTAP as the runner
# of kselftest does. Needs a shell and /dev/kvm, but no compiler and no kernel tree.
#
#   run-tests.sh [--require-capability] [NAME...]
#
# With --require-capability a kernel without KVM_CAP_GUEST_COMPAT is a failure.
# TIMEOUT is what one test may take, in seconds (300).

cd "$(dirname "$0")" || exit 2
require=''
if [ "$1" = --require-capability ]; then
	require=yes
	shift
fi
[ $# -gt 0 ] || set -- selftests/*

limit() { timeout "${TIMEOUT:-300}" "$@"; }
command -v timeout > /dev/null || limit() { "$@"; }

nr=0 failed=0
echo 'TAP version 13'
echo "1..$(($# + (${require:+1} + 0)))"
if [ -n "$require" ]; then
	nr=1
	if ./kvm-compat --json host 2> /dev/null | grep -q '"guest_compat": true'; then
		echo 'ok 1 KVM_CAP_GUEST_COMPAT'
	else
		echo 'not ok 1 KVM_CAP_GUEST_COMPAT'
		failed=1
	fi
fi
for test; do
	nr=$((nr + 1))
	name=${test##*/}
	[ -x "selftests/$name" ] || { echo "not ok $nr $name # there is no such test"; failed=1; continue; }
	{ limit "selftests/$name" 2>&1; echo "status=$?" > "${TMPDIR:-/tmp}/status.$$"; } | sed 's/^/# /'
	# shellcheck disable=SC1090 # one line, of the line above
	. "${TMPDIR:-/tmp}/status.$$"
	rm -f "${TMPDIR:-/tmp}/status.$$"
	case $status in
	0)	echo "ok $nr $name" ;;
	4)	echo "ok $nr $name # SKIP" ;;
	124)	echo "not ok $nr $name # TIMEOUT"; failed=1 ;;
	*)	echo "not ok $nr $name # exit=$status"; failed=1 ;;
	esac
done
exit $failed
