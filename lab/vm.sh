#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Runs in the laboratory's host, under busybox, and moves one guest with QEMU.
#
#   vm.sh save GUEST STREAM		starts the guest, checks it, saves it into STREAM
#   vm.sh load GUEST STREAM [SAVE]	loads the guest from STREAM, checks it, saves it into SAVE
#
# ./vmm has QEMU and its libraries. guest/GUEST.args has QEMU's arguments for the machine
# and the guest, one a line. ./accel has the words of -accel. The script prints the guest's
# lines unchanged, QEMU's as "qemu: ...", and its own as "vm: ...". Status 0: the guest
# ran, and its checks passed; 1: a check of the guest failed; 2: QEMU failed; 3: the guest
# did not go on, or QEMU or a VM is left on the host.

mode=$1 guest=$2 stream=$3 again=${4:-}
dir=/tmp/vm.$$
mkdir -p $dir /bin
[ -e /bin/sh ] || ./busybox --install -s /bin
export PATH=/bin
# In the file of arguments, only a newline separates them.
IFS='
'
set -f
ended() { ! kill -0 "$qemu" 2>/dev/null; }

# A QEMU or a VM that is left would disturb the next job. A VM without a QEMU is a leak of
# KVM.
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
	# init keeps one VM of its own.
	if find /sys/kernel/debug/kvm -mindepth 1 -maxdepth 1 -type d ! -name '1-*' | grep .; then
		echo "vm: a VM is left on the host"
		set -- 3
	fi
	sleep 0.3
	kill "$reader" 2>/dev/null
	awk 'NF && !seen[$0]++ { sub(/^qemu-system-aarch64: /, ""); print "qemu: " $0 }' $dir/err
	exit "$1"
}

qmp() { echo "$1" >&3; }

# Waits until the command succeeds. If QEMU ends, or after 600 tries, ends the script.
await()		# WHAT COMMAND...
{
	what=$1
	waited=0
	shift
	until "$@"; do
		ended && { echo "vm: QEMU ended before $what"; finish 2; }
		waited=$((waited + 1))
		[ $waited -le 600 ] || { echo "vm: gave up waiting for $what"; finish 3; }
		sleep 0.2
	done
}
said() { grep -q -e "$2" "$dir/$1"; }

start()		# ARG...
{
	mkfifo $dir/qmp $dir/serial.in $dir/serial.out
	: > $dir/out
	: > $dir/qmp.out
	# Opened for reading and writing, a fifo has no end of file, and opening it does not
	# wait for the other side.
	exec 3<> $dir/qmp 4<> $dir/serial.in 5<> $dir/serial.out
	# The file gets only whole lines, because said() could take half a line for another
	# one. This loop also prints them: a "tail -f" of the file would be late.
	while read -r line; do
		printf "%s\\n" "$line" >> $dir/out
		printf "%s\\n" "$line"
	done < $dir/serial.out &
	reader=$!
	args=$(cat "guest/$guest.args")
	accel=$(cat accel)
	# shellcheck disable=SC2086	# IFS is a newline
	./vmm/ld-linux-aarch64.so.1 --library-path ./vmm ./vmm/qemu-system-aarch64 \
		$args -accel "$accel" -nodefaults -display none -no-user-config -qmp stdio \
		-chardev pipe,id=serial,path=$dir/serial -serial chardev:serial \
		"$@" < $dir/qmp > $dir/qmp.out 2> $dir/err &
	qemu=$!
	qmp '{"execute":"qmp_capabilities"}'
	# With QEMU's default limit, the save of a guest that keeps writing its memory would
	# never end. With this one, QEMU stops the guest and saves the rest.
	qmp '{"execute":"migrate-set-parameters","arguments":{"downtime-limit":20000}}'
	qmp '{"execute":"migrate-set-capabilities","arguments":{"capabilities":[{"capability":"events","state":true}]}}'
}

beat() { sed -n 's/^beat //p' $dir/out | tail -n 1; }
beat_at() { now=$(beat); [ "$now" -ge "$1" ] 2>/dev/null; }
next_beats() { now=$(beat); await "the heartbeat" beat_at $((now + $1)); }

# The guest must go on for two heartbeats, and then pass its own checks.
check()
{
	next_beats 2
	echo check >&4
	await "the guest's checks" said out '^checked'
	grep -q '^checked, 0 failed' $dir/out
}

# QEMU reports the end of a load as it reports the end of a save, so count both.
ends() { grep -c '"status": "\(completed\|failed\)"' $dir/qmp.out; }
ends_again() { now=$(ends); [ "$now" -gt "$1" ]; }

save()		# STREAM
{
	before=$(ends)
	qmp "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat > $1\"}}"
	await "the end of the save" ends_again "$before"
	if grep -q '"status": "failed"' $dir/qmp.out; then
		echo "vm: not saved"
		finish 2
	fi
	bytes=$(wc -c < "$1")
	echo "vm: saved, $bytes bytes"
	# After a failed move, the source must be able to continue the guest.
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
	await "the end of the load" said qmp.out '"event": "RESUME"'
	echo "vm: loaded"
	await "the first beat" said out '^beat'
	check || status=1
	[ -z "$again" ] || save "$again"
	;;
esac
finish $status
