#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What goes wrong before the device is needed, or because there is none. Prints TAP.
#
#   test.sh FACE-DETECT MAKE-DLA

set -u
prog=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
tests=0 failed=0

"$2" "$dir/other.dla" || exit 1
"$2" "$dir/cut.dla" || exit 1
truncate -s 700 "$dir/cut.dla"
echo text >"$dir/text.png"

# expect TEXT ARGUMENT…: status 1, and one line, which has the text.
expect() {
	text=$1
	shift
	out=$("$prog" "$@" 2>&1)
	got=$?
	tests=$((tests + 1))
	name=$(printf '%s ' face-detect "$@" | sed "s|$dir/||g")
	if [ "$got" -eq 1 ] && [ "$(printf '%s\n' "$out" | wc -l)" -eq 1 ] &&
	   printf '%s\n' "$out" | grep -qF -e "$text"; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name"
		printf '# status %d; output is not one line with "%s":\n' "$got" "$text"
		printf '%s\n' "$out" | sed 's/^/#   /'
		failed=1
	fi
}

expect 'Usage'
expect 'Usage' a b c d
expect 'No such file' "$dir/absent.dla" "$dir/text.png"
expect 'truncated' "$dir/cut.dla" "$dir/text.png"
expect 'not a .dla file' "$dir/text.png" "$dir/text.png"
expect 'not float32 of shape 1 x 128 x 128 x 3' "$dir/other.dla" "$dir/text.png"

"$2" --face "$dir/face.dla" || exit 1
base64 -d >"$dir/good.png" <<'END'
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==
END
head -c 40 "$dir/good.png" >"$dir/cut.png"
expect 'text.png: ' "$dir/face.dla" "$dir/text.png"
expect 'absent.png: ' "$dir/face.dla" "$dir/absent.png"
expect 'cut.png: ' "$dir/face.dla" "$dir/cut.png"
if [ ! -e /dev/accel ]; then
	expect 'no device' "$dir/face.dla" "$dir/good.png"
else
	tests=$((tests + 1))
	echo "ok $tests - no device # SKIP there may be one"
fi
echo "1..$tests"
exit $failed
