// SPDX-License-Identifier: GPL-2.0-only
/*
 * A test that never ends: what the runner's time limit is tested with. No test of its own.
 */

#include "apu_test.h"

#include "apu_harness.h"

FIXTURE(hang) {
};

FIXTURE_SETUP(hang)
{
}

FIXTURE_TEARDOWN(hang)
{
}

/* The harness has a limit too, of half a minute otherwise. */
TEST_F_TIMEOUT(hang, hangs, 3600)
{
	for (;;)
		pause();
}

TEST_HARNESS_MAIN
