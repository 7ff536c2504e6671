/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small valid commands to start from, and the list of tests. */
#ifndef APU_TEST_COMMANDS_H
#define APU_TEST_COMMANDS_H

#include "harness.h"

/*
 * 3x3 convolution of an 8 x 6 x 4 int8 tile at L1 0 to one of 8 x 6 x 8 at
 * L1 0x1000; weights, bias and quant in DRAM (region 2) at 0, 0x1000, 0x2000.
 */
struct apu_cmd_conv cmd_conv(void);
/* 2x2 maximum of an 8 x 6 x 4 int8 tile at L1 0 to 4 x 3 x 4 at 0x1000 */
struct apu_cmd_pool cmd_pool(void);
/* Sum of two 4 x 3 x 5 int8 tiles at L1 0 and 0x1000, to 0x2000 */
struct apu_cmd_eltwise cmd_eltwise(void);
/* 2 x 3 x 4 x 5 bytes from DRAM (region 2) at 0 to L1 0x1000, dense */
struct apu_cmd_copy cmd_copy(void);
/* 2 x 3 x 4 x 5 bytes of 7 in L1 at 0x1000, dense */
struct apu_cmd_fill cmd_fill(void);
/* 3 rows of 10 uint8 at L1 0, to 0x1000 */
struct apu_cmd_softmax cmd_softmax(void);
/* LUT8 of 3 rows of 10 int8 at L1 0, to 0x1000, table at L1 0x2000 */
struct apu_cmd_activation cmd_activation(void);
/*
 * Bilinear, 2 x 3 x 5 int8 at L1 0 to 4 x 3 x 5 at 0x1000; four rows at
 * 0x2000 and three columns at 0x2100, written to l1 by resize_tables()
 */
struct apu_cmd_resize cmd_resize(void);
void resize_tables(uint8_t *l1);
/* Largest of 3 rows of 10 int8 at L1 0, int32 to 0x1000 */
struct apu_cmd_arg cmd_arg(void);
struct apu_cmd_gather cmd_gather(void);
struct apu_cmd_norm cmd_norm(void);
struct apu_cmd_reduce cmd_reduce(void);

/* Pitches of tiles without gaps */
void conv_dense(struct apu_cmd_conv *c);
void pool_dense(struct apu_cmd_pool *c);
void eltwise_dense(struct apu_cmd_eltwise *c);
unsigned type_size(unsigned dtype);

void test_fixed(void);
void test_fp16(void);
void test_values(void);
void test_mvpu(void);
void test_decode(void);
void test_exec(void);
void test_cost(void);
void test_edma(void);
void test_kernels(uint64_t seed, unsigned cases);

#endif
