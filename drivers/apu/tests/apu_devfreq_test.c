// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load that frequency scaling sees, with TOP's clock and the mask of engines
 * that are busy in memory.
 */

#include <kunit/test.h>

#include "../apu_devfreq.h"
#include "../apu_kunit.h"
#include "../apu_sched.h"
#include "apu_test.h"

/* The device counts microseconds: 10,000 are the shortest window. */
static void expect_load(struct kunit *test, struct apu_device *adev, u64 now, u32 engines,
			unsigned long busy, unsigned long total)
{
	unsigned long got_busy, got_total;

	apu_write(adev, APU_TOP_TIMESTAMP_LO, lower_32_bits(now));
	apu_write(adev, APU_TOP_TIMESTAMP_HI, upper_32_bits(now));
	apu_write(adev, APU_TOP_ENGINE_BUSY, engines);
	spin_lock_irq(&adev->job_lock);
	apu_devfreq_load(adev, &got_busy, &got_total);
	spin_unlock_irq(&adev->job_lock);
	KUNIT_EXPECT_EQ(test, busy, got_busy);
	KUNIT_EXPECT_EQ(test, total, got_total);
}

/* A job has had @count engines, one byte of @engines each, from @start to @end. */
static void job_ends(struct kunit *test, struct apu_device *adev, u64 engines, u32 count,
		     u64 start, u64 end)
{
	struct apu_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, job);
	job->num_streams = count;
	job->record.engines = cpu_to_le64(engines);
	job->record.start = cpu_to_le64(start);
	job->record.end = cpu_to_le64(end);
	spin_lock_irq(&adev->job_lock);
	apu_devfreq_job(adev, job);
	spin_unlock_irq(&adev->job_lock);
}

static void apu_load_is_that_of_the_busiest_engine(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);

	/* Together they are busy for 14000 of 20000, but none of them for more than 8000. */
	job_ends(test, adev, 0x0200, 2, 0, 3000);
	job_ends(test, adev, 0x02, 1, 5000, 10000);
	job_ends(test, adev, 0x04, 1, 12000, 18000);
	expect_load(test, adev, 20000, 0, 8000, 20000);
	/* The next window begins with nothing. */
	expect_load(test, adev, 40000, 0, 0, 20000);
}

static void apu_load_of_jobs_that_run(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);

	/* Engine 1 runs when it is looked at, from the job before on. */
	job_ends(test, adev, 0x01, 1, 0, 2000);
	expect_load(test, adev, 20000, BIT(1), 20000, 20000);
	expect_load(test, adev, 40000, BIT(1), 20000, 20000);
	/* What the record says of windows that are over does not count again. */
	job_ends(test, adev, 0x01, 1, 3000, 45000);
	expect_load(test, adev, 60000, 0, 5000, 20000);
}

static void apu_load_needs_a_window(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);

	job_ends(test, adev, 0x00, 1, 0, 5000);
	expect_load(test, adev, 20000, 0, 5000, 20000);
	/* Somebody asks soon again: the same figures, and nothing is lost. */
	job_ends(test, adev, 0x00, 1, 21000, 25000);
	expect_load(test, adev, 25000, 0, 5000, 20000);
	expect_load(test, adev, 30000, 0, 4000, 10000);

	/* While TOP is off there is nothing to look at. */
	adev->top_on = false;
	expect_load(test, adev, 90000, BIT(0), 4000, 10000);
}

static void apu_load_of_strange_records(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);

	/* Never started; an engine that does not exist; a record that comes late. */
	job_ends(test, adev, 0x00, 1, 0, 0);
	job_ends(test, adev, 0x07, 1, 0, 9000);
	expect_load(test, adev, 10000, 0, 0, 10000);
	job_ends(test, adev, 0x03, 1, 0, 20000);
	expect_load(test, adev, 20000, 0, 10000, 10000);
}

static void apu_load_after_a_misread_clock(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	unsigned long busy, total;

	apu_write(adev, APU_TOP_TIMESTAMP_LO, U32_MAX);
	apu_write(adev, APU_TOP_TIMESTAMP_HI, U32_MAX);
	apu_write(adev, APU_TOP_ENGINE_BUSY, U32_MAX);
	spin_lock_irq(&adev->job_lock);
	apu_devfreq_load(adev, &busy, &total);
	apu_write(adev, APU_TOP_TIMESTAMP_LO, 1000);
	apu_write(adev, APU_TOP_TIMESTAMP_HI, 0);
	apu_devfreq_load(adev, &busy, &total);
	spin_unlock_irq(&adev->job_lock);

	job_ends(test, adev, 0x00, 1, 5000, 9000);
	expect_load(test, adev, 11000, 0, 4000, 10000);
}

static struct kunit_case apu_devfreq_cases[] = {
	KUNIT_CASE(apu_load_is_that_of_the_busiest_engine),
	KUNIT_CASE(apu_load_of_jobs_that_run),
	KUNIT_CASE(apu_load_needs_a_window),
	KUNIT_CASE(apu_load_of_strange_records),
	KUNIT_CASE(apu_load_after_a_misread_clock),
	{}
};

static struct kunit_suite apu_devfreq_suite = {
	.name = "apu_devfreq",
	.test_cases = apu_devfreq_cases,
};

kunit_test_suite(apu_devfreq_suite);
