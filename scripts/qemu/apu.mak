# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the test machine needs beside the CPU: everything else stays out, which
# keeps the build short.
CONFIG_ARM_VIRT=y
CONFIG_APU=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_MMIO=y
CONFIG_VIRTIO_9P=y
CONFIG_PVPANIC_PCI=y
