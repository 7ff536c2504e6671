/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tests of the job executor. Prints TAP.
 *
 *     apu-exec-test [SEED [CASES]]
 *
 * CASES is the number of random commands per kind of command.
 */

#include <stdio.h>
#include <stdlib.h>
#include "commands.h"

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 20240229;
    unsigned cases = argc > 2 ? strtoul(argv[2], NULL, 0) : 300;

    tap_note("seed %llu, %u cases each", (unsigned long long)seed, cases);
    test_fixed();
    test_fp16();
    test_values();
    test_mvpu();
    test_decode();
    test_exec();
    test_cost();
    test_edma();
    test_kernels(seed, cases);
    return tap_done();
}
