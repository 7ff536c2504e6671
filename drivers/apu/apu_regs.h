/* SPDX-License-Identifier: (GPL-2.0-or-later OR MIT) */
/*
 * Registers and in-memory structures of APU v1.
 * Generated from Documentation/hardware/apu-v1.yaml
 * by scripts/gen-regs.py: do not edit.
 */
#ifndef __APU_REGS_H__
#define __APU_REGS_H__

#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>

/* Power controller */
#define APU_PWR_SIZE	0x1000
#define APU_PWR_ID	0x000
#define APU_PWR_VERSION	0x004
#define   APU_PWR_VERSION_MINOR	GENMASK(15, 0)
#define   APU_PWR_VERSION_MAJOR	GENMASK(31, 16)
#define APU_PWR_PRESENT	0x008
#define APU_PWR_PWR_REQ	0x010
#define APU_PWR_PWR_ACK	0x014
#define APU_PWR_CLK_EN	0x018
#define APU_PWR_RST_ASSERT	0x01c
#define APU_PWR_OPP_REQ	0x020
#define APU_PWR_OPP_STATUS	0x024
#define   APU_PWR_OPP_STATUS_CURRENT	GENMASK(3, 0)
#define   APU_PWR_OPP_STATUS_SETTLED	BIT(8)
#define APU_PWR_NUM_OPP	0x028
#define APU_PWR_OPP_KHZ(n)	(0x030 + (n) * 4)
#define APU_PWR_ON_TIME_LO(n)	(0x080 + (n) * 8)
#define APU_PWR_ON_TIME_HI(n)	(0x084 + (n) * 8)
#define APU_PWR_ON_CYCLES_LO(n)	(0x180 + (n) * 8)
#define APU_PWR_ON_CYCLES_HI(n)	(0x184 + (n) * 8)

/* TOP (job slots, dispatcher, MMU) */
#define APU_TOP_SIZE	0x1000
#define APU_TOP_ID	0x000
#define APU_TOP_VERSION	0x004
#define   APU_TOP_VERSION_MINOR	GENMASK(15, 0)
#define   APU_TOP_VERSION_MAJOR	GENMASK(31, 16)
#define APU_TOP_CAPS	0x008
#define   APU_TOP_CAPS_NUM_MDLA	GENMASK(3, 0)
#define   APU_TOP_CAPS_NUM_EDMA	GENMASK(7, 4)
#define   APU_TOP_CAPS_NUM_MVPU	GENMASK(11, 8)
#define   APU_TOP_CAPS_NUM_SLOTS	GENMASK(20, 16)
#define   APU_TOP_CAPS_NUM_COUNTERS	GENMASK(29, 24)
#define APU_TOP_ADDR_BITS	0x00c
#define   APU_TOP_ADDR_BITS_VA	GENMASK(7, 0)
#define   APU_TOP_ADDR_BITS_PA	GENMASK(15, 8)
#define   APU_TOP_ADDR_BITS_ASID	GENMASK(23, 16)
#define APU_TOP_L1_KIB	0x010
#define APU_TOP_L1_BANK_KIB	0x014
#define APU_TOP_TIME_HZ	0x018
#define APU_TOP_TIMESTAMP_LO	0x020
#define APU_TOP_TIMESTAMP_HI	0x024
#define APU_TOP_ENGINE_ENABLE	0x028
#define APU_TOP_ENGINE_BUSY	0x02c
#define APU_TOP_IRQ_RAW	0x030
#define   APU_TOP_IRQ_RAW_SLOT	GENMASK(15, 0)
#define   APU_TOP_IRQ_RAW_ABORT	BIT(16)
#define   APU_TOP_IRQ_RAW_DESC	BIT(17)
#define   APU_TOP_IRQ_RAW_MMU	BIT(18)
#define APU_TOP_IRQ_MASK	0x034
#define APU_TOP_IRQ_STATUS	0x038
#define APU_TOP_DOORBELL	0x040
#define   APU_TOP_DOORBELL_SLOT	GENMASK(3, 0)
#define APU_TOP_SLOT_ACTIVE	0x044
#define APU_TOP_SLOT_RUNNING	0x048
#define APU_TOP_SLOT_ABORT	0x04c
#define APU_TOP_SLOT_ABORT_ACK	0x050
#define APU_TOP_ECC_CORRECTED	0x054
#define APU_TOP_SLOT_DESC_LO(n)	(0x080 + (n) * 8)
#define APU_TOP_SLOT_DESC_HI(n)	(0x084 + (n) * 8)
#define APU_TOP_SLOT_TIME(n)	(0x100 + (n) * 4)
#define APU_TOP_MMU_ADDR_LO	0x200
#define APU_TOP_MMU_ADDR_HI	0x204
#define APU_TOP_MMU_SIZE_LO	0x208
#define APU_TOP_MMU_SIZE_HI	0x20c
#define APU_TOP_MMU_CMD	0x210
#define   APU_TOP_MMU_CMD_OP	GENMASK(3, 0)
#define   APU_TOP_MMU_CMD_ASID	GENMASK(31, 16)
#define APU_TOP_MMU_STATUS	0x214
#define   APU_TOP_MMU_STATUS_BUSY	BIT(0)
#define   APU_TOP_MMU_STATUS_ERROR	BIT(1)
#define   APU_TOP_MMU_STATUS_LOCKED	BIT(2)
#define APU_TOP_FAULT_STATUS(n)	(0x300 + (n) * 16)
#define   APU_TOP_FAULT_STATUS_VALID	BIT(0)
#define   APU_TOP_FAULT_STATUS_WRITE	BIT(1)
#define   APU_TOP_FAULT_STATUS_KIND	GENMASK(7, 4)
#define   APU_TOP_FAULT_STATUS_SLOT	GENMASK(11, 8)
#define   APU_TOP_FAULT_STATUS_ASID	GENMASK(31, 16)
#define APU_TOP_FAULT_VA_LO(n)	(0x308 + (n) * 16)
#define APU_TOP_FAULT_VA_HI(n)	(0x30c + (n) * 16)

/* Engine */
#define APU_ENG_SIZE	0x1000
#define APU_ENG_ID	0x000
#define   APU_ENG_ID_CLASS	GENMASK(7, 0)
#define   APU_ENG_ID_INSTANCE	GENMASK(15, 8)
#define   APU_ENG_ID_INDEX	GENMASK(23, 16)
#define APU_ENG_VERSION	0x004
#define   APU_ENG_VERSION_MINOR	GENMASK(15, 0)
#define   APU_ENG_VERSION_MAJOR	GENMASK(31, 16)
#define APU_ENG_STATUS	0x008
#define   APU_ENG_STATUS_BUSY	BIT(0)
#define   APU_ENG_STATUS_SLOT	GENMASK(11, 8)
#define APU_ENG_CYCLES_LO	0x010
#define APU_ENG_CYCLES_HI	0x014
#define APU_ENG_CMD_VA_LO	0x018
#define APU_ENG_CMD_VA_HI	0x01c

/* Test port */
#define APU_TST_SIZE	0x1000
#define APU_TST_ID	0x000
#define APU_TST_VERSION	0x004
#define   APU_TST_VERSION_MINOR	GENMASK(15, 0)
#define   APU_TST_VERSION_MAJOR	GENMASK(31, 16)
#define APU_TST_COMMAND	0x008
#define   APU_TST_COMMAND_OP	GENMASK(3, 0)
#define APU_TST_STATUS	0x00c
#define   APU_TST_STATUS_ERROR	BIT(0)
#define APU_TST_FAULT_HITS	0x020
#define APU_TST_MMIO_UNPOWERED	0x024
#define APU_TST_MMIO_UNCLOCKED	0x028
#define APU_TST_MMIO_IN_RESET	0x02c
#define APU_TST_DMA_UNPOWERED	0x030
#define APU_TST_TEXT(n)	(0x800 + (n) * 4)

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
	__u8 engine_class;
	/* zero */
	__u8 pad0;
	/* zero */
	__le16 pad1;
	/* Bytes of the command buffer, a multiple of 8 */
	__le32 bytes;
	/* Its address, aligned to 8 */
	__le64 va;
};

static_assert(sizeof(struct apu_stream_desc) == 16, "size of apu_stream_desc");

/* Job descriptor: what the driver writes into a slot */
struct apu_job_desc {
	/* Physical address of the page-table root (39-bit, 4 KiB granule, 3 levels) */
	__le64 ttbr;
	/* Address-space identifier */
	__le16 asid;
	/* 0 is lowest, 3 highest */
	__u8 priority;
	/* 1 to MAX_STREAMS */
	__u8 num_streams;
	/* Slots that must end first; those not active when the doorbell rings do not count */
	__le16 after;
	/* job_flag */
	__le16 flags;
	/* L1 that the gang needs, rounded up to banks */
	__le32 l1_kib;
	/* Device-time limit, 1 to MAX_TIME_LIMIT_US */
	__le32 time_limit_us;
	/* Not interpreted; copied to the completion record */
	__le64 cookie;
	/* zero */
	__le64 reserved[4];
	/* The gang */
	struct apu_stream_desc streams[8];
};

static_assert(sizeof(struct apu_job_desc) == 192, "size of apu_job_desc");

/* Counters of one stream */
struct apu_stream_stat {
	/* Cycles from the job's start to the end of the stream */
	__le64 cycles;
	/* Cycles of them spent in commands other than WAIT */
	__le64 busy;
	/* Bytes moved from and to DRAM */
	__le64 dram_bytes;
	/* Bytes moved from and to L1 */
	__le64 l1_bytes;
};

static_assert(sizeof(struct apu_stream_stat) == 32, "size of apu_stream_stat");

/* Completion record: what the hardware writes when a job ends, status last */
struct apu_job_completion {
	/* job_status; the driver writes PENDING before it rings the doorbell */
	__le32 status;
	/* BAD_COMMAND: the opcode; MMU_FAULT: fault_kind, bit 8 set for a write */
	__le32 detail;
	/* Stream that failed first */
	__u8 fail_stream;
	/* Engine index it ran on */
	__u8 fail_engine;
	/* 1 when fail_offset counts from the start of the called buffer */
	__u8 fail_in_call;
	/* zero */
	__u8 pad0;
	/* Byte offset of the failing command in its buffer */
	__le32 fail_offset;
	/* Address of an MMU fault or bus error */
	__le64 fault_va;
	/* TIMESTAMP when the gang started */
	__le64 start;
	/* TIMESTAMP when it ended */
	__le64 end;
	/* The descriptor's */
	__le64 cookie;
	/* Cycles of the whole gang */
	__le64 cycles;
	/* Engine index of each stream, 8 bits each, stream 0 lowest */
	__le64 engines;
	/* Counters per stream */
	struct apu_stream_stat streams[8];
	/* Address of the failing command; zero if no command failed */
	__le64 fail_va;
};

static_assert(sizeof(struct apu_job_completion) == 328, "size of apu_job_completion");

/* Which two rows (columns) of the input an output row (column) of RESIZE lies between */
struct apu_resize_entry {
	/* The first; NEAREST: the one that is taken */
	__le16 lo;
	/* The second; ignored by NEAREST */
	__le16 hi;
	/*
	 * How far from lo towards hi: in 1/1024, -1024 to 1024; U8 and F16: the bits of a
	 * float. Ignored by NEAREST
	 */
	__le32 frac;
};

static_assert(sizeof(struct apu_resize_entry) == 8, "size of apu_resize_entry");

#endif /* __APU_REGS_H__ */
