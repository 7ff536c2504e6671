# shellcheck shell=bash
# SPDX-License-Identifier: MIT
#
# Common parts of the conformance tests. Source it. TAP goes to standard output,
# everything else to standard error.

# shellcheck source=../lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

NCC=${NCC:-$APU_BUILD/host/bin/ncc-tflite}
ORACLE=$APU_BUILD/bin/tfl-oracle
# shellcheck disable=SC2034	# for those that source this
MODELS=${APU_MODELS:-$APU_TOP/../shared/models}
KERNEL_NAME=${KERNEL:-lts}-${FLAVOUR:-plain}
export PYTHONDONTWRITEBYTECODE=1

tap_count=0
tap_failed=0

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

# ok TEXT: a test that passed.
ok() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1"
}

# not_ok TEXT [DETAIL]
not_ok() {
	tap_count=$((tap_count + 1))
	tap_failed=$((tap_failed + 1))
	echo "not ok $tap_count - $1"
	[ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/# /'
}

# skip TEXT REASON
skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count - $1 # SKIP $2"
}

# tap_end: the plan; exit status 1 if a test failed.
tap_end() {
	echo "1..$tap_count"
	[ "$tap_failed" -eq 0 ] || exit 1
	exit 0
}

need_machine() {
	[ -x "$NCC" ] || die "the compiler is not built: run 'make tools'"
	[ -x "$APU_BUILD/bin/qemu-system-aarch64" ] || die "the emulator is not built: run 'make qemu'"
	[ -e "$APU_BUILD/guest/modules/$KERNEL_NAME/apu.ko" ] ||
		die "the driver is not built: run 'make modules'"
	[ -e "$APU_BUILD/guest/lib/libapu.so" ] || die "the library is not built: run 'make hal'"
}

# need_oracle: skips all tests if the reference kernels are not to be had.
need_oracle() {
	[ ! -s "$APU_BUILD/oracle.skip" ] || skip_all "$(cat "$APU_BUILD/oracle.skip")"
	[ -x "$ORACLE" ] || die "the oracle is not built: run 'make oracle'"
	printf '# %s\n' "$("$ORACLE" --version)"
	[ ! -s "$APU_BUILD/oracle.version" ] || sed 's/^/# /' "$APU_BUILD/oracle.version"
}

# build_batch: dla-batch for the guest, as /apu/tests/dla-batch. Several tests that run at
# a time may find it missing.
build_batch() {
	local source=$APU_TOP/scripts/oracle/dla-batch.c to=$APU_BUILD/guest/tests/dla-batch
	local library=$APU_BUILD/guest/lib/libapu.so
	if [ "$to" -nt "$source" ] && [ "$to" -nt "$library" ]; then
		return
	fi
	mkdir -p "$APU_BUILD/guest/tests"
	"$APU_BUILD/bin/aarch64-apu-cc" -std=gnu11 -O2 -Wall -Wextra \
		-I"$APU_TOP/hal/include" "$source" -o "$to.$$" \
		-L"$APU_BUILD/guest/lib" -lapu -Wl,-rpath-link,"$APU_BUILD/guest/lib" >&2
	mv "$to.$$" "$to"
}

# in_guest NAME SECONDS COMMAND…: its output goes to standard error.
in_guest() {
	local name=$1 limit=$2
	shift 2
	"$APU_TOP/scripts/vm" run --kernel "$KERNEL_NAME" --name "$name" \
		--timeout "$limit" -- "$@" >&2
}
