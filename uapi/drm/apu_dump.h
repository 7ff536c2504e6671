/* SPDX-License-Identifier: (GPL-2.0 WITH Linux-syscall-note) OR MIT */
/*
 * What the device coredump of an APU holds: /sys/class/devcoredump/devcdN/data.
 *
 * A header, sections that it counts, and behind them what they point to. All is in the
 * byte order of the machine. Sections and fields are added at the end; a reader skips
 * types that it does not know, and takes as much of an object as it knows: the header
 * gives no sizes of objects, so a change of those is a new version.
 *
 * Everything is the failed job's client's, or says nothing about others: their jobs
 * show as slots that are in use.
 */
#ifndef _UAPI_APU_DUMP_H_
#define _UAPI_APU_DUMP_H_

#include <linux/types.h>

#if defined(__cplusplus)
extern "C" {
#endif

/** APU_DUMP_MAGIC - &apu_dump_header.magic, with no zero byte behind it */
#define APU_DUMP_MAGIC "APU-DUMP"
/** APU_DUMP_VERSION - of the format */
#define APU_DUMP_VERSION 1

/** enum apu_dump_type - type of a section */
enum apu_dump_type {
	/** @APU_DUMP_JOB: &struct apu_dump_job. */
	APU_DUMP_JOB = 1,
	/** @APU_DUMP_RECORD: The hardware's job_completion; all zero if it wrote none. */
	APU_DUMP_RECORD = 2,
	/** @APU_DUMP_REGS: Array of &struct apu_dump_reg. */
	APU_DUMP_REGS = 3,
	/** @APU_DUMP_SLOTS: Array of &struct apu_dump_slot, the slots that are in use. */
	APU_DUMP_SLOTS = 4,
	/** @APU_DUMP_MAPPINGS: Array of &struct apu_dump_mapping, by address. */
	APU_DUMP_MAPPINGS = 5,
	/** @APU_DUMP_TEXT: &struct apu_dump_text, and the commands behind it. */
	APU_DUMP_TEXT = 6,
};

/** struct apu_dump_header - the beginning */
struct apu_dump_header {
	/** @magic: APU_DUMP_MAGIC. */
	char magic[8];
	/** @version: APU_DUMP_VERSION. */
	__u32 version;
	/** @num_sections: How many &struct apu_dump_section follow. */
	__u32 num_sections;
	/** @bytes: Size of everything. */
	__u64 bytes;
	/** @time_ns: When the job failed, since boot. */
	__u64 time_ns;
};

/** struct apu_dump_section - where something is */
struct apu_dump_section {
	/** @type: &enum apu_dump_type. */
	__u32 type;
	/** @pad: Zero. */
	__u32 pad;
	/** @offset: From the beginning of the dump, a multiple of 8. */
	__u64 offset;
	/** @bytes: Size. */
	__u64 bytes;
};

/** APU_DUMP_MAX_STREAMS - streams that a job can have */
#define APU_DUMP_MAX_STREAMS 8

/** APU_DUMP_JOB_HUNG - the watchdog has stopped it */
#define APU_DUMP_JOB_HUNG (1 << 0)

/** struct apu_dump_job - the job, and its context */
struct apu_dump_job {
	/** @seqno: Number in its context. */
	__u64 seqno;
	/** @timeline: The context, as in trace events. */
	__u64 timeline;
	/** @done_seqno: Last job of the context before it. */
	__u64 done_seqno;
	/** @last_seqno: Last job that was submitted. */
	__u64 last_seqno;
	/** @result: What the fence says, a negative error number. */
	__s32 result;
	/** @cause: &enum drm_apu_ctx_cause. */
	__u32 cause;
	/** @asid: Of the address space. */
	__u32 asid;
	/** @priority: Of the context, as the hardware has it. */
	__u32 priority;
	/** @l1_kib: L1 that it wanted. */
	__u32 l1_kib;
	/** @time_limit_us: Time limit. */
	__u32 time_limit_us;
	/** @flags: APU_DUMP_JOB_*. */
	__u32 flags;
	/** @num_streams: How many of @streams count. */
	__u32 num_streams;
	/** @num_engines: Engines of each class in the machine. */
	__u32 num_engines[4];
	/** @streams: The gang. */
	struct {
		/** @streams.va: Address of the commands. */
		__u64 va;
		/** @streams.bytes: Size. */
		__u32 bytes;
		/** @streams.engine_class: &enum drm_apu_engine_class. */
		__u32 engine_class;
	} streams[APU_DUMP_MAX_STREAMS];
};

/** APU_DUMP_BLOCK_TOP - &apu_dump_reg.block of TOP; others are numbers of engines */
#define APU_DUMP_BLOCK_TOP 0xffffffff

/** struct apu_dump_reg - a register */
struct apu_dump_reg {
	/** @block: Engine, or APU_DUMP_BLOCK_TOP. */
	__u32 block;
	/** @offset: Of the register in the block. */
	__u32 offset;
	/** @value: What was read. */
	__u32 value;
	/** @pad: Zero. */
	__u32 pad;
};

/** APU_DUMP_SLOT_CLIENT - the job is of the same address space as the one that failed */
#define APU_DUMP_SLOT_CLIENT (1 << 0)

/** struct apu_dump_slot - a job slot that was in use when the job failed */
struct apu_dump_slot {
	/** @slot: Number. */
	__u32 slot;
	/** @flags: APU_DUMP_SLOT_*; without any, the rest is zero. */
	__u32 flags;
	/** @timeline: Context. */
	__u64 timeline;
	/** @seqno: Job. */
	__u64 seqno;
	/** @after: Slots that it comes after. */
	__u32 after;
	/** @pad: Zero. */
	__u32 pad;
};

/** APU_DUMP_MAPPING_WRITE - engines may write */
#define APU_DUMP_MAPPING_WRITE (1 << 0)
/** APU_DUMP_MAPPING_IMPORTED - the memory is another device's */
#define APU_DUMP_MAPPING_IMPORTED (1 << 1)

/** struct apu_dump_mapping - what the address space had mapped, soon after the failure */
struct apu_dump_mapping {
	/** @va: Address. */
	__u64 va;
	/** @bytes: Size. */
	__u64 bytes;
	/** @offset: In the buffer. */
	__u64 offset;
	/** @buffer_bytes: Size of the buffer. */
	__u64 buffer_bytes;
	/** @flags: APU_DUMP_MAPPING_*. */
	__u32 flags;
	/** @pad: Zero. */
	__u32 pad;
};

/** struct apu_dump_text - commands, as they are in memory soon after the failure */
struct apu_dump_text {
	/** @va: Address of the first byte. */
	__u64 va;
	/** @at_va: Address of the command that it is about, zero if there is none. */
	__u64 at_va;
	/** @buffer_va: Where the buffer begins that it is a part of, zero if not known. */
	__u64 buffer_va;
	/** @stream: Stream. */
	__u32 stream;
	/** @bytes: How many follow. */
	__u32 bytes;
};

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_APU_DUMP_H_ */
