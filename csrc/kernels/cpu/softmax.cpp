// softmax and log_softmax along a dimension, and their gradients. The largest element is subtracted first;
// sums are in double lanes.
#include "kernels/cpu/lines.h"
#include "kernels/cpu/reduce_lanes.h"
#include "kernels/cpu/row_ops.h"
#include "kernels/cpu/vec_math.h"
#include "kernels/nn_kernels.h"

#include <algorithm>

namespace torch::TORCH_ISA {

namespace {

template <class T> double sum_of(const T* x, int64_t n) {
  double total = 0;
  Lanes<SumJoin, T, double>::run(&total, x, n, nullptr);
  return total;
}
template <class T> T max_of(const T* x, int64_t n) {
  T most = -std::numeric_limits<T>::infinity();
  Lanes<MaxJoin, T, T>::run(&most, x, n, nullptr);
  return most;
}
// Pointer to row i of operand k.
template <class T> TORCH_INLINE T* row(void* const* data, const int64_t* strides, int k, int64_t i) {
  return reinterpret_cast<T*>(static_cast<char*>(data[k]) + i * strides[k]);
}

constexpr int64_t kMaxColumns = 512; // run_lines hands out no more side by side

template <class T, bool kLog> struct Softmax {
  using V = Vec<T>;

  static void line(void* const* data, int64_t n, const void*) {
    T* const out = static_cast<T*>(data[0]);
    const T* const x = static_cast<const T*>(data[1]);
    const T most = max_of(x, n);
    if constexpr (kLog) {
      constexpr int64_t kBlock = 1024;
      T e[kBlock];
      double total = 0;
      for (int64_t first = 0; first < n; first += kBlock) {
        const int64_t size = std::min(kBlock, n - first);
        each_vec<T>(size, [&](int64_t i, auto load, auto store) {
          store(e + i, exp_(load(x + first + i) - V(most)));
        });
        total += sum_of(e, size);
      }
      const T log_total = T(std::log(total));
      each_vec<T>(
          n, [&](int64_t i, auto load, auto store) { store(out + i, load(x + i) - V(most) - V(log_total)); });
    } else {
      each_vec<T>(n, [&](int64_t i, auto load, auto store) { store(out + i, exp_(load(x + i) - V(most))); });
      const T total = T(sum_of(out, n));
      each_vec<T>(n, [&](int64_t i, auto load, auto store) { store(out + i, load(out + i) / V(total)); });
    }
  }

  static void columns(void* const* data, const int64_t* strides, int64_t n, int64_t m, const void*) {
    alignas(64) T most[kMaxColumns], e[kMaxColumns], shift[kMaxColumns];
    alignas(64) double total[kMaxColumns];
    std::fill_n(most, m, -std::numeric_limits<T>::infinity());
    std::fill_n(total, m, 0.0);
    Lanes<MaxJoin, T, T>::columns(most, row<const T>(data, strides, 1, 0), strides[1], n, m, nullptr);
    for (int64_t i = 0; i < n; ++i) {
      const T* const x = row<const T>(data, strides, 1, i);
      T* const to = kLog ? e : row<T>(data, strides, 0, i);
      each_vec<T>(
          m, [&](int64_t j, auto load, auto store) { store(to + j, exp_(load(x + j) - load(most + j))); });
      Lanes<SumJoin, T, double>::columns(total, to, 0, 1, m, nullptr);
    }
    for (int64_t j = 0; j < m; ++j) shift[j] = T(kLog ? std::log(total[j]) : total[j]);
    for (int64_t i = 0; i < n; ++i) {
      const T* const x = row<const T>(data, strides, 1, i);
      T* const out = row<T>(data, strides, 0, i);
      each_vec<T>(m, [&](int64_t j, auto load, auto store) {
        if constexpr (kLog)
          store(out + j, load(x + j) - load(most + j) - load(shift + j));
        else
          store(out + j, load(out + j) / load(shift + j));
      });
    }
  }
};

// softmax: (grad - sum(grad * y)) * y; log_softmax: grad - exp(y) * sum(grad)
template <class T, bool kLog> struct SoftmaxGrad {
  using V = Vec<T>;

  // Products of two rows, summed: in double lanes, by blocks.
  static double dot(const T* a, const T* b, int64_t n) {
    constexpr int64_t kBlock = 1024;
    T product[kBlock];
    double total = 0;
    for (int64_t first = 0; first < n; first += kBlock) {
      const int64_t size = std::min(kBlock, n - first);
      each_vec<T>(size, [&](int64_t i, auto load, auto store) {
        store(product + i, load(a + first + i) * load(b + first + i));
      });
      total += sum_of(product, size);
    }
    return total;
  }

  static void line(void* const* data, int64_t n, const void*) {
    T* const out = static_cast<T*>(data[0]);
    const T* const grad = static_cast<const T*>(data[1]);
    const T* const y = static_cast<const T*>(data[2]);
    const V total(T(kLog ? sum_of(grad, n) : dot(grad, y, n)));
    each_vec<T>(n, [&](int64_t i, auto load, auto store) {
      if constexpr (kLog)
        store(out + i, load(grad + i) - exp_(load(y + i)) * total);
      else
        store(out + i, (load(grad + i) - total) * load(y + i));
    });
  }

  static void columns(void* const* data, const int64_t* strides, int64_t n, int64_t m, const void*) {
    alignas(64) T product[kMaxColumns], shift[kMaxColumns];
    alignas(64) double total[kMaxColumns];
    std::fill_n(total, m, 0.0);
    for (int64_t i = 0; i < n; ++i) {
      const T* term = row<const T>(data, strides, 1, i);
      if constexpr (!kLog) {
        const T* const y = row<const T>(data, strides, 2, i);
        each_vec<T>(
            m, [&](int64_t j, auto load, auto store) { store(product + j, load(term + j) * load(y + j)); });
        term = product;
      }
      Lanes<SumJoin, T, double>::columns(total, term, 0, 1, m, nullptr);
    }
    for (int64_t j = 0; j < m; ++j) shift[j] = T(total[j]);
    for (int64_t i = 0; i < n; ++i) {
      T* const out = row<T>(data, strides, 0, i);
      const T* const grad = row<const T>(data, strides, 1, i);
      const T* const y = row<const T>(data, strides, 2, i);
      each_vec<T>(m, [&](int64_t j, auto load, auto store) {
        if constexpr (kLog)
          store(out + j, load(grad + j) - exp_(load(y + j)) * load(shift + j));
        else
          store(out + j, (load(grad + j) - load(shift + j)) * load(y + j));
      });
    }
  }
};

template <class K> void run_as(DType type, const Tensor* const* operands, int n, int64_t dim) {
  run_lines({1, n, {type, type, type}, K::line, K::columns, nullptr, 4}, operands,
            wrap_dim(dim, operands[0]->dim()));
}

template <template <class, bool> class K, bool kLog>
void run(const char* op, const Tensor* const* operands, int n, int64_t dim) {
  switch (operands[0]->dtype()) {
  case DType::Float64:
    return run_as<K<double, kLog>>(DType::Float64, operands, n, dim);
  case DType::Float32:
  case DType::Float16:
  case DType::BFloat16:
    return run_as<K<float, kLog>>(DType::Float32, operands, n, dim);
  default:
    fail_dtype(op, operands[0]->dtype());
  }
}

template <class K> void rows_as(const RowsCall& call) {
  for (int64_t r = 0; r < call.rows; ++r) {
    void* data[3] = {call.out(0, r)};
    for (int k = 0; k < call.n_inputs; ++k) data[k + 1] = const_cast<void*>(call.input(k, r));
    K::line(data, call.n, nullptr);
  }
}
template <class T> RowsFunction rows_of(RowOp op) {
  switch (op) {
  case RowOp::Softmax:
    return rows_as<Softmax<T, false>>;
  case RowOp::LogSoftmax:
    return rows_as<Softmax<T, true>>;
  case RowOp::SoftmaxBackward:
    return rows_as<SoftmaxGrad<T, false>>;
  default:
    return rows_as<SoftmaxGrad<T, true>>;
  }
}

} // namespace

RowsFunction softmax_rows(RowOp op, DType type) {
  return type == DType::Float64 ? rows_of<double>(op) : rows_of<float>(op);
}

void softmax(const Tensor& out, const Tensor& self, int64_t dim) {
  const Tensor* const operands[] = {&out, &self};
  run<Softmax, false>("softmax", operands, 2, dim);
}
void log_softmax(const Tensor& out, const Tensor& self, int64_t dim) {
  const Tensor* const operands[] = {&out, &self};
  run<Softmax, true>("log_softmax", operands, 2, dim);
}
void softmax_backward(const Tensor& out, const Tensor& grad, const Tensor& output, int64_t dim) {
  const Tensor* const operands[] = {&out, &grad, &output};
  run<SoftmaxGrad, false>("softmax_backward", operands, 3, dim);
}
void log_softmax_backward(const Tensor& out, const Tensor& grad, const Tensor& output, int64_t dim) {
  const Tensor* const operands[] = {&out, &grad, &output};
  run<SoftmaxGrad, true>("log_softmax_backward", operands, 3, dim);
}

} // namespace torch::TORCH_ISA
