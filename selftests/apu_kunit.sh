#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# Loads the driver's unit tests from APU_MODULE_DIR and prints what they say.

suites=/sys/kernel/debug/kunit
module=${APU_MODULE_DIR:-/lib/modules/$(uname -r)/extra}/apu-test.ko

skip() {
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit 4
}

[ -d "$suites" ] || skip "no KUnit with debugfs in this kernel"
[ -e "$module" ] || skip "there is no $module"
insmod "$module" || exit 1

# results SUITE: where kunit.autorun is off, loading the module has not run it.
results() {
	grep -q '^    \(not \)\?ok ' "$1/results" || echo 1 >"$1/run"
	cat "$1/results"
}

set -- "$suites"/apu_*
n=0
failed=0
echo "KTAP version 1"
echo "1..$#"
for suite; do
	n=$((n + 1))
	# A document for each suite: make it one.
	text=$(results "$suite" | sed "1,2d; s/^\(not \)\?ok 1 /\1ok $n /")
	echo "$text"
	case $text in
	*"not ok "*) failed=1 ;;
	esac
done
rmmod apu_test || failed=1
exit $failed
