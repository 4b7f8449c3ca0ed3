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

result=${TMPDIR:-/tmp}/run-tests.$$
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
	if [ ! -x "selftests/$name" ]; then
		echo "not ok $nr $name # there is no such test"
		failed=1
		continue
	fi
	{ limit "selftests/$name" 2>&1; echo $? > "$result"; } | sed 's/^/# /'
	status=$(cat "$result")
	rm -f "$result"
	case $status in
	0)	echo "ok $nr $name" ;;
	4)	echo "ok $nr $name # SKIP" ;;
	124)	echo "not ok $nr $name # TIMEOUT"; failed=1 ;;
	*)	echo "not ok $nr $name # exit=$status"; failed=1 ;;
	esac
done
exit $failed
