// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the trace events are defined.
 */

#define CREATE_TRACE_POINTS
#include "apu_trace.h"
