/* SPDX-License-Identifier: MIT */
/*
 * libapu: runs compiled models (.dla files) on an APU.
 *
 *   device ──┐
 *            ├── session ── request ── request …
 *   model ───┘
 *
 * A model is a file's contents. A session is a model made ready on a device:
 * command text and constants in device memory, temporary memory, and an
 * ordered queue. A request is one set of inputs and outputs; it is submitted
 * and waited for as often as wanted.
 *
 * Errors: a function that returns int returns 0, or a negative errno; then
 * apu_last_error() has a line of text. Which number means what:
 *
 *   -ENODEV           there is no APU, or it went away
 *   -EACCES           no permission for the device node
 *   -EPROTONOSUPPORT  a version does not match: driver, hardware or file format
 *   -ENOEXEC          the model is no .dla file, or a damaged one
 *   -ENOTSUP          a sound model needs more engines or L1 than this device has
 *   -EINVAL           an argument is wrong
 *   -EBUSY            the request is in flight, or as many jobs as a device handle can have
 *   -ENOMEM           memory or address space is used up
 *   -ETIMEDOUT        the time given to wait is over; the request is still in flight
 *   -ETIME            a job reached its device-time limit and was ended
 *   -EFAULT           a job was ended for a bad command or address
 *   -EIO              a job was ended by a hardware error
 *   -ECANCELED        the request was cancelled
 *
 * Threads: objects of different devices have nothing in common. Devices,
 * models and sessions can be used from several threads at a time. A request
 * and a buffer belong to one thread at a time; only apu_request_cancel() may be
 * called while another thread waits. A request with a callback belongs to the
 * library from its submit until the callback is called. Nothing may be used by
 * one thread while another releases it.
 *
 * Ownership: everything is counted. A session keeps its device and model, a
 * request its session and its bound buffers; the order of release is free.
 * Release functions accept NULL. A child process must not use what its parent
 * opened.
 */
#ifndef APU_APU_H
#define APU_APU_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define APU_API __attribute__((visibility("default")))
#else
#define APU_API
#endif

/* As the pkg-config file. */
#define APU_VERSION_MAJOR 0
#define APU_VERSION_MINOR 1

struct apu_device;
struct apu_model;
struct apu_session;
struct apu_request;
struct apu_bo;

/* Classes of engines; the numbers never change. */
enum apu_engine {
	APU_ENGINE_MDLA = 0,
	APU_ENGINE_EDMA = 1,
	APU_ENGINE_MVPU = 2,
};

/* Room for classes in fixed arrays. */
#define APU_NUM_ENGINE_CLASSES 8

/* Element types; the numbers never change. */
enum apu_type {
	APU_TYPE_I8 = 1,
	APU_TYPE_U8 = 2,
	APU_TYPE_I16 = 3,
	APU_TYPE_I32 = 4,
	APU_TYPE_I64 = 5,
	APU_TYPE_F16 = 6,
	APU_TYPE_F32 = 7,
};

#define APU_MAX_RANK 8

/*
 * The text of this thread's last error: one line without a newline, valid
 * until the thread's next libapu call fails; "" if none has. Never NULL.
 */
APU_API const char *apu_last_error(void);

/* Name of an engine class ("MDLA") or element type ("INT8"); "?" if unknown. */
APU_API const char *apu_engine_name(unsigned int engine);
APU_API const char *apu_type_name(unsigned int type);
/* Bytes of an element; 0 if the type is unknown. */
APU_API size_t apu_type_size(unsigned int type);

/* --- device --------------------------------------------------------------- */

struct apu_device_info {
	/* Major version in the upper 16 bits, minor in the lower. */
	uint32_t hw_version;
	/* L1 that a job can ask for. */
	uint32_t l1_kib;
	/* Instances of each enum apu_engine. */
	uint32_t num_engines[APU_NUM_ENGINE_CLASSES];
	/* Highest clock frequency of the engines. */
	uint32_t max_khz;
	/* Jobs that the hardware holds at a time. */
	uint32_t num_slots;
	/* Frequency of device timestamps. */
	uint64_t timestamp_hz;
};

/*
 * Opens a device: a node such as /dev/accel/accel0, or with NULL the first node
 * there that belongs to the APU driver. Every open has an address space of its
 * own. -ENODEV, -EACCES, -EPROTONOSUPPORT, -ENOMEM, or what open(2) failed with, such as -EMFILE.
 */
APU_API int apu_device_open(const char *path, struct apu_device **dev);
/* One more reference, to be given back with apu_device_close(); NULL for NULL. */
APU_API struct apu_device *apu_device_ref(struct apu_device *dev);
/* Gives the caller's reference back. */
APU_API void apu_device_close(struct apu_device *dev);
/* What the device has. */
APU_API void apu_device_get_info(const struct apu_device *dev, struct apu_device_info *info);
/* Path of the node; lives as long as the device. */
APU_API const char *apu_device_path(const struct apu_device *dev);

/* --- buffers -------------------------------------------------------------- */

/*
 * Device memory for inputs and outputs without copies. Page-aligned, zeroed,
 * coherent; mapped in the device's address space as long as it lives.
 */

/* Allocates a buffer. -EINVAL for size 0, -ENOMEM. */
APU_API int apu_bo_create(struct apu_device *dev, size_t size, struct apu_bo **bo);
/*
 * Imports a dma-buf; fd stays the caller's and can be closed at once. Importing
 * a buffer again, or one exported from this device handle, gives another
 * reference to the same object. -EINVAL if fd is no dma-buf, -ENOMEM.
 */
APU_API int apu_bo_import(struct apu_device *dev, int fd, struct apu_bo **bo);
/* Exports as a dma-buf: a new file descriptor, the caller's to close. */
APU_API int apu_bo_export(struct apu_bo *bo, int *fd);
/*
 * Address for the CPU, valid as long as the buffer; the same each time. An imported
 * dma-buf of another device is mapped through its own file descriptor instead:
 * -EINVAL or -EOPNOTSUPP.
 */
APU_API int apu_bo_map(struct apu_bo *bo, void **ptr);
/* Bytes, rounded up to pages. */
APU_API size_t apu_bo_size(const struct apu_bo *bo);
/* Gives the caller's reference back. A request that has it bound keeps it. */
APU_API void apu_bo_release(struct apu_bo *bo);

/* --- model ---------------------------------------------------------------- */

/* Quantisation of a tensor: real = scale * (value - zero_point). */
struct apu_tensor_quant {
	float scale;
	int32_t zero_point;
};

struct apu_tensor_info {
	/* Never NULL; lives as long as the model. */
	const char *name;
	/* enum apu_type */
	uint32_t type;
	uint32_t rank;
	/* Shape; 0 from rank on. */
	uint32_t dims[APU_MAX_RANK];
	/* Shape of the buffer: dims, or larger where the model was compiled for padded I/O. */
	uint32_t padded_dims[APU_MAX_RANK];
	/* Bytes of dims. */
	size_t size;
	/* Bytes of padded_dims: what a bound buffer must have. */
	size_t padded_size;
	/* 0: not quantised; 1: per tensor; else one per index of dimension quant_dim. */
	uint32_t num_quant;
	uint32_t quant_dim;
	/* num_quant entries; live as long as the model; NULL if none. */
	const struct apu_tensor_quant *quant;
};

struct apu_model_info {
	/* Version of the file format. */
	uint32_t version_major;
	uint32_t version_minor;
	/* Hardware version it was compiled for. */
	uint32_t hw_version;
	/* Instances of each class that it needs at once. */
	uint32_t num_engines[APU_NUM_ENGINE_CLASSES];
	uint32_t l1_kib;
	uint32_t num_inputs;
	uint32_t num_outputs;
	uint32_t num_jobs;
	uint64_t text_bytes;
	uint64_t static_bytes;
	uint64_t temp_bytes;
	/*
	 * Of temp_bytes, the variables of a stateful model: what one inference of a session
	 * leaves there is what the next one finds. 0: inferences know nothing of each other.
	 */
	uint64_t state_bytes;
	/* Compiler's estimate for one inference; 0 if unknown. */
	uint64_t cycles;
	/* Compiler and its version; lives as long as the model. */
	const char *compiler;
};

/*
 * Load a .dla file. Any contents are safe to pass: every field is checked. The
 * contents are copied; path, fd (read from offset 0) and data stay the caller's.
 * -ENOEXEC for a bad model, -EPROTONOSUPPORT for another format version, -ENOMEM,
 * or the error of open() or read().
 */
APU_API int apu_model_load_file(const char *path, struct apu_model **model);
APU_API int apu_model_load_fd(int fd, struct apu_model **model);
APU_API int apu_model_load_memory(const void *data, size_t size, struct apu_model **model);
/* One more reference, to be given back with apu_model_release(); NULL for NULL. */
APU_API struct apu_model *apu_model_ref(struct apu_model *model);
/* Gives the caller's reference back. */
APU_API void apu_model_release(struct apu_model *model);
/* What the model says of itself. */
APU_API void apu_model_get_info(const struct apu_model *model, struct apu_model_info *info);
/* What the model says of an input or output. -EINVAL if there is no such one. */
APU_API int apu_model_get_input(const struct apu_model *model, unsigned int index,
				struct apu_tensor_info *info);
APU_API int apu_model_get_output(const struct apu_model *model, unsigned int index,
				 struct apu_tensor_info *info);
/* The value stored under a key, or NULL; lives as long as the model. */
APU_API const char *apu_model_get_metadata(const struct apu_model *model, const char *key);

/* --- session -------------------------------------------------------------- */

/* Priorities; the numbers never change. HIGH needs CAP_SYS_NICE. */
enum apu_priority {
	APU_PRIORITY_LOW = 0,
	APU_PRIORITY_NORMAL = 1,
	APU_PRIORITY_HIGH = 2,
};

/* Flags of struct apu_qos: rather slow than thirsty. */
#define APU_QOS_PREFER_POWER (1u << 0)

/*
 * How the requests of a session are to be treated. All zero but priority: the default.
 * The engines have one clock, which follows the load, but is at least as fast as any
 * request wants.
 */
struct apu_qos {
	/* enum apu_priority */
	uint32_t priority;
	/* APU_QOS_* */
	uint32_t flags;
	/* Percent of the way from the slowest clock to the fastest, at least; 0: as the load is. */
	uint32_t boost;
	/*
	 * Device time in microseconds that each job should take at most; 0: none. The driver
	 * chooses the clock by it; to miss it has no consequences.
	 */
	uint32_t deadline_us;
	/* Device-time limit of each job in microseconds, if below the model's own; 0: that. */
	uint32_t time_limit_us;
};

/* What a session holds, in bytes. */
struct apu_memory {
	/* Constants; shared by the sessions of a model on a device. */
	uint64_t static_bytes;
	/* Temporary memory, one per session. */
	uint64_t temp_bytes;
	/* Staging for inputs and outputs bound by pointer; bound buffers do not count. */
	uint64_t io_bytes;
	/* Command text (shared like constants) and prologues. */
	uint64_t command_bytes;
	/* Of these, text. */
	uint64_t text_bytes;
	/* Device memory that the above take, in whole pages. */
	uint64_t total_bytes;
	/* Of this, what the sessions of the model share. */
	uint64_t shared_bytes;
};

/*
 * Makes a model ready on a device. Command text, constants and temporary memory are
 * allocated here. Sessions of one model on one device share text and constants.
 * Requests of one session run one after the other; for inferences that overlap
 * make several sessions. -EPROTONOSUPPORT, -ENOTSUP if the model does not fit
 * the device; -ENOMEM, -EACCES (priority).
 */
APU_API int apu_session_create(struct apu_device *dev, struct apu_model *model,
			       enum apu_priority priority, struct apu_session **session);
/*
 * Gives the variables of a stateful model the values again that they had when the session was
 * made; for other models it does nothing. A failed inference leaves them undefined: reset
 * then. -EBUSY while an inference of the session is in flight.
 */
APU_API int apu_session_reset(struct apu_session *session);
/* Gives the caller's reference back; its memory is freed with its last request. */
APU_API void apu_session_release(struct apu_session *session);
/*
 * Changes how requests are treated, from each one's next submit. -EINVAL for a value that is
 * out of range, -EACCES for a priority that is not allowed; then all is as before.
 */
APU_API int apu_session_set_qos(struct apu_session *session, const struct apu_qos *qos);
/* What the session and its requests hold now. */
APU_API void apu_session_get_memory(struct apu_session *session, struct apu_memory *memory);

/* --- request -------------------------------------------------------------- */

/*
 * Creates a request. The model's I/O staging is allocated here if the model uses the
 * MVPU, else at the first submit; only for what is bound by pointer then.
 */
APU_API int apu_request_create(struct apu_session *session, struct apu_request **request);
/* Waits if the request is in flight, then frees it and what it holds. */
APU_API void apu_request_release(struct apu_request *request);

/*
 * Bind input or output index. A binding holds until the next of the same index.
 * size must be the tensor's padded_size. -EINVAL for a bad index, size or
 * offset; -EBUSY.
 *
 * Pointers: inputs are copied at each submit, outputs at the end of wait. The memory
 * stays the caller's and must be valid at those times.
 */
APU_API int apu_request_bind_input(struct apu_request *request, unsigned int index,
				   const void *data, size_t size);
APU_API int apu_request_bind_output(struct apu_request *request, unsigned int index, void *data,
				    size_t size);
/*
 * Buffers: no copies. offset is a multiple of 8. The buffer must be on the
 * session's device, and not be changed by the CPU while the request is in
 * flight; access by other devices and requests is ordered by the kernel.
 */
APU_API int apu_request_bind_input_bo(struct apu_request *request, unsigned int index,
				      struct apu_bo *bo, size_t offset, size_t size);
APU_API int apu_request_bind_output_bo(struct apu_request *request, unsigned int index,
				       struct apu_bo *bo, size_t offset, size_t size);
/* dma-bufs: import and bind; fd stays the caller's and can be closed. */
APU_API int apu_request_bind_input_fd(struct apu_request *request, unsigned int index, int fd,
				      size_t offset, size_t size);
APU_API int apu_request_bind_output_fd(struct apu_request *request, unsigned int index, int fd,
				       size_t offset, size_t size);

/*
 * Submits: one ioctl. Returns when the jobs are queued. -EINVAL if something is
 * not bound, -EBUSY, -ENOMEM, -ENODEV. A request can be submitted again however it
 * ended. At the first submit, and at the first after a failure, it gets a context of its
 * own from the driver, of which there are 256 per device handle.
 */
APU_API int apu_request_submit(struct apu_request *request);
/*
 * The same with sync files: the jobs wait for in_fence (not consumed) unless it is -1;
 * if out_fence is not NULL it receives a new file descriptor, the caller's to close,
 * that signals when outputs bound to buffers are ready. Wait must be called all the same.
 */
APU_API int apu_request_submit_fenced(struct apu_request *request, int in_fence, int *out_fence);
/*
 * Waits until the request has ended; then outputs bound by pointer are there.
 * timeout_ns is relative: 0 polls, negative waits for ever. -ETIMEDOUT: still
 * in flight, wait again. Other errors: the request ended without a result.
 * Returns 0 at once for a request that was waited for with success.
 */
APU_API int apu_request_wait(struct apu_request *request, int64_t timeout_ns);
/* submit, then wait for ever. */
APU_API int apu_request_run(struct apu_request *request);
/*
 * Gives up an inference in flight, from any thread: jobs that have not started will
 * not; jobs that run, end, at the latest at their time limit. It must be waited for
 * all the same: -ECANCELED, or 0 if it had run to its end before. Other requests are
 * not concerned. -EINVAL if it is not in flight.
 */
APU_API int apu_request_cancel(struct apu_request *request);

/*
 * status is what apu_request_wait() would have returned; outputs bound by pointer are
 * there, and apu_last_error() has the text if it is not 0.
 */
typedef void (*apu_callback)(struct apu_request *request, int status, void *opaque);
/*
 * From now on each submit of the request is followed by one call of callback, when the
 * inference has ended, from a thread of the library, the same for all of a device.
 * The callback may bind, submit and release the request, and release what it
 * belongs to; while it runs, no other is called. apu_request_wait() and
 * apu_request_run() are not for such requests. NULL: no callback any more.
 * apu_request_release() elsewhere waits for the callback to return; in a callback it
 * waits for an inference in flight, which is not called back then.
 * -EBUSY, -ENOMEM, -EAGAIN (no thread could be made).
 */
APU_API int apu_request_set_callback(struct apu_request *request, apu_callback callback,
				     void *opaque);

/* Sums over the streams of one class. */
struct apu_engine_profile {
	uint32_t streams;
	uint32_t reserved;
	/* From the start of its job to the end of the stream. */
	uint64_t cycles;
	/* Cycles not spent waiting for other streams. */
	uint64_t busy;
	uint64_t dram_bytes;
	uint64_t l1_bytes;
};

/* What the hardware measured of one inference. */
struct apu_profile {
	uint32_t num_jobs;
	uint32_t reserved;
	/* Sum over the jobs. */
	uint64_t cycles;
	/* Start of the first job and end of the last, on the device's clock. */
	uint64_t start_ns;
	uint64_t end_ns;
	/* From the one to the other. */
	uint64_t device_ns;
	struct apu_engine_profile engine[APU_NUM_ENGINE_CLASSES];
};

/*
 * The measurements of the request's last inference. -EBUSY while in flight,
 * -EINVAL before the first, -ENOENT if it failed or the driver has forgotten: it
 * remembers a request's last 64 jobs.
 */
APU_API int apu_request_get_profile(struct apu_request *request, struct apu_profile *profile);

#ifdef __cplusplus
}
#endif

#endif
