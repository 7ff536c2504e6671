# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# scripts/vm fault, qmp, gdb: what is done to a machine that runs. To be sourced.

: "${vms:?}" "${monitor:?}"

# attach MODE [--name NAME] ARGUMENT…: does not return.
attach() {
	local mode=$1 run=$vms/vm
	shift
	if [ "${1:-}" = --name ]; then
		run=$vms/${2:-}
		shift 2
	fi
	[ -S "$run/qmp" ] || die "vm $mode: no machine runs in build/vm/${run##*/}"
	case $mode in
	fault)
		[ $# -eq 1 ] || die "vm fault: one RULE is needed, '' for none"
		# In quotes: a string even if it looks like JSON.
		exec "$monitor" qmp "$run" qom-set path=/machine/apu property=fault "value=\"$1\"" ;;
	qmp)
		[ $# -ge 1 ] || die "vm qmp: a COMMAND is needed, as query-status"
		exec "$monitor" qmp "$run" "$@" ;;
	gdb) attach_gdb "$run" ;;
	esac
}

# The kernel has symbols only, the modules have lines.
attach_gdb() {
	local run=$1 kernel module ko gdb=gdb-multiarch
	[ -S "$run/gdb" ] || die "vm gdb: the machine was not started with --gdb"
	command -v "$gdb" >/dev/null || die "command '$gdb' is missing: apt-get install $gdb"
	[ -s "$run/sections" ] || die "vm gdb: the modules are not loaded yet"
	kernel=$(cat "$run/kernel")
	{
		echo 'set architecture aarch64'
		echo "file $APU_BUILD/kernel/$kernel/vmlinux"
		echo 'target remote gdb'
		for module in apu_power apu; do
			ko=$(find "$APU_BUILD/modules/$kernel" -name "${module//_/-}.ko")
			if [ -z "$ko" ] || ! grep -q "^$module " "$run/sections"; then
				continue
			fi
			awk -v module="$module" -v ko="$ko" '$1 == module &&
				$2 ~ /^\.(text|data|bss|rodata|init.text)$/ { at = at " -s " $2 " " $3 }
				END { print "add-symbol-file " ko at }' "$run/sections"
		done
	} >"$run/gdb-commands"
	# The address of a socket is short.
	cd "$run" || exit
	exec "$gdb" -q -x gdb-commands
}
