# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For what proves that checks can fail: a copy of this checkout with planted
# faults, and TAP. To be sourced after lib.sh.

verdicts=0
verdicts_bad=0

# copy_checkout DIR: the files that git knows, as they are in the working tree, and
# the kernels and programs that were built, in DIR, which becomes the directory. What is
# there from an earlier call is brought up to date.
copy_checkout() {
	mkdir -p "$1/build"
	cd "$APU_TOP" || exit
	git ls-files | while IFS= read -r f; do
		[ ! -e "$f" ] || printf '%s\n' "$f"
	done | sync_files "$APU_TOP" "$1" "$1/build/copied.list"
	cd "$1" || exit
	rm -rf build/kernel build/bin
	cp -RP "$APU_BUILD/kernel" build/
	# Links: what is built anew in the copy takes the place of one.
	cp -Rs "$APU_BUILD/bin" build/bin
	[ -d .git ] || git init -q
	git add .
}

# copy_machine DIR: the same, and what the test machine needs.
copy_machine() {
	copy_checkout "$1"
	mkdir -p build/guest build/host
	rsync -a "$APU_BUILD/guest/" build/guest/
	ln -sfn "$APU_BUILD/rootfs" build/rootfs
	"$APU_TOP/scripts/build-initramfs" || exit
	cp "$APU_BUILD"/initramfs.cpio* build/
}

# add FILE: appends standard input.
add() {
	[ -e "$1" ] || die "there is no $1 any more to plant a fault in"
	cat >>"$1"
}

# change SED-SCRIPT FILE: which must change something.
change() {
	[ -e "$2" ] || die "there is no $2 any more to plant a fault in"
	cp "$2" "$2.before"
	sed -i "$1" "$2"
	! cmp -s "$2.before" "$2" || die "to plant a fault: no '$1' in $2"
	rm "$2.before"
}

# verdict TEXT STATUS: a line of TAP.
verdict() {
	verdicts=$((verdicts + 1))
	if [ "$2" -eq 0 ]; then
		echo "ok $verdicts - $1"
	else
		echo "not ok $verdicts - $1"
		# shellcheck disable=SC2034	# read by those that source this
		verdicts_bad=1
	fi
}
