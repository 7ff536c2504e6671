# SPDX-License-Identifier: GPL-2.0-only
#
# The collection "apu" of kselftest: what the Makefile would be in the kernel's
# tools/testing/selftests, by the kernel's own rules. See Makefile.

# Hardware that does not answer is waited for, again and again: a part of check-all.
LADDER := apu_ladder
# Every other program there is, so that none is forgotten.
TEST_GEN_PROGS := $(filter-out apu_test $(LADDER),$(basename $(wildcard apu_*.c)))
TEST_PROGS := $(wildcard apu_*.sh)
# Installed, but run by name only.
TEST_GEN_PROGS_EXTENDED := fuzz_ioctl hang soak $(LADDER) $(basename $(wildcard bench_*.c))
TEST_PROGS_EXTENDED := late.sh sleep.sh

SELFTESTS := $(KSRC)/tools/testing/selftests
UAPI := ../uapi/drm/apu_accel.h ../hal/include/apu/apu_isa.h
LOCAL_HDRS := apu_test.h apu_uapi.h fault_port.h fuzz.h gang.h $(UAPI)

# Headers of the kernel's interface come from the root tree, ours from here.
KHDR_INCLUDES := -isystem $(SYSROOT)/usr/include/libdrm -I../uapi -I../hal/include
CFLAGS += -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-sign-compare -Wno-unused-parameter
CFLAGS += -D_GNU_SOURCE= -isystem $(SELFTESTS) $(KHDR_INCLUDES)

include $(SELFTESTS)/lib.mk

$(TEST_GEN_PROGS) $(TEST_GEN_PROGS_EXTENDED): apu_test.c fault_port.c

$(addprefix $(OUTPUT)/,apu_crowd apu_dump apu_ladder apu_recovery apu_residue soak): gang.c

$(OUTPUT)/fuzz_ioctl: fuzz_calls.c fuzz_cov.c fuzz_program.c
