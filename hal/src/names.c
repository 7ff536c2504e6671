// SPDX-License-Identifier: MIT
/*
 * Names and sizes of what the enumerations of apu.h number.
 */
#include "apu/apu.h"
#include "apu/apu_isa.h"

_Static_assert((int)APU_ENGINE_MDLA == (int)APU_ENGINE_CLASS_MDLA, "engine classes differ");
_Static_assert((int)APU_ENGINE_EDMA == (int)APU_ENGINE_CLASS_EDMA, "engine classes differ");
_Static_assert((int)APU_ENGINE_MVPU == (int)APU_ENGINE_CLASS_MVPU, "engine classes differ");
_Static_assert((int)APU_TYPE_I8 == (int)APU_DTYPE_I8, "types differ");
_Static_assert((int)APU_TYPE_U8 == (int)APU_DTYPE_U8, "types differ");
_Static_assert((int)APU_TYPE_I16 == (int)APU_DTYPE_I16, "types differ");
_Static_assert((int)APU_TYPE_I32 == (int)APU_DTYPE_I32, "types differ");
_Static_assert((int)APU_TYPE_I64 == (int)APU_DTYPE_I64, "types differ");
_Static_assert((int)APU_TYPE_F16 == (int)APU_DTYPE_F16, "types differ");
_Static_assert((int)APU_TYPE_F32 == (int)APU_DTYPE_F32, "types differ");

static const struct {
	const char *name;
	size_t size;
} types[] = {
	[APU_TYPE_I8] = {"INT8", 1},	 [APU_TYPE_U8] = {"UINT8", 1},
	[APU_TYPE_I16] = {"INT16", 2},	 [APU_TYPE_I32] = {"INT32", 4},
	[APU_TYPE_I64] = {"INT64", 8},	 [APU_TYPE_F16] = {"FLOAT16", 2},
	[APU_TYPE_F32] = {"FLOAT32", 4},
};

static const char *const engines[] = {
	[APU_ENGINE_MDLA] = "MDLA",
	[APU_ENGINE_EDMA] = "EDMA",
	[APU_ENGINE_MVPU] = "MVPU",
};

const char *apu_engine_name(unsigned int engine)
{
	return engine < sizeof(engines) / sizeof(engines[0]) ? engines[engine] : "?";
}

const char *apu_type_name(unsigned int type)
{
	return type < sizeof(types) / sizeof(types[0]) && types[type].name ? types[type].name : "?";
}

size_t apu_type_size(unsigned int type)
{
	return type < sizeof(types) / sizeof(types[0]) ? types[type].size : 0;
}
