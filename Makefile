# SPDX-License-Identifier: MIT
#
# Front door: every target calls a script in scripts/ or the Makefile of a part.
# "make help" lists them.

KERNEL  ?= lts
FLAVOUR ?= plain

BUILD   := $(CURDIR)/build
K       := $(KERNEL)-$(FLAVOUR)
S       := scripts
CROSS   := $(BUILD)/bin/aarch64-apu-cc
JOBS    := $(or $(APU_JOBS),$(shell nproc))
export KERNEL FLAVOUR

# Steps come one after the other, each with as many jobs as there are processors.
.NOTPARALLEL:

# User-space parts are built twice from the same source: for this host, to run
# the compiler and the unit tests, and for the guest. Both calls get the same
# variables; results go to $(BUILD)/{bin,lib,include,…}.
HOST  = BUILD=$(BUILD)/host CC=gcc AR=ar SYSROOT=
GUEST = BUILD=$(BUILD)/guest CC=$(CROSS) AR=aarch64-linux-gnu-ar SYSROOT=$(BUILD)/rootfs CROSS_COMPILE=aarch64-linux-gnu-
# part DIR VARIABLES: build it if it is there.
part  = $(if $(wildcard $(1)/Makefile),+@$(S)/run-step $(1)-$(2) "$(1) for the $(2)" $(MAKE) -j$(JOBS) -C $(1) $(3) all,@echo "== $(1) for the $(2) … not there")

.DEFAULT_GOAL := help
.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16
	@echo
	@echo "KERNEL=lts|next and FLAVOUR=plain|debug choose the kernel (now $(K))."
	@echo "APU_CACHE is where what is fetched and built once is kept."

.PHONY: demo check lint lint-selftest lint-tools bench-infer shell
demo: qemu kernel modules tools examples demo-input ## from nothing to a face found: build all, run a network on the APU
	@$(S)/demo

check: ready ## run every test; the last line counts them
	@$(S)/check

lint: lint-tools ## look for faults in the sources; the last line counts the checks
	@$(S)/lint

lint-selftest: lint-tools ## plant a fault for every linter and see that it is found
	@$(S)/lint-selftest

# The kernel that the modules are checked against does not follow KERNEL.
lint-tools: qemu
	@$(S)/setup-host lint
	@$(S)/build-kernel lts plain

bench-infer: all ## measure inferences
	@$(S)/bench-infer

shell: all ## a prompt inside the test machine
	@$(S)/vm shell --kernel $(K)

.PHONY: all ready setup qemu kernel rootfs modules hal tools examples selftests oracle demo-input
all: qemu kernel modules hal tools examples ## build everything that the test machine needs

ready: all selftests oracle demo-input ## build everything that "check" needs

setup: ## install the host packages (Debian 12 or 13)
	@$(S)/setup-host

qemu: setup ## the emulator with the APU
	@$(S)/build-qemu

kernel: setup ## the guest's kernel
	@$(S)/build-kernel $(KERNEL) $(FLAVOUR)

rootfs: setup ## the guest's root tree, also the cross compiler's sysroot
	@$(S)/build-rootfs

modules: kernel ## the kernel driver
	@$(S)/build-modules $(K)

hal: rootfs ## the user-space library and the Neuron runtime
	$(call part,hal,host,$(HOST))
	$(call part,hal,guest,$(GUEST))

tools: hal ## the model compiler and the runners
	$(call part,tools,host,$(HOST))
	$(call part,tools,guest,$(GUEST))

examples: hal ## example programs
	$(call part,examples,guest,$(GUEST))

selftests: hal modules ## the tests that run in the guest
	$(call part,selftests,guest,$(GUEST))

oracle: setup ## TensorFlow Lite's reference kernels, to compare with
	@$(S)/build-oracle

demo-input: setup ## a network and two pictures from public packages
	@$(S)/fetch-demo

.PHONY: generate clean distclean
generate: ## write the register headers anew from the specification
	python3 $(S)/gen-regs.py

clean: ## remove what this checkout has built; the cache stays
	rm -rf build

distclean: clean ## remove the cache too: the next build fetches all again
	$(S)/clean-cache
