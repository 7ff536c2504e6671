#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs apu_sleep in the test machine, with its arguments. The machine's file systems are on
# virtio-9p, whose driver knows nothing of sleep: the program and what it needs are put into
# memory, the file systems taken off, and /ctl put back at the end for the result.

# shellcheck shell=dash

bb=/bin/busybox
mem=/tmp/sleep
drivers=/sys/bus/virtio/drivers/9pnet_virtio

if [ "$0" != $mem/sleep.sh ]; then
	$bb mkdir -p $mem
	$bb cp "$($bb dirname "$0")/apu_sleep" "$0" \
		/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1 \
		/usr/lib/aarch64-linux-gnu/libc.so.6 $mem
	exec $bb sh $mem/sleep.sh "$@"
fi

# It writes the kernel's log to /ctl as it grows.
$bb killall cat
while $bb pidof cat >/dev/null; do
	$bb usleep 10000
done
for dir in /models /out /apu /usr /ctl; do
	! $bb grep -q " $dir 9p " /proc/mounts || $bb umount $dir || exit 1
done
devices=
for device in "$drivers"/virtio*; do
	devices="$devices ${device##*/}"
	echo "${device##*/}" >$drivers/unbind
done

APU_SLEEP=1 LD_LIBRARY_PATH='' $mem/ld-linux-aarch64.so.1 --library-path $mem $mem/apu_sleep "$@"
status=$?

for device in $devices; do
	echo "$device" >$drivers/bind
done
$bb mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=none ctl /ctl || exit 1
exit $status
