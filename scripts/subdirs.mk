# SPDX-License-Identifier: MIT
#
# A directory of programs: all, clean and check in each subdirectory with a Makefile. BUILD is an
# absolute directory; binaries go to $(BUILD)/bin. CC selects native or cross compilation.

BUILD ?= $(abspath ../build/host)
CC ?= gcc
export BUILD CC

SUBDIRS := $(patsubst %/Makefile,%,$(wildcard */Makefile))

all clean check: $(SUBDIRS)

$(SUBDIRS):
	$(MAKE) -C $@ $(MAKECMDGOALS)

.PHONY: all clean check $(SUBDIRS)
