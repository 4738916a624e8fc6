// Calls of cuSOLVER and cuBLAS for batches of matrices: one call where the library has one for batches of
// small matrices, else one for each matrix, with the same workspace.
#include "kernels/cuda/solver.h"

#include "core/scalar.h"
#include "kernels/create_kernels.h"
#include "kernels/cuda/library.h"
#include "kernels/cuda/runtime.h"
#include "kernels/cuda/solver_api.h"
#include "kernels/cuda/table.h"

#include <dlfcn.h>

#include <limits>

namespace torch::cuda {

namespace {

template <class Table> struct OpenedSolver {
  Table functions;
  bool complete = false;
};
void* open_linear_algebra(const char* name, const char* variable) {
  return emulated_driver() ? dlopen(emulated_driver(), RTLD_NOW | RTLD_LOCAL) : open_library(name, variable);
}

#define TORCH_FIND_AS(place, symbol)                                                                         \
  place = reinterpret_cast<decltype(+place)>(dlsym(handle, #symbol));                                        \
  o.complete &= place != nullptr;
#define TORCH_FIND(member, symbol, params) TORCH_FIND_AS(o.functions.member, symbol)
#define TORCH_FIND_TYPED(member, s, d, c, z, params)                                                         \
  TORCH_FIND_AS(o.functions.member[0], s)                                                                    \
  TORCH_FIND_AS(o.functions.member[1], d)                                                                    \
  TORCH_FIND_AS(o.functions.member[2], c)                                                                    \
  TORCH_FIND_AS(o.functions.member[3], z)
OpenedSolver<Solver> open_solver() {
  OpenedSolver<Solver> o;
  void* const handle = open_linear_algebra("libcusolver.so.12", "TORCH_CUSOLVER_DIR");
  if (!handle) return o;
  o.complete = true;
  TORCH_SOLVER_FUNCTIONS(TORCH_FIND)
  TORCH_SOLVER_TYPED(TORCH_FIND_TYPED)
  return o;
}
OpenedSolver<Classic> open_classic() {
  OpenedSolver<Classic> o;
  void* const handle = open_linear_algebra("libcublas.so.13", "TORCH_CUBLAS_DIR");
  if (!handle) return o;
  o.complete = true;
  TORCH_CLASSIC_FUNCTIONS(TORCH_FIND)
  TORCH_CLASSIC_TYPED(TORCH_FIND_TYPED)
  return o;
}
#undef TORCH_FIND_TYPED
#undef TORCH_FIND
#undef TORCH_FIND_AS

const Solver& solver() {
  static const OpenedSolver<Solver> o = open_solver();
  check(o.complete,
        "linear algebra on a GPU needs cuSOLVER, which is not there: pip install nvidia-cusolver");
  return o.functions;
}
const Classic& classic() {
  static const OpenedSolver<Classic> o = open_classic();
  check(o.complete, "linear algebra on a GPU needs cuBLAS, which is not there: pip install nvidia-cublas");
  return o.functions;
}
void check_solver(Status status, const char* what) {
  if (status != 0) [[unlikely]]
    throw DeviceError(DeviceError::What::Failure, concat("cuSOLVER error ", status, " in ", what));
}
void check_classic(Status status, const char* what) {
  if (status != 0) [[unlikely]]
    throw DeviceError(DeviceError::What::Failure, concat("cuBLAS error ", status, " in ", what));
}

// Handles are made once for each GPU, and have one stream at a time.
struct SolverHandles {
  std::mutex mutex;
  SolverHandle solvers[kMaxDevices] = {};
  ClassicHandle classics[kMaxDevices] = {};
  SolverParams params = nullptr;
};
SolverHandles& solver_handles() {
  static SolverHandles* const all = new SolverHandles; // outlives what uses it at the end of the process
  return *all;
}
class Session {
public:
  explicit Session(const Tensor& t) : gpu(use(t.device().index)), lock_(solver_handles().mutex) {
    check_failures(gpu);
  }
  SolverHandle solver_handle() const {
    SolverHandle& handle = solver_handles().solvers[gpu.index];
    if (!handle) check_solver(solver().create(&handle), "cusolverDnCreate");
    check_solver(solver().set_stream(handle, current_stream(gpu.index)), "cusolverDnSetStream");
    return handle;
  }
  ClassicHandle classic_handle() const {
    ClassicHandle& handle = solver_handles().classics[gpu.index];
    if (!handle) check_classic(classic().create(&handle), "cublasCreate");
    check_classic(classic().set_stream(handle, current_stream(gpu.index)), "cublasSetStream");
    return handle;
  }
  SolverParams params() const {
    SolverParams& made = solver_handles().params;
    if (!made) check_solver(solver().create_params(&made), "cusolverDnCreateParams");
    return made;
  }
  Gpu& gpu;

private:
  std::lock_guard<std::mutex> lock_;
};

int letter_of(DType t) {
  return t == DType::Float32 ? 0 : t == DType::Float64 ? 1 : t == DType::Complex64 ? 2 : 3;
}
int solver_type(DType t) {
  constexpr int types[] = {kR32F, kR64F, kC32F, kC64F};
  return types[letter_of(t)];
}
int int_of(int64_t n) {
  check(n <= std::numeric_limits<int>::max(), "torch.linalg: a dimension of ", n,
        " is too large for cuSOLVER");
  return static_cast<int>(n);
}

// A batch of column-major matrices, or of vectors (columns = 1).
struct Batch {
  int64_t rows, columns, count;
  char* data;
  int64_t step; // bytes
  int64_t ld;

  explicit Batch(const Tensor& t, int64_t inner = 2)
      : rows(t.size(t.dim() - inner)), columns(inner == 2 ? t.size(t.dim() - 1) : 1), count(1),
        data(static_cast<char*>(t.data())), step(rows * columns * t.itemsize()),
        ld(std::max<int64_t>(rows, 1)) {
    for (int64_t d = 0; d < t.dim() - inner; ++d) count *= t.size(d);
  }
  void* at(int64_t i) const { return data + i * step; }
};
int* info_at(const Tensor& info, int64_t i) { return info.data<int>() + i; }
// For functions whose answer says nothing about the matrices.
Tensor no_info(const Tensor& like) { return empty_tensor(DimVec{1}, DType::Int32, like.device()); }

// Memory that a function of cuSOLVER works in.
struct Work {
  Tensor on_device;
  std::vector<char> on_host;
  Work(const Tensor& like, size_t device_bytes, size_t host_bytes)
      : on_device(empty_tensor(DimVec{static_cast<int64_t>(std::max<size_t>(device_bytes, 1))}, DType::UInt8,
                               like.device())),
        on_host(std::max<size_t>(host_bytes, 1)), device_size(device_bytes), host_size(host_bytes) {}
  void* device() const { return on_device.data(); }
  void* host() { return on_host.data(); }
  size_t device_size, host_size;
};
Work elements(const Tensor& like, int count) {
  return {like, static_cast<size_t>(std::max(count, 1)) * static_cast<size_t>(like.itemsize()), 0};
}

// The addresses of the matrices, on the device.
class Pointers {
public:
  explicit Pointers(const Tensor& t, const Batch& b)
      : list_(empty_tensor(DimVec{b.count}, DType::Int64, t.device())) {
    const auto first = static_cast<int64_t>(reinterpret_cast<uintptr_t>(b.data));
    arange(list_, Scalar(first), Scalar(b.step));
  }
  void* const* get() const { return reinterpret_cast<void* const*>(list_.data()); }

private:
  Tensor list_;
};
// Many small matrices are better off in one call.
constexpr int64_t kSmallMatrix = 256;
bool is_batch(const Batch& a) {
  return a.count > 1 && a.count <= std::numeric_limits<int>::max() &&
         std::max(a.rows, a.columns) <= kSmallMatrix;
}

Tensor wide_pivots(const Tensor& pivots) {
  const Tensor wide = empty_tensor(pivots.sizes(), DType::Int64, pivots.device());
  copy(wide, pivots);
  return wide;
}

} // namespace

namespace lapack {

void check_dtype(const char* op, DType t) {
  if (t != DType::Float32 && t != DType::Float64 && t != DType::Complex64 && t != DType::Complex128)
    not_implemented('"', op, "\" not implemented for '", dtype_aten_name(t), "'");
}

void potrf(const Tensor& a, const Tensor& info, bool upper) {
  const Batch m(a);
  const int triangle = upper ? kUpper : kLower, type = solver_type(a.dtype());
  if (is_batch(m)) {
    const Pointers pointers(a, m);
    const Session s(a);
    return check_solver(solver().potrf_batch[letter_of(a.dtype())](
                            s.solver_handle(), triangle, int_of(m.rows), pointers.get(), int_of(m.ld),
                            info.data<int>(), static_cast<int>(m.count)),
                        "potrfBatched");
  }
  const Session s(a);
  size_t device_bytes = 0, host_bytes = 0;
  check_solver(solver().potrf_size(s.solver_handle(), s.params(), triangle, m.rows, type, m.data, m.ld, type,
                                   &device_bytes, &host_bytes),
               "Xpotrf_bufferSize");
  Work work(a, device_bytes, host_bytes);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().potrf(s.solver_handle(), s.params(), triangle, m.rows, type, m.at(i), m.ld, type,
                                work.device(), device_bytes, work.host(), host_bytes, info_at(info, i)),
                 "Xpotrf");
}

void potrs(const Tensor& factor, const Tensor& b, bool upper) {
  const Batch m(factor), x(b);
  const int type = solver_type(b.dtype());
  const Tensor info = no_info(b);
  const Session s(b);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().potrs(s.solver_handle(), s.params(), upper ? kUpper : kLower, m.rows, x.columns,
                                type, m.at(i), m.ld, type, x.at(i), x.ld, info.data<int>()),
                 "Xpotrs");
}

void potri(const Tensor& a, const Tensor& info, bool upper) {
  const Batch m(a);
  const int letter = letter_of(a.dtype()), triangle = upper ? kUpper : kLower, n = int_of(m.rows);
  const Session s(a);
  int lwork = 0;
  check_solver(solver().potri_size[letter](s.solver_handle(), triangle, n, m.data, n, &lwork),
               "potri_bufferSize");
  const Work work = elements(a, lwork);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().potri[letter](s.solver_handle(), triangle, n, m.at(i), n, work.device(), lwork,
                                        info_at(info, i)),
                 "potri");
}

void getrf(const Tensor& a, const Tensor& pivots, const Tensor& info) {
  const Batch m(a);
  const int type = solver_type(a.dtype());
  if (is_batch(m) && m.rows == m.columns) {
    const Pointers pointers(a, m);
    const Session s(a);
    return check_classic(classic().getrf_batch[letter_of(a.dtype())](
                             s.classic_handle(), int_of(m.rows), pointers.get(), int_of(m.ld),
                             pivots.data<int>(), info.data<int>(), static_cast<int>(m.count)),
                         "getrfBatched");
  }
  const Tensor wide = empty_tensor(pivots.sizes(), DType::Int64, a.device());
  const int64_t k = std::min(m.rows, m.columns);
  {
    const Session s(a);
    size_t device_bytes = 0, host_bytes = 0;
    check_solver(solver().getrf_size(s.solver_handle(), s.params(), m.rows, m.columns, type, m.data, m.ld,
                                     type, &device_bytes, &host_bytes),
                 "Xgetrf_bufferSize");
    Work work(a, device_bytes, host_bytes);
    for (int64_t i = 0; i < m.count; ++i)
      check_solver(solver().getrf(s.solver_handle(), s.params(), m.rows, m.columns, type, m.at(i), m.ld,
                                  wide.data<int64_t>() + i * k, type, work.device(), device_bytes,
                                  work.host(), host_bytes, info_at(info, i)),
                   "Xgetrf");
  }
  copy(pivots, wide);
}

void getrs(int op, const Tensor& lu, const Tensor& pivots, const Tensor& b) {
  const Batch m(lu), x(b);
  const int type = solver_type(b.dtype());
  if (is_batch(m)) {
    const Pointers factors(lu, m), sides(b, x);
    const Session s(b);
    int info = 0;
    return check_classic(classic().getrs_batch[letter_of(b.dtype())](
                             s.classic_handle(), op, int_of(m.rows), int_of(x.columns), factors.get(),
                             int_of(m.ld), pivots.data<int>(), sides.get(), int_of(x.ld), &info,
                             static_cast<int>(m.count)),
                         "getrsBatched");
  }
  const Tensor wide = wide_pivots(pivots), info = no_info(b);
  const Session s(b);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().getrs(s.solver_handle(), s.params(), op, m.rows, x.columns, type, m.at(i), m.ld,
                                wide.data<int64_t>() + i * m.rows, type, x.at(i), x.ld, info.data<int>()),
                 "Xgetrs");
}

void sytrf(const Tensor& a, const Tensor& pivots, const Tensor& info) {
  const Batch m(a);
  const int letter = letter_of(a.dtype()), n = int_of(m.rows);
  const Session s(a);
  int lwork = 0;
  check_solver(solver().sytrf_size[letter](s.solver_handle(), n, m.data, n, &lwork), "sytrf_bufferSize");
  const Work work = elements(a, lwork);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().sytrf[letter](s.solver_handle(), kLower, n, m.at(i), n, pivots.data<int>() + i * n,
                                        work.device(), lwork, info_at(info, i)),
                 "sytrf");
}

void sytrs(const Tensor& ld, const Tensor& pivots, const Tensor& b) {
  const Batch m(ld), x(b);
  const int type = solver_type(b.dtype());
  const Tensor wide = wide_pivots(pivots), info = no_info(b);
  const Session s(b);
  size_t device_bytes = 0, host_bytes = 0;
  check_solver(solver().sytrs_size(s.solver_handle(), kLower, m.rows, x.columns, type, m.data, m.ld,
                                   wide.data<int64_t>(), type, x.data, x.ld, &device_bytes, &host_bytes),
               "Xsytrs_bufferSize");
  Work work(b, device_bytes, host_bytes);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().sytrs(s.solver_handle(), kLower, m.rows, x.columns, type, m.at(i), m.ld,
                                wide.data<int64_t>() + i * m.rows, type, x.at(i), x.ld, work.device(),
                                device_bytes, work.host(), host_bytes, info.data<int>()),
                 "Xsytrs");
}

void geqrf(const Tensor& a, const Tensor& tau) {
  const Batch m(a), t(tau, 1);
  const int type = solver_type(a.dtype());
  const Tensor info = no_info(a);
  const Session s(a);
  size_t device_bytes = 0, host_bytes = 0;
  check_solver(solver().geqrf_size(s.solver_handle(), s.params(), m.rows, m.columns, type, m.data, m.ld, type,
                                   t.data, type, &device_bytes, &host_bytes),
               "Xgeqrf_bufferSize");
  Work work(a, device_bytes, host_bytes);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().geqrf(s.solver_handle(), s.params(), m.rows, m.columns, type, m.at(i), m.ld, type,
                                t.at(i), type, work.device(), device_bytes, work.host(), host_bytes,
                                info.data<int>()),
                 "Xgeqrf");
}

void orgqr(const Tensor& a, const Tensor& tau, int64_t k) {
  const Batch m(a), t(tau, 1);
  const int letter = letter_of(a.dtype()), rows = int_of(m.rows), columns = int_of(m.columns),
            count = int_of(k);
  const Tensor info = no_info(a);
  const Session s(a);
  int lwork = 0;
  check_solver(
      solver().orgqr_size[letter](s.solver_handle(), rows, columns, count, m.data, rows, t.data, &lwork),
      "orgqr_bufferSize");
  const Work work = elements(a, lwork);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().orgqr[letter](s.solver_handle(), rows, columns, count, m.at(i), rows, t.at(i),
                                        work.device(), lwork, info.data<int>()),
                 "orgqr");
}

void ormqr(bool left, int op, const Tensor& a, const Tensor& tau, const Tensor& c) {
  const Batch m(a), t(tau, 1), x(c);
  const int letter = letter_of(a.dtype()), side = left ? kLeft : kRight, lda = int_of(m.ld);
  const int rows = int_of(x.rows), columns = int_of(x.columns), k = int_of(t.rows);
  const Tensor info = no_info(a);
  const Session s(a);
  int lwork = 0;
  check_solver(solver().ormqr_size[letter](s.solver_handle(), side, op, rows, columns, k, m.data, lda, t.data,
                                           x.data, rows, &lwork),
               "ormqr_bufferSize");
  const Work work = elements(a, lwork);
  for (int64_t i = 0; i < x.count; ++i)
    check_solver(solver().ormqr[letter](s.solver_handle(), side, op, rows, columns, k, m.at(i), lda, t.at(i),
                                        x.at(i), rows, work.device(), lwork, info.data<int>()),
                 "ormqr");
}

void trsm(bool left, bool upper, int op, bool unit, const Tensor& a, const Tensor& b) {
  const Batch m(a), x(b);
  const int letter = letter_of(b.dtype()), side = left ? kLeft : kRight, triangle = upper ? kUpper : kLower;
  const int diagonal = unit ? kUnitDiagonal : kAnyDiagonal, rows = int_of(x.rows),
            columns = int_of(x.columns);
  const double one_double[2] = {1, 0};
  const float one_float[2] = {1, 0};
  const void* const one = letter % 2 ? static_cast<const void*>(one_double) : one_float;
  if (is_batch(m)) {
    const Pointers factors(a, m), sides(b, x);
    const Session s(b);
    return check_classic(classic().trsm_batch[letter](s.classic_handle(), side, triangle, op, diagonal, rows,
                                                      columns, one, factors.get(), int_of(m.ld), sides.get(),
                                                      int_of(x.ld), static_cast<int>(x.count)),
                         "trsmBatched");
  }
  const Session s(b);
  for (int64_t i = 0; i < x.count; ++i)
    check_classic(classic().trsm[letter](s.classic_handle(), side, triangle, op, diagonal, rows, columns, one,
                                         m.at(i), int_of(m.ld), x.at(i), int_of(x.ld)),
                  "trsm");
}

void syevd(const Tensor& a, const Tensor& values, const Tensor& info, bool upper, bool vectors) {
  const Batch m(a), w(values, 1);
  const int type = solver_type(a.dtype()), real = solver_type(values.dtype());
  const int mode = vectors ? kVectors : kValues, triangle = upper ? kUpper : kLower;
  const Session s(a);
  size_t device_bytes = 0, host_bytes = 0;
  if (is_batch(m)) {
    check_solver(solver().syev_batch_size(s.solver_handle(), s.params(), mode, triangle, m.rows, type, m.data,
                                          m.ld, real, w.data, type, &device_bytes, &host_bytes, m.count),
                 "XsyevBatched_bufferSize");
    Work work(a, device_bytes, host_bytes);
    return check_solver(solver().syev_batch(s.solver_handle(), s.params(), mode, triangle, m.rows, type,
                                            m.data, m.ld, real, w.data, type, work.device(), device_bytes,
                                            work.host(), host_bytes, info.data<int>(), m.count),
                        "XsyevBatched");
  }
  check_solver(solver().syevd_size(s.solver_handle(), s.params(), mode, triangle, m.rows, type, m.data, m.ld,
                                   real, w.data, type, &device_bytes, &host_bytes),
               "Xsyevd_bufferSize");
  Work work(a, device_bytes, host_bytes);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().syevd(s.solver_handle(), s.params(), mode, triangle, m.rows, type, m.at(i), m.ld,
                                real, w.at(i), type, work.device(), device_bytes, work.host(), host_bytes,
                                info_at(info, i)),
                 "Xsyevd");
}

void geev(const Tensor& a, const Tensor& values, const Tensor& vectors, const Tensor& info) {
  const Batch m(a), w(values, 1);
  const int type = solver_type(a.dtype()), complex = solver_type(values.dtype());
  const int mode = vectors.defined() ? kVectors : kValues;
  const auto vector_at = [&](int64_t i) { return vectors.defined() ? Batch(vectors).at(i) : nullptr; };
  const Session s(a);
  size_t device_bytes = 0, host_bytes = 0;
  check_solver(solver().geev_size(s.solver_handle(), s.params(), kValues, mode, m.rows, type, m.data, m.ld,
                                  complex, w.data, type, nullptr, m.ld, type, vector_at(0), m.ld, type,
                                  &device_bytes, &host_bytes),
               "Xgeev_bufferSize");
  Work work(a, device_bytes, host_bytes);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().geev(s.solver_handle(), s.params(), kValues, mode, m.rows, type, m.at(i), m.ld,
                               complex, w.at(i), type, nullptr, m.ld, type, vector_at(i), m.ld, type,
                               work.device(), device_bytes, work.host(), host_bytes, info_at(info, i)),
                 "Xgeev");
}

void gesvd(const Tensor& a, const Tensor& u, const Tensor& s, const Tensor& vh, const Tensor& info) {
  const Batch m(a), values(s, 1);
  const int type = solver_type(a.dtype()), real = solver_type(s.dtype());
  const bool with = u.defined();
  const Batch left = with ? Batch(u) : m, right = with ? Batch(vh) : m;
  const auto job = [&](bool whole) { return static_cast<signed char>(!with ? 'N' : whole ? 'A' : 'S'); };
  const signed char job_u = job(with && left.columns == m.rows),
                    job_vh = job(with && right.rows == m.columns);
  const auto part = [&](const Batch& b, int64_t i) { return with ? b.at(i) : nullptr; };
  const Session session(a);
  size_t device_bytes = 0, host_bytes = 0;
  check_solver(solver().gesvd_size(session.solver_handle(), session.params(), job_u, job_vh, m.rows,
                                   m.columns, type, m.data, m.ld, real, values.data, type, part(left, 0),
                                   left.ld, type, part(right, 0), right.ld, type, &device_bytes, &host_bytes),
               "Xgesvd_bufferSize");
  Work work(a, device_bytes, host_bytes);
  for (int64_t i = 0; i < m.count; ++i)
    check_solver(solver().gesvd(session.solver_handle(), session.params(), job_u, job_vh, m.rows, m.columns,
                                type, m.at(i), m.ld, real, values.at(i), type, part(left, i), left.ld, type,
                                part(right, i), right.ld, type, work.device(), device_bytes, work.host(),
                                host_bytes, info_at(info, i)),
                 "Xgesvd");
}

} // namespace lapack

} // namespace torch::cuda
