#!/bin/bash
# SPDX-License-Identifier: MIT
#
# What apu-dump makes of dumps: of each kind, cut short at every length, and with bytes changed.
# Prints TAP.
#
#   test.sh APU-DUMP MAKE-DUMP

set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tools/tap.sh
. "$(dirname "$0")/../tap.sh"

# shows KIND TEXT
shows() {
	has "$1.out" "$2"
}

for kind in mmu call hang middle; do
	"$2" $kind "$dir/$kind" || exit 1
	"$1" "$dir/$kind" >"$dir/$kind.out" 2>&1
	ok "$kind is understood" $?
done
"$1" -v "$dir/mmu" >"$dir/verbose.out" 2>&1
ok 'so it is with all details' $?

shows mmu 'job 7 of context 42 failed: the MMU refused an access (Bad address)'
shows mmu 'reading 0x7235: nothing is mapped there'
shows mmu '0x7235 is in no mapping'
shows mmu 'stream 0 on EDMA1, 0xdd8 bytes into its commands, at 0x100dd8'
shows mmu '=> 0x000dd8  COPY src=R4+0x235'
shows mmu '   0x000d80  COPY src=R4+0x234'
shows mmu '   0x000e30  END'
shows mmu 'ran for 2500 ns'
shows mmu ' 3: job 8 of context 42, after 0x1'
shows mmu ' 5: of another client'
[ "$(grep -c COPY "$dir/mmu.out")" -eq 7 ]
ok 'mmu: a few commands before, not all' $?
shows call 'a command is malformed'
shows call 'the opcode is 0xee'
shows call 'into the called commands, at 0x200dd8'
shows call '=> 0x000dd8  unknown 0xee'
shows middle 'the limit is 1000 us'
shows middle '=> 0x000dd8  COPY src=R4+0x235'
shows middle '   0x000d80  COPY src=R4+0x234'
shows hang 'its engines were reset'
shows hang 'it stood still'
shows hang 'which command it was is not known'
shows verbose '0x0000100000 - 0x0000110000 rw offset 0x0 of 0x10000'
shows verbose 'TOP.SLOT_ACTIVE = 0x00000028'
shows verbose 'EDMA1.CMD_VA_LO = 0x00100000'
[ "$(grep -c COPY "$dir/verbose.out")" -eq 41 ]
ok 'verbose: all commands' $?

"$1" "$dir/none" 2>"$dir/none.out"
[ $? -eq 2 ]
ok 'a file that is not there: exit status 2' $?
shows none 'cannot read'
echo hello >"$dir/text"
"$1" "$dir/text" 2>"$dir/text.out"
[ $? -eq 2 ]
ok 'no dump: exit status 2' $?
shows text 'not a device coredump of an APU'
"$2" class "$dir/class" && "$1" "$dir/class" 2>"$dir/class.out"
[ $? -eq 2 ]
ok 'a class that there is not: exit status 2' $?
shows class 'engines of an unknown class'
"$1" a b 2>/dev/null
[ $? -eq 1 ]
ok 'wrong usage: exit status 1' $?

# Sanitizers end the program with another status than 0 and 2.
size=$(stat -c %s "$dir/call")
bad=0
for ((n = 0; n < size; n += 61)); do
	head -c "$n" "$dir/call" >"$dir/short"
	"$1" -v "$dir/short" >/dev/null 2>&1
	[ $? -eq 2 ] || { echo "# cut at $n" && bad=1; }
done
ok 'a dump that is cut short is refused' $bad
bad=0
RANDOM=1
for ((n = 0; n < 150; n++)); do
	cp "$dir/middle" "$dir/changed"
	for i in 1 2 3; do
		# Not in a subshell, which has random numbers of its own.
		byte=$((RANDOM % 256)) at=$((RANDOM % (i == 1 ? 500 : size)))
		printf '%b' "\\x$(printf %x "$byte")" |
			dd of="$dir/changed" bs=1 seek="$at" conv=notrunc status=none
	done
	timeout 20 "$1" -v "$dir/changed" >/dev/null 2>&1
	status=$?
	[ $status -eq 0 ] || [ $status -eq 2 ] || { echo "# change $n: status $status" && bad=1; }
done
ok 'a damaged dump does no harm' $bad
finish
