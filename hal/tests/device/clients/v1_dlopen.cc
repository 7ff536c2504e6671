// SPDX-License-Identifier: MIT
// Version 1, C++, the library loaded at run time.
#include <dlfcn.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "neuron/api/RuntimeAPI.h"

namespace {

void* load_func(void* handle, const char* name) {
    void* func = dlsym(handle, name);
    if (func == nullptr) {
        throw std::runtime_error(std::string("no function ") + name);
    }
    return func;
}

#define LOAD_FUNC(name) auto fn##name = reinterpret_cast<decltype(&name)>(load_func(handle, #name))

#define CHECK(call)                                                                  \
    do {                                                                             \
        int err = (call);                                                            \
        if (err != NEURONRUNTIME_NO_ERROR) {                                         \
            throw std::runtime_error(std::string(#call) + ": " + std::to_string(err)); \
        }                                                                            \
    } while (0)

std::vector<char> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        throw std::runtime_error("cannot read " + path);
    }
    return std::vector<char>(std::istreambuf_iterator<char>(file), {});
}

void run(const std::string& model, const std::string& in, const std::string& out) {
    void* handle = dlopen("libneuron_runtime.so", RTLD_LAZY);
    if (handle == nullptr) {
        throw std::runtime_error(dlerror());
    }
    LOAD_FUNC(NeuronRuntime_create);
    LOAD_FUNC(NeuronRuntime_loadNetworkFromFile);
    LOAD_FUNC(NeuronRuntime_getInputSize);
    LOAD_FUNC(NeuronRuntime_getOutputSize);
    LOAD_FUNC(NeuronRuntime_setInput);
    LOAD_FUNC(NeuronRuntime_setOutput);
    LOAD_FUNC(NeuronRuntime_setQoSOption);
    LOAD_FUNC(NeuronRuntime_inference);
    LOAD_FUNC(NeuronRuntime_getProfiledQoSData);
    LOAD_FUNC(NeuronRuntime_release);

    EnvOptions envOptions = {
        .deviceKind = kEnvOptHardware,
        .MDLACoreOption = MDLACoreMode::Auto,
        .CPUThreadNum = 1,
        .suppressInputConversion = false,
        .suppressOutputConversion = false,
    };
    void* runtime = nullptr;
    CHECK(fnNeuronRuntime_create(&envOptions, &runtime));
    CHECK(fnNeuronRuntime_loadNetworkFromFile(runtime, model.c_str()));

    size_t required = 0;
    CHECK(fnNeuronRuntime_getInputSize(runtime, 0, &required));
    std::vector<char> input = read_file(in);
    if (input.size() != required) {
        throw std::runtime_error("the model wants " + std::to_string(required) + " bytes");
    }
    CHECK(fnNeuronRuntime_setInput(runtime, 0, static_cast<const void*>(input.data()), input.size(),
                                   {-1}));
    CHECK(fnNeuronRuntime_getOutputSize(runtime, 0, &required));
    std::vector<char> output(required);
    CHECK(fnNeuronRuntime_setOutput(runtime, 0, static_cast<void*>(output.data()), output.size(),
                                    {-1}));

    QoSOptions qos = {};
    qos.preference = NEURONRUNTIME_PREFER_PERFORMANCE;
    qos.priority = NEURONRUNTIME_PRIORITY_HIGH;
    qos.boostValue = NEURONRUNTIME_BOOSTVALUE_MAX;
    qos.powerPolicy = NEURONRUNTIME_POWER_POLICY_SUSTAINABLE;
    CHECK(fnNeuronRuntime_setQoSOption(runtime, &qos));
    for (int i = 0; i < 3; i++) {
        CHECK(fnNeuronRuntime_inference(runtime));
    }
    ProfiledQoSData* profile = nullptr;
    uint8_t boost = 255;
    CHECK(fnNeuronRuntime_getProfiledQoSData(runtime, &profile, &boost));
    for (uint32_t i = 0; i < profile->numSubgraph; i++) {
        for (uint32_t j = 0; j < profile->numSubCmd[i]; j++) {
            std::cout << "subgraph " << i << " command " << j << ": "
                      << profile->qosData[i][j].execTime << " us" << std::endl;
        }
    }
    fnNeuronRuntime_release(runtime);
    dlclose(handle);

    std::ofstream(out, std::ios::binary).write(output.data(), static_cast<std::streamsize>(output.size()));
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        return 1;
    }
    try {
        run(argv[1], argv[2], argv[3]);
    } catch (const std::exception& e) {
        std::cerr << e.what() << std::endl;
        return 1;
    }
    return 0;
}
