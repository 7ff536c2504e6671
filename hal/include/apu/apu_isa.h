/* SPDX-License-Identifier: (GPL-2.0-or-later OR MIT) */
/*
 * Command set and in-memory structures of APU v1.
 * Generated from Documentation/hardware/apu-v1.yaml
 * by scripts/gen-regs.py: do not edit.
 */
#ifndef APU_ISA_H
#define APU_ISA_H

#include <stdint.h>

#ifdef __cplusplus
#define _Static_assert static_assert
#endif

/* All structures are little endian and naturally aligned. */

#define APU_HW_VERSION (1u << 16 | 0u)

/* Job slots */
#define APU_NUM_SLOTS 16
/* Streams of one job */
#define APU_MAX_STREAMS 8
/* Counters of one gang */
#define APU_NUM_COUNTERS 32
/* Region registers of one stream */
#define APU_NUM_REGIONS 16
/* Bytes from one slot descriptor to the next */
#define APU_SLOT_STRIDE 1024
/* Offset of the completion record from the descriptor */
#define APU_COMPLETION_OFFSET 256
/* Longest device-time limit of a job in microseconds */
#define APU_MAX_TIME_LIMIT_US 10000000
/* Longest command buffer */
#define APU_MAX_STREAM_BYTES 16777216
/* Longest command in 64-bit words */
#define APU_MAX_CMD_WORDS 64
/* Position of the region number in an operand reference */
#define APU_REF_REGION_SHIFT 60
/* Bits of the offset in an operand reference; the bits between are zero */
#define APU_REF_OFFSET_BITS 40
/* MDLA multiply-accumulates per cycle, a8w8 */
#define APU_CYC_MDLA_MACS_I8 1024
/* the same, a16w8 */
#define APU_CYC_MDLA_MACS_I16 512
/* the same, fp16 and a16w16 */
#define APU_CYC_MDLA_MACS_F16 256
/* Depthwise convolution runs at this fraction */
#define APU_CYC_DEPTHWISE_DIV 8
/* L1 bytes per cycle and engine */
#define APU_CYC_L1_BYTES 64
/* DRAM bytes per cycle, shared */
#define APU_CYC_DRAM_BYTES 16
/* Cycles of latency per DRAM burst */
#define APU_CYC_DRAM_LATENCY 100
/* Bytes of a DRAM burst */
#define APU_CYC_DRAM_BURST 256
/* Bursts outstanding */
#define APU_CYC_DRAM_OUTSTANDING 4
/* eDMA bytes per cycle */
#define APU_CYC_EDMA_BYTES 32
/* MVPU lanes */
#define APU_CYC_MVPU_LANES 32
/* Cycles that every command costs */
#define APU_CYC_COMMAND 20

/* Engine classes */
enum apu_engine_class {
	APU_ENGINE_CLASS_MDLA = 0,
	APU_ENGINE_CLASS_EDMA = 1,
	APU_ENGINE_CLASS_MVPU = 2,
};

/* MMU_CMD.OP */
enum apu_mmu_op {
	APU_MMU_OP_INV_ALL = 1,
	APU_MMU_OP_INV_ASID = 2,
	APU_MMU_OP_INV_RANGE = 3,
	APU_MMU_OP_LOCK = 4,
	APU_MMU_OP_UNLOCK = 5,
};

/* Descriptor flags */
enum apu_job_flag {
	APU_JOB_FLAG_IRQ = 1,
	APU_JOB_FLAG_CANCEL_ON_PRED_FAIL = 2,
};

/* Completion status */
enum apu_job_status {
	APU_JOB_STATUS_PENDING = 0,
	APU_JOB_STATUS_OK = 1,
	APU_JOB_STATUS_CANCELLED = 2,
	APU_JOB_STATUS_ABORTED = 3,
	APU_JOB_STATUS_TIMEOUT = 4,
	APU_JOB_STATUS_BAD_COMMAND = 5,
	APU_JOB_STATUS_BAD_REGION = 6,
	APU_JOB_STATUS_MMU_FAULT = 7,
	APU_JOB_STATUS_BUS_ERROR = 8,
	APU_JOB_STATUS_BAD_DESC = 9,
	APU_JOB_STATUS_POWER_LOST = 10,
	APU_JOB_STATUS_ECC_ERROR = 11,
};

/* COMMAND.OP of the test port */
enum apu_test_op {
	APU_TEST_OP_SET = 1,
	APU_TEST_OP_GET = 2,
};

/* MMU fault kinds */
enum apu_fault_kind {
	APU_FAULT_KIND_NONE = 0,
	APU_FAULT_KIND_TRANSLATION = 1,
	APU_FAULT_KIND_PERMISSION = 2,
	APU_FAULT_KIND_ADDRESS_SIZE = 3,
	APU_FAULT_KIND_WALK_BUS_ERROR = 4,
};

/* Element types */
enum apu_dtype {
	APU_DTYPE_NONE = 0,
	APU_DTYPE_I8 = 1,
	APU_DTYPE_U8 = 2,
	APU_DTYPE_I16 = 3,
	APU_DTYPE_I32 = 4,
	APU_DTYPE_I64 = 5,
	APU_DTYPE_F16 = 6,
	APU_DTYPE_F32 = 7,
};

/* CONV.kind */
enum apu_conv_kind {
	APU_CONV_KIND_CONV = 0,
	APU_CONV_KIND_DEPTHWISE = 1,
};

/* CONV.quant_mode */
enum apu_quant_mode {
	APU_QUANT_MODE_NONE = 0,
	APU_QUANT_MODE_PER_TENSOR = 1,
	APU_QUANT_MODE_PER_CHANNEL = 2,
};

/* POOL.kind */
enum apu_pool_kind {
	APU_POOL_KIND_MAX = 0,
	APU_POOL_KIND_AVG = 1,
	APU_POOL_KIND_MIN = 2,
};

/* ELTWISE.fn */
enum apu_elt_fn {
	APU_ELT_FN_ADD = 0,
	APU_ELT_FN_REQUANT = 1,
	APU_ELT_FN_CLAMP = 2,
	APU_ELT_FN_SUB = 3,
	APU_ELT_FN_MUL = 4,
	APU_ELT_FN_MAX = 5,
	APU_ELT_FN_MIN = 6,
	APU_ELT_FN_SQUARED_DIFF = 7,
	APU_ELT_FN_PRELU = 8,
	APU_ELT_FN_DIV = 9,
	APU_ELT_FN_POW = 10,
};

/* ACTIVATION.fn */
enum apu_act_fn {
	APU_ACT_FN_LUT8 = 0,
	APU_ACT_FN_LOGISTIC = 1,
	APU_ACT_FN_LUT16 = 2,
	APU_ACT_FN_TANH = 3,
	APU_ACT_FN_EXP = 4,
	APU_ACT_FN_SQRT = 5,
	APU_ACT_FN_RSQRT = 6,
	APU_ACT_FN_ELU = 7,
	APU_ACT_FN_GELU = 8,
	APU_ACT_FN_GELU_TANH = 9,
	APU_ACT_FN_HARD_SWISH = 10,
	APU_ACT_FN_ABS = 11,
	APU_ACT_FN_LOG = 12,
};

/* RESIZE.kind */
enum apu_resize_kind {
	APU_RESIZE_KIND_NEAREST = 0,
	APU_RESIZE_KIND_BILINEAR = 1,
};

/* ARG.fn */
enum apu_arg_fn {
	APU_ARG_FN_MAX = 0,
	APU_ARG_FN_MIN = 1,
};

/* COPY.mode */
enum apu_copy_mode {
	APU_COPY_MODE_CONVERT = 0,
	APU_COPY_MODE_CAST = 1,
};

/* REDUCE.fn */
enum apu_reduce_fn {
	APU_REDUCE_FN_PROD = 0,
};

/* NORM.fn */
enum apu_norm_fn {
	APU_NORM_FN_LOG_SOFTMAX = 0,
	APU_NORM_FN_L2 = 1,
};

/* Regions with a fixed meaning */
enum apu_region {
	APU_REGION_L1 = 0,
	APU_REGION_TEXT = 1,
	APU_REGION_STATIC = 2,
	APU_REGION_TEMP = 3,
	APU_REGION_IO = 4,
};

/* One stream of a job descriptor */
struct apu_stream_desc {
	/* engine_class */
	uint8_t engine_class;
	/* zero */
	uint8_t pad0;
	/* zero */
	uint16_t pad1;
	/* Bytes of the command buffer, a multiple of 8 */
	uint32_t bytes;
	/* Its address, aligned to 8 */
	uint64_t va;
};
_Static_assert(sizeof(struct apu_stream_desc) == 16, "size of apu_stream_desc");

/* Job descriptor: what the driver writes into a slot */
struct apu_job_desc {
	/* Physical address of the page-table root (39-bit, 4 KiB granule, 3 levels) */
	uint64_t ttbr;
	/* Address-space identifier */
	uint16_t asid;
	/* 0 is lowest, 3 highest */
	uint8_t priority;
	/* 1 to MAX_STREAMS */
	uint8_t num_streams;
	/* Slots that must end first; those not active when the doorbell rings do not count */
	uint16_t after;
	/* job_flag */
	uint16_t flags;
	/* L1 that the gang needs, rounded up to banks */
	uint32_t l1_kib;
	/* Device-time limit, 1 to MAX_TIME_LIMIT_US */
	uint32_t time_limit_us;
	/* Not interpreted; copied to the completion record */
	uint64_t cookie;
	/* zero */
	uint64_t reserved[4];
	/* The gang */
	struct apu_stream_desc streams[8];
};
_Static_assert(sizeof(struct apu_job_desc) == 192, "size of apu_job_desc");

/* Counters of one stream */
struct apu_stream_stat {
	/* Cycles from the job's start to the end of the stream */
	uint64_t cycles;
	/* Cycles of them spent in commands other than WAIT */
	uint64_t busy;
	/* Bytes moved from and to DRAM */
	uint64_t dram_bytes;
	/* Bytes moved from and to L1 */
	uint64_t l1_bytes;
};
_Static_assert(sizeof(struct apu_stream_stat) == 32, "size of apu_stream_stat");

/* Completion record: what the hardware writes when a job ends, status last */
struct apu_job_completion {
	/* job_status; the driver writes PENDING before it rings the doorbell */
	uint32_t status;
	/* BAD_COMMAND: the opcode; MMU_FAULT: fault_kind, bit 8 set for a write */
	uint32_t detail;
	/* Stream that failed first */
	uint8_t fail_stream;
	/* Engine index it ran on */
	uint8_t fail_engine;
	/* 1 when fail_offset counts from the start of the called buffer */
	uint8_t fail_in_call;
	/* zero */
	uint8_t pad0;
	/* Byte offset of the failing command in its buffer */
	uint32_t fail_offset;
	/* Address of an MMU fault or bus error */
	uint64_t fault_va;
	/* TIMESTAMP when the gang started */
	uint64_t start;
	/* TIMESTAMP when it ended */
	uint64_t end;
	/* The descriptor's */
	uint64_t cookie;
	/* Cycles of the whole gang */
	uint64_t cycles;
	/* Engine index of each stream, 8 bits each, stream 0 lowest */
	uint64_t engines;
	/* Counters per stream */
	struct apu_stream_stat streams[8];
	/* Address of the failing command; zero if no command failed */
	uint64_t fail_va;
};
_Static_assert(sizeof(struct apu_job_completion) == 328, "size of apu_job_completion");

/* One requantisation entry: real multiplier = multiplier * 2^(shift - 31) */
struct apu_quant {
	/* Q31 multiplier, zero or 2^30 to 2^31 - 1 */
	int32_t multiplier;
	/* Left shift if positive, right shift if negative; -31 to 30 */
	int32_t shift;
};
_Static_assert(sizeof(struct apu_quant) == 8, "size of apu_quant");

/* Which two rows (columns) of the input an output row (column) of RESIZE lies between */
struct apu_resize_entry {
	/* The first; NEAREST: the one that is taken */
	uint16_t lo;
	/* The second; ignored by NEAREST */
	uint16_t hi;
	/*
	 * How far from lo towards hi: in 1/1024, -1024 to 1024; U8 and F16: the bits of a
	 * float. Ignored by NEAREST
	 */
	int32_t frac;
};
_Static_assert(sizeof(struct apu_resize_entry) == 8, "size of apu_resize_entry");

/* First eight bytes of every command */
struct apu_cmd_header {
	uint8_t opcode;
	/* zero */
	uint8_t flags;
	/* length of the command in 64-bit words, this one included */
	uint16_t words;
	/* immediate operand; zero where the command names none */
	uint32_t imm;
};

enum apu_opcode {
	APU_OP_NOP = 0x01,
	APU_OP_END = 0x02,
	APU_OP_SET_REGION = 0x03,
	APU_OP_CALL = 0x04,
	APU_OP_SIGNAL = 0x06,
	APU_OP_WAIT = 0x07,
	APU_OP_CONV = 0x10,
	APU_OP_POOL = 0x11,
	APU_OP_ELTWISE = 0x12,
	APU_OP_COPY = 0x20,
	APU_OP_FILL = 0x21,
	APU_OP_GATHER = 0x22,
	APU_OP_SOFTMAX = 0x30,
	APU_OP_ACTIVATION = 0x31,
	APU_OP_RESIZE = 0x32,
	APU_OP_ARG = 0x33,
	APU_OP_NORM = 0x34,
	APU_OP_REDUCE = 0x35,
};

/*
 * Sets a region register. imm is the region, 1 to 15: region 0 is the gang's L1,
 * set by the hardware. Not allowed in a called buffer
 */
struct apu_cmd_set_region {
	struct apu_cmd_header hdr;
	/* Virtual address, aligned to 8 */
	uint64_t base;
	/* Bytes */
	uint64_t size;
};
_Static_assert(sizeof(struct apu_cmd_set_region) == 24, "size of apu_cmd_set_region");

/* Runs another command buffer and comes back. Not allowed in a called buffer */
struct apu_cmd_call {
	struct apu_cmd_header hdr;
	/* The buffer, aligned to 8; not in L1 */
	uint64_t text;
	/* Its size, a multiple of 8, at most MAX_STREAM_BYTES */
	uint64_t bytes;
};
_Static_assert(sizeof(struct apu_cmd_call) == 24, "size of apu_cmd_call");

/* Waits until gang counter imm is at least value */
struct apu_cmd_wait {
	struct apu_cmd_header hdr;
	/* Value to reach */
	uint64_t value;
};
_Static_assert(sizeof(struct apu_cmd_wait) == 16, "size of apu_cmd_wait");

/* Convolution, depthwise convolution or fully connected layer on one tile */
struct apu_cmd_conv {
	struct apu_cmd_header hdr;
	/* Input tile, NHWC, in L1 */
	uint64_t in;
	/* Output tile, NHWC, in L1 */
	uint64_t out;
	/*
	 * CONV: out_c rows of k_h x k_w x (in_c / groups); DEPTHWISE: k_h x k_w rows of
	 * out_c. In L1 or DRAM
	 */
	uint64_t weight;
	/* out_c values of bias_type; ignored if that is NONE */
	uint64_t bias;
	/* One quant entry or out_c of them; ignored if quant_mode is NONE */
	uint64_t quant;
	/* Rows of the input tile */
	uint32_t in_h;
	/* Columns of the input tile */
	uint32_t in_w;
	/* Channels of the input tile */
	uint32_t in_c;
	/* Bytes from one input row to the next */
	uint32_t in_row_pitch;
	/* Bytes from one input pixel to the next */
	uint32_t in_pix_pitch;
	/* Rows of the output tile */
	uint32_t out_h;
	/* Columns of the output tile */
	uint32_t out_w;
	/* Channels of the output tile */
	uint32_t out_c;
	/* Bytes from one output row to the next */
	uint32_t out_row_pitch;
	/* Bytes from one output pixel to the next */
	uint32_t out_pix_pitch;
	/* Bytes from one weight row to the next */
	uint32_t w_pitch;
	/* Rows of padding above the tile; a position outside the tile contributes nothing */
	int32_t pad_top;
	/* Columns of padding left of the tile */
	int32_t pad_left;
	/* Kernel rows */
	uint16_t k_h;
	/* Kernel columns */
	uint16_t k_w;
	/* Vertical stride */
	uint16_t stride_h;
	/* Horizontal stride */
	uint16_t stride_w;
	/* Vertical dilation */
	uint16_t dil_h;
	/* Horizontal dilation */
	uint16_t dil_w;
	/* CONV: groups, dividing in_c and out_c; DEPTHWISE: the depth multiplier out_c / in_c */
	uint16_t groups;
	/* conv_kind */
	uint8_t kind;
	/* quant_mode; NONE exactly for fp16 */
	uint8_t quant_mode;
	/* I8, U8, I16 or F16 */
	uint8_t in_type;
	/* I8 with I8 or I16 inputs, U8 with U8, F16 with F16; I16 with I16 inputs */
	uint8_t w_type;
	/* The same as in_type */
	uint8_t out_type;
	/* NONE; I32 with 8-bit inputs; I32 or I64 with I16; F32 with F16 */
	uint8_t bias_type;
	/* Zero point of the input */
	int32_t in_zp;
	/* Zero point of the weights */
	int32_t w_zp;
	/* Zero point of the output */
	int32_t out_zp;
	/* Lower bound of the output; for fp16 the bits of a float */
	int32_t act_min;
	/* Upper bound */
	int32_t act_max;
	/* zero */
	uint32_t pad0;
};
_Static_assert(sizeof(struct apu_cmd_conv) == 144, "size of apu_cmd_conv");

/* Maximum or average pooling on one tile */
struct apu_cmd_pool {
	struct apu_cmd_header hdr;
	/* Input tile, NHWC, in L1 */
	uint64_t in;
	/* Output tile, NHWC, in L1 */
	uint64_t out;
	/* Rows of the input tile */
	uint32_t in_h;
	/* Columns of the input tile */
	uint32_t in_w;
	/* Channels of both tiles */
	uint32_t channels;
	/* Bytes from one input row to the next */
	uint32_t in_row_pitch;
	/* Bytes from one input pixel to the next */
	uint32_t in_pix_pitch;
	/* Rows of the output tile */
	uint32_t out_h;
	/* Columns of the output tile */
	uint32_t out_w;
	/* Bytes from one output row to the next */
	uint32_t out_row_pitch;
	/* Bytes from one output pixel to the next */
	uint32_t out_pix_pitch;
	/* Rows of padding above the tile; a position outside the tile does not count */
	int32_t pad_top;
	/* Columns of padding left of the tile */
	int32_t pad_left;
	/* Window rows */
	uint16_t k_h;
	/* Window columns */
	uint16_t k_w;
	/* Vertical stride */
	uint16_t stride_h;
	/* Horizontal stride */
	uint16_t stride_w;
	/* pool_kind */
	uint8_t kind;
	/* I8, U8, I16 or F16 */
	uint8_t type;
	/* zero */
	uint16_t pad0;
	/* Lower bound of the output; for fp16 the bits of a float */
	int32_t act_min;
	/* Upper bound */
	int32_t act_max;
};
_Static_assert(sizeof(struct apu_cmd_pool) == 88, "size of apu_cmd_pool");

/*
 * Element-wise operation on one tile. A pitch of zero repeats (broadcasts) the row
 * or pixel
 */
struct apu_cmd_eltwise {
	struct apu_cmd_header hdr;
	/* First operand, in L1 */
	uint64_t in1;
	/* Second operand, in L1; ignored by REQUANT and CLAMP */
	uint64_t in2;
	/* Result, in L1; may be the same tile as an operand of the same pitches */
	uint64_t out;
	/* Rows */
	uint32_t h;
	/* Columns */
	uint32_t w;
	/* Channels */
	uint32_t c;
	/* Bytes from one row of in1 to the next */
	uint32_t in1_row_pitch;
	/* Bytes from one pixel of in1 to the next */
	uint32_t in1_pix_pitch;
	/* Bytes from one row of in2 to the next */
	uint32_t in2_row_pitch;
	/* Bytes from one pixel of in2 to the next */
	uint32_t in2_pix_pitch;
	/* Bytes from one row of out to the next */
	uint32_t out_row_pitch;
	/* Bytes from one pixel of out to the next */
	uint32_t out_pix_pitch;
	/* elt_fn */
	uint8_t fn;
	/* I8, U8, I16 or F16 */
	uint8_t in_type;
	/* The same as in_type; REQUANT may go from any of I8, U8, I16 to any other */
	uint8_t out_type;
	/* Bit 0: in1 has one channel, used for all; bit 1: in2 has */
	uint8_t scalar;
	/*
	 * ADD, SUB, SQUARED_DIFF: left shift of both operands before scaling (TFLite: 20
	 * for 8 bits, 15 for 16; 7 for the last)
	 */
	int32_t left_shift;
	/* Zero point of in1 */
	int32_t in1_zp;
	/*
	 * Q31 multiplier of in1 (REQUANT: of the result; PRELU: of the result for in1 from
	 * its zero point up)
	 */
	int32_t in1_mult;
	/* Its shift */
	int32_t in1_shift;
	/* Zero point of in2 */
	int32_t in2_zp;
	/* Q31 multiplier of in2 */
	int32_t in2_mult;
	/* Its shift */
	int32_t in2_shift;
	/* Zero point of the result */
	int32_t out_zp;
	/* Q31 multiplier of the result */
	int32_t out_mult;
	/* Its shift */
	int32_t out_shift;
	/* Lower bound of the output; for fp16 the bits of a float */
	int32_t act_min;
	/* Upper bound */
	int32_t act_max;
};
_Static_assert(sizeof(struct apu_cmd_eltwise) == 120, "size of apu_cmd_eltwise");

/*
 * Copies a 4-D box of elements between any two regions, with any strides on both
 * sides, and converts the type on the way. Source and destination must not overlap
 */
struct apu_cmd_copy {
	struct apu_cmd_header hdr;
	/* Source */
	uint64_t src;
	/* Destination */
	uint64_t dst;
	/* Elements per dimension, outermost first; each at least 1 */
	uint32_t dims[4];
	/* Bytes from one element to the next in each dimension */
	uint32_t src_stride[4];
	/* The same for the destination */
	uint32_t dst_stride[4];
	/* dtype */
	uint8_t src_type;
	/*
	 * The same as src_type; or F32 to F16, F16 to F32, U8 to I8, I8 to U8 (both flip
	 * the top bit), F32 or F16 to I8, U8 or I16 (quantise), or back (dequantise);
	 * CAST: any
	 */
	uint8_t dst_type;
	/* copy_mode: how to change the type */
	uint8_t mode;
	/* zero */
	uint8_t pad0;
	/* Bits of the float scale, for quantise and dequantise */
	uint32_t scale;
	/* The zero point for the same */
	int32_t zp;
	/* zero */
	uint32_t pad1;
};
_Static_assert(sizeof(struct apu_cmd_copy) == 88, "size of apu_cmd_copy");

/* Writes one value to a 4-D box of elements */
struct apu_cmd_fill {
	struct apu_cmd_header hdr;
	/* Destination */
	uint64_t dst;
	/* Elements per dimension, outermost first; each at least 1 */
	uint32_t dims[4];
	/* Bytes from one element to the next in each dimension */
	uint32_t dst_stride[4];
	/* The element, in the low bytes */
	uint64_t value;
	/* dtype */
	uint8_t type;
	/* zero */
	uint8_t pad0[7];
};
_Static_assert(sizeof(struct apu_cmd_fill) == 64, "size of apu_cmd_fill");

/*
 * Copies the entries that a list of indices names, in every row, between any two
 * regions. Source and destination must not overlap
 */
struct apu_cmd_gather {
	struct apu_cmd_header hdr;
	/* Source */
	uint64_t src;
	/* Indices */
	uint64_t index;
	/* Destination */
	uint64_t dst;
	/* Number of rows */
	uint32_t rows;
	/* Indices per row */
	uint32_t count;
	/* Entries of a source row */
	uint32_t entries;
	/* Bytes of an entry */
	uint32_t bytes;
	/* Bytes from one source row to the next */
	uint32_t src_row_pitch;
	/* Bytes from one source entry to the next */
	uint32_t src_pitch;
	/* Bytes from the indices of one row to those of the next; 0: the same for all */
	uint32_t index_row_pitch;
	/* Bytes from one destination row to the next */
	uint32_t dst_row_pitch;
	/* Bytes from one destination entry to the next */
	uint32_t dst_pitch;
	/* I32 or I64 */
	uint8_t index_type;
	/* zero */
	uint8_t pad0[3];
};
_Static_assert(sizeof(struct apu_cmd_gather) == 72, "size of apu_cmd_gather");

/* Softmax over the innermost dimension */
struct apu_cmd_softmax {
	struct apu_cmd_header hdr;
	/* Input rows, in L1 */
	uint64_t in;
	/* Output rows, in L1 */
	uint64_t out;
	/* Number of rows */
	uint32_t rows;
	/* Elements of a row, at most 65536 */
	uint32_t depth;
	/* Bytes from one input row to the next */
	uint32_t in_pitch;
	/* Bytes from one output row to the next */
	uint32_t out_pitch;
	/* I8, U8, I16 or F16 */
	uint8_t type;
	/* zero */
	uint8_t pad0[3];
	/*
	 * Integers: Q31 multiplier of beta x input scale (TFLite: input_beta_multiplier);
	 * fp16: bits of the float beta
	 */
	int32_t mult;
	/* Its left shift, 0 to 31; I16: its shift, -31 to 30 */
	int32_t left_shift;
	/* 8 bits: differences below this give zero */
	int32_t diff_min;
	/* I16: two tables of 513 I16, of exp and of 1 / (1 + x); else ignored */
	uint64_t table;
};
_Static_assert(sizeof(struct apu_cmd_softmax) == 64, "size of apu_cmd_softmax");

/* Unary function of every element */
struct apu_cmd_activation {
	struct apu_cmd_header hdr;
	/* Input rows, in L1 */
	uint64_t in;
	/* Output rows, in L1; may be the input with the same pitch */
	uint64_t out;
	/*
	 * LUT8: 256 bytes, indexed by the byte of the element; LUT16: 513 I16; LOGISTIC
	 * and TANH of I16: 256 unsigned 16-bit values; else ignored
	 */
	uint64_t table;
	/* Number of rows */
	uint32_t rows;
	/* Elements of a row */
	uint32_t depth;
	/* Bytes from one input row to the next */
	uint32_t in_pitch;
	/* Bytes from one output row to the next */
	uint32_t out_pitch;
	/* act_fn */
	uint8_t fn;
	/*
	 * I8 or U8 for LUT8; I16 for LUT16; I16 or F16 for LOGISTIC and TANH; F16 for the
	 * others
	 */
	uint8_t type;
	/* LOGISTIC and TANH of I16: right shift after mult, 0 to 30; else zero */
	uint8_t shift;
	/* zero */
	uint8_t pad0;
	/* LOGISTIC and TANH of I16: multiplier of the input, 1 to 2^15 - 1; else zero */
	int32_t mult;
};
_Static_assert(sizeof(struct apu_cmd_activation) == 56, "size of apu_cmd_activation");

/*
 * Resizes a tile, nearest neighbour or bilinear. Tables say which rows and columns
 * each output takes
 */
struct apu_cmd_resize {
	struct apu_cmd_header hdr;
	/* Input tile, NHWC, in L1 */
	uint64_t in;
	/* Output tile, NHWC, in L1 */
	uint64_t out;
	/* out_h resize_entry */
	uint64_t rows;
	/* out_w resize_entry */
	uint64_t cols;
	/* Rows of the input tile */
	uint32_t in_h;
	/* Columns of the input tile */
	uint32_t in_w;
	/* Channels of both tiles */
	uint32_t c;
	/* Bytes from one input row to the next */
	uint32_t in_row_pitch;
	/* Bytes from one input pixel to the next */
	uint32_t in_pix_pitch;
	/* Rows of the output tile, at most 65536 */
	uint32_t out_h;
	/* Columns of the output tile, at most 65536 */
	uint32_t out_w;
	/* Bytes from one output row to the next */
	uint32_t out_row_pitch;
	/* Bytes from one output pixel to the next */
	uint32_t out_pix_pitch;
	/*
	 * The row of the whole input that is the tile's first: subtracted from the indices
	 * in rows
	 */
	uint32_t row0;
	/* resize_kind */
	uint8_t kind;
	/* I8, U8, I16 or F16 */
	uint8_t type;
	/* zero */
	uint8_t pad0[6];
};
_Static_assert(sizeof(struct apu_cmd_resize) == 88, "size of apu_cmd_resize");

/* Positions of the largest or smallest elements of every row */
struct apu_cmd_arg {
	struct apu_cmd_header hdr;
	/* Input rows, in L1 */
	uint64_t in;
	/* k values per row, without gaps between them, in L1 */
	uint64_t out;
	/* Number of rows */
	uint32_t rows;
	/* Elements of a row */
	uint32_t depth;
	/* Bytes from one input row to the next */
	uint32_t in_pitch;
	/* Bytes from one row of outputs to the next */
	uint32_t out_pitch;
	/* arg_fn */
	uint8_t fn;
	/* I8, U8, I16 or F16 */
	uint8_t type;
	/* I32 or I64 */
	uint8_t out_type;
	/* zero */
	uint8_t pad0;
	/* Positions per row, at most depth; 0 counts as 1 */
	uint32_t k;
};
_Static_assert(sizeof(struct apu_cmd_arg) == 48, "size of apu_cmd_arg");

/* Scales every row by what all of its elements make */
struct apu_cmd_norm {
	struct apu_cmd_header hdr;
	/* Input rows, in L1 */
	uint64_t in;
	/* Output rows, in L1 */
	uint64_t out;
	/* Number of rows */
	uint32_t rows;
	/* Elements of a row, at most 65536 */
	uint32_t depth;
	/* Bytes from one input row to the next */
	uint32_t in_pitch;
	/* Bytes from one output row to the next */
	uint32_t out_pitch;
	/* norm_fn */
	uint8_t fn;
	/* I8, U8 or F16 */
	uint8_t type;
	/* zero */
	uint16_t pad0;
	/* L2: zero point of the input */
	int32_t in_zp;
	/* LOG_SOFTMAX of 8 bits: Q31 multiplier of the input scale (TFLite: input_multiplier) */
	int32_t mult;
	/* Its left shift, 0 to 31 */
	int32_t left_shift;
	/* LOG_SOFTMAX of 8 bits: the inverse of both (TFLite: reverse_scaling_divisor) */
	int32_t back_mult;
	/* Its shift */
	int32_t back_shift;
	/* LOG_SOFTMAX of 8 bits: differences below this do not count */
	int32_t diff_min;
	/* zero */
	uint32_t pad1;
};
_Static_assert(sizeof(struct apu_cmd_norm) == 72, "size of apu_cmd_norm");

/* Makes one element of all elements of a row */
struct apu_cmd_reduce {
	struct apu_cmd_header hdr;
	/* Input rows, in L1 */
	uint64_t in;
	/* One element per row, in L1 */
	uint64_t out;
	/* Number of rows */
	uint32_t rows;
	/* Elements of a row */
	uint32_t depth;
	/* Bytes from one input row to the next */
	uint32_t in_pitch;
	/* Bytes from one output to the next */
	uint32_t out_pitch;
	/* reduce_fn */
	uint8_t fn;
	/* I8, I16 or F16 */
	uint8_t type;
	/* zero */
	uint16_t pad0;
	/* Zero point of the input */
	int32_t in_zp;
	/* Zero point of the output */
	int32_t out_zp;
	/* Q31 multiplier of every product */
	int32_t mult;
	/* Its shift, -31 to 7 */
	int32_t shift;
	/* zero */
	uint32_t pad1;
};
_Static_assert(sizeof(struct apu_cmd_reduce) == 64, "size of apu_cmd_reduce");

#endif
