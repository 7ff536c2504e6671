/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: where QEMU 10.0 and later versions differ.
 */
#ifndef HW_APU_COMPAT_H
#define HW_APU_COMPAT_H

#define APU_QEMU_10_1 (QEMU_VERSION_MAJOR > 10 || \
                       (QEMU_VERSION_MAJOR == 10 && QEMU_VERSION_MINOR >= 1))

#if APU_QEMU_10_1
#include "exec/icount.h"
#include "system/address-spaces.h"
#include "system/memory.h"
#else
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "system/cpu-timers.h"
#endif

/* The data of class_init became const. */
#if APU_QEMU_10_1
#define APU_CLASS_DATA const void
#else
#define APU_CLASS_DATA void
#endif

#endif
