#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A guest's state on two kernels of one machine: saved on the first, restored on the
# second. DIR has to outlive the reboot: on a disk, or in the second kernel's INITRD.
#
#   two-kernels.sh save DIR		on the first kernel
#   two-kernels.sh kexec IMAGE [INITRD]	boots the second (root, kexec-tools)
#   two-kernels.sh restore DIR [BASELINE]	on the second; prints KTAP. With
#					BASELINE that is selected, and has to be there.

cd "$(dirname "$0")" || exit 2
usage() { sed -n '/^#   /s/^#   //p' "$0" >&2; exit 2; }

case ${1:-}:${2:-} in
save:?*)
	mkdir -p "$2" || exit 2
	uname -r > "$2/release" || exit 2
	# The name is what kvm-compat calls the host.
	./kvm-compat dump "$2/$(uname -r).json" && ./kvm-compat save "$2/guest.state"
	exit ;;
kexec:?*)
	kexec -l "$2" --reuse-cmdline ${3:+"--initrd=$3"} || exit 2
	sync
	exec kexec -e ;;
restore:?*)
	;;
*)
	usage ;;
esac

dir=$2 baseline=${3:-} failed=0
first=$(cat "$dir/release") || exit 2
result=${TMPDIR:-/tmp}/two-kernels.$$
echo 'TAP version 13'
echo '1..2'
echo "# from $first to $(uname -r)${baseline:+ at $baseline}"

step()	# NUMBER WHAT COMMAND...
{
	number=$1 what=$2
	shift 2
	{ "$@" 2>&1; echo $? > "$result"; } | sed 's/^/# /'
	status=$(cat "$result")
	rm -f "$result"
	if [ "$status" = 0 ]; then
		echo "ok $number $what"
	else
		echo "not ok $number $what # exit=$status"
		failed=1
	fi
}
set -- ${baseline:+-b "$baseline"}
step 1 'the host takes the guest' ./kvm-compat check "$@" "$dir/$first.json"
step 2 'the state of the guest reads back as it was' ./kvm-compat restore "$@" "$dir/guest.state"
exit $failed
