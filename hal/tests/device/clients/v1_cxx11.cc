// SPDX-License-Identifier: MIT
// Version 1, C++11, linked to libneuronusdk_runtime.mtk.so.8, the headers' folder in the include
// path; an environment without a device kind, and fenced inferences whose callbacks are not called.
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "Fence.h"
#include "RuntimeAPI.h"

static void check(int err, const char* what) {
    if (err != NEURONRUNTIME_NO_ERROR) {
        std::fprintf(stderr, "%s: %d\n", what, err);
        std::exit(1);
    }
}

// Waits for the fence alone, as a client does that only hands it on.
static void run_fenced(void* runtime) {
    FenceInfo* info = new FenceInfo();
    info->inputFenceFd = -1;
    check(NeuronRuntime_inferenceFenced(runtime, info), "inferenceFenced");
    struct pollfd pfd = {static_cast<int>(info->fenceFd), POLLIN, 0};
    delete info;
    check(poll(&pfd, 1, -1) != 1, "poll");
    close(pfd.fd);
}

int main(int argc, char** argv) {
    if (argc != 4) {
        return 1;
    }
    EnvOptions options{};
    options.deviceKind = 0;
    options.MDLACoreOption = 1;
    options.MDLACoreOption = MDLACoreMode::Dual;
    options.CPUThreadNum = 1;
    check(IsNullDevice(&options) || IsHardware(&options) || IsPredictor(&options), "options");
    void* runtime = nullptr;
    check(NeuronRuntime_create(&options, &runtime), "create");
    check(NeuronRuntime_loadNetworkFromFile(runtime, argv[1]), "loadNetworkFromFile");
    size_t in_bytes = 0, out_bytes = 0;
    check(NeuronRuntime_getInputSize(runtime, 0, &in_bytes), "getInputSize");
    check(NeuronRuntime_getOutputSize(runtime, 0, &out_bytes), "getOutputSize");
    // Handles are tried until there is none.
    size_t none = 0, inputs = 0;
    while (NeuronRuntime_getInputSize(runtime, inputs, &none) == NEURONRUNTIME_NO_ERROR) {
        inputs++;
    }
    check(inputs != 1, "one input");
    std::vector<char> in(in_bytes), out(out_bytes);
    std::FILE* file = std::fopen(argv[2], "rb");
    check(file == nullptr || std::fread(in.data(), in_bytes, 1, file) != 1, argv[2]);
    std::fclose(file);
    QoSOptions qos{};
    qos.maxBoostValue = NEURONRUNTIME_BOOSTVALUE_MAX;
    qos.minBoostValue = NEURONRUNTIME_BOOSTVALUE_MAX;
    qos.delayedPowerOffTime = NEURONRUNTIME_POWER_OFF_TIME_DEFAULT;
    check(NeuronRuntime_setQoSOption(runtime, &qos), "setQoSOption");
    const BufferAttribute attribute = {-1};
    check(NeuronRuntime_setInput(runtime, 0, static_cast<const void*>(in.data()), in_bytes, {-1}),
          "setInput");
    check(NeuronRuntime_setOutput(runtime, 0, static_cast<void*>(out.data()), out_bytes, attribute),
          "setOutput");
    // More than the device has contexts for one client.
    for (int i = 0; i < 300; i++) {
        run_fenced(runtime);
    }
    check(NeuronRuntime_inference(runtime), "inference");
    NeuronRuntime_release(runtime);
    file = std::fopen(argv[3], "wb");
    check(file == nullptr || std::fwrite(out.data(), out_bytes, 1, file) != 1, argv[3]);
    return std::fclose(file) == 0 ? 0 : 1;
}
