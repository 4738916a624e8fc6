#include "kernels/cuda/jit.h"

#include "core/error.h"
#include "kernels/cuda/library.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace torch::cuda {

namespace {

using Program = struct ProgramObject*;

struct Compiler {
  int (*version)(int* major, int* minor) = nullptr;
  int (*create)(Program*, const char* source, const char* name, int n_headers, const char* const* headers,
                const char* const* names) = nullptr;
  int (*run)(Program, int n_options, const char* const* options) = nullptr;
  int (*log_size)(Program, size_t*) = nullptr;
  int (*log)(Program, char*) = nullptr;
  int (*code_size)(Program, size_t*) = nullptr;
  int (*code)(Program, char*) = nullptr;
  int (*destroy)(Program*) = nullptr;
  bool open = false;
};

Compiler open_compiler() {
  Compiler c;
  if (emulated_driver()) return c; // it runs no machine code
  // It looks for its companion by name only.
  void* const handle = open_library("libnvrtc.so.13", "TORCH_NVRTC_DIR", "libnvrtc-builtins.so.13.0");
  if (!handle) return c;
  const auto find = [&]<class F>(F*& f, const char* name) {
    f = reinterpret_cast<F*>(dlsym(handle, name));
    check(f != nullptr, "libnvrtc has no ", name);
  };
  find(c.version, "nvrtcVersion");
  find(c.create, "nvrtcCreateProgram");
  find(c.run, "nvrtcCompileProgram");
  find(c.log_size, "nvrtcGetProgramLogSize");
  find(c.log, "nvrtcGetProgramLog");
  find(c.code_size, "nvrtcGetCUBINSize");
  find(c.code, "nvrtcGetCUBIN");
  find(c.destroy, "nvrtcDestroyProgram");
  c.open = true;
  return c;
}

const Compiler& opened() {
  static const Compiler the_one = open_compiler();
  return the_one;
}
const Compiler& compiler() {
  check(opened().open,
        "this step needs a kernel that is compiled when it is first used, and libnvrtc, the compiler, is "
        "not there: pip install nvidia-cuda-nvrtc");
  return opened();
}

// FNV-1a, 128 bits as two runs.
std::string hash(const std::string& text) {
  std::string out;
  for (const uint64_t start : {0xcbf29ce484222325ull, 0x84222325cbf29ce4ull}) {
    uint64_t h = start;
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(h));
    out += digits;
  }
  return out;
}

// Null where nothing is to be kept: TORCH_KERNEL_CACHE= (empty).
std::string cache_folder() {
  if (const char* const given = std::getenv("TORCH_KERNEL_CACHE")) return given;
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  if (cache && *cache) return std::string(cache) + "/torch-core/kernels";
  return home && *home ? std::string(home) + "/.cache/torch-core/kernels" : "";
}

bool read_file(const std::string& path, std::string& into) {
  std::FILE* const file = std::fopen(path.c_str(), "rb");
  if (!file) return false;
  char buffer[1 << 16];
  size_t n = 0;
  while ((n = std::fread(buffer, 1, sizeof buffer, file)) > 0) into.append(buffer, n);
  const bool whole = !std::ferror(file) && into.size() > 4 && into.compare(1, 3, "ELF") == 0;
  std::fclose(file);
  return whole;
}

// In one step, so that nobody reads half a file; a cache that cannot be written is none.
void write_file(const std::string& folder, const std::string& path, const std::string& data) {
  for (size_t at = 1; at != std::string::npos;) {
    at = folder.find('/', at + 1);
    mkdir(folder.substr(0, at).c_str(), 0755);
  }
  const std::string fresh = path + "." + std::to_string(getpid());
  std::FILE* const file = std::fopen(fresh.c_str(), "wb");
  if (!file) return;
  const bool written = std::fwrite(data.data(), 1, data.size(), file) == data.size();
  if (std::fclose(file) != 0 || !written || std::rename(fresh.c_str(), path.c_str()) != 0)
    unlink(fresh.c_str());
}

std::string compile_now(const std::string& source, const std::string& architecture) {
  const Compiler& c = compiler();
  std::vector<const char*> texts, names;
  for (int i = 0; i < embedded_header_count; ++i) {
    texts.push_back(embedded_headers[i].text);
    names.push_back(embedded_headers[i].name);
  }
  Program program = nullptr;
  check(c.create(&program, source.c_str(), "kernel.cu", embedded_header_count, texts.data(), names.data()) ==
            0,
        "nvrtcCreateProgram failed");
  const char* const options[] = {architecture.c_str(), "-std=c++20", "-fmad=false", "-default-device"};
  const int failed = c.run(program, 4, options);
  std::string result;
  size_t n = 0;
  if (failed) {
    c.log_size(program, &n);
    result.resize(n);
    c.log(program, result.data());
  } else {
    c.code_size(program, &n);
    result.resize(n);
    c.code(program, result.data());
  }
  c.destroy(&program);
  check(!failed, "a kernel does not compile: ", result);
  return result;
}

} // namespace

bool can_compile() { return opened().open; }

std::string compile(const std::string& source, int compute_capability) {
  static const std::string headers = [] {
    std::string all;
    for (int i = 0; i < embedded_header_count; ++i) all.append(embedded_headers[i].text);
    return hash(all);
  }();
  int major = 0, minor = 0;
  compiler().version(&major, &minor);
  const std::string architecture = concat("-arch=sm_", compute_capability);
  const std::string folder = cache_folder();
  if (folder.empty()) return compile_now(source, architecture);
  const std::string path =
      folder + "/" + hash(concat(source, headers, architecture, " ", major, ".", minor)) + ".cubin";
  std::string code;
  if (read_file(path, code)) return code;
  code = compile_now(source, architecture);
  write_file(folder, path, code);
  return code;
}

} // namespace torch::cuda
