// Recurrent networks: the products of the inputs of all steps at once, then step by step.
#include "kernels/rnn_cell.h"
#include "ops/entry.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace torch::ops {

namespace {

using Cell = RnnCell;

bool has_fused_gates(const Tensor& t) { return t.dtype() == DType::Float32 || t.dtype() == DType::Float64; }

struct State {
  Tensor h, c; // c of lstm only
};

// The weights of one layer in one direction.
struct Weights {
  Tensor w_ih, w_hh, b_ih, b_hh, w_hr;

  Tensor input_gates(const Tensor& x) const { return linear(x, w_ih, b_ih); }
  Tensor hidden_gates(const Tensor& h) const { return linear(h, w_hh, b_hh); }
};

State step(Cell cell, const Tensor& input_gates, const State& state, const Weights& w) {
  const Tensor hidden_gates = w.hidden_gates(state.h);
  if (cell == Cell::Tanh) return {tanh(input_gates + hidden_gates), {}};
  if (cell == Cell::Relu) return {relu(input_gates + hidden_gates), {}};
  if (cell == Cell::Gru) {
    if (has_fused_gates(input_gates) && state.h.is_contiguous())
      return {std::get<0>(_gru_gates(input_gates, hidden_gates, state.h)), {}};
    const auto x = chunk(input_gates, 3, 1), h = chunk(hidden_gates, 3, 1);
    const Tensor r = sigmoid(x[0] + h[0]), z = sigmoid(x[1] + h[1]), n = tanh(x[2] + r * h[2]);
    return {(state.h - n) * z + n, {}}; // in the memory order of the state
  }
  State next;
  if (has_fused_gates(input_gates)) {
    std::tie(next.h, next.c, std::ignore) = _lstm_gates(input_gates, hidden_gates, state.c);
  } else {
    const auto gates = chunk(input_gates + hidden_gates, 4, 1);
    next.c = sigmoid(gates[1]) * state.c + sigmoid(gates[0]) * tanh(gates[2]);
    next.h = sigmoid(gates[3]) * tanh(next.c);
  }
  if (w.w_hr.defined()) next.h = linear(next.h, w.w_hr);
  return next;
}

State narrowed(const State& s, int64_t first, int64_t count) {
  return {narrow(s.h, 0, first, count), s.c.defined() ? narrow(s.c, 0, first, count) : Tensor()};
}
State joined(const State& a, const State& b) {
  return {cat(std::array<Tensor, 2>{a.h, b.h}),
          a.c.defined() ? cat(std::array<Tensor, 2>{a.c, b.c}) : Tensor()};
}

// Step by step: what there is no kernel for, errors, and gradients of gradients.
Tensor run_steps(Cell cell, const Tensor& gates, Ints batch_sizes, State& state, const Weights& w,
                 bool reverse) {
  const bool packed = !batch_sizes.empty();
  const std::vector<Tensor> steps = packed ? split_with_sizes(gates, batch_sizes, 0) : unbind(gates, 0);
  const size_t n = steps.size();
  std::vector<Tensor> outputs(n);
  const State initial = state;
  std::vector<State> ended; // of sequences that are shorter than the current step, shortest first
  if (packed && reverse) state = narrowed(initial, 0, batch_sizes.back());
  for (size_t i = 0; i < n; ++i) {
    const size_t t = reverse ? n - 1 - i : i;
    if (packed) {
      const int64_t now = batch_sizes[t], before = state.h.sizes()[0];
      if (now < before) {
        check(!reverse, "batch_sizes must not grow");
        ended.push_back(narrowed(state, now, before - now));
        state = narrowed(state, 0, now);
      } else if (now > before) {
        check(reverse, "batch_sizes must not grow");
        state = joined(state, narrowed(initial, before, now - before));
      }
    }
    state = step(cell, steps[t], state, w);
    outputs[t] = state.h;
  }
  for (size_t i = ended.size(); i-- > 0;) state = joined(state, ended[i]);
  return packed ? cat(outputs, 0) : stack(outputs, 0);
}

// Whether a kernel takes the whole layer. It packs the weights first, which a few rows do not pay for.
bool has_fused_layer(Cell cell, const Tensor& gates, Ints batch_sizes, const State& state, const Weights& w) {
  constexpr int64_t kRows = 16;
  const Tensor &h = state.h, &c = state.c;
  if (!gates.is_cpu() || !has_fused_gates(gates) || w.w_hr.defined() || h.dim() != 2) return false;
  const int64_t batch = h.sizes()[0], n = h.sizes()[1], rows = gates_of(cell) * n;
  const auto fits = [&](const Tensor& t, IntSpan sizes) {
    return !t.defined() || (equal(t.sizes(), sizes) && t.dtype() == gates.dtype() && t.is_cpu());
  };
  if (!fits(h, DimVec{batch, n}) || !fits(c, h.sizes()) || !fits(w.w_hh, DimVec{rows, n}) ||
      !fits(w.b_hh, DimVec{rows}) || gates.numel() < kRows * rows || n == 0)
    return false;
  if (batch_sizes.empty()) return equal(gates.sizes(), DimVec{gates.sizes()[0], batch, rows});
  return std::is_sorted(batch_sizes.begin(), batch_sizes.end(), std::greater<int64_t>()) &&
         batch_sizes.back() > 0 &&
         equal(gates.sizes(),
               DimVec{std::accumulate(batch_sizes.begin(), batch_sizes.end(), int64_t(0)), rows});
}

// The steps of a layer in one direction; batch_sizes is empty where all have the same. Returns the outputs
// in order of time and sets `state` to the last one.
Tensor run_layer(Cell cell, const Tensor& input, Ints batch_sizes, State& state, const Weights& w,
                 bool reverse) {
  const Tensor gates = w.input_gates(input);
  if (!has_fused_layer(cell, gates, batch_sizes, state, w))
    return run_steps(cell, gates, batch_sizes, state, w, reverse);
  const bool keep = autograd::should_record(gates, state.h, state.c, w.w_hh, w.b_hh);
  const auto [output, last, kept] = _rnn_layer(gates, state.h, state.c, w.w_hh, w.b_hh, batch_sizes,
                                               static_cast<int64_t>(cell), reverse, keep);
  state.h = select(last, 0, 0);
  if (state.c.defined()) state.c = select(last, 0, 1);
  return output;
}

struct Result {
  Tensor output;
  std::vector<Tensor> h, c;
};

// hx: h_0, and c_0 of lstm, each with layers times directions in front. input is (time, batch, feature), or
// packed.
Result run(Cell cell, const Tensor& input, Ints batch_sizes, std::span<const Tensor> hx, TensorList params,
           bool has_biases, int64_t num_layers, double p, bool train, bool bidirectional) {
  check(batch_sizes.empty() ? input.dim() == 3 : input.dim() == 2,
        "rnn: expected an input of 3 dimensions (of 2 if packed), got shape ", input.sizes());
  check(input.sizes()[0] > 0, "Expected sequence length to be larger than 0 in RNN");
  const int64_t directions = bidirectional ? 2 : 1, count = num_layers * directions;
  const bool projects =
      cell == Cell::Lstm && hx[0].dim() > 2 && hx[1].dim() > 2 && hx[0].sizes()[2] != hx[1].sizes()[2];
  const int64_t each = (has_biases ? 4 : 2) + (projects ? 1 : 0);
  check(static_cast<int64_t>(params.size()) == each * count,
        "got an incorrect number of RNN parameters: ", params.size(), ", expected ", each * count);
  for (const Tensor& t : hx) // a missing dimension is an IndexError, unless states are missing too
    check_kind(t.dim() > 0 && t.sizes()[0] < count ? ErrorKind::Runtime : ErrorKind::Index, t.dim() >= 3,
               "rnn: expected a state of shape (", count, ", batch, hidden), got ", t.sizes());
  check(p >= 0 && p <= 1, "dropout probability has to be between 0 and 1, but got ", p);
  check(num_layers > 0, "rnn: expected num_layers to be positive, got ", num_layers);
  for (const Tensor& t : hx)
    check(t.dim() == 3 && t.sizes()[0] == count, "rnn: expected a state of shape (", count,
          ", batch, hidden), got ", t.sizes());
  check(batch_sizes.empty() || hx[0].sizes()[1] == batch_sizes[0], "rnn: expected a state of batch size ",
        batch_sizes.empty() ? 0 : batch_sizes[0], ", got ", hx[0].sizes());
  const std::vector<Tensor> h0 = unbind(hx[0], 0);
  const std::vector<Tensor> c0 = hx.size() > 1 ? unbind(hx[1], 0) : std::vector<Tensor>();
  Result result{input, {}, {}};
  for (int64_t layer = 0; layer < num_layers; ++layer) {
    std::vector<Tensor> outputs;
    for (int64_t direction = 0; direction < directions; ++direction) {
      const auto at = static_cast<size_t>(layer * directions + direction);
      const Tensor* const from = params.data() + at * static_cast<size_t>(each);
      Weights w{from[0], from[1], {}, {}, {}};
      if (has_biases) {
        w.b_ih = from[2];
        w.b_hh = from[3];
      }
      if (projects) w.w_hr = from[each - 1];
      State state{h0[at], c0.empty() ? Tensor() : c0[at]};
      outputs.push_back(run_layer(cell, result.output, batch_sizes, state, w, direction == 1));
      result.h.push_back(state.h);
      if (state.c.defined()) result.c.push_back(state.c);
    }
    result.output = bidirectional ? cat(outputs, -1) : outputs[0];
    if (p > 0 && train && layer + 1 < num_layers) result.output = dropout(result.output, p, true);
  }
  return result;
}

std::tuple<Tensor, Tensor> padded(Cell cell, const Tensor& input, const Tensor& hx, TensorList params,
                                  bool has_biases, int64_t num_layers, double p, bool train,
                                  bool bidirectional, bool batch_first) {
  const Result r = run(cell, batch_first ? transpose(input, 0, 1) : input, {}, std::span(&hx, 1), params,
                       has_biases, num_layers, p, train, bidirectional);
  return {batch_first ? transpose(r.output, 0, 1) : r.output, stack(r.h, 0)};
}

DimVec sizes_of_steps(const Tensor& batch_sizes) {
  check(batch_sizes.dim() == 1 && batch_sizes.dtype() == DType::Int64 && batch_sizes.is_cpu(),
        "rnn: batch_sizes must be a 1-d int64 tensor on the CPU, got shape ", batch_sizes.sizes(), ", dtype ",
        batch_sizes.dtype(), " and device ", batch_sizes.device());
  check(batch_sizes.numel() > 0, "Expected sequence length to be larger than 0 in RNN");
  const Tensor dense = densified(batch_sizes);
  return DimVec(IntSpan(dense.data<int64_t>(), size_t(dense.numel())));
}

std::tuple<Tensor, Tensor> packed(Cell cell, const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                  TensorList params, bool has_biases, int64_t num_layers, double p,
                                  bool train, bool bidirectional) {
  const Result r = run(cell, data, sizes_of_steps(batch_sizes), std::span(&hx, 1), params, has_biases,
                       num_layers, p, train, bidirectional);
  return {r.output, stack(r.h, 0)};
}

// Missing dimensions are IndexErrors, as from asking for their size.
void check_cell(Cell cell, const Tensor& input, std::span<const Tensor> states, const Tensor& w_ih,
                const Tensor& w_hh) {
  const int64_t gates = cell == Cell::Gru ? 3 : cell == Cell::Lstm ? 4 : 1;
  const auto check_rows = [&](const char* name, const Tensor& w) {
    check_index(w.dim() >= 1, "rnn cell: expected ", name, " to have 2 dimensions, got a number");
    check(w.sizes()[0] == gates * w_hh.sizes()[1], name, " first dim must be ", gates,
          " * hidden_size = ", gates * w_hh.sizes()[1], ", but got ", w.sizes()[0]);
  };
  const auto check_weights = [&] {
    check_index(w_hh.dim() >= 2, "rnn cell: expected weight_hh to have 2 dimensions, got shape ",
                w_hh.sizes());
    check_rows("weight_ih", w_ih);
    check_rows("weight_hh", w_hh);
  };
  if (gates == 1) check_weights();
  check_index(input.dim() >= 2 && w_ih.dim() >= 2,
              "rnn cell: expected an input and weights of 2 dimensions, got shapes ", input.sizes(), " and ",
              w_ih.sizes());
  check(input.sizes()[1] == w_ih.sizes()[1], "input has inconsistent input_size: got ", input.sizes()[1],
        " expected ", w_ih.sizes()[1]);
  for (size_t i = 0; i < states.size(); ++i) {
    const Tensor& s = states[i];
    check_index(s.dim() >= 1, "rnn cell: expected a state of 2 dimensions, got shape ", s.sizes());
    check(input.sizes()[0] == s.sizes()[0], "Input batch size ", input.sizes()[0], " doesn't match hidden", i,
          " batch size ", s.sizes()[0]);
    check_index(s.dim() >= 2 && w_hh.dim() >= 2,
                "rnn cell: expected a state and weight_hh of 2 dimensions, got shapes ", s.sizes(), " and ",
                w_hh.sizes());
    check(s.sizes()[1] == w_hh.sizes()[1], "hidden", i, " has inconsistent hidden_size: got ", s.sizes()[1],
          ", expected ", w_hh.sizes()[1]);
    check(s.dim() == 2, "rnn cell: expected a state of 2 dimensions, got shape ", s.sizes());
  }
  if (gates > 1) check_weights();
  check(input.dim() == 2 && w_ih.dim() == 2 && w_hh.dim() == 2,
        "rnn cell: expected an input and weights of 2 dimensions, got shapes ", input.sizes(), ", ",
        w_ih.sizes(), " and ", w_hh.sizes());
  check(gates == 1 || is_differentiable(input.dtype()),
        "rnn cell: result type Float can't be cast to the desired output type ",
        dtype_aten_name(input.dtype()));
}

Tensor one_step(Cell cell, const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                const Tensor& b_ih, const Tensor& b_hh) {
  check_cell(cell, input, std::span(&hx, 1), w_ih, w_hh);
  const Weights w{w_ih, w_hh, b_ih, b_hh, {}};
  return step(cell, w.input_gates(input), {hx, {}}, w).h;
}

} // namespace

std::tuple<Tensor, Tensor> rnn_tanh(const Tensor& input, const Tensor& hx, TensorList params, bool has_biases,
                                    int64_t num_layers, double p, bool train, bool bidirectional,
                                    bool batch_first) {
  return padded(Cell::Tanh, input, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first);
}
std::tuple<Tensor, Tensor> rnn_tanh(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                    TensorList params, bool has_biases, int64_t num_layers, double p,
                                    bool train, bool bidirectional) {
  return packed(Cell::Tanh, data, batch_sizes, hx, params, has_biases, num_layers, p, train, bidirectional);
}
std::tuple<Tensor, Tensor> rnn_relu(const Tensor& input, const Tensor& hx, TensorList params, bool has_biases,
                                    int64_t num_layers, double p, bool train, bool bidirectional,
                                    bool batch_first) {
  return padded(Cell::Relu, input, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first);
}
std::tuple<Tensor, Tensor> rnn_relu(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                                    TensorList params, bool has_biases, int64_t num_layers, double p,
                                    bool train, bool bidirectional) {
  return packed(Cell::Relu, data, batch_sizes, hx, params, has_biases, num_layers, p, train, bidirectional);
}
std::tuple<Tensor, Tensor> gru(const Tensor& input, const Tensor& hx, TensorList params, bool has_biases,
                               int64_t num_layers, double p, bool train, bool bidirectional,
                               bool batch_first) {
  return padded(Cell::Gru, input, hx, params, has_biases, num_layers, p, train, bidirectional, batch_first);
}
std::tuple<Tensor, Tensor> gru(const Tensor& data, const Tensor& batch_sizes, const Tensor& hx,
                               TensorList params, bool has_biases, int64_t num_layers, double p, bool train,
                               bool bidirectional) {
  return packed(Cell::Gru, data, batch_sizes, hx, params, has_biases, num_layers, p, train, bidirectional);
}

std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& input, TensorList hx, TensorList params,
                                        bool has_biases, int64_t num_layers, double p, bool train,
                                        bool bidirectional, bool batch_first) {
  check(hx.size() == 2, "lstm expects two hidden states");
  const Result r = run(Cell::Lstm, batch_first ? transpose(input, 0, 1) : input, {}, hx, params, has_biases,
                       num_layers, p, train, bidirectional);
  return {batch_first ? transpose(r.output, 0, 1) : r.output, stack(r.h, 0), stack(r.c, 0)};
}
std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& data, const Tensor& batch_sizes, TensorList hx,
                                        TensorList params, bool has_biases, int64_t num_layers, double p,
                                        bool train, bool bidirectional) {
  check(hx.size() == 2, "lstm expects two hidden states");
  const Result r = run(Cell::Lstm, data, sizes_of_steps(batch_sizes), hx, params, has_biases, num_layers, p,
                       train, bidirectional);
  return {r.output, stack(r.h, 0), stack(r.c, 0)};
}

Tensor rnn_tanh_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih, const Tensor& b_hh) {
  return one_step(Cell::Tanh, input, hx, w_ih, w_hh, b_ih, b_hh);
}
Tensor rnn_relu_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                     const Tensor& b_ih, const Tensor& b_hh) {
  return one_step(Cell::Relu, input, hx, w_ih, w_hh, b_ih, b_hh);
}
Tensor gru_cell(const Tensor& input, const Tensor& hx, const Tensor& w_ih, const Tensor& w_hh,
                const Tensor& b_ih, const Tensor& b_hh) {
  return one_step(Cell::Gru, input, hx, w_ih, w_hh, b_ih, b_hh);
}
std::tuple<Tensor, Tensor> lstm_cell(const Tensor& input, TensorList hx, const Tensor& w_ih,
                                     const Tensor& w_hh, const Tensor& b_ih, const Tensor& b_hh) {
  check(hx.size() == 2, "lstm_cell expects two hidden states");
  check_cell(Cell::Lstm, input, hx, w_ih, w_hh);
  const Weights w{w_ih, w_hh, b_ih, b_hh, {}};
  const State next = step(Cell::Lstm, w.input_gates(input), {hx[0], hx[1]}, w);
  return {next.h, next.c};
}

// ---- gradients of the gates; differentiable where a graph is being built ----

std::tuple<Tensor, Tensor, Tensor> lstm_gates_grad(const Tensor& grad_hy, const Tensor& grad_cy,
                                                   const Tensor& input_gates, const Tensor& hidden_gates,
                                                   const Tensor& cx, const Tensor& cy, const Tensor& gates,
                                                   const std::array<bool, 3>&) {
  if (!thread_state.grad_enabled) {
    const auto [grad_gates, grad_cx] = _lstm_gates_backward(grad_hy, grad_cy, cx, cy, gates);
    return {grad_gates, grad_gates, grad_cx};
  }
  const auto pre = chunk(input_gates + hidden_gates, 4, 1);
  const Tensor i = sigmoid(pre[0]), f = sigmoid(pre[1]), g = tanh(pre[2]), o = sigmoid(pre[3]);
  const Tensor t = tanh(f * cx + i * g);
  const Tensor slope_h = grad_hy.defined() ? grad_hy : zeros_like(t);
  Tensor slope_c = slope_h * o * (1 - t * t);
  if (grad_cy.defined()) slope_c = slope_c + grad_cy;
  const Tensor all = cat(std::array<Tensor, 4>{slope_c * g * i * (1 - i), slope_c * cx * f * (1 - f),
                                               slope_c * i * (1 - g * g), slope_h * t * o * (1 - o)},
                         1);
  return {all, all, slope_c * f};
}

std::tuple<Tensor, Tensor, Tensor> gru_gates_grad(const Tensor& grad, const Tensor& input_gates,
                                                  const Tensor& hidden_gates, const Tensor& hx,
                                                  const Tensor& gates, const std::array<bool, 3>&) {
  if (!thread_state.grad_enabled) return _gru_gates_backward(grad, hx, gates);
  const auto x = chunk(input_gates, 3, 1), h = chunk(hidden_gates, 3, 1);
  const Tensor r = sigmoid(x[0] + h[0]), z = sigmoid(x[1] + h[1]), n = tanh(x[2] + r * h[2]);
  const Tensor dn = grad * (1 - z) * (1 - n * n), dr = dn * h[2] * r * (1 - r),
               dz = grad * (hx - n) * z * (1 - z);
  return {cat(std::array<Tensor, 3>{dr, dz, dn}, 1), cat(std::array<Tensor, 3>{dr, dz, dn * r}, 1), grad * z};
}

// ---- gradients of a layer ----

namespace {

// Where a graph is being built: those of the layer computed step by step, on aliases, so that hooks of the
// tensors themselves run once only.
std::array<Tensor, 5> layer_grad_by_steps(const Tensor& grad_output, const Tensor& grad_last,
                                          std::array<Tensor, 5> inputs, Ints batch_sizes, Cell cell,
                                          bool reverse, const std::array<bool, 5>& mask) {
  std::vector<Tensor> wanted;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (mask[i]) wanted.push_back(inputs[i] = ops::alias(inputs[i]));
  const auto& [gates, hx, cx, w_hh, b_hh] = inputs;
  State state{hx, cx};
  const Tensor output = run_steps(cell, gates, batch_sizes, state, {{}, w_hh, {}, b_hh, {}}, reverse);
  std::vector<Tensor> roots, slopes;
  if (grad_output.defined()) {
    roots.push_back(output);
    slopes.push_back(grad_output);
  }
  if (grad_last.defined()) {
    roots.push_back(cx.defined() ? stack(std::array<Tensor, 2>{state.h, state.c}) : unsqueeze(state.h, 0));
    slopes.push_back(grad_last);
  }
  const auto found = autograd::run_backward(
      roots, slopes, wanted,
      {.retain_graph = true, .create_graph = true, .accumulate = false, .allow_unused = true});
  std::array<Tensor, 5> grads;
  for (size_t i = 0, at = 0; i < grads.size(); ++i)
    if (mask[i]) grads[i] = found[at++];
  return grads;
}

} // namespace

std::tuple<Tensor, Tensor, Tensor, Tensor, Tensor>
rnn_layer_grad(const Tensor& grad_output, const Tensor& grad_last, const Tensor& input_gates,
               const Tensor& hx, const Tensor& cx, const Tensor& w_hh, const Tensor& b_hh,
               const Tensor& output, const Tensor& kept, Ints batch_sizes, int64_t cell, bool reverse,
               const std::array<bool, 5>& mask) {
  if (thread_state.grad_enabled) {
    auto grads = layer_grad_by_steps(grad_output, grad_last, {input_gates, hx, cx, w_hh, b_hh}, batch_sizes,
                                     Cell(cell), reverse, mask);
    return std::tuple_cat(std::move(grads));
  }
  const auto [x, hidden, h, c, w] = _rnn_layer_backward(grad_output, grad_last, output, kept, hx, cx, w_hh,
                                                        batch_sizes, cell, reverse, mask[3]);
  Tensor b;
  if (mask[4]) b = sum(flatten(hidden.defined() ? hidden : x, 0, -2), DimVec{0});
  return {x, h, c, w, b};
}

} // namespace torch::ops
