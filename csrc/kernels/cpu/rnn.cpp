// Recurrent networks: the gates of a step of lstm and gru after the products of matrices, and whole layers;
// both with their gradients. float32 and float64, all operands contiguous.
#include "core/tensor.h"
#include "core/threads.h"
#include "kernels/cpu/gemm_panels.h"
#include "kernels/cpu/vec_math.h"
#include "kernels/rnn_cell.h"
#include "kernels/rnn_kernels.h"

#include <algorithm>
#include <vector>

namespace torch::TORCH_ISA {
namespace {

// ---- one sample, or some of its units ----

// Values of one sample: those of gate k start at [k].
template <class T> struct Gates {
  T* data = nullptr;
  int64_t step = 0;
  T* operator[](int64_t k) const { return data + k * step; }
};

// i, f, g, o: cy = f cx + i g, hy = o tanh(cy). kept, if there: i, f, g, o. cy may be cx.
template <class T>
void lstm_row(int64_t n, Gates<const T> x, Gates<const T> h, const T* cx, Gates<T> kept, T* cy, T* hy) {
  each_vec<T>(n, [&](int64_t j, auto load, auto store) {
    const auto gate = [&](int64_t k) { return load(x[k] + j) + load(h[k] + j); };
    const auto i = sigmoid_(gate(0)), f = sigmoid_(gate(1)), g = tanh_(gate(2)), o = sigmoid_(gate(3));
    const auto cell = f * load(cx + j) + i * g;
    if (kept.data) {
      store(kept[0] + j, i);
      store(kept[1] + j, f);
      store(kept[2] + j, g);
      store(kept[3] + j, o);
    }
    store(cy + j, cell);
    store(hy + j, o * tanh_(cell));
  });
}

// Gradients of the state: of the step itself and of what used its result, either may be missing.
template <class T> struct StateGrads {
  const T *a, *b;
  template <class Load> Vec<T> at(int64_t j, Load&& load) const {
    Vec<T> sum(T(0));
    if (a) sum = load(a + j);
    if (b) sum = a ? sum + load(b + j) : load(b + j);
    return sum;
  }
};

// grad_cx may be grad_cy, which may be missing.
template <class T>
void lstm_row_backward(int64_t n, StateGrads<T> grad_hy, const T* grad_cy, const T* cx, const T* cy,
                       Gates<const T> kept, Gates<T> to, T* grad_cx) {
  using V = Vec<T>;
  each_vec<T>(n, [&](int64_t j, auto load, auto store) {
    const V one(T(1)), zero(T(0));
    const V i = load(kept[0] + j), f = load(kept[1] + j), g = load(kept[2] + j), o = load(kept[3] + j);
    const V slope_h = grad_hy.at(j, load), t = tanh_(load(cy + j));
    const V slope_c = (grad_cy ? load(grad_cy + j) : zero) + slope_h * o * (one - t * t);
    store(to[0] + j, slope_c * g * i * (one - i));
    store(to[1] + j, slope_c * load(cx + j) * f * (one - f));
    store(to[2] + j, slope_c * i * (one - g * g));
    store(to[3] + j, slope_h * t * o * (one - o));
    store(grad_cx + j, slope_c * f);
  });
}

// r, z, n: hy = n + z (hx - n) with n = tanh(x_n + r h_n). kept, if there: r, z, n, h_n.
template <class T>
void gru_row(int64_t n, Gates<const T> x, Gates<const T> h, const T* hx, Gates<T> kept, T* hy) {
  each_vec<T>(n, [&](int64_t j, auto load, auto store) {
    const auto r = sigmoid_(load(x[0] + j) + load(h[0] + j)), z = sigmoid_(load(x[1] + j) + load(h[1] + j));
    const auto hidden = load(h[2] + j), fresh = tanh_(load(x[2] + j) + r * hidden);
    if (kept.data) {
      store(kept[0] + j, r);
      store(kept[1] + j, z);
      store(kept[2] + j, fresh);
      store(kept[3] + j, hidden);
    }
    store(hy + j, fresh + z * (load(hx + j) - fresh));
  });
}

// grad_hx gets what does not go through the product; it may be one of grad_hy.
template <class T>
void gru_row_backward(int64_t n, StateGrads<T> grad_hy, const T* hx, Gates<const T> kept, Gates<T> dx,
                      Gates<T> dh, T* grad_hx) {
  using V = Vec<T>;
  each_vec<T>(n, [&](int64_t j, auto load, auto store) {
    const V one(T(1)), g = grad_hy.at(j, load);
    const V r = load(kept[0] + j), z = load(kept[1] + j), fresh = load(kept[2] + j);
    const V dn = g * (one - z) * (one - fresh * fresh);
    const V dr = dn * load(kept[3] + j) * r * (one - r);
    const V dz = g * (load(hx + j) - fresh) * z * (one - z);
    store(dx[0] + j, dr);
    store(dx[1] + j, dz);
    store(dx[2] + j, dn);
    store(dh[0] + j, dr);
    store(dh[1] + j, dz);
    store(dh[2] + j, dn * r);
    store(grad_hx + j, g * z);
  });
}

template <class T> void elman_row(RnnCell cell, int64_t n, const T* x, const T* h, T* hy) {
  each_vec<T>(n, [&](int64_t j, auto load, auto store) {
    const auto sum = load(x + j) + load(h + j);
    store(hy + j, cell == RnnCell::Tanh ? tanh_(sum) : max_or_second(Vec<T>(T(0)), sum));
  });
}

template <class T>
void elman_row_backward(RnnCell cell, int64_t n, StateGrads<T> grad_hy, const T* hy, T* to) {
  using V = Vec<T>;
  each_vec<T>(n, [&](int64_t j, auto load, auto store) {
    const V g = grad_hy.at(j, load), y = load(hy + j), zero(T(0));
    store(to + j, cell == RnnCell::Tanh ? g * (V(T(1)) - y * y) : select(y <= zero, zero, g));
  });
}

// body(type tag), as the state has it.
template <class F> void with_type(const char* op, const Tensor& state, F&& body) {
  if (state.dtype() == DType::Float32)
    body(TypeTag<float>{});
  else if (state.dtype() == DType::Float64)
    body(TypeTag<double>{});
  else
    fail_dtype(op, state.dtype());
}

// body(type tag, row) for each sample.
template <class F> void each_row(const char* op, const Tensor& state, F&& body) {
  with_type(op, state, [&](auto tag) {
    const int64_t grain = std::max<int64_t>(1, kGrain / 32 / std::max<int64_t>(state.size(1), 1));
    parallel_for(0, state.size(0), grain, [&](int64_t first, int64_t last) {
      for (int64_t row = first; row < last; ++row) body(tag, row);
    });
  });
}

template <class T> T* row_of(const Tensor& t, int64_t row) {
  return t.defined() ? t.data<T>() + row * t.size(1) : nullptr;
}

} // namespace

// ---- one step ----

void lstm_gates(const Tensor& hy, const Tensor& cy, const Tensor& gates, const Tensor& input_gates,
                const Tensor& hidden_gates, const Tensor& cx) {
  const int64_t n = cx.size(1);
  each_row("lstm", cx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    lstm_row<T>(n, {row_of<const T>(input_gates, row), n}, {row_of<const T>(hidden_gates, row), n},
                row_of<const T>(cx, row), {row_of<T>(gates, row), n}, row_of<T>(cy, row), row_of<T>(hy, row));
  });
}

void lstm_gates_backward(const Tensor& grad_gates, const Tensor& grad_cx, const Tensor& grad_hy,
                         const Tensor& grad_cy, const Tensor& cx, const Tensor& cy, const Tensor& gates) {
  const int64_t n = cx.size(1);
  each_row("lstm", cx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    lstm_row_backward<T>(n, {row_of<const T>(grad_hy, row), nullptr}, row_of<const T>(grad_cy, row),
                         row_of<const T>(cx, row), row_of<const T>(cy, row), {row_of<const T>(gates, row), n},
                         {row_of<T>(grad_gates, row), n}, row_of<T>(grad_cx, row));
  });
}

void gru_gates(const Tensor& hy, const Tensor& gates, const Tensor& input_gates, const Tensor& hidden_gates,
               const Tensor& hx) {
  const int64_t n = hx.size(1);
  each_row("gru", hx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    gru_row<T>(n, {row_of<const T>(input_gates, row), n}, {row_of<const T>(hidden_gates, row), n},
               row_of<const T>(hx, row), {row_of<T>(gates, row), n}, row_of<T>(hy, row));
  });
}

void gru_gates_backward(const Tensor& grad_input_gates, const Tensor& grad_hidden_gates,
                        const Tensor& grad_hx, const Tensor& grad_hy, const Tensor& hx, const Tensor& gates) {
  const int64_t n = hx.size(1);
  each_row("gru", hx, [&](auto tag, int64_t row) {
    using T = typename decltype(tag)::type;
    gru_row_backward<T>(n, {row_of<const T>(grad_hy, row), nullptr}, row_of<const T>(hx, row),
                        {row_of<const T>(gates, row), n}, {row_of<T>(grad_input_gates, row), n},
                        {row_of<T>(grad_hidden_gates, row), n}, row_of<T>(grad_hx, row));
  });
}

// ---- whole layers ----

namespace {

template <class T> T* data_of(const Tensor& t) { return t.defined() ? t.data<T>() : nullptr; }

// How the rows of a layer's inputs and results follow one another in time. Step i of the computation is that
// of time at(i), whose rows are those of the first rows(i) sequences.
struct Steps {
  std::vector<int64_t> first; // row of each time, and the end
  bool reverse;

  Steps(const Tensor& input, int64_t batch, IntSpan batch_sizes, bool backwards) : reverse(backwards) {
    const bool packed = !batch_sizes.empty();
    const int64_t n = packed ? static_cast<int64_t>(batch_sizes.size()) : input.size(0);
    first.reserve(size_t(n) + 1);
    first.push_back(0);
    for (int64_t t = 0; t < n; ++t) first.push_back(first.back() + (packed ? batch_sizes[size_t(t)] : batch));
  }
  int64_t count() const { return static_cast<int64_t>(first.size()) - 1; }
  size_t at(int64_t i) const { return static_cast<size_t>(reverse ? count() - 1 - i : i); }
  int64_t start(int64_t i) const { return first[at(i)]; }
  int64_t rows(int64_t i) const { return first[at(i) + 1] - first[at(i)]; }
};

// Blocks of units as wide as a panel of packed weights, so that the gates of some units are computed
// together.
template <class T> struct Units {
  int64_t size;
  static constexpr int64_t kWidth = kPanelColumns<T>;

  int64_t blocks() const { return (size + kWidth - 1) / kWidth; }
  int64_t begin(int64_t block) const { return block * kWidth; }
  int64_t width(int64_t block) const { return std::min(kWidth, size - block * kWidth); }
};

// Calls step(i, first row, last row, first block, last block) for all steps in order. Sequences have nothing
// to do with one another: threads take some each and never wait. Where there are few, but the matrices are
// large, the units of each step are shared out instead.
template <class F>
void each_step(int64_t count, int64_t batch, int64_t blocks, int64_t products_of_row, F&& step) {
  constexpr int64_t kRows = 4;             // that make a thread worthwhile
  constexpr int64_t kProducts = 3'000'000; // of a step, to share that out; or of all, to start a thread
  const int64_t threads = in_parallel_region() ? 1 : num_threads();
  const int64_t share = (batch + threads - 1) / threads;
  if (threads > 1 && share < kRows && batch * products_of_row >= kProducts) {
    for (int64_t i = 0; i < count; ++i)
      parallel_for(0, blocks, (blocks + threads - 1) / threads,
                   [&](int64_t first, int64_t last) { step(i, int64_t(0), batch, first, last); });
    return;
  }
  const bool alone = share < kRows || count * batch * products_of_row < kProducts;
  parallel_for(0, batch, alone ? batch : share, [&](int64_t first, int64_t last) {
    for (int64_t i = 0; i < count; ++i) step(i, first, last, int64_t(0), blocks);
  });
}

// The state before each row's step: that of the step before, or the first one.
template <class T> struct StatesBefore {
  const Steps& steps;
  const T *states, *first;  // rows of the steps, rows of the batch
  int64_t step, first_step; // from one to the next

  int64_t going(int64_t i) const { return i == 0 ? 0 : std::min(steps.rows(i), steps.rows(i - 1)); }
  const T* of_going(int64_t i, int64_t row) const { return states + (steps.start(i - 1) + row) * step; }
  const T* at(int64_t i, int64_t row) const {
    return row < going(i) ? of_going(i, row) : first + row * first_step;
  }
};

template <class T>
void forward(RnnCell cell, const Tensor& output, const Tensor& last, const Tensor& kept,
             const Tensor& input_gates, const Tensor& hx, const Tensor& cx, const Tensor& w_hh,
             const Tensor& b_hh, const Steps& steps) {
  constexpr int64_t kTogether = 24, kWidth = kPanelColumns<T>,
                    kSums = kTogether * 4 * kWidth; // rows and units whose gates stay in the cache
  const int64_t batch = hx.size(0), n = hx.size(1), gates = gates_of(cell), keeps = kept_of(cell);
  const Units<T> units{n};
  const Scratch memory(size_t(gates * panels_size<T>(n, n)) * sizeof(T));
  T* const panels = memory.as<T>();
  const auto panel = [&](int64_t block, int64_t gate) {
    return panels + (block * gates + gate) * kWidth * n;
  };
  const T *const weights = w_hh.data<T>(), *const bias = data_of<const T>(b_hh);
  parallel_for(0, units.blocks(), std::max<int64_t>(1, kGrain / (gates * kWidth * n)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t block = begin; block < end; ++block)
                   for (int64_t gate = 0; gate < gates; ++gate)
                     pack_panels<T>(panel(block, gate), {weights + (gate * n + units.begin(block)) * n, 1, n},
                                    n, units.width(block));
               });
  T* const last_h = last.data<T>();
  T* const c = last_h + batch * n; // of lstm: changes in place
  if (cx.defined()) std::copy_n(cx.data<T>(), batch * n, c);
  const T* const x = input_gates.data<T>();
  T* const out = output.data<T>();
  T* const keep = keeps > 0 && kept.numel() > 0 ? kept.data<T>() : nullptr;
  const StatesBefore<T> before{steps, out, hx.data<T>(), n, n};

  const auto some = [&](int64_t i, int64_t begin, int64_t end, int64_t block) { // rows of a step
    alignas(64) T sums[kSums];
    const int64_t from = units.begin(block), width = units.width(block), ldc = gates * kWidth;
    for (int64_t gate = 0; gate < gates; ++gate) {
      const int64_t going = std::clamp(before.going(i), begin, end);
      const auto product = [&](int64_t first, int64_t rows, const T* states) {
        if (rows > 0)
          panels_product<T>(rows, width, n, states, n, panel(block, gate),
                            bias ? bias + gate * n + from : nullptr, 0,
                            sums + (first - begin) * ldc + gate * kWidth, ldc);
      };
      product(begin, going - begin, going > begin ? before.of_going(i, begin) : nullptr);
      product(going, end - going, before.first + going * n);
    }
    for (int64_t row = begin; row < end; ++row) {
      const int64_t at = steps.start(i) + row;
      const Gates<const T> from_x{x + at * gates * n + from, n}, from_h{sums + (row - begin) * ldc, kWidth};
      const Gates<T> to_keep{keep ? keep + at * keeps * n + from : nullptr, n};
      T *const y = out + at * n + from, *const cell_state = c + row * n + from;
      if (cell == RnnCell::Lstm) {
        lstm_row<T>(width, from_x, from_h, cell_state, to_keep, cell_state, y);
        if (keep) std::copy_n(cell_state, width, to_keep[4]);
      } else if (cell == RnnCell::Gru) {
        gru_row<T>(width, from_x, from_h, before.at(i, row) + from, to_keep, y);
      } else {
        elman_row<T>(cell, width, from_x.data, from_h.data, y);
      }
    }
  };
  each_step(steps.count(), batch, units.blocks(), gates * n * n,
            [&](int64_t i, int64_t begin, int64_t end, int64_t first_block, int64_t last_block) {
              const int64_t stop = std::min(end, steps.rows(i));
              for (int64_t block = first_block; block < last_block; ++block)
                for (int64_t row = begin; row < stop; row += kTogether)
                  some(i, row, std::min(row + kTogether, stop), block);
            });
  for (int64_t i = 0; i < steps.count(); ++i) { // of sequences that end here
    const int64_t rows = steps.rows(i), go_on = i + 1 < steps.count() ? steps.rows(i + 1) : 0;
    if (rows > go_on) std::copy_n(out + (steps.start(i) + go_on) * n, (rows - go_on) * n, last_h + go_on * n);
  }
}

struct LayerGrads {
  const Tensor &input_gates, &hidden_gates, &hx, &cx, &w_hh; // hidden_gates of gru only
};

template <class T>
void backward(RnnCell cell, const LayerGrads& grads, const Tensor& grad_output, const Tensor& grad_last,
              const Tensor& output, const Tensor& kept, const Tensor& hx, const Tensor& cx,
              const Tensor& w_hh, const Steps& steps) {
  const int64_t batch = hx.size(0), n = hx.size(1), gates = gates_of(cell), keeps = kept_of(cell);
  const Units<T> units{n};
  const Scratch memory(size_t(panels_size<T>(gates * n, n)) * sizeof(T));
  T* const panels = memory.as<T>();
  pack_panels<T>(panels, {w_hh.data<T>(), n, 1}, gates * n, n);
  T *const dh = grads.hx.data<T>(), *const dc = data_of<T>(grads.cx); // of the state so far
  const auto start = [&](T* to, int64_t part) {
    if (grad_last.defined())
      std::copy_n(grad_last.data<T>() + part * batch * n, batch * n, to);
    else
      std::fill_n(to, batch * n, T(0));
  };
  start(dh, 0);
  if (dc) start(dc, 1);
  const T *const dy = data_of<const T>(grad_output), *const y = output.data<T>(),
                 *const keep = kept.data<T>();
  T* const dx = grads.input_gates.data<T>();
  T* const dhidden = cell == RnnCell::Gru ? grads.hidden_gates.data<T>() : dx;
  const StatesBefore<T> h_before{steps, y, hx.data<T>(), n, n};
  const StatesBefore<T> c_before{steps, keeps > 4 ? keep + 4 * n : nullptr, data_of<const T>(cx), keeps * n,
                                 n};

  // Steps backwards, each after the product that takes the gradient of the one behind it here.
  const int64_t count = steps.count();
  each_step(
      count + 1, batch, units.blocks(), gates * n * n,
      [&](int64_t phase, int64_t begin, int64_t end, int64_t first_block, int64_t last_block) {
        const int64_t from = units.begin(first_block), width = std::min(n, units.begin(last_block)) - from;
        const int64_t i = count - 1 - phase;
        if (phase > 0)
          if (const int64_t rows = std::min(end, steps.rows(i + 1)) - begin; rows > 0) {
            T* const to = dh + begin * n + from;
            panels_product<T>(rows, width, gates * n, dhidden + (steps.start(i + 1) + begin) * gates * n,
                              gates * n, panels + from * gates * n, cell == RnnCell::Gru ? to : nullptr, n,
                              to, n);
          }
        if (i < 0) return;
        for (int64_t row = begin; row < std::min(end, steps.rows(i)); ++row) {
          const int64_t at = steps.start(i) + row;
          T* const grad_h = dh + row * n + from;
          const StateGrads<T> slope{grad_h, dy ? dy + at * n + from : nullptr};
          const Gates<const T> was{keeps > 0 ? keep + at * keeps * n + from : nullptr, n};
          const Gates<T> to{dx + at * gates * n + from, n}, to_hidden{dhidden + at * gates * n + from, n};
          if (cell == RnnCell::Lstm) {
            T* const grad_c = dc + row * n + from;
            lstm_row_backward<T>(width, slope, grad_c, c_before.at(i, row) + from, was[4], was, to, grad_c);
          } else if (cell == RnnCell::Gru) {
            gru_row_backward<T>(width, slope, h_before.at(i, row) + from, was, to, to_hidden, grad_h);
          } else {
            elman_row_backward<T>(cell, width, slope, y + at * n + from, to.data);
          }
        }
      });
  if (!grads.w_hh.defined()) return;
  const int64_t rows = steps.first.back();
  const Scratch gathered(size_t(rows * n) * sizeof(T));
  T* const states = gathered.as<T>();
  for (int64_t i = 0; i < count; ++i) {
    T* const to = states + steps.start(i) * n;
    const int64_t going = h_before.going(i);
    if (going > 0) std::copy_n(h_before.of_going(i, 0), going * n, to);
    std::copy_n(h_before.first + going * n, (steps.rows(i) - going) * n, to + going * n);
  }
  gemm<T>(true, false, gates * n, n, rows, T(1), dhidden, gates * n, states, n, T(0), grads.w_hh.data<T>(),
          n);
}

} // namespace

void rnn_layer(const Tensor& output, const Tensor& last, const Tensor& kept, const Tensor& input_gates,
               const Tensor& hx, const Tensor& cx, const Tensor& w_hh, const Tensor& b_hh,
               IntSpan batch_sizes, int64_t cell, bool reverse) {
  with_type("rnn", hx, [&](auto tag) {
    forward<typename decltype(tag)::type>(RnnCell(cell), output, last, kept, input_gates, hx, cx, w_hh, b_hh,
                                          Steps(input_gates, hx.size(0), batch_sizes, reverse));
  });
}

void rnn_layer_backward(const Tensor& grad_input_gates, const Tensor& grad_hidden_gates,
                        const Tensor& grad_hx, const Tensor& grad_cx, const Tensor& grad_w_hh,
                        const Tensor& grad_output, const Tensor& grad_last, const Tensor& output,
                        const Tensor& kept, const Tensor& hx, const Tensor& cx, const Tensor& w_hh,
                        IntSpan batch_sizes, int64_t cell, bool reverse) {
  with_type("rnn", hx, [&](auto tag) {
    backward<typename decltype(tag)::type>(
        RnnCell(cell), {grad_input_gates, grad_hidden_gates, grad_hx, grad_cx, grad_w_hh}, grad_output,
        grad_last, output, kept, hx, cx, w_hh, Steps(output, hx.size(0), batch_sizes, reverse));
  });
}

} // namespace torch::TORCH_ISA
