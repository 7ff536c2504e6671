// SPDX-License-Identifier: MIT
//
// The oracle of the conformance tests: runs .tflite models with TensorFlow
// Lite's reference kernels. Only these are defined bit for bit; the optimised
// ones differ from CPU to CPU.
//
//   tfl-oracle --version
//   tfl-oracle [--all-tensors DUMP] [--bench N] MODEL IN OUT
//   tfl-oracle --batch LIST
//
// IN holds samples one after the other, a sample being all inputs of the model
// in order; OUT gets, per sample, all outputs. LIST has lines "MODEL IN OUT".
// DUMP gets every tensor of the first sample as {u32 index, u32 type, u32
// bytes, data}. --bench runs the samples N times more and prints the time of
// one inference in nanoseconds: median, least and greatest.

#include <algorithm>
#include <chrono>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "tensorflow/lite/c/c_api.h"
#include "tensorflow/lite/interpreter.h"
#include "tensorflow/lite/interpreter_builder.h"
#include "tensorflow/lite/interpreter_options.h"
#include "tensorflow/lite/kernels/register_ref.h"
#include "tensorflow/lite/model_builder.h"

#include "transpose_bias.h"

namespace {

struct Job {
	std::string model, in, out, dump;
	int bench = 0;
};

// Keeps what the library says, so that a failure comes out as one line.
class Collector : public tflite::ErrorReporter {
public:
	int Report(const char *format, va_list args) override
	{
		char line[512];
		int n = vsnprintf(line, sizeof(line), format, args);

		if (!text.empty())
			text += "; ";
		text += line;
		return n;
	}

	std::string text;
};

// Mapped models must stay as long as their interpreter: both live here.
class Net {
public:
	Net()
	{
		resolver_.AddCustom("Convolution2DTransposeBias", transpose_bias::registration());
	}

	// Returns an empty string, or what is wrong.
	std::string load(const std::string &path, bool keep_all)
	{
		tflite::InterpreterOptions options;

		options.SetPreserveAllTensors(keep_all);
		model_ = tflite::FlatBufferModel::VerifyAndBuildFromFile(
			path.c_str(), nullptr, &errors_);
		if (!model_)
			return why("no valid model");
		if (tflite::InterpreterBuilder(*model_, resolver_, &options)(
			    &net_, 1) != kTfLiteOk || !net_)
			return why("model refused");
		if (net_->AllocateTensors() != kTfLiteOk)
			return why("AllocateTensors failed");
		in_bytes_ = bytes_of(net_->inputs());
		return "";
	}

	size_t in_bytes() const { return in_bytes_; }

	void set_inputs(const char *sample)
	{
		for (int i : net_->inputs()) {
			TfLiteTensor *t = net_->tensor(i);

			memcpy(t->data.raw, sample, t->bytes);
			sample += t->bytes;
		}
	}

	std::string invoke()
	{
		return net_->Invoke() == kTfLiteOk ? "" : why("Invoke failed");
	}

	void append_outputs(std::string *to) const
	{
		for (int i : net_->outputs()) {
			const TfLiteTensor *t = net_->tensor(i);

			to->append(t->data.raw_const, t->bytes);
		}
	}

	void append_all(std::string *to) const
	{
		for (size_t i = 0; i < net_->tensors_size(); i++) {
			const TfLiteTensor *t = net_->tensor(i);

			if (!t->data.raw_const || !t->bytes)
				continue;
			uint32_t head[3] = { uint32_t(i), uint32_t(t->type),
					     uint32_t(t->bytes) };
			to->append(reinterpret_cast<char *>(head), sizeof(head));
			to->append(t->data.raw_const, t->bytes);
		}
	}

private:
	size_t bytes_of(const std::vector<int> &tensors) const
	{
		size_t n = 0;

		for (int i : tensors)
			n += net_->tensor(i)->bytes;
		return n;
	}

	std::string why(const char *what) const
	{
		return errors_.text.empty() ? what : what + (": " + errors_.text);
	}

	Collector errors_;
	tflite::ops::builtin::BuiltinRefOpResolver resolver_;
	std::unique_ptr<tflite::FlatBufferModel> model_;
	std::unique_ptr<tflite::Interpreter> net_;
	size_t in_bytes_ = 0;
};

bool read_file(const std::string &path, std::string *to)
{
	std::ifstream f(path, std::ios::binary);

	to->assign(std::istreambuf_iterator<char>(f), {});
	return f.good() || f.eof();
}

bool write_file(const std::string &path, const std::string &data)
{
	std::ofstream f(path, std::ios::binary | std::ios::trunc);

	f.write(data.data(), data.size());
	f.close();
	return !f.fail();
}

std::string bench(Net *net, const std::string &in, size_t samples, int times)
{
	std::vector<long long> ns;

	for (int k = 0; k < times; k++) {
		net->set_inputs(in.data() + k % samples * net->in_bytes());
		auto start = std::chrono::steady_clock::now();
		std::string bad = net->invoke();
		auto end = std::chrono::steady_clock::now();

		if (!bad.empty())
			return bad;
		ns.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(
			end - start).count());
	}
	std::sort(ns.begin(), ns.end());
	printf("inference_ns median %lld min %lld max %lld runs %d\n",
	       ns[ns.size() / 2], ns.front(), ns.back(), times);
	return "";
}

std::string run(const Job &job)
{
	Net net;
	std::string in, out, dump;
	std::string bad = net.load(job.model, !job.dump.empty());

	if (!bad.empty())
		return bad;
	if (!read_file(job.in, &in))
		return "cannot read " + job.in;
	if (in.empty() || !net.in_bytes() || in.size() % net.in_bytes())
		return job.in + " has " + std::to_string(in.size()) +
		       " bytes, no multiple of the sample's " +
		       std::to_string(net.in_bytes());
	for (size_t at = 0; at < in.size(); at += net.in_bytes()) {
		net.set_inputs(in.data() + at);
		bad = net.invoke();
		if (!bad.empty())
			return bad;
		net.append_outputs(&out);
		if (at == 0 && !job.dump.empty())
			net.append_all(&dump);
	}
	if (!write_file(job.out, out))
		return "cannot write " + job.out;
	if (!job.dump.empty() && !write_file(job.dump, dump))
		return "cannot write " + job.dump;
	if (job.bench > 0)
		return bench(&net, in, in.size() / net.in_bytes(), job.bench);
	return "";
}

// In a process of its own: the library aborts on some models that it should refuse.
std::string run_apart(const Job &job)
{
	int fds[2], status = 0;
	std::string said;
	char buf[512];
	ssize_t n;
	pid_t pid;

	if (pipe(fds) != 0)
		return "cannot make a pipe";
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return "cannot make a process";
	}
	if (pid == 0) {
		std::string bad = run(job);

		close(fds[0]);
		n = write(fds[1], bad.data(), bad.size());
		_exit(n == static_cast<ssize_t>(bad.size()) ? 0 : 1);
	}
	close(fds[1]);
	while ((n = read(fds[0], buf, sizeof(buf))) > 0)
		said.append(buf, static_cast<size_t>(n));
	close(fds[0]);
	if (waitpid(pid, &status, 0) != pid)
		return "its process is lost";
	if (WIFSIGNALED(status))
		return std::string("the reference kernels end with: ") +
		       strsignal(WTERMSIG(status));
	if (status != 0 && said.empty())
		return "its process says nothing";
	return said;
}

// One line per model: "ok MODEL" or "fail MODEL: reason".
int run_batch(const char *list)
{
	std::ifstream f(list);
	std::string line;
	int status = f ? 0 : 1;

	if (status)
		fprintf(stderr, "error: cannot read %s\n", list);
	while (std::getline(f, line)) {
		std::istringstream words(line);
		Job job;

		if (!(words >> job.model >> job.in >> job.out)) {
			fprintf(stderr, "error: bad line in %s: %s\n", list,
				line.c_str());
			return 1;
		}
		std::string bad = run_apart(job);

		if (bad.empty())
			printf("ok %s\n", job.model.c_str());
		else
			printf("fail %s: %s\n", job.model.c_str(), bad.c_str());
		fflush(stdout);
		if (!bad.empty())
			status = 1;
	}
	return status;
}

int usage()
{
	fputs("usage: tfl-oracle --version\n"
	      "       tfl-oracle [--all-tensors DUMP] [--bench N] MODEL IN OUT\n"
	      "       tfl-oracle --batch LIST\n", stderr);
	return 2;
}

} // namespace

int main(int argc, char **argv)
{
	std::vector<std::string> args;
	Job job;

	for (int i = 1; i < argc; i++) {
		std::string a = argv[i];

		if (a == "--version") {
			printf("TensorFlow Lite %s, reference kernels\n",
			       TfLiteVersion());
			return 0;
		}
		if (a == "--batch" && i + 1 < argc)
			return run_batch(argv[i + 1]);
		if (a == "--all-tensors" && i + 1 < argc)
			job.dump = argv[++i];
		else if (a == "--bench" && i + 1 < argc)
			job.bench = atoi(argv[++i]);
		else if (a.compare(0, 2, "--") == 0)
			return usage();
		else
			args.push_back(a);
	}
	if (args.size() != 3)
		return usage();
	job.model = args[0];
	job.in = args[1];
	job.out = args[2];
	std::string bad = run(job);

	if (!bad.empty())
		fprintf(stderr, "error: %s: %s\n", job.model.c_str(), bad.c_str());
	return bad.empty() ? 0 : 1;
}
