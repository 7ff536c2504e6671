/* SPDX-License-Identifier: MIT */
/*
 * libapu, loaded when the program runs and not by the loader of programs, which would not say what
 * to do where it is missing.
 */
#ifndef NEURONRT_LIBRARY_H
#define NEURONRT_LIBRARY_H

#include <apu/apu.h>

/* What neuronrt uses, without "apu_". */
#define LIBRARY_FUNCTIONS(X)                                                                       \
	X(bo_create)                                                                               \
	X(bo_map)                                                                                  \
	X(bo_release)                                                                              \
	X(device_close)                                                                            \
	X(device_open)                                                                             \
	X(engine_name)                                                                             \
	X(last_error)                                                                              \
	X(model_get_info)                                                                          \
	X(model_get_input)                                                                         \
	X(model_get_output)                                                                        \
	X(model_load_file)                                                                         \
	X(model_release)                                                                           \
	X(request_bind_input)                                                                      \
	X(request_bind_input_bo)                                                                   \
	X(request_bind_output)                                                                     \
	X(request_bind_output_bo)                                                                  \
	X(request_create)                                                                          \
	X(request_get_profile)                                                                     \
	X(request_release)                                                                         \
	X(request_run)                                                                             \
	X(session_create)                                                                          \
	X(session_get_memory)                                                                      \
	X(session_release)                                                                         \
	X(session_set_qos)                                                                         \
	X(type_name)                                                                               \
	X(type_size)

struct library {
#define MEMBER(name) __typeof__(apu_##name) *name;
	LIBRARY_FUNCTIONS(MEMBER)
#undef MEMBER
};

extern struct library lib;

/* Fills lib or exits. */
void library_load(void);

#endif
