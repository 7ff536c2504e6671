#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What dla-dump prints of a small model, and that readelf has nothing to complain of. Prints TAP.
#
#   test.sh DLA-DUMP MAKE-DLA

set -u
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck source=tools/tap.sh
. "$(dirname "$0")/../tap.sh"

"$2" "$dir/m.dla" || exit 1
"$1" -c "$dir/m.dla" >"$dir/out" || exit 1
readelf -aW "$dir/m.dla" >"$dir/elf" 2>&1
elf=$?

has out 'format 1.1, hardware 1.0, compiler "dla_builder 1"'
has out 'engines: 1 EDMA'
has out 'static: 100 bytes'
has out 'temporary: 4096 bytes'
has out 'metadata "author" = "me"'
has out 'input 0: "in" <1 x 64> INT8, 64 bytes, pitch 64, region 4'
has out 'output 0: "out" <1 x 64> INT8, 64 bytes, pitch 64, region 5'
has out 'scale 0.25 zero point 7'
has out 'stream 0 on EDMA: 184 bytes at text+0x0'
has out 'COPY src=IN0+0x0 dst=TEMP+0x0'
has out 'COPY src=TEMP+0x0 dst=OUT0+0x0'
has out 'END'
has elf 'Displaying notes found in: .note.apu'
[ "$elf" -eq 0 ] && ! grep -iE 'warning|error|corrupt' "$dir/elf"
ok 'readelf -a is clean' $?
finish
