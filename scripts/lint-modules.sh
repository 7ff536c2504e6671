# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# For linters that build the modules. To be sourced after lint-lib.sh.

: "${lint_tmp:?}"
APU_LINT=$APU_BUILD/lint-work

# module_sources: those of the modules, in the working tree, one a line.
module_sources() {
	find Kbuild drivers uapi selftests/plant -type f ! -name '.*' ! -name '*.o' ! -name '*.ko' \
		! -name '*.mod' ! -name '*.mod.c'
}

# copy_modules DIR: the modules' sources, in DIR; what did not change keeps its time.
copy_modules() {
	mkdir -p "$1"
	module_sources | sync_files "$APU_TOP" "$1" "$1.list"
}

# hash_modules: a key for the modules' sources.
hash_modules() {
	local files
	mapfile -t files < <(module_sources)
	hash_files "${files[@]}"
}

# check_modules NAME KERNEL-TREE MAKE-ARGUMENT…: build the modules in a directory
# of their own; one test per source file, and one for the link. Warnings are
# errors, so a file with one has no object and is compiled again the next time.
check_modules() {
	local name=$1 tree=$2 work=$APU_LINT/${1//[^a-z0-9]/-} log=$lint_tmp/modules.log status=0 f bad
	shift 2
	if ! stamp_is "$work.stamp" "$tree $*"; then
		rm -rf "$work" "$work.list"
		mkdir -p "$APU_LINT"
		stamp_set "$work.stamp" "$tree $*"
	fi
	copy_modules "$work"
	# The kernel may be older than the host's pahole, which nothing here needs but make compares.
	! grep -qx CONFIG_PAHOLE_VERSION=0 "$tree/.config" || set -- PAHOLE=none "$@"
	make -k -s -C "$tree" ARCH=arm64 -j "$APU_JOBS" M="$work" W=1e "$@" modules \
		>"$log" 2>&1 || status=$?
	sed -i "s|$work/||g" "$log"
	for f in $(tracked 'drivers/*.[ch]' 'selftests/plant/*.c' ':!drivers/apu/probe'); do
		grep "^$f:.*\(warning\|error\):" "$log" >"$lint_tmp/found" || true
		if [[ $f == *.c && ! -e $work/${f%.c}.o ]]; then
			echo "$f: not compiled" >>"$lint_tmp/found"
		fi
		bad=0
		[ ! -s "$lint_tmp/found" ] || bad=1
		result "$name $f" "$bad" "$lint_tmp/found"
	done
	[ ! -s "$log" ] || status=1
	result "$name: link, without a word" "$status" "$log"
}
