#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in a laboratory host, under busybox: moves one guest under QEMU.
#
#   vm.sh save GUEST STREAM		starts it, checks it, saves it into STREAM
#   vm.sh load GUEST STREAM [SAVE]	goes on from STREAM, checks it, saves it into SAVE
#
# In ./vmm are QEMU and its libraries, in guest/GUEST.args QEMU's arguments, one
# a line, that say what machine and what guest it is, in ./accel its accelerator. The guest's own lines
# appear as they are, QEMU's as "qemu: ...", ours as "vm: ...". Status 0: the
# guest ran and all was well; 1: a check of the guest's failed; 2: QEMU failed;
# 3: the guest did not go on.

mode=$1 guest=$2 stream=$3 again=${4:-}
dir=/tmp/vm.$$
mkdir -p $dir /bin
[ -e /bin/sh ] || ./busybox --install -s /bin
export PATH=/bin
# One argument a line in the files of them.
IFS='
'
set -f
ended() { ! kill -0 "$qemu" 2>/dev/null; }

# A VM that is left, or a QEMU, would spoil the next job and hide a leak.
finish()	# STATUS
{
	qmp '{"execute":"quit"}'
	waited=0
	until ended || [ $waited -ge 150 ]; do
		waited=$((waited + 1))
		sleep 0.2
	done
	if ! ended; then
		kill -9 "$qemu"
		[ "$1" -ne 0 ] || set -- 3
		echo "vm: QEMU did not quit"
	fi
	wait "$qemu" 2>/dev/null
	if find /sys/kernel/debug/kvm -mindepth 1 -maxdepth 1 -type d | grep .; then
		echo "vm: a VM is left on the host"
		set -- 3
	fi
	sleep 0.3
	kill "$reader" 2>/dev/null
	awk 'NF && !seen[$0]++ { sub(/^qemu-system-aarch64: /, ""); print "qemu: " $0 }' $dir/err
	exit "$1"
}

qmp() { echo "$1" >&3; }

# Until the command succeeds; ends everything where QEMU ends, or nothing comes.
await()		# WHAT COMMAND...
{
	what=$1
	waited=0
	shift
	until "$@"; do
		ended && { echo "vm: QEMU ended, waiting for $what"; finish 2; }
		waited=$((waited + 1))
		[ $waited -le 600 ] || { echo "vm: waited in vain for $what"; finish 3; }
		sleep 0.2
	done
}
said() { grep -q -e "$2" "$dir/$1"; }

start()		# ARG...
{
	mkfifo $dir/qmp $dir/serial.in $dir/serial.out
	: > $dir/out
	: > $dir/qmp.out
	# Opened for both, a fifo has no end and no one waits for the other.
	exec 3<> $dir/qmp 4<> $dir/serial.in 5<> $dir/serial.out
	# Line by line: half a line would be taken for one that says something else.
	# What is looked at is shown, too: a tail of it would lag behind.
	while read -r line; do
		printf "%s\\n" "$line" >> $dir/out
		printf "%s\\n" "$line"
	done < $dir/serial.out &
	reader=$!
	args=$(cat "guest/$guest.args")
	accel=$(cat accel)
	# shellcheck disable=SC2086	# one a line
	./vmm/ld-linux-aarch64.so.1 --library-path ./vmm ./vmm/qemu-system-aarch64 \
		$args -accel "$accel" -nodefaults -display none -no-user-config -qmp stdio \
		-chardev pipe,id=serial,path=$dir/serial -serial chardev:serial \
		"$@" < $dir/qmp > $dir/qmp.out 2> $dir/err &
	qemu=$!
	qmp '{"execute":"qmp_capabilities"}'
	# A guest that writes as fast as the stream is read would never be saved.
	qmp '{"execute":"migrate-set-parameters","arguments":{"downtime-limit":20000}}'
	qmp '{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"events","state":true}]}}'
}

beat() { sed -n 's/^beat //p' $dir/out | tail -n 1; }
beat_at() { now=$(beat); [ "$now" -ge "$1" ] 2>/dev/null; }
next_beats() { now=$(beat); await "the heartbeat" beat_at $((now + $1)); }

# A heartbeat, then the guest's own checks.
check()
{
	next_beats 2
	echo check >&4
	await "the guest's checks" said out '^checked'
	grep -q '^checked, 0 failed' $dir/out
}

# The end of the load is one, too.
ends() { grep -c '"status": "\(completed\|failed\)"' $dir/qmp.out; }
ends_again() { now=$(ends); [ "$now" -gt "$1" ]; }

save()		# STREAM
{
	before=$(ends)
	qmp "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat > $1\"}}"
	await "the stream" ends_again "$before"
	if grep -q '"status": "failed"' $dir/qmp.out; then
		echo "vm: not saved"
		finish 2
	fi
	bytes=$(wc -c < "$1")
	echo "vm: saved, $bytes bytes"
	# What a failed move leaves: a source that can go on.
	qmp '{"execute":"cont"}'
	next_beats 1
	echo "vm: the source can go on"
}

status=0
case $mode in
save)
	start
	await "the guest's boot" said out '^ready'
	check || status=1
	save "$stream"
	;;
load)
	start -incoming "exec:cat $stream"
	await "the stream to be loaded" said qmp.out '"event": "RESUME"'
	echo "vm: loaded"
	await "the first beat" said out '^beat'
	check || status=1
	[ -z "$again" ] || save "$again"
	;;
esac
finish $status
