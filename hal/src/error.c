// SPDX-License-Identifier: MIT
/*
 * Error texts, one per thread.
 */
#include <stdarg.h>
#include <stdio.h>

#include "apu/apu.h"
#include "error.h"

static _Thread_local char last_error[512];

int apu_fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_error, sizeof(last_error), fmt, ap);
	va_end(ap);
	return err;
}

const char *apu_last_error(void)
{
	return last_error;
}
