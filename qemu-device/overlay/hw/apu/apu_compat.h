/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: where QEMU 10.0 and later versions differ.
 */
#ifndef HW_APU_COMPAT_H
#define HW_APU_COMPAT_H

#if __has_include("system/memory.h")
#include "system/address-spaces.h"
#include "system/memory.h"
#else
#include "exec/address-spaces.h"
#include "exec/memory.h"
#endif

#if __has_include("exec/icount.h")
#include "exec/icount.h"
#else
#include "system/cpu-timers.h"
#endif

/* 10.1 made the data of class_init const. */
#if QEMU_VERSION_MAJOR > 10 || \
    (QEMU_VERSION_MAJOR == 10 && QEMU_VERSION_MINOR >= 1)
#define APU_CLASS_DATA const void
#else
#define APU_CLASS_DATA void
#endif

#endif
