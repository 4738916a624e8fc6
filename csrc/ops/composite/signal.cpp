// Short-time Fourier transforms and windows.
#include "ops/entry.h"

#include <numbers>

namespace torch::ops {

namespace {

// A window of n_fft elements: the given one, or ones, with zeros on both sides. Undefined when it would
// change nothing.
Tensor full_window(const Tensor& window, int64_t n_fft, int64_t win_length, DType type, Device device) {
  if (win_length == n_fft) return window;
  const int64_t left = (n_fft - win_length) / 2;
  return constant_pad_nd(window.defined() ? window : ones({win_length}, type, device),
                         {left, n_fft - win_length - left}, int64_t{0});
}
void check_window(const char* op, const Tensor& window, int64_t win_length) {
  if (!window.defined()) return;
  check(window.dim() == 1 && window.sizes()[0] == win_length, op,
        ": expected a 1D window tensor of size equal to win_length=", win_length,
        ", but got window with size {", window.sizes(), "}");
}

} // namespace

Tensor stft(const Tensor& self, int64_t n_fft, std::optional<int64_t> hop_length,
            std::optional<int64_t> win_length, const Tensor& window, bool center, std::string_view pad_mode,
            bool normalized, std::optional<bool> onesided, std::optional<bool> return_complex,
            std::optional<bool> align_to_window) {
  const int64_t hop = hop_length.value_or(n_fft / 4), width = win_length.value_or(n_fft);
  check(!center || !align_to_window.has_value(),
        "stft align_to_window should only be set when center = false");
  const bool is_complex = self.is_complex() || (window.defined() && window.is_complex());
  check(return_complex.has_value() || is_complex,
        "stft requires the return_complex parameter be given for real inputs, and will further require that "
        "return_complex=True in a future PyTorch release.");
  check(is_differentiable(self.dtype()), "stft: expected a tensor of floating point or complex values");
  check(self.dim() == 1 || self.dim() == 2, "stft: expected a 1D or 2D tensor");
  check(hop > 0, "stft: expected hop_length > 0, but got hop_length=", hop);
  check(n_fft > 0, "stft: expected n_fft > 0, but got n_fft=", n_fft);
  check(width > 0 && width <= n_fft, "stft: expected 0 < win_length <= n_fft, but got win_length=", width);
  check_window("stft", window, width);
  check(!is_complex || !onesided.value_or(false),
        "Cannot have onesided output if window or input is complex");
  Tensor x = self.dim() == 1 ? unsqueeze(self, 0) : self;
  if (center) x = squeeze(pad(unsqueeze(x, 0), {n_fft / 2, n_fft / 2}, pad_mode, std::nullopt), {0});
  if (align_to_window.value_or(false)) {
    const int64_t left = (n_fft - width) / 2; // where the window is zero it does not matter what is read
    x = constant_pad_nd(x, {left, n_fft - width - left}, int64_t{0});
  }
  check(n_fft <= x.sizes()[1], "stft: expected 0 < n_fft < ", x.sizes()[1], ", but got n_fft=", n_fft);
  Tensor frames = unfold(x, 1, n_fft, hop);
  const Tensor weights = full_window(window, n_fft, width, real_type(self.dtype()), self.device());
  if (weights.defined()) frames = frames * weights;
  const int64_t last = 2, normalization = normalized ? 1 : 0;
  Tensor out = frames.is_complex()
                   ? _fft_c2c(frames, IntSpan(&last, 1), normalization, true)
                   : _fft_r2c(frames, IntSpan(&last, 1), normalization, onesided.value_or(true));
  out = transpose(out, 1, 2);
  if (self.dim() == 1) out = squeeze(out, {0});
  return return_complex.value_or(true) ? out : view_as_real(out);
}

Tensor istft(const Tensor& self, int64_t n_fft, std::optional<int64_t> hop_length,
             std::optional<int64_t> win_length, const Tensor& window, bool center, bool normalized,
             std::optional<bool> onesided, std::optional<int64_t> length, bool return_complex) {
  const int64_t hop = hop_length.value_or(n_fft / 4), width = win_length.value_or(n_fft);
  check(self.is_complex(), "istft requires a complex-valued input tensor matching the output from stft with "
                           "return_complex=True.");
  check(self.numel() > 0, "istft: input tensor cannot be empty.");
  check_index(self.dim() >= 2,
              "istft: expected a tensor with 2 or 3 dimensions (batch, frequency, frame), got ", self.dim());
  check(self.dim() == 3 || self.dim() == 2,
        "istft: expected a tensor with 2 or 3 dimensions (batch, frequency, frame), got ", self.dim());
  const bool half = onesided.value_or(self.sizes()[self.dim() - 2] != n_fft);
  const int64_t rows = self.sizes()[self.dim() - 2], frames = self.sizes()[self.dim() - 1];
  check(!half || rows == n_fft / 2 + 1,
        "istft: expected the frequency dimension (3rd to the last) of the input ",
        "tensor to match n_fft / 2 + 1 when onesided=True, but got ", rows);
  check(half || rows == n_fft,
        "istft: expected the frequency dimension (3rd to the last) of the input tensor ",
        "to match n_fft when onesided=False, but got ", rows);
  check(hop > 0 && hop <= width, "istft: expected 0 < hop_length <= win_length");
  check(width > 0 && width <= n_fft, "istft: expected 0 < win_length <= n_fft");
  check(!window.defined() || (window.dim() == 1 && window.sizes()[0] == width),
        "istft: Invalid window shape. window has to be 1D and length of `win_length`");
  check(!return_complex || !half, "Cannot have onesided output if window or input is complex");
  check(return_complex || !window.defined() || !window.is_complex(),
        "Complex windows are incompatible with return_complex=False");
  const DType real_dtype = real_type(self.dtype());
  Tensor weights = full_window(window, n_fft, width, real_dtype, self.device());
  if (!weights.defined()) weights = ones({n_fft}, real_dtype, self.device());
  const Tensor x = transpose(self.dim() == 2 ? unsqueeze(self, 0) : self, 1, 2); // batch, frame, frequency
  const int64_t last = 2, normalization = normalized ? 1 : 2;
  Tensor pieces;
  if (return_complex)
    pieces = _fft_c2c(x, IntSpan(&last, 1), normalization, false);
  else
    pieces = _fft_c2r(half ? x : narrow(x, 2, 0, n_fft / 2 + 1), IntSpan(&last, 1), normalization, n_fft);
  pieces = pieces * view(weights, {1, 1, n_fft});

  // Adds up the overlapping pieces and the squares of their windows.
  const int64_t full = n_fft + hop * (frames - 1), batch = x.sizes()[0];
  const Tensor starts = _arange(int64_t{0}, full - n_fft + 1, hop, DType::Int64, self.device());
  const Tensor inside = _arange(int64_t{0}, n_fft, int64_t{1}, DType::Int64, self.device());
  const Tensor at = reshape(unsqueeze(starts, 1) + inside, {frames * n_fft});
  Tensor y = index_add(zeros({batch, full}, pieces.dtype(), self.device()), 1, at,
                       reshape(pieces, {batch, frames * n_fft}), int64_t{1});
  const Tensor squares = reshape(expand(square(weights), {frames, n_fft}), {frames * n_fft});
  Tensor envelope = index_add(zeros({full}, weights.dtype(), self.device()), 0, at, squares, int64_t{1});

  const int64_t start = center ? n_fft / 2 : 0;
  const int64_t end = std::min(full, length ? start + *length : center ? full - n_fft / 2 : full);
  y = narrow(y, 1, start, std::max<int64_t>(end - start, 0));
  envelope = narrow(envelope, 0, start, std::max<int64_t>(end - start, 0));
  if (!self.is_meta() && envelope.numel() > 0)
    check(value_of<bool>(all(gt(abs(envelope), 1e-11))), "istft: window overlap add min: 1");
  y = y / envelope;
  if (length && *length > end - start) y = constant_pad_nd(y, {0, *length - (end - start)}, int64_t{0});
  return self.dim() == 2 ? squeeze(y, {0}) : y;
}

namespace {

// Calls formula(x) for x = 0, 1 / n, ... in double, n being the intervals of the window; trivial lengths are
// common to all windows.
template <class F>
Tensor make_window(const char* op, int64_t length, bool periodic, std::optional<DType> dtype,
                   std::optional<Device> device, F formula) {
  const DType type = dtype.value_or(default_dtype());
  check(is_differentiable(type), op, " expects floating point dtypes, got: ", dtype_aten_name(type));
  check(length >= 0, op, " requires non-negative window_length, got window_length=", length);
  check_kind(ErrorKind::NotImplemented, !is_complex(type), op, ": not implemented for '",
             dtype_aten_name(type), "'");
  if (length <= 1) return ones({length}, type, device);
  const int64_t intervals = periodic ? length : length - 1;
  const Tensor k = _arange(int64_t{0}, length, int64_t{1}, DType::Float64, device);
  return _to_copy(formula(k / Scalar(double(intervals))), type);
}
Tensor cosine(const Tensor& x, double periods) { return cos(x * (2 * std::numbers::pi * periods)); }

} // namespace

using OptDType = std::optional<DType>;
using OptDevice = std::optional<Device>;

Tensor bartlett_window(int64_t window_length, bool periodic, OptDType dtype, OptDevice device) {
  return make_window("bartlett_window", window_length, periodic, dtype, device,
                     [](const Tensor& x) { return 1.0 - abs(x * 2.0 - 1.0); });
}
Tensor blackman_window(int64_t window_length, bool periodic, OptDType dtype, OptDevice device) {
  return make_window("blackman_window", window_length, periodic, dtype, device,
                     [](const Tensor& x) { return 0.42 - cosine(x, 1) * 0.5 + cosine(x, 2) * 0.08; });
}
Tensor hann_window(int64_t window_length, bool periodic, OptDType dtype, OptDevice device) {
  return make_window("hann_window", window_length, periodic, dtype, device,
                     [](const Tensor& x) { return 0.5 - cosine(x, 1) * 0.5; });
}
Tensor hamming_window(int64_t window_length, bool periodic, double alpha, double beta, OptDType dtype,
                      OptDevice device) {
  return make_window("hamming_window", window_length, periodic, dtype, device,
                     [=](const Tensor& x) { return alpha - cosine(x, 1) * beta; });
}
Tensor kaiser_window(int64_t window_length, bool periodic, double beta, OptDType dtype, OptDevice device) {
  return make_window("kaiser_window", window_length, periodic, dtype, device, [=](const Tensor& x) {
    const Tensor inside = clamp_min(1.0 - square(x * 2.0 - 1.0), 0.0);
    return i0(sqrt(inside) * beta) / i0(scalar_tensor(beta, DType::Float64, device));
  });
}

Tensor bartlett_window(int64_t window_length, OptDType dtype, OptDevice device) {
  return bartlett_window(window_length, true, dtype, device);
}
Tensor blackman_window(int64_t window_length, OptDType dtype, OptDevice device) {
  return blackman_window(window_length, true, dtype, device);
}
Tensor hann_window(int64_t window_length, OptDType dtype, OptDevice device) {
  return hann_window(window_length, true, dtype, device);
}
Tensor hamming_window(int64_t window_length, OptDType dtype, OptDevice device) {
  return hamming_window(window_length, true, dtype, device);
}
Tensor hamming_window(int64_t window_length, bool periodic, OptDType dtype, OptDevice device) {
  return hamming_window(window_length, periodic, 0.54, dtype, device);
}
Tensor hamming_window(int64_t window_length, bool periodic, double alpha, OptDType dtype, OptDevice device) {
  return hamming_window(window_length, periodic, alpha, 0.46, dtype, device);
}
Tensor kaiser_window(int64_t window_length, OptDType dtype, OptDevice device) {
  return kaiser_window(window_length, true, dtype, device);
}
Tensor kaiser_window(int64_t window_length, bool periodic, OptDType dtype, OptDevice device) {
  return kaiser_window(window_length, periodic, 12.0, dtype, device);
}

} // namespace torch::ops
