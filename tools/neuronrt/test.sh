#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What neuronrt does without a device: options, files, mode null. Prints TAP.
#
#   test.sh NEURONRT MAKE-DLA
#
# MAKE-DLA writes a small model with one input and one output of 64 bytes to the file it is given.

set -u
rt=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tests=0 failed=0

"$2" "$dir/m.dla" || exit 1
head -c 64 /dev/zero >"$dir/one"
head -c 192 /dev/zero >"$dir/three"
cp "$dir/one" "$dir/with blank"
head -c 100 /dev/zero >"$dir/odd"
head -c 300 "$dir/m.dla" >"$dir/cut.dla"

# expect STATUS TEXT ARGUMENT…: the status, and a line of output that has the text.
expect() {
	want=$1 text=$2
	shift 2
	out=$("$rt" "$@" 2>&1)
	got=$?
	tests=$((tests + 1))
	name=$(printf '%s ' neuronrt "$@" | sed "s|$dir/||g")
	if [ "$got" -eq "$want" ] && printf '%s\n' "$out" | grep -qF -e "$text"; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		printf '# status %d, not %d; output without "%s":\n' "$got" "$want" "$text"
		printf '%s\n' "$out" | sed 's/^/#   /'
		failed=1
	fi
}

expect 0 'Usage:' --help
expect 1 '-a is missing'
expect 1 'hw or null' -m cmodel -a "$dir/m.dla"
expect 1 'there is no C model' -m cmodel -a "$dir/m.dla"
expect 1 'wants turbo' -a "$dir/m.dla" -r fast
expect 1 '--verify wants -m hw' -a "$dir/m.dla" --verify "$dir/one"
expect 1 'the model has 1 input' -a "$dir/m.dla" -i "$dir/one $dir/three"
expect 1 'the model has 1 input' -a "$dir/m.dla" "-i $dir/one -i $dir/three"
expect 0 'nothing was run' -a "$dir/m.dla" "-i $dir/one"
expect 0 'nothing was run' -a "$dir/m.dla" -i "$dir/with blank"
expect 0 'nothing was run' -a "$dir/m.dla" -r turbo -b 50 -i "$dir/one"
expect 1 'from 1 to' -a "$dir/m.dla" -c 0
expect 1 'from 0 to 100' -a "$dir/m.dla" -b 101
expect 1 'the model has 1 input' -a "$dir/m.dla" -i "$dir/one" -i "$dir/one"
expect 1 'the model has 1 output' -a "$dir/m.dla" -i "$dir/one" -k 3 -o "$dir/x"
expect 1 'two files' -a "$dir/m.dla" -k 0 -i "$dir/one" -k 0 -i "$dir/one"
expect 2 'No such file' -a "$dir/absent.dla"
expect 2 'bad model' -a "$dir/one"
expect 2 'truncated' -a "$dir/cut.dla"
expect 2 'No such file' -a "$dir/m.dla" -i "$dir/absent"
expect 2 'has 192 bytes, the model wants 64' -a "$dir/m.dla" -i "$dir/three"
expect 2 'no multiple' -a "$dir/m.dla" --samples -i "$dir/odd"
expect 0 'Input: Handle = 0, <1 x 64>, INT8, 64 bytes' -a "$dir/m.dla" -d
expect 0 'Output: Handle = 0, <1 x 64>, INT8, 64 bytes' -a "$dir/m.dla" -d
expect 0 'nothing was run' -m null -a "$dir/m.dla" -i "$dir/one"
expect 0 'nothing was run' -a "$dir/m.dla" --samples -i "$dir/three" -o "$dir/x"
expect 3 'no device' -m hw --device "$dir/node" -a "$dir/m.dla" -i "$dir/one"
tests=$((tests + 1))
if [ ! -e "$dir/x" ]; then
	echo "ok $tests - mode null writes no file"
else
	echo "not ok $tests - mode null writes no file"
	failed=1
fi
echo "1..$tests"
exit $failed
