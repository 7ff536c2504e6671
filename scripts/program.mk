# SPDX-License-Identifier: MIT
#
# How a program that uses libapu is built. A Makefile in a directory two levels below
# the top sets
#
#   NAME      the program's
#   SRCS      its sources
#   APU       shared: links libapu.so; loaded: loads that itself; static: links libapu.a,
#             and may use what is internal to it
#   LIBS      what else it links
#   MAN       its manual page, if it has one
#
# and includes this, which has the targets all, install and clean, and rules for objects.

HAL := ../../hal

BUILD   ?= $(abspath ../../build/host)
DESTDIR ?=
prefix  ?= /usr/local

OBJ := $(BUILD)/obj/$(NAME)
BIN := $(BUILD)/bin/$(NAME)
# Writes a small model for tests.
MAKE_DLA := $(BUILD)/obj/hal/make-dla

CPPFLAGS += -I$(HAL)/include $(if $(filter static,$(APU)),-I$(HAL)/src) -D_GNU_SOURCE
CFLAGS   ?= -O2 -g
CFLAGS   += -std=c11 -Wall -Wextra -Werror
APU_loaded := -ldl -Wl,--enable-new-dtags,-rpath,'$$ORIGIN/../lib'
APU_shared := -L$(BUILD)/lib -lapu $(APU_loaded)
APU_static := $(BUILD)/lib/libapu.a
LIBAPU   := $(BUILD)/lib/libapu.$(if $(filter static,$(APU)),a,so)

.PHONY: all
all: $(BIN)

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Of a shared library only the interface matters, and that is in its name.
ifeq ($(APU),static)
$(BIN): $(LIBAPU)
endif
$(BIN): $(SRCS:%.c=$(OBJ)/%.o) | $(LIBAPU)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(APU_$(APU)) $(LIBS)

$(LIBAPU):
	$(MAKE) -C $(HAL) all

.PHONY: make-dla
make-dla:
	@$(MAKE) -C $(HAL) $(MAKE_DLA)

.PHONY: install
install: all
	install -D -m 755 $(BIN) $(DESTDIR)$(prefix)/bin/$(NAME)
	$(if $(MAN),install -D -m 644 $(MAN) $(DESTDIR)$(prefix)/share/man/man1/$(MAN))

.PHONY: clean
clean:
	rm -rf $(OBJ) $(BIN)

-include $(wildcard $(OBJ)/*.d)
