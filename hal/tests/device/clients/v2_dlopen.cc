// SPDX-License-Identifier: MIT
// Version 2, C++, the library loaded at run time; asynchronous.
#include <dlfcn.h>

#include <condition_variable>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "neuron/api/RuntimeV2.h"

namespace {

constexpr size_t kJobs = 16;

struct Job {
    std::vector<uint8_t> output;
    IOBuffer in{};
    IOBuffer out{};
};

class Runtime {
public:
    explicit Runtime(const std::string& library) : mHandle(dlopen(library.c_str(), RTLD_NOW)) {}

    ~Runtime() {
        if (mRuntime != nullptr) {
            get<decltype(&NeuronRuntimeV2_release)>("NeuronRuntimeV2_release")(mRuntime);
        }
        if (mHandle != nullptr) {
            dlclose(mHandle);
        }
    }

    bool open(const std::string& model) {
        if (mHandle == nullptr) {
            std::cerr << dlerror() << std::endl;
            return false;
        }
        auto create = get<decltype(&NeuronRuntimeV2_create)>("NeuronRuntimeV2_create");
        return create(model.c_str(), 4, &mRuntime, 2048) == NEURONRUNTIME_NO_ERROR;
    }

    size_t size(const char* function) {
        size_t bytes = 0;
        auto fn = get<decltype(&NeuronRuntimeV2_getInputPaddedSize)>(function);
        return fn(mRuntime, 0, &bytes) == NEURONRUNTIME_NO_ERROR ? bytes : 0;
    }

    bool submit(Job& job) {
        auto enqueue = get<decltype(&NeuronRuntimeV2_enqueue)>("NeuronRuntimeV2_enqueue");
        AsyncInferenceRequest request{&job.in, &job.out, &Runtime::finished, this};
        uint64_t id = ~0ull;
        return enqueue(mRuntime, request, &id) == NEURONRUNTIME_NO_ERROR;
    }

    bool wait(size_t jobs) {
        std::unique_lock<std::mutex> lock(mMutex);
        mChanged.wait(lock, [&] { return mStatus.size() == jobs; });
        for (const auto& entry : mStatus) {
            if (entry.second != NEURONRUNTIME_NO_ERROR) {
                std::cerr << "job " << entry.first << ": " << entry.second << std::endl;
                return false;
            }
        }
        return mStatus.begin()->first == 0 && mStatus.rbegin()->first == jobs - 1;
    }

private:
    template <typename F> F get(const char* name) { return reinterpret_cast<F>(dlsym(mHandle, name)); }

    static void finished(uint64_t job, void* opaque, int status) {
        auto self = static_cast<Runtime*>(opaque);
        std::lock_guard<std::mutex> lock(self->mMutex);
        self->mStatus[job] = status;
        self->mChanged.notify_one();
    }

    void* mHandle;
    void* mRuntime = nullptr;
    std::mutex mMutex;
    std::condition_variable mChanged;
    std::map<uint64_t, int> mStatus;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        return 1;
    }
    Runtime runtime("libneuronusdk_runtime.mtk.so");
    if (!runtime.open(argv[1])) {
        std::cerr << "cannot open " << argv[1] << std::endl;
        return 1;
    }
    std::ifstream file(argv[2], std::ios::binary);
    std::vector<char> input(std::istreambuf_iterator<char>(file), {});
    const size_t inSize = runtime.size("NeuronRuntimeV2_getInputPaddedSize");
    const size_t outSize = runtime.size("NeuronRuntimeV2_getOutputPaddedSize");
    if (input.size() != inSize) {
        std::cerr << "the model wants " << inSize << " bytes" << std::endl;
        return 1;
    }
    std::vector<std::unique_ptr<Job>> jobs;
    for (size_t i = 0; i < kJobs; i++) {
        jobs.emplace_back(new Job);
        Job& job = *jobs.back();
        job.output.resize(outSize);
        std::memset(&job.in, 0, sizeof(job.in));
        std::memset(&job.out, 0, sizeof(job.out));
        job.in.buffer = input.data();
        job.in.length = input.size();
        job.in.fd = -1;
        job.out.buffer = job.output.data();
        job.out.length = job.output.size();
        job.out.fd = -1;
        if (!runtime.submit(job)) {
            std::cerr << "cannot enqueue" << std::endl;
            return 1;
        }
    }
    if (!runtime.wait(kJobs)) {
        return 1;
    }
    for (const auto& job : jobs) {
        if (job->output != jobs[0]->output) {
            std::cerr << "outputs differ" << std::endl;
            return 1;
        }
    }
    std::ofstream(argv[3], std::ios::binary)
        .write(reinterpret_cast<char*>(jobs[0]->output.data()), static_cast<std::streamsize>(outSize));
    return 0;
}
