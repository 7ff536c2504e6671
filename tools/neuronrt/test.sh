#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What neuronrt does without a device: options, files, mode null. Prints TAP.
#
#   test.sh NEURONRT MAKE-DLA FAKE-DRM
#
# MAKE-DLA writes a small model with one input and one output of 64 bytes to the file it is given.
# FAKE-DRM is what fake_drm.c is built to.

set -u
rt=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tools/neuronrt/expect.sh
. "$(dirname "$0")/expect.sh"

"$2" "$dir/m.dla" || exit 1
head -c 64 /dev/zero >"$dir/one"
head -c 192 /dev/zero >"$dir/three"
cp "$dir/one" "$dir/with blank"
head -c 100 /dev/zero >"$dir/odd"
head -c 300 "$dir/m.dla" >"$dir/cut.dla"

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
result "$([ ! -e "$dir/x" ] || echo 'there is a file')" 'mode null writes no file'

# Devices that are not there.
hw() {
	LD_PRELOAD=$fake expect "$@" -m hw --device "$dir/node" -a "$dir/m.dla" -i "$dir/one"
}
fake=$(realpath "$3")
: >"$dir/node"
expect 3 'is not an APU' -m hw --device "$dir/node" -a "$dir/m.dla" -i "$dir/one"
FAKE_DENIED=$dir/node hw 3 'no permission'
FAKE_VERSION=9.0 hw 3 "version mismatch: the driver's interface is 9.0"
FAKE_VERSION=1.0 hw 3 'use both of one release'
FAKE_HARDWARE=2.0 hw 3 'version mismatch: the hardware is version 2.0'
FAKE_L1=64 hw 3 'the model does not fit: it needs 128 KiB of L1, the device has 64'
FAKE_EDMA=0 hw 3 'the model does not fit: it needs 1 EDMA, the device has 0'
"$2" --newer "$dir/m.dla" || exit 1
hw 3 'the model is compiled for hardware 1.1, this is 1.0: compile it for this one'

# Libraries that are not there, or are others.
mkdir "$dir/bin" "$dir/lib"
cp "$rt" "$dir/bin/neuronrt"
rt=$dir/bin/neuronrt
unset LD_LIBRARY_PATH
expect 127 'missing library: libapu.so.0: cannot open' -a "$dir/m.dla" -d
expect 127 'install it, or name its folder in LD_LIBRARY_PATH' -a "$dir/m.dla" -d
expect 0 'Usage:' --help
cp "$fake" "$dir/lib/libapu.so.0"
expect 127 'use a neuronrt and a libapu of one release' -a "$dir/m.dla" -d
finish
