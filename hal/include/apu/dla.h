/* SPDX-License-Identifier: MIT */
/*
 * The .dla container: a compiled model as an ELF64 file.
 *
 * The file is a little-endian ELF64 of type ET_DYN (no addresses are meant),
 * machine EM_NONE, without program headers. Everything is found through
 * sections, by name:
 *
 *   .note.apu      SHT_NOTE      note "APU", type DLA_NOTE_INFO: struct dla_info
 *   .apu.jobs      SHT_PROGBITS  struct dla_job[]
 *   .apu.streams   SHT_PROGBITS  struct dla_stream[]
 *   .apu.text      SHT_PROGBITS  commands, 64-byte aligned; called by prologues
 *   .apu.static    SHT_PROGBITS  constants, 64-byte aligned (may be absent)
 *   .apu.state     SHT_PROGBITS  first contents of the first state_size bytes of region TEMP
 *                                (present exactly if state_size is not 0)
 *   .apu.io        SHT_PROGBITS  struct dla_tensor[]: inputs, then outputs
 *   .apu.quant     SHT_PROGBITS  struct dla_quant[] (may be absent)
 *   .apu.strtab    SHT_STRTAB    names used by .apu.io
 *   .apu.meta      SHT_PROGBITS  user metadata "key\0value\0" pairs (may be absent)
 *   .shstrtab      SHT_STRTAB
 *
 * Per inference the runtime gives every stream a prologue of
 *   SET_REGION TEXT, SET_REGION STATIC, SET_REGION TEMP, SET_REGION IO + i for
 *   input and output i, CALL {TEXT, text_offset, text_bytes}, END
 * and submits all jobs with one ioctl.
 *
 * All structures are little endian; reserved fields are zero, and a reader
 * refuses a file in which they are not. A reader refuses a file of another
 * major version; minor versions only add sections and use reserved fields
 * whose zero means what was true before.
 */
#ifndef APU_DLA_H
#define APU_DLA_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DLA_NOTE_NAME "APU"
#define DLA_NOTE_INFO 1

#define DLA_VERSION_MAJOR 1
#define DLA_VERSION_MINOR 1

#define DLA_MAX_RANK 8
/* Regions 4 to 15 hold inputs and outputs. */
#define DLA_MAX_IO 12
#define DLA_MAX_JOBS 64

struct dla_info {
	uint16_t version_major;
	uint16_t version_minor;
	/* Hardware version compiled for, as TOP's VERSION register. */
	uint32_t hw_version;
	/* Instances per engine class (enum apu_engine_class) that the jobs need at once. */
	uint8_t num_engines[8];
	uint32_t num_inputs;
	uint32_t num_outputs;
	/* Bytes of temporary memory (region TEMP); beyond state_size, contents need not survive. */
	uint64_t temp_size;
	/* Largest l1_kib of any job. */
	uint32_t l1_kib;
	uint32_t reserved0;
	/* Compiler's estimate for one inference, in cycles; zero if unknown. */
	uint64_t cycles;
	/* Version of the compiler, NUL-terminated. */
	char compiler[32];
	/*
	 * Since 1.1: bytes at the start of temporary memory that keep their contents from one
	 * inference of a session to the next, a multiple of 8; at first those of .apu.state.
	 */
	uint64_t state_size;
	uint64_t reserved[3];
};

/* Jobs run in order of their dependencies, one gang of streams each. */
struct dla_job {
	uint32_t first_stream;
	uint32_t num_streams;
	uint32_t l1_kib;
	/* Device-time limit in microseconds at the lowest frequency; 0: the longest there is. */
	uint32_t time_limit_us;
	/* Bit i: job i, with i below this job's own index, must have ended. */
	uint64_t after;
	uint64_t reserved;
};

struct dla_stream {
	/* enum apu_engine_class */
	uint32_t engine_class;
	uint32_t reserved;
	/* Commands, relative to .apu.text; multiples of 8. */
	uint64_t text_offset;
	uint64_t text_bytes;
};

/* An input or output as the client sees it. */
struct dla_tensor {
	/* Offset of the name in .apu.strtab. */
	uint32_t name;
	/* enum apu_dtype of the client's data. */
	uint32_t dtype;
	uint32_t rank;
	/* Region register it goes to: APU_REGION_IO + its index in .apu.io. */
	uint32_t region;
	uint32_t dims[DLA_MAX_RANK];
	/* Shape of the buffer that the commands touch; equals dims unless padded. */
	uint32_t padded_dims[DLA_MAX_RANK];
	/* Bytes of dims and of padded_dims. */
	uint64_t size;
	uint64_t padded_size;
	/* Quantisation: num_quant entries of .apu.quant from first_quant; 0: none, 1: per tensor */
	uint32_t first_quant;
	uint32_t num_quant;
	/* Dimension that the entries run along when there are several. */
	uint32_t quant_dim;
	uint32_t reserved0;
	uint64_t reserved[2];
};

/* real = scale * (value - zero_point) */
struct dla_quant {
	float scale;
	int32_t zero_point;
};

#ifdef __cplusplus
}
#else
_Static_assert(sizeof(struct dla_info) == 112, "size of dla_info");
_Static_assert(sizeof(struct dla_job) == 32, "size of dla_job");
_Static_assert(sizeof(struct dla_stream) == 24, "size of dla_stream");
_Static_assert(sizeof(struct dla_tensor) == 128, "size of dla_tensor");
_Static_assert(sizeof(struct dla_quant) == 8, "size of dla_quant");
#endif

#endif
