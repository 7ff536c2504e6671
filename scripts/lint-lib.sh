# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Common parts of the linters in lint.d: which files there are, and TAP. A
# linter that lacks a tool ends without a plan, which counts as a failure.

# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

lint_count=0
lint_failed=0
lint_memory=
lint_tmp=$(tmp_dir "$APU_BUILD/lint-tmp")
trap 'rm -rf "$lint_tmp"' EXIT
cd "$APU_TOP"

# need_command COMMAND…: as in lib.sh, with the way to get a linter.
need_command() {
	local cmd
	for cmd; do
		command -v "$cmd" >/dev/null ||
			die "command '$cmd' is missing: run 'scripts/setup-host lint'"
	done
}

# A git hook that calls this may name another tree.
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

# tracked [PATHSPEC…]: the files that git knows and that are there, one a line.
tracked() {
	local f
	git ls-files -- "$@" | while IFS= read -r f; do
		[ ! -f "$f" ] || [ -L "$f" ] || printf '%s\n' "$f"
	done
}

# generated FILE: is it made by gen-regs.py?
generated() {
	head -n 5 "$1" | grep -q 'scripts/gen-regs.py: do not edit'
}

# tracked_by_hand [PATHSPEC…]: the same without the generated files.
tracked_by_hand() {
	local f
	tracked "$@" | while IFS= read -r f; do
		generated "$f" || printf '%s\n' "$f"
	done
}

# interpreted REGEX: the tracked files whose first line names such an interpreter.
interpreted() {
	local f line
	tracked | while IFS= read -r f; do
		line=
		IFS= read -r line <"$f" 2>/dev/null || true
		[[ ! $line =~ ^#!.*[/\ ]($1)( |$) ]] || printf '%s\n' "$f"
	done
}

# reuse WORD…: if a run of this linter has passed with the same words (all that it depends
# on: its tool, the contents of the files), its results are given again. What is in the
# linter itself counts too.
reuse() {
	local dir
	dir=$APU_CACHE/lint/$(basename "$0")
	mkdir -p "$dir"
	lint_memory=$dir/$(hash_of "$@" "$(hash_files "$0" "$APU_TOP"/scripts/lint-*.sh)")
	keep_used "$lint_memory"
	if [ -f "$lint_memory" ]; then
		cat "$lint_memory"
		exit 0
	fi
}

say() {
	printf '%s\n' "$1" | tee -a "$lint_tmp/tap"
}

# result TEXT STATUS [FILE]: one line of TAP; FILE holds what to tell if STATUS
# is not 0.
result() {
	lint_count=$((lint_count + 1))
	if [ "$2" -eq 0 ]; then
		say "ok $lint_count - $1"
		return
	fi
	lint_failed=1
	say "not ok $lint_count - $1"
	[ $# -lt 3 ] || cat "$3" >&2
}

# one FUNCTION FILE: what it prints; if it fails without a word, that.
one() {
	local status=0 said
	said=$("$1" "$2" 2>&1) || status=$?
	if [ -n "$said" ]; then
		printf '%s\n' "$said"
	elif [ "$status" -ne 0 ]; then
		echo "$2: exit status $status"
	fi
}

# each TEXT FUNCTION FILE…: one test per file, which passes if FUNCTION FILE
# succeeds and prints nothing. APU_JOBS run at the same time.
each() {
	local text=$1 function=$2 i=0 bad f
	shift 2
	rm -rf "$lint_tmp/each"
	mkdir "$lint_tmp/each"
	for f; do
		while [ "$(jobs -rp | wc -l)" -ge "$APU_JOBS" ]; do
			wait -n || true
		done
		one "$function" "$f" >"$lint_tmp/each/$i" 2>&1 </dev/null &
		i=$((i + 1))
	done
	wait
	i=0
	for f; do
		bad=0
		[ ! -s "$lint_tmp/each/$i" ] || bad=1
		result "$text $f" "$bad" "$lint_tmp/each/$i"
		i=$((i + 1))
	done
}

# finish: the plan, last. The linter's exit status says whether all passed.
finish() {
	say "1..$lint_count"
	if [ -n "$lint_memory" ] && [ "$lint_failed" -eq 0 ]; then
		cp "$lint_tmp/tap" "$lint_memory.$$"
		mv "$lint_memory.$$" "$lint_memory"
	fi
	exit "$lint_failed"
}

# sources_of_kernel: the sources of the newest kernel, whose tools are used.
sources_of_kernel() {
	local dir=$APU_BUILD/kernel/next-plain/source
	[ -d "$dir" ] || die "the kernel is not built: run 'make kernel'"
	readlink -f "$dir"
}
