// SPDX-License-Identifier: MIT
#include <dlfcn.h>
#include <string.h>

#include "library.h"
#include "options.h"

#define SONAME "libapu.so.0"

struct library lib;

static void *find(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	if (!symbol)
		die(EXIT_LIBRARY,
		    "version mismatch: " SONAME " has no %s: use a neuronrt and a libapu of one "
		    "release",
		    name);
	return symbol;
}

void library_load(void)
{
	/* Also where the program's RUNPATH says: ../lib beside it. */
	void *handle = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	void *symbol;

	/* The text names the library, which may be one that libapu needs. */
	if (!handle)
		die(EXIT_LIBRARY,
		    "missing library: %s: install it, or name its folder in LD_LIBRARY_PATH",
		    dlerror());
#define FIND(name)                                                                                 \
	symbol = find(handle, "apu_" #name);                                                       \
	memcpy(&lib.name, &symbol, sizeof(symbol));
	LIBRARY_FUNCTIONS(FIND)
#undef FIND
}
