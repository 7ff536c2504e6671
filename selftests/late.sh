#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Loads the modules of $APU_MODULES when the kernel has stopped waiting for drivers
# (deferred_probe_timeout=1), and let go of its links between devices without them. Takes
# the power controller away then: the APU has to go first.

# shellcheck shell=dash

bb=/bin/busybox
drivers=/sys/bus/platform/drivers
echo 'TAP version 13
1..3'

# within_60_s COMMAND…: until it succeeds.
within_60_s() {
	local n=0
	until "$@"; do
		n=$((n + 1))
		[ $n -le 1200 ] || return 1
		$bb usleep 50000
	done
}

if ! within_60_s $bb grep -qx 1 \
		/sys/class/devlink/platform:*.power-controller--platform:*.apu/sync_state_only; then
	echo 'Bail out! The kernel still has its link to the power controller'
	exit 1
fi
for m in apu-power apu; do
	$bb insmod "$APU_MODULES/$m.ko" || exit 1
done

# driver DRIVER unbind|bind DEVICE
driver() {
	echo "$3" >"$drivers/$1/$2"
}

status=0
# verdict NUMBER TEXT: of the command before.
verdict() {
	if [ $? -eq 0 ]; then
		echo "ok $1 - $2"
	else
		echo "not ok $1 - $2"
		status=1
	fi
}

power=$($bb basename $drivers/apu-power/*.power-controller)
apu=$($bb basename $drivers/apu/*.apu)
[ -c /dev/accel/accel0 ] && driver apu-power unbind "$power" &&
	[ ! -e "$drivers/apu/$apu" ] && [ ! -e /dev/accel/accel0 ]
verdict 1 'the APU goes before its power controller'
# The core has no link that would bind it by itself; a worker of the core's binds the engines.
driver apu-power bind "$power" && driver apu bind "$apu" && within_60_s [ -c /dev/accel/accel0 ]
verdict 2 'and can be bound again'
# What they have mapped is not there before they are loaded.
$bb rmmod apu && $bb rmmod apu-power
verdict 3 'the modules can be unloaded'
exit $status
