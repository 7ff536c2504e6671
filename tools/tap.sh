# shellcheck shell=sh
# SPDX-License-Identifier: MIT
#
# TAP for tests of programs in this directory. Source it with $dir set to a folder for files.

: "${dir:?}"
tests=0 failed=0

# ok NAME STATUS
ok() {
	tests=$((tests + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $tests - $1"
	else
		echo "not ok $tests - $1"
		failed=1
	fi
}

# has FILE TEXT
has() {
	grep -qF -e "$2" "$dir/$1"
	ok "$1: $2" $?
}

finish() {
	echo "1..$tests"
	exit $failed
}
