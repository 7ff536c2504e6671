# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# Common parts of the tests of neuronrt: TAP. Source it with $rt set to the program and $dir to a
# folder for files.

: "${rt:?}" "${dir:?}"
tests=0 failed=0

# result BAD NAME: BAD is empty, or lines that say what is wrong.
result() {
	tests=$((tests + 1))
	if [ -z "$1" ]; then
		echo "ok $tests - $2"
	else
		echo "not ok $tests - $2"
		printf '%s\n' "$1" | sed 's/^/# /'
		failed=1
	fi
}

# expect STATUS TEXT ARGUMENT…: the status, and a line of output that has the text.
expect() {
	want=$1 text=$2
	shift 2
	out=$("$rt" "$@" 2>&1)
	got=$?
	name="$(printf '%s ' neuronrt "$@" | sed "s|$dir/||g"): $text"
	if [ "$got" -eq "$want" ] && printf '%s\n' "$out" | grep -qF -e "$text"; then
		result '' "$name"
	else
		result "status $got, not $want; output without \"$text\":
$out" "$name"
	fi
}

# same NAME FILE FILE
same() {
	result "$(cmp "$2" "$3" 2>&1)" "$1"
}

finish() {
	echo "1..$tests"
	exit $failed
}
