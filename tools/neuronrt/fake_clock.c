// SPDX-License-Identifier: MIT
/*
 * Preloaded by tests: a clock that goes four seconds on each time somebody looks, so that runs
 * are long without lasting long.
 */
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
	static time_t now;

	(void)clock;
	now += 4;
	*t = (struct timespec){.tv_sec = now};
	return 0;
}
