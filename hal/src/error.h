/* SPDX-License-Identifier: MIT */
#ifndef APU_ERROR_H
#define APU_ERROR_H

/*
 * Records a line of text for apu_last_error() and returns err, a negative errno:
 * return apu_fail(-EINVAL, "no such input: %u", index);
 */
__attribute__((format(printf, 2, 3))) int apu_fail(int err, const char *fmt, ...);

#endif
