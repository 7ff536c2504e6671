/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_TEST_H__
#define __APU_TEST_H__

#include <kunit/test.h>

#include "../apu_device.h"

struct apu_ctx;
struct apu_job;

/*
 * An APU that is memory only: 2 MDLA, 2 eDMA, 1 MVPU, 1024 KiB of L1, registers that
 * keep what is written to them, and TOP is on. Gone with the test.
 */
struct apu_device *apu_test_device(struct kunit *test);

static inline u32 apu_test_reg(struct apu_device *adev, u32 reg)
{
	return apu_read(adev, reg);
}

/* A context without an address space, and a job of it that the scheduler has run. */
struct apu_ctx *apu_test_ctx(struct kunit *test, struct apu_device *adev);
struct apu_job *apu_test_job(struct kunit *test, struct apu_ctx *ctx, u64 seqno);

#endif /* __APU_TEST_H__ */
