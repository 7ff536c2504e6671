# SPDX-License-Identifier: MIT
#
# Front door: every target calls a script in scripts/ or the Makefile of a part.
# "make help" lists them.

KERNEL  ?= lts
FLAVOUR ?= plain
# "check" runs on the kernels of scripts/kernel/lists, or on one if the command line
# names it.
list     = $(shell sed -n 's/^$(1): //p' scripts/kernel/lists)
named   := $(filter-out file,$(origin KERNEL) $(origin FLAVOUR))
KERNELS ?= $(if $(named),$(K),$(call list,check))

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
	@echo "KERNEL=lts|next and FLAVOUR=plain|debug|race|cov|perf choose the kernel (now"
	@echo "$(K)). Without them, check runs on: $(KERNELS)."
	@echo "APU_CACHE is where what is fetched and built once is kept."

.PHONY: demo check check-all check-ops coverage fuzz mutants soak lint lint-selftest lint-tools bench-hal bench-infer bench-power bench-submit shell
demo: qemu modules tools examples demo-input ## from nothing to a face found: build all, run a network on the APU
	@$(S)/demo

check: ready ## run the tests; the last line counts them
	@KERNELS="$(KERNELS)" $(S)/check

check-all: KERNELS := $(if $(named),$(K),$(call list,check-all))
check-all: lint-tools ## run every test on every kernel; takes hours from nothing
	+@$(MAKE) --no-print-directory ready KERNELS="$(KERNELS)"
	@KERNELS="$(KERNELS)" $(S)/check --all

check-ops: qemu modules hal tools oracle ## more than 3,000 random models against TensorFlow Lite
	@$(S)/run-parts check-all "Operators" 75-ops

lint: lint-tools ## look for faults in the sources; the last line counts the checks
	@$(S)/lint

lint-selftest: lint-tools ## plant a fault for every linter and see that it is found
	@$(S)/lint-selftest

# The kernels that the modules are checked against do not follow KERNEL.
lint-tools: qemu $(patsubst %,kernel-%,$(call list,check))
	@$(S)/setup-host lint

# FAULTS="--part driver --listed": options of scripts/mutants.
mutants: ## plant small faults and see that tests find them; FAULTS='--help' for options
	+@$(MAKE) --no-print-directory ready KERNELS="$(sort $(call list,check) lts-race)"
	@$(S)/build-qemu qtests
	@$(S)/mutants $(FAULTS)

coverage: ## which lines the tests reach: table, and a report in build/coverage/html
	@$(S)/setup-host coverage
	+@$(MAKE) --no-print-directory ready KERNELS='lts-cov next-plain'
	@$(S)/build-qemu qtests
	@$(S)/coverage $(PARTS)

fuzz: ## call the driver's ioctls at random; MINUTES=10 on each kernel, SEED=1
	+@$(MAKE) --no-print-directory qemu modules-lts-cov modules-lts-debug selftests
	@$(S)/fuzz

soak: ## everything that a client can do, with faults; MINUTES=30, SEED=1
	+@$(MAKE) --no-print-directory qemu modules-$(K) selftests
	@$(S)/soak $(K)

bench-infer: all ## measure inferences
	@$(S)/bench-infer

bench-power: qemu modules-next-plain tools ## how long real networks keep power domains on
	@KERNEL=next FLAVOUR=plain $(S)/bench-power

bench-hal: qemu modules-next-perf hal ## count the instructions and system calls of an inference
	@$(S)/bench-hal

bench-submit: qemu modules-next-perf selftests ## count the instructions of submitting and waiting
	@$(S)/bench-submit

shell: all ## a prompt inside the test machine
	@$(S)/vm shell --kernel $(K)

.PHONY: all ready setup qemu kernel rootfs modules hal tools examples selftests oracle demo-input
all: qemu modules hal tools examples ## build everything that the test machine needs

ready: qemu $(KERNELS:%=modules-%) hal tools examples selftests oracle demo-input ## build everything that "check" needs

setup: ## install the host packages (Debian 12 or 13)
	@$(S)/setup-host

qemu: setup ## the emulator with the APU
	@$(S)/build-qemu

kernel: kernel-$(K) ## the guest's kernel

kernel-%: setup
	@$(S)/build-kernel $(subst -, ,$*)

rootfs: setup ## the guest's root tree, also the cross compiler's sysroot
	@$(S)/build-rootfs

modules: modules-$(K) ## the kernel driver

modules-%: kernel-%
	@$(S)/build-modules $*

hal: rootfs ## the user-space library and the Neuron runtime
	$(call part,hal,host,$(HOST))
	$(call part,hal,guest,$(GUEST))

tools: hal ## the model compiler and the runners
	$(call part,tools,host,$(HOST))
	$(call part,tools,guest,$(GUEST))

examples: hal ## example programs
	$(call part,examples,guest,$(GUEST))

selftests: hal kernel-$(firstword $(KERNELS)) ## the tests that run in the guest
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
