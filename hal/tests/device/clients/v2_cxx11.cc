// SPDX-License-Identifier: MIT
// Version 2, C++11, the library loaded at run time under the name it has on Android; synchronous.
// Descriptors as clients construct them, and RuntimeV2.h alone.
#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "neuron/api/RuntimeV2.h"

// As in clients that are built with older headers too.
#define NON_ION_FD -1

struct Api {
    int (*create)(const char*, std::size_t, void**, std::size_t);
    int (*create_with_options)(const char*, std::size_t, void**, std::size_t, const char*);
    int (*input_count)(void*, std::size_t*);
    int (*output_count)(void*, std::size_t*);
    int (*input_size)(void*, uint64_t, std::size_t*);
    int (*output_size)(void*, uint64_t, std::size_t*);
    int (*output_rank)(void*, uint64_t, uint32_t*);
    int (*output_dims)(void*, uint64_t, RuntimeAPIDimensions*);
    int (*set_qos)(void*, const QoSOptions*);
    int (*run)(void*, SyncInferenceRequest);
    void (*release)(void*);
};

static void check(int err, const char* what) {
    if (err != NEURONRUNTIME_NO_ERROR) {
        std::fprintf(stderr, "%s: %d\n", what, err);
        std::exit(1);
    }
}

template <typename Fn>
static void load(void* lib, const char* name, Fn* out) {
    *out = reinterpret_cast<Fn>(dlsym(lib, name));
    check(*out == nullptr, name);
}

static Api load_api(void* lib) {
    Api api;
    load(lib, "NeuronRuntimeV2_create", &api.create);
    load(lib, "NeuronRuntimeV2_create_with_options", &api.create_with_options);
    load(lib, "NeuronRuntimeV2_getInputNumber", &api.input_count);
    load(lib, "NeuronRuntimeV2_getOutputNumber", &api.output_count);
    load(lib, "NeuronRuntimeV2_getInputSize", &api.input_size);
    load(lib, "NeuronRuntimeV2_getOutputSize", &api.output_size);
    load(lib, "NeuronRuntimeV2_getOutputRank", &api.output_rank);
    load(lib, "NeuronRuntimeV2_getOutputPaddedDimensions", &api.output_dims);
    load(lib, "NeuronRuntimeV2_setQoSOption", &api.set_qos);
    load(lib, "NeuronRuntimeV2_run", &api.run);
    load(lib, "NeuronRuntimeV2_release", &api.release);
    return api;
}

static void set_qos(const Api& api, void* runtime) {
    QoSOptions qos = {};
    qos.preference = NEURONRUNTIME_PREFER_PERFORMANCE;
    qos.priority = NEURONRUNTIME_PRIORITY_LOW;
    qos.boostValue = NEURONRUNTIME_BOOSTVALUE_MIN;
    qos.maxBoostValue = NEURONRUNTIME_BOOSTVALUE_MAX;
    qos.minBoostValue = NEURONRUNTIME_BOOSTVALUE_MIN;
    qos.deadline = 0;
    qos.abortTime = 0;
    qos.delayedPowerOffTime = NEURONRUNTIME_POWER_OFF_TIME_DEFAULT;
    qos.powerPolicy = NEURONRUNTIME_POWER_POLICY_DEFAULT;
    qos.applicationType = NEURONRUNTIME_APP_NORMAL;
    qos.profiledQoSData = nullptr;
    check(api.set_qos(runtime, &qos), "setQoSOption");
}

static std::vector<uint8_t> read_file(const char* path, std::size_t bytes) {
    std::vector<uint8_t> data(bytes);
    std::FILE* file = std::fopen(path, "rb");
    check(file == nullptr || std::fread(data.data(), bytes, 1, file) != 1, path);
    std::fclose(file);
    return data;
}

// One run for each way to write descriptors; all must give the same.
static void run_all(const Api& api, void* runtime, std::vector<uint8_t>& in,
                    std::vector<std::vector<uint8_t>>* outs) {
    std::vector<IOBuffer> inputs, outputs;
    outputs.reserve(3);
    inputs.emplace_back(in.data(), in.size(), -1, 0);
    std::memset(&inputs.back().reserved1_should_be_init_zero, 0,
                sizeof(inputs.back().reserved1_should_be_init_zero));
    outputs.push_back(IOBuffer((*outs)[0].data(), (*outs)[0].size(), NON_ION_FD));
    outputs.push_back({(*outs)[1].data(), (*outs)[1].size(), -1});
    IOBuffer zeroed;
    std::memset(&zeroed, 0, sizeof(zeroed));
    zeroed.buffer = (*outs)[2].data();
    zeroed.length = (*outs)[2].size();
    zeroed.fd = -1;
    outputs.push_back(zeroed);
    for (IOBuffer& output : outputs) {
        SyncInferenceRequest request{inputs.data(), &output};
        check(api.run(runtime, request), "run");
    }
}

int main(int argc, char** argv) {
    if (argc != 4) {
        return 1;
    }
    const char* names[] = {"libneuron_runtime.8.so", "libneuron_runtime.7.so", "libneuron_runtime.so"};
    void* lib = dlopen(names[0], RTLD_NOW | RTLD_LOCAL);
    for (std::size_t i = 1; lib == nullptr && i < 3; i++) {
        std::fprintf(stderr, "%s\n", dlerror());
        lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    check(lib == nullptr, "dlopen");
    const Api api = load_api(lib);
    void* runtime = nullptr;
    check(api.create_with_options(argv[1], 1, &runtime, 2048, "--some-option=1"), "create");
    std::size_t inputs = 0, outputs = 0, in_bytes = 0, out_bytes = 0;
    check(api.input_count(runtime, &inputs), "getInputNumber");
    check(api.output_count(runtime, &outputs), "getOutputNumber");
    check(inputs != 1 || outputs != 1, "one input and one output");
    check(api.input_size(runtime, 0, &in_bytes), "getInputSize");
    check(api.output_size(runtime, 0, &out_bytes), "getOutputSize");
    uint32_t rank = 0;
    RuntimeAPIDimensions dims;
    check(api.output_rank(runtime, 0, &rank), "getOutputRank");
    check(api.output_dims(runtime, 0, &dims), "getOutputPaddedDimensions");
    std::size_t elements = 1;
    for (uint32_t i = 0; i < kDimensionSize; i++) {
        elements *= dims.dimensions[i];
    }
    check(rank > kDimensionSize || out_bytes % elements != 0, "dimensions");
    set_qos(api, runtime);
    std::vector<uint8_t> in = read_file(argv[2], in_bytes);
    std::vector<std::vector<uint8_t>> outs(3, std::vector<uint8_t>(out_bytes));
    run_all(api, runtime, in, &outs);
    api.release(runtime);
    dlclose(lib);
    check(outs[0] != outs[1] || outs[0] != outs[2], "outputs differ");
    std::FILE* file = std::fopen(argv[3], "wb");
    check(file == nullptr || std::fwrite(outs[0].data(), out_bytes, 1, file) != 1, argv[3]);
    return std::fclose(file) == 0 ? 0 : 1;
}
