#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What neuronrt does on an APU, in the test machine. Prints TAP. Beside it is expect.sh, a folder
# above make-dla.

set -u
here=$(dirname "$0")
rt=neuronrt
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tools/neuronrt/expect.sh
. "$here/expect.sh"

"$here/../make-dla" "$dir/m.dla" && "$here/../make-dla" --two "$dir/two.dla" || exit 1
head -c 64 /dev/urandom >"$dir/a"
head -c 64 /dev/urandom >"$dir/b"
head -c 32 /dev/urandom >"$dir/c"
cat "$dir/a" "$dir/b" "$dir/a" >"$dir/aba"
# The same but for the last byte.
{ head -c 63 "$dir/a" && printf '\000'; } >"$dir/zero"
{ head -c 63 "$dir/a" && printf '\001'; } >"$dir/one"

run() {
	status=$1 text=$2
	shift 2
	expect "$status" "$text" -m hw -a "$@"
}

run 0 'ms/inf, 1 inferences)' "$dir/m.dla" -i "$dir/a" -o "$dir/out"
same 'the output is the input' "$dir/a" "$dir/out"
run 0 'ms/inf, 20 inferences)' "$dir/m.dla" -c 20 -i "$dir/a"
run 0 'Total inference time = ' "$dir/m.dla" -r turbo -b 100 -c 2 -i "$dir/a"

# Every ten seconds, of a clock that ticks once an inference, every four seconds.
export LD_PRELOAD="$here/fake_clock.so"
run 0 'neuronrt: 3 of 20 inferences after 12 s' "$dir/m.dla" -c 20 -i "$dir/a"
unset LD_PRELOAD
lines=$(printf '%s\n' "$out" | sed -n 's/^neuronrt: \([0-9]*\) of 20 inferences .*/\1/p' | tr '\n' ' ')
result "$([ "$lines" = '3 6 9 12 15 18 ' ] || echo "progress after inferences $lines")" \
	'progress is told every so often'
run 0 'ms/inf' "$dir/m.dla" -c 20 -i "$dir/a"
result "$(printf '%s\n' "$out" | grep ' of 20 inferences')" 'a short run tells none'

run 0 'Verified: 1 sample as expected' "$dir/m.dla" -i "$dir/a" --verify "$dir/a"
run 5 'in 1 of 64 elements, first in element 63' "$dir/m.dla" -i "$dir/zero" --verify "$dir/one"
run 0 'Verified: 3 samples' "$dir/m.dla" --samples -i "$dir/aba" --verify "$dir/aba" -o "$dir/out"
same 'the output of three samples' "$dir/aba" "$dir/out"
run 2 'has 1 samples, the inputs have 3' "$dir/m.dla" --samples -i "$dir/aba" --verify "$dir/a"

# Several files in one argument, with and without the option's name between them.
run 0 'Verified: 1 sample' "$dir/two.dla" -i "$dir/a $dir/c" -o "$dir/x $dir/y" \
	--verify "$dir/a $dir/c"
same 'the first output of two' "$dir/a" "$dir/x"
same 'the second' "$dir/c" "$dir/y"
rm "$dir/x" "$dir/y"
run 0 'ms/inf' "$dir/two.dla" "-i $dir/a -i $dir/c" "-o $dir/x -o $dir/y"
same 'the first output of two, options in the argument' "$dir/a" "$dir/x"
same 'the second, likewise' "$dir/c" "$dir/y"
run 0 'Verified: 1 sample' "$dir/two.dla" -k 1 -i "$dir/c" -k 0 -i "$dir/b" -k 1 --verify "$dir/c"
run 1 'no file for input 1: -i is missing' "$dir/two.dla" -i "$dir/a"

run 0 'Verified: 1 sample' "$dir/m.dla" --zero-copy -i "$dir/b" --verify "$dir/b"
run 0 'Profile of the last inference' "$dir/m.dla" --profile -i "$dir/a"
busy=$(printf '%s\n' "$out" | sed -n 's/^  EDMA: 1 streams, \([0-9]*\) cycles busy (\(.*\) ms).*/\1 \2/p')
result "$(echo "$busy" | awk '!($1 > 0 && $2 > 0) { print "no time of EDMA: " $0 }')" \
	'--profile has the time of an engine'
run 3 'no device' "$dir/m.dla" --device /dev/accel/accel9 -i "$dir/a"
finish
