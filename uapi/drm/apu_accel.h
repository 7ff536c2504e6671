/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR MIT) */
#ifndef _UAPI_APU_ACCEL_H_
#define _UAPI_APU_ACCEL_H_

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

/**
 * DOC: Rules
 *
 * - Structures have the same layout for 32-bit and 64-bit user space: fields
 *   are naturally aligned, pointers are __u64, sizes are multiples of 8.
 * - Padding and unknown flags must be zero, else the ioctl fails with EINVAL.
 * - Structures grow at their end only. Objects in arrays carry their stride
 *   (&struct drm_apu_obj_array): a shorter object is extended with zeros, a
 *   longer one is accepted when what the kernel does not know is zero (else
 *   E2BIG). Zero in a new field means what was true before the field existed.
 * - Numbers of ioctls, flags and enumerators are never reused or reordered.
 *   What is added raises the minor version of the driver.
 * - Every array and count has a limit, which is documented with it.
 * - Addresses and sizes are in bytes, sizes in KiB are called so, times are
 *   called by their unit. Timeouts are absolute CLOCK_MONOTONIC times in
 *   nanoseconds.
 * - Ids of address spaces and contexts, and handles, belong to the open file.
 *   Those of another one, of what was destroyed, and invented ones are unknown.
 * - What an ioctl returns in its structure is valid only if it succeeds, but for
 *   the fields of which something else is said.
 * - Ioctls are restartable: one that fails with EINTR had no effect.
 *
 * Memory is mapped by the CPU with mmap() of the device, and shared by GEM's
 * PRIME ioctls. An open file can import dma-bufs of three eighths of the memory;
 * beyond that, DRM_IOCTL_PRIME_FD_TO_HANDLE fails with EDQUOT. Order among jobs
 * and binds, and with others, is by the ioctls of DRM syncobjs, and by the fences
 * of dma-bufs.
 */

/**
 * DOC: Errors
 *
 * Errors of every ioctl:
 *
 * - EFAULT: A pointer does not point to memory of the process.
 * - EINTR: A signal came while the ioctl waited.
 * - ENOMEM: There is not enough memory.
 * - ENODEV: The device is gone, for good as far as this open file is concerned.
 *
 * The others are listed with the structure of the ioctl.
 */

/**
 * enum drm_apu_ioctl_id - ioctl numbers
 */
enum drm_apu_ioctl_id {
	/** @DRM_APU_DEV_QUERY: Query the device. */
	DRM_APU_DEV_QUERY = 0,
	/** @DRM_APU_VM_CREATE: Create an address space. */
	DRM_APU_VM_CREATE,
	/** @DRM_APU_VM_DESTROY: Destroy an address space. */
	DRM_APU_VM_DESTROY,
	/** @DRM_APU_VM_BIND: Map and unmap buffers in an address space. */
	DRM_APU_VM_BIND,
	/** @DRM_APU_BO_CREATE: Create a buffer. */
	DRM_APU_BO_CREATE,
	/** @DRM_APU_BO_MMAP_OFFSET: Get the offset to pass to mmap(). */
	DRM_APU_BO_MMAP_OFFSET,
	/** @DRM_APU_BO_WAIT: Wait until jobs are done with a buffer. */
	DRM_APU_BO_WAIT,
	/** @DRM_APU_CTX_CREATE: Create a context. */
	DRM_APU_CTX_CREATE,
	/** @DRM_APU_CTX_DESTROY: Destroy a context. */
	DRM_APU_CTX_DESTROY,
	/** @DRM_APU_CTX_GET_STATE: Learn whether and why a context is dead. */
	DRM_APU_CTX_GET_STATE,
	/** @DRM_APU_SUBMIT: Submit jobs. */
	DRM_APU_SUBMIT,
	/** @DRM_APU_JOB_STATS: Read what the hardware measured of a job. */
	DRM_APU_JOB_STATS,
	/** @DRM_APU_CTX_GET_COUNTERS: Read what the jobs of a context have used in all. */
	DRM_APU_CTX_GET_COUNTERS,
	/** @DRM_APU_CTX_SET_QOS: Change priority and what a context wants of the clock. */
	DRM_APU_CTX_SET_QOS,
};

/**
 * struct drm_apu_obj_array - array of objects in user memory
 */
struct drm_apu_obj_array {
	/** @stride: Bytes from one object to the next; a multiple of 8, of 4 for __u32. */
	__u32 stride;
	/** @count: Number of objects. */
	__u32 count;
	/** @array: User pointer to the first. */
	__u64 array;
};

/** DRM_APU_OBJ_ARRAY() - initialize a &struct drm_apu_obj_array from a C array */
#define DRM_APU_OBJ_ARRAY(cnt, ptr) \
	{ .stride = sizeof((ptr)[0]), .count = (cnt), .array = (__u64)(uintptr_t)(ptr) }

/**
 * enum drm_apu_engine_class - classes of engines
 */
enum drm_apu_engine_class {
	/** @DRM_APU_ENGINE_MDLA: Convolution engine. */
	DRM_APU_ENGINE_MDLA = 0,
	/** @DRM_APU_ENGINE_EDMA: Data mover. */
	DRM_APU_ENGINE_EDMA,
	/** @DRM_APU_ENGINE_MVPU: Vector unit. */
	DRM_APU_ENGINE_MVPU,
};

/** DRM_APU_MAX_ENGINE_CLASSES - room for classes in fixed arrays */
#define DRM_APU_MAX_ENGINE_CLASSES 8
/** DRM_APU_MAX_STREAMS - streams of one job */
#define DRM_APU_MAX_STREAMS 8
/** DRM_APU_MAX_JOBS - jobs of one submit */
#define DRM_APU_MAX_JOBS 64

/**
 * enum drm_apu_dev_query_type - what can be queried
 */
enum drm_apu_dev_query_type {
	/** @DRM_APU_DEV_QUERY_INFO: &struct drm_apu_dev_info. */
	DRM_APU_DEV_QUERY_INFO = 0,
};

/**
 * struct drm_apu_dev_info - what the device is
 */
struct drm_apu_dev_info {
	/** @hw_version: Major version in the upper 16 bits, minor in the lower. */
	__u32 hw_version;
	/** @l1_kib: L1 that a job can ask for, in KiB. */
	__u32 l1_kib;
	/** @l1_bank_kib: L1 is given out in multiples of this. */
	__u32 l1_bank_kib;
	/** @max_time_limit_us: Longest device-time limit of a job, in microseconds. */
	__u32 max_time_limit_us;
	/** @num_engines: Instances of each &enum drm_apu_engine_class. */
	__u32 num_engines[DRM_APU_MAX_ENGINE_CLASSES];
	/** @va_start: First virtual address that can be mapped. */
	__u64 va_start;
	/** @va_end: First virtual address that cannot be mapped any more. */
	__u64 va_end;
	/** @timestamp_hz: Frequency of device timestamps. */
	__u64 timestamp_hz;
	/** @max_khz: Highest clock frequency of the engines, in kHz. */
	__u32 max_khz;
	/** @num_slots: Jobs that the hardware holds at a time. */
	__u32 num_slots;
};

/**
 * struct drm_apu_dev_query - argument of DRM_IOCTL_APU_DEV_QUERY
 *
 * Errors:
 *
 * - EINVAL: There is no such type.
 */
struct drm_apu_dev_query {
	/** @type: &enum drm_apu_dev_query_type. */
	__u32 type;
	/**
	 * @size: Size of the structure at @pointer. Set to the kernel's size if
	 * @pointer is NULL, else to the number of bytes written.
	 */
	__u32 size;
	/** @pointer: User pointer to the structure of the type, or NULL. */
	__u64 pointer;
};

/**
 * struct drm_apu_vm_create - argument of DRM_IOCTL_APU_VM_CREATE
 *
 * Errors:
 *
 * - EINVAL: A flag is unknown.
 * - EBUSY: This open file has 4096 address spaces.
 * - ENOSPC: All open files together have as many as the hardware can tell apart.
 */
struct drm_apu_vm_create {
	/** @flags: Must be zero. */
	__u32 flags;
	/** @id: Returned id, never zero. */
	__u32 id;
};

/**
 * struct drm_apu_vm_destroy - argument of DRM_IOCTL_APU_VM_DESTROY
 *
 * Contexts that use the address space keep it alive.
 *
 * Errors:
 *
 * - EINVAL: Padding is not zero.
 * - ENOENT: The address space is unknown.
 */
struct drm_apu_vm_destroy {
	/** @id: Id of the address space. */
	__u32 id;
	/** @pad: Must be zero. */
	__u32 pad;
};

/** enum drm_apu_vm_bind_op_type - operations of a bind */
enum drm_apu_vm_bind_op_type {
	/** @DRM_APU_VM_BIND_OP_MAP: Map a buffer, replacing what was there. */
	DRM_APU_VM_BIND_OP_MAP = 0,
	/** @DRM_APU_VM_BIND_OP_UNMAP: Unmap; a hole in the range is no error. */
	DRM_APU_VM_BIND_OP_UNMAP,
};

/** DRM_APU_VM_BIND_READONLY - flag of an operation: engines may not write through the mapping */
#define DRM_APU_VM_BIND_READONLY (1 << 0)

/**
 * struct drm_apu_vm_bind_op - one operation
 */
struct drm_apu_vm_bind_op {
	/** @op: &enum drm_apu_vm_bind_op_type. */
	__u32 op;
	/** @flags: DRM_APU_VM_BIND_READONLY, for MAP. */
	__u32 flags;
	/** @bo_handle: Buffer to map; zero for UNMAP. */
	__u32 bo_handle;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @bo_offset: First byte of the buffer to map, a multiple of 4096; zero for UNMAP. */
	__u64 bo_offset;
	/** @va: First address, a multiple of 4096. */
	__u64 va;
	/** @size: Bytes, a multiple of 4096, not zero. */
	__u64 size;
};

/** DRM_APU_VM_BIND_ASYNC - flag of a bind: queue it */
#define DRM_APU_VM_BIND_ASYNC (1 << 0)

/**
 * struct drm_apu_vm_bind - argument of DRM_IOCTL_APU_VM_BIND
 *
 * All operations run, in order, or on error none.
 *
 * A synchronous bind has run when the ioctl returns. An asynchronous one is
 * queued: it runs when all fences that it waits for have signalled and those
 * queued before it in its address space have run. What it signals does so after
 * its last operation, with ENODEV if the device was gone by then. It runs
 * whatever the fences that it waits for say, and even if the address space was
 * destroyed meanwhile. A synchronous bind does not queue: it runs before those
 * that still wait.
 *
 * Nothing keeps jobs from using what is unmapped: let the bind wait for them.
 *
 * Errors:
 *
 * - EINVAL: Flags, padding or a stride are wrong; there are too many operations or
 *   syncs, or syncs without ASYNC; an operation is unknown, or its range is empty,
 *   not aligned, or outside the address space or the buffer; the buffer is exclusive
 *   to another address space, or its memory is beyond what the device can address;
 *   a syncobj has no fence, or not yet at this point.
 * - E2BIG: An object has fields that the kernel does not know, and they are not zero.
 * - ENOENT: The address space, a buffer or a syncobj is unknown. There are no
 *   mappings without a buffer.
 * - EBUSY: With ASYNC: this open file would have more than 4096 operations queued,
 *   where a bind without any counts as one. Wait for some.
 */
struct drm_apu_vm_bind {
	/** @vm_id: Address space. */
	__u32 vm_id;
	/** @flags: DRM_APU_VM_BIND_ASYNC. */
	__u32 flags;
	/** @ops: Array of &struct drm_apu_vm_bind_op, at most 1024. */
	struct drm_apu_obj_array ops;
	/** @fail_index: On error, the operation at fault; @ops.count when none is to blame. */
	__u32 fail_index;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @syncs: Array of &struct drm_apu_sync_op, at most 256; none without ASYNC. */
	struct drm_apu_obj_array syncs;
};

/**
 * struct drm_apu_bo_create - argument of DRM_IOCTL_APU_BO_CREATE
 *
 * Memory is zeroed, cached by the CPU and coherent with the device.
 *
 * Errors:
 *
 * - EINVAL: Flags or padding are wrong; the size is zero or larger than an address
 *   space.
 * - ENOENT: The address space is unknown.
 * - ENOMEM: The buffers of all open files would be larger than half of the memory.
 * - EDQUOT: Those of this open file would be larger than three eighths of it.
 */
struct drm_apu_bo_create {
	/** @size: Bytes wanted; rounded up to pages and returned. */
	__u64 size;
	/** @flags: Must be zero. */
	__u32 flags;
	/**
	 * @exclusive_vm_id: If not zero, the buffer can be mapped in this
	 * address space only, not exported and not waited for, which makes
	 * submits cheaper.
	 */
	__u32 exclusive_vm_id;
	/** @handle: Returned GEM handle. */
	__u32 handle;
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * struct drm_apu_bo_mmap_offset - argument of DRM_IOCTL_APU_BO_MMAP_OFFSET
 *
 * Errors:
 *
 * - EINVAL: Padding is not zero.
 * - ENOENT: The buffer is unknown.
 */
struct drm_apu_bo_mmap_offset {
	/** @handle: GEM handle. */
	__u32 handle;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @offset: Returned offset for mmap(). */
	__u64 offset;
};

/** DRM_APU_BO_WAIT_WRITE - wait for readers too, as one who wants to write must */
#define DRM_APU_BO_WAIT_WRITE (1 << 0)

/**
 * struct drm_apu_bo_wait - argument of DRM_IOCTL_APU_BO_WAIT
 *
 * Waits for the jobs that listed the buffer, and for whoever else added fences.
 *
 * Errors:
 *
 * - EINVAL: A flag is unknown; the buffer is exclusive to an address space.
 * - ENOENT: The buffer is unknown.
 * - ETIMEDOUT: The time is over.
 */
struct drm_apu_bo_wait {
	/** @handle: GEM handle. */
	__u32 handle;
	/** @flags: DRM_APU_BO_WAIT_WRITE. */
	__u32 flags;
	/** @timeout_ns: Absolute time; zero or the past polls. */
	__s64 timeout_ns;
};

/** enum drm_apu_priority - priorities of contexts */
enum drm_apu_priority {
	/** @DRM_APU_PRIORITY_LOW: Below the others. */
	DRM_APU_PRIORITY_LOW = 0,
	/** @DRM_APU_PRIORITY_NORMAL: The usual one. */
	DRM_APU_PRIORITY_NORMAL,
	/** @DRM_APU_PRIORITY_HIGH: Above; needs CAP_SYS_NICE. */
	DRM_APU_PRIORITY_HIGH,
};

/**
 * struct drm_apu_ctx_create - argument of DRM_IOCTL_APU_CTX_CREATE
 *
 * A context is an ordered queue: its jobs may overlap, their fences signal in
 * order.
 *
 * Errors:
 *
 * - EINVAL: Flags or the priority are wrong.
 * - EACCES: The priority needs CAP_SYS_NICE.
 * - ENOENT: The address space is unknown.
 * - EBUSY: This open file has 256 contexts.
 */
struct drm_apu_ctx_create {
	/** @vm_id: Address space that the jobs run in. */
	__u32 vm_id;
	/** @priority: &enum drm_apu_priority. */
	__u32 priority;
	/** @flags: Must be zero. */
	__u32 flags;
	/** @id: Returned id, never zero. */
	__u32 id;
};

/**
 * struct drm_apu_ctx_destroy - argument of DRM_IOCTL_APU_CTX_DESTROY
 *
 * Jobs that have not started are cancelled: their fences signal with
 * ECANCELED. Jobs that run, end.
 *
 * Errors:
 *
 * - EINVAL: Padding is not zero.
 * - ENOENT: The context is unknown.
 */
struct drm_apu_ctx_destroy {
	/** @id: Id of the context. */
	__u32 id;
	/** @pad: Must be zero. */
	__u32 pad;
};

/** enum drm_apu_ctx_cause - why a context is dead */
enum drm_apu_ctx_cause {
	/** @DRM_APU_CTX_CAUSE_NONE: It is alive. */
	DRM_APU_CTX_CAUSE_NONE = 0,
	/** @DRM_APU_CTX_CAUSE_TIMEOUT: A job ran into its time limit. */
	DRM_APU_CTX_CAUSE_TIMEOUT,
	/** @DRM_APU_CTX_CAUSE_COMMAND: A command stream was malformed. */
	DRM_APU_CTX_CAUSE_COMMAND,
	/** @DRM_APU_CTX_CAUSE_REGION: A command reached outside its region. */
	DRM_APU_CTX_CAUSE_REGION,
	/** @DRM_APU_CTX_CAUSE_MMU: An engine accessed an unmapped or read-only address. */
	DRM_APU_CTX_CAUSE_MMU,
	/** @DRM_APU_CTX_CAUSE_HARDWARE: Bus error, lost power or a reset. */
	DRM_APU_CTX_CAUSE_HARDWARE,
};

/**
 * struct drm_apu_ctx_get_state - argument of DRM_IOCTL_APU_CTX_GET_STATE
 *
 * A context dies with the first of its jobs that fails; later jobs and submits
 * get ECANCELED. Create a new one to go on.
 *
 * With a syncobj, waits for the fence that it has first, so that to wait for a job
 * and to learn how it ended are one call. The state is that of the context which
 * had the id at the start, also if it has been destroyed meanwhile.
 *
 * Errors:
 *
 * - EINVAL: Flags are not zero; the syncobj has no fence, or not yet at this point;
 *   there is a point, but no syncobj.
 * - ENOENT: The context or the syncobj is unknown.
 * - ETIMEDOUT: The time is over.
 */
struct drm_apu_ctx_get_state {
	/** @id: Id of the context. */
	__u32 id;
	/** @cause: Returned &enum drm_apu_ctx_cause. */
	__u32 cause;
	/** @engine_class: Returned class of the engine that failed. */
	__u32 engine_class;
	/** @stream: Returned stream of the job that failed. */
	__u32 stream;
	/** @cmd_offset: Returned byte offset of the failing command in its buffer. */
	__u32 cmd_offset;
	/** @in_call: Returned 1 if that buffer is the called one. */
	__u32 in_call;
	/** @fault_va: Returned address of the fault, for CAUSE_MMU. */
	__u64 fault_va;
	/** @seqno: Returned sequence number of the job that failed. */
	__u64 seqno;
	/** @flags: Must be zero. */
	__u32 flags;
	/** @syncobj: Handle of a syncobj to wait for, or zero. */
	__u32 syncobj;
	/** @point: Timeline point of @syncobj; zero if it is binary. */
	__u64 point;
	/** @timeout_ns: Absolute time of the wait's end; zero or the past polls. */
	__s64 timeout_ns;
};

/** DRM_APU_SYNC_OP_SIGNAL - signal, not wait */
#define DRM_APU_SYNC_OP_SIGNAL (1 << 0)
/** DRM_APU_SYNC_OP_TIMELINE - the object is a timeline, @point is used */
#define DRM_APU_SYNC_OP_TIMELINE (1 << 1)

/**
 * struct drm_apu_sync_op - wait for or signal a DRM syncobj
 */
struct drm_apu_sync_op {
	/** @flags: DRM_APU_SYNC_OP_*. */
	__u32 flags;
	/** @handle: Syncobj handle. */
	__u32 handle;
	/** @point: Timeline point; zero for a binary syncobj. */
	__u64 point;
};

/** DRM_APU_BO_REF_WRITE - the job writes the buffer */
#define DRM_APU_BO_REF_WRITE (1 << 0)

/**
 * struct drm_apu_bo_ref - buffer that takes part in implicit synchronization
 *
 * The job waits for the fences that its access conflicts with and adds its own.
 */
struct drm_apu_bo_ref {
	/** @handle: GEM handle. */
	__u32 handle;
	/** @flags: DRM_APU_BO_REF_WRITE. */
	__u32 flags;
};

/**
 * struct drm_apu_stream - command stream for one engine
 */
struct drm_apu_stream {
	/** @engine_class: &enum drm_apu_engine_class; the hardware picks the instance. */
	__u32 engine_class;
	/** @bytes: Size of the commands, a multiple of 8, at most 16 MiB, not zero. */
	__u32 bytes;
	/** @va: Address of the commands, a multiple of 8. */
	__u64 va;
};

/**
 * struct drm_apu_job - a gang of streams that run together
 */
struct drm_apu_job {
	/** @streams: Array of &struct drm_apu_stream, 1 to DRM_APU_MAX_STREAMS. */
	struct drm_apu_obj_array streams;
	/** @syncs: Array of &struct drm_apu_sync_op, at most 256. */
	struct drm_apu_obj_array syncs;
	/** @deps: Array of __u32, indices of earlier jobs of the submit to wait for. */
	struct drm_apu_obj_array deps;
	/** @bos: Array of &struct drm_apu_bo_ref, at most 1024. */
	struct drm_apu_obj_array bos;
	/** @l1_kib: L1 that the streams use, in KiB. */
	__u32 l1_kib;
	/** @time_limit_us: Device-time limit in microseconds; zero means the longest there is. */
	__u32 time_limit_us;
	/** @flags: Must be zero. */
	__u32 flags;
	/** @pad: Must be zero. */
	__u32 pad;
};

/**
 * struct drm_apu_submit - argument of DRM_IOCTL_APU_SUBMIT
 *
 * All jobs are submitted or, on error, none.
 *
 * A job starts when the fences that it waits for, the jobs that it depends on, and
 * the jobs and others that its buffers' accesses conflict with are done. A wait
 * means the fence that the syncobj has before any job of the same submit signals
 * it: use dependencies among those. Errors of fences of others do not matter.
 *
 * Errors:
 *
 * - EINVAL: Flags, padding or a stride are wrong; there are too many or too few jobs,
 *   streams, syncs, dependencies or buffers; a stream's class, size or address makes
 *   no sense, or a class has fewer engines than the job has streams for it; L1 or
 *   time limit are more than there is; a dependency is not on an earlier job; a
 *   buffer is exclusive to an address space; a syncobj has no fence, or not yet at
 *   this point.
 * - E2BIG: An object has fields that the kernel does not know, and they are not zero.
 * - ENOENT: The context, a buffer or a syncobj is unknown.
 * - EBUSY: This open file would have more than 1024 jobs that have not ended. Wait for
 *   some of them, or submit fewer at a time.
 * - ECANCELED: The context is dead.
 * - EIO: The device does not work any more: not even a reset of all of it has helped.
 *   An event "change" with WEDGED=rebind has said so. Or it does not power up.
 */
struct drm_apu_submit {
	/** @ctx_id: Context. */
	__u32 ctx_id;
	/** @flags: Must be zero. */
	__u32 flags;
	/** @jobs: Array of &struct drm_apu_job, 1 to DRM_APU_MAX_JOBS. */
	struct drm_apu_obj_array jobs;
	/** @fail_index: On error, the job at fault; @jobs.count when none is to blame. */
	__u32 fail_index;
	/** @pad: Must be zero. */
	__u32 pad;
	/** @seqno: Returned sequence number of the first job in its context; the others follow. */
	__u64 seqno;
};

/**
 * struct drm_apu_stream_stats - what one stream of a job did
 */
struct drm_apu_stream_stats {
	/** @engine_class: Class of the engine. */
	__u32 engine_class;
	/** @engine_instance: Instance within the class. */
	__u32 engine_instance;
	/** @cycles: Cycles from the job's start to the stream's end. */
	__u64 cycles;
	/** @busy: Cycles of them not spent waiting for other streams. */
	__u64 busy;
	/** @dram_bytes: Bytes moved from and to memory. */
	__u64 dram_bytes;
	/** @l1_bytes: Bytes moved from and to L1. */
	__u64 l1_bytes;
};

/**
 * struct drm_apu_job_stats - argument of DRM_IOCTL_APU_JOB_STATS
 *
 * The last 64 jobs of a context are remembered.
 *
 * Errors:
 *
 * - EINVAL: A flag is unknown.
 * - ENOENT: The context is unknown, or the job, because it was never submitted or is
 *   forgotten.
 * - EAGAIN: The job has not ended.
 */
struct drm_apu_job_stats {
	/** @ctx_id: Context. */
	__u32 ctx_id;
	/** @num_streams: Returned number of streams. */
	__u32 num_streams;
	/** @seqno: Sequence number of the job. */
	__u64 seqno;
	/** @status: Returned: zero, or a negative error number as in the fence. */
	__s32 status;
	/** @flags: Must be zero. */
	__u32 flags;
	/** @start: Returned device timestamp of the start. */
	__u64 start;
	/** @end: Returned device timestamp of the end. */
	__u64 end;
	/** @cycles: Returned cycles of the whole job. */
	__u64 cycles;
	/** @streams: Returned figures of each stream. */
	struct drm_apu_stream_stats streams[DRM_APU_MAX_STREAMS];
};

/**
 * struct drm_apu_class_counters - what jobs have used of one class of engines
 */
struct drm_apu_class_counters {
	/** @time_ns: Nanoseconds that engines were given to jobs; several can be at a time. */
	__u64 time_ns;
	/** @busy: Cycles that engines were not waiting for other streams. */
	__u64 busy;
	/** @dram_bytes: Bytes moved from and to memory. */
	__u64 dram_bytes;
	/** @l1_bytes: Bytes moved from and to L1. */
	__u64 l1_bytes;
};

/**
 * struct drm_apu_ctx_get_counters - argument of DRM_IOCTL_APU_CTX_GET_COUNTERS
 *
 * Sums over the jobs of a context whose fences have signalled. Counters start at
 * zero with the context, and never go back.
 *
 * Errors:
 *
 * - EINVAL: A flag is unknown.
 * - ENOENT: The context is unknown.
 */
struct drm_apu_ctx_get_counters {
	/** @ctx_id: Context. */
	__u32 ctx_id;
	/** @flags: Must be zero. */
	__u32 flags;
	/** @jobs: Returned number of jobs, without those that never got to the hardware. */
	__u64 jobs;
	/** @classes: Returned figures of each &enum drm_apu_engine_class. */
	struct drm_apu_class_counters classes[DRM_APU_MAX_ENGINE_CLASSES];
};

/** DRM_APU_QOS_PREFER_POWER - rather slow than thirsty */
#define DRM_APU_QOS_PREFER_POWER (1 << 0)

/**
 * struct drm_apu_ctx_set_qos - argument of DRM_IOCTL_APU_CTX_SET_QOS
 *
 * A new context has the priority that it was created with, and all else zero. What
 * is set counts while the context has jobs, and for jobs that have not started.
 *
 * All engines have one clock. It follows the load, but is at least as fast as any
 * context with jobs wants. While all contexts with jobs prefer power, and nothing
 * else needs more, it stays in the lower half of its range.
 *
 * On error nothing has changed.
 *
 * Errors:
 *
 * - EINVAL: Boost, priority, padding or a flag are wrong.
 * - EACCES: The priority needs CAP_SYS_NICE.
 * - ENOENT: The context is unknown.
 */
struct drm_apu_ctx_set_qos {
	/** @ctx_id: Context. */
	__u32 ctx_id;
	/** @flags: DRM_APU_QOS_*. */
	__u32 flags;
	/** @priority: &enum drm_apu_priority. */
	__u32 priority;
	/**
	 * @boost: Percent, 0 to 100, of the way from the slowest to the fastest
	 * clock that is the least. 0 leaves it to the load.
	 */
	__u32 boost;
	/**
	 * @deadline_us: Device time, from start to end, that a job should take at
	 * most, in microseconds; 0 for none. The kernel learns how many cycles the
	 * context's jobs take; the first runs at the fastest clock. A missed
	 * deadline has no consequences.
	 */
	__u32 deadline_us;
	/** @pad: Must be zero. */
	__u32 pad;
};

#define DRM_IOCTL_APU_DEV_QUERY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_DEV_QUERY, struct drm_apu_dev_query)
#define DRM_IOCTL_APU_VM_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_VM_CREATE, struct drm_apu_vm_create)
#define DRM_IOCTL_APU_VM_DESTROY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_VM_DESTROY, struct drm_apu_vm_destroy)
#define DRM_IOCTL_APU_VM_BIND \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_VM_BIND, struct drm_apu_vm_bind)
#define DRM_IOCTL_APU_BO_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_BO_CREATE, struct drm_apu_bo_create)
#define DRM_IOCTL_APU_BO_MMAP_OFFSET \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_BO_MMAP_OFFSET, struct drm_apu_bo_mmap_offset)
#define DRM_IOCTL_APU_BO_WAIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_BO_WAIT, struct drm_apu_bo_wait)
#define DRM_IOCTL_APU_CTX_CREATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_CTX_CREATE, struct drm_apu_ctx_create)
#define DRM_IOCTL_APU_CTX_DESTROY \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_CTX_DESTROY, struct drm_apu_ctx_destroy)
#define DRM_IOCTL_APU_CTX_GET_STATE \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_CTX_GET_STATE, struct drm_apu_ctx_get_state)
#define DRM_IOCTL_APU_SUBMIT \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_SUBMIT, struct drm_apu_submit)
#define DRM_IOCTL_APU_JOB_STATS \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_JOB_STATS, struct drm_apu_job_stats)
#define DRM_IOCTL_APU_CTX_SET_QOS \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_CTX_SET_QOS, struct drm_apu_ctx_set_qos)
#define DRM_IOCTL_APU_CTX_GET_COUNTERS \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_APU_CTX_GET_COUNTERS, struct drm_apu_ctx_get_counters)

#if defined(__cplusplus)
}
#endif

#endif /* _UAPI_APU_ACCEL_H_ */
