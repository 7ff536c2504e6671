# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Common parts of the set-up, build and run scripts: places, progress lines,
# errors, locks and content stamps. Source it; it runs nothing by itself.

set -euo pipefail

APU_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
APU_CACHE=${APU_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/apu-stack}
APU_BUILD=$APU_TOP/build
APU_LOGS=$APU_BUILD/logs
APU_JOBS=${APU_JOBS:-$(nproc)}
# The suite that sources, guest tree and borrowed build tools come from.
APU_SUITE=trixie
export APU_CACHE APU_SUITE LC_ALL=C.UTF-8

# Started by make: its options and variables are not for other projects' makefiles.
unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL

mkdir -p "$APU_CACHE/locks" "$APU_LOGS"

# --- messages ---------------------------------------------------------------

# die TEXT: one line that says what is missing and what to do about it.
die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

# show_help: the head of the script, from the line with its usage to the first blank one.
show_help() {
	sed -n "/^#   ${0##*/}/,/^\$/s/^#\( \{0,3\}\|\$\)//p" "$0"
}

note() {
	printf '   %s\n' "$*"
}

now_ms() {
	local t=$EPOCHREALTIME
	printf '%s' $(( ${t%[.,]*} * 1000 + 10#${t#*[.,]} / 1000 ))
}

# elapsed START_MS: the time since then as "12.3 s".
elapsed() {
	local ms=$(( $(now_ms) - $1 ))
	printf '%d.%d s' $(( ms / 1000 )) $(( ms % 1000 / 100 ))
}

# step NAME TEXT COMMAND…: one line at the start, the time at the end, the
# command's output in build/logs/NAME.log, its end on the terminal if it fails.
step() {
	local name=$1 text=$2 log start status=0
	shift 2
	log=$APU_LOGS/$name.log
	start=$(now_ms)
	printf '== %s … ' "$text"
	# Not `( … ) || status=$?`: that would switch errexit off inside.
	set +e
	( set -e; "$@" ) >"$log" 2>&1 </dev/null
	status=$?
	set -e
	if [ "$status" -eq 0 ]; then
		elapsed "$start"
		echo
		return 0
	fi
	printf 'FAILED after %s\n' "$(elapsed "$start")"
	tail -n 25 "$log" | sed 's/^/   | /'
	if grep -q '^error: ' "$log"; then
		grep '^error: ' "$log" | tail -n 1 >&2
	else
		printf 'error: %s: exit status %d, whole log: %s\n' \
			"$text" "$status" "build/logs/$name.log" >&2
	fi
	exit "$status"
}

# cached TEXT: the line for a step that had nothing to do.
cached() {
	printf '== %s … up to date\n' "$1"
}

# --- checks -----------------------------------------------------------------

# need_space DIR MIB: fail unless so many MiB are free where DIR is.
need_space() {
	local free
	mkdir -p "$1"
	free=$(df --output=avail -BM "$1" | tail -n 1 | tr -dc 0-9)
	[ "$free" -ge "$2" ] ||
		die "$1 has $free MiB free, $2 MiB are needed; free some or set APU_CACHE to another disk"
}

need_command() {
	local cmd
	for cmd; do
		command -v "$cmd" >/dev/null ||
			die "command '$cmd' is missing: run 'make setup'"
	done
}

# --- kernels ----------------------------------------------------------------

# kernels_in LIST: those that a line of scripts/kernel/lists names.
kernels_in() {
	sed -n "s/^$1: //p" "$APU_TOP/scripts/kernel/lists"
}

# --- content stamps ---------------------------------------------------------

# hash_of WORD…: a short key for a list of words.
hash_of() {
	printf '%s\n' "$@" | sha256sum | cut -c1-16
}

# hash_files FILE…: a short key for the names (below the checkout) and contents
# of files; a directory stands for all files in it.
hash_files() {
	local f
	for f; do
		find "$f" -type f -print0
	done | sort -z | xargs -0 -r sha256sum | sed "s|  $APU_TOP/|  |" |
		sha256sum | cut -c1-16
}

# stamp_is FILE KEY: does FILE hold KEY?
stamp_is() {
	[ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

# Parts of check that run at a time may set the same one.
stamp_set() {
	printf '%s\n' "$2" >"$1.$$"
	mv "$1.$$" "$1"
}

# keep_used ENTRY: note that an entry of the cache, a directory or a file, is in use, and drop
# those beside it that nothing has used for two weeks: trees of QEMU and Linux are large.
keep_used() {
	local used
	touch "$1.used"
	for used in "$(dirname "$1")"/*.used; do
		[ -n "$(find "$used" -mtime +14 2>/dev/null)" ] || continue
		rm -rf "${used%.used}" "$used"
	done
}

# --- locks ------------------------------------------------------------------

# with_lock NAME COMMAND…: run it while no other process, of this clone or of
# another that shares the cache, runs under the same name.
with_lock() {
	local name=$1 fd
	shift
	exec {fd}>"$APU_CACHE/locks/$name"
	if ! flock -n "$fd"; then
		note "waiting for another run of '$name'"
		flock "$fd"
	fi
	"$@"	# a failure ends the script, and with it the lock
	exec {fd}>&-
}

# tmp_dir PARENT: a new directory in PARENT, on the same file system so that a
# rename from it is atomic. Leftovers of runs that were cut short go away first.
tmp_dir() {
	local d
	mkdir -p "$1"
	for d in "$1"/.tmp.*; do
		[ -d "$d" ] || continue
		kill -0 "${d##*.}" 2>/dev/null || rm -rf "$d"
	done
	d=$1/.tmp.$$
	rm -rf "$d"
	mkdir "$d"
	printf '%s' "$d"
}

# --- copies -----------------------------------------------------------------

# sync_files FROM TO MANIFEST: copy the files named on standard input (relative
# to FROM) to TO. Only those whose content differs are touched, so that make and
# ninja rebuild no more than needed; files that an earlier call copied and that
# are named no more go away. MANIFEST remembers them.
sync_files() {
	sort >"$3.new"
	if [ -f "$3" ]; then
		comm -23 "$3" "$3.new" | (cd "$2" && xargs -r -d '\n' rm -f)
	fi
	rsync -rlpc --files-from="$3.new" "$1/" "$2/"
	mv "$3.new" "$3"
}
