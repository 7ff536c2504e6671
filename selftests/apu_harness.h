/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_HARNESS_H__
#define __APU_HARNESS_H__

#include "kselftest_harness.h"

/* For what hangs only: a debug kernel on a busy host is slow. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180 /* seconds */

#endif /* __APU_HARNESS_H__ */
