// Fourier transforms by name, over transforms of complex and real numbers.
#include "ops/entry.h"

namespace torch::ops {

namespace {

enum Normalization : int64_t { kNone = 0, kByRoot = 1, kByCount = 2 };

int64_t normalization_of(std::optional<std::string_view> norm, bool forward) {
  if (!norm || *norm == "backward") return forward ? kNone : kByCount;
  if (*norm == "forward") return forward ? kByCount : kNone;
  check(*norm == "ortho", "Invalid normalization mode: \"", *norm, "\"");
  return kByRoot;
}

// Integers become the default dtype; a type without transforms is an error.
Tensor promoted(const Tensor& self, bool to_complex) {
  DType type = float_dtype(self.dtype());
  check(!is_reduced_float(type) && !is_low_precision(type), "Unsupported dtype ", dtype_aten_name(type));
  if (to_complex) type = complex_type(type);
  return type == self.dtype() ? self : _to_copy(self, type);
}
void check_real(const char* op, const Tensor& self) {
  check(!self.is_complex(), op, " expects a real input tensor, but got ", dtype_aten_name(self.dtype()));
}
int64_t checked_dim(const Tensor& self, int64_t dim) {
  check_index(self.dim() > 0, "Dimension specified as ", dim, " but tensor has no dimensions");
  return wrap_dim(dim, self.dim());
}

// Cut, or filled up with zeros, to sizes along dims; a size of -1 leaves the dimension as it is.
Tensor resized(const Tensor& self, IntSpan dims, IntSpan sizes) {
  Tensor out = self;
  DimVec pad(size_t(2 * self.dim()), 0);
  bool any = false;
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t have = out.sizes()[dims[i]], want = sizes[i];
    if (want == -1 || want == have) continue;
    if (want < have) {
      out = narrow(out, dims[i], 0, want);
    } else {
      any = true;
      pad[size_t(2 * (self.dim() - 1 - dims[i]) + 1)] = want - have;
    }
  }
  return any ? constant_pad_nd(out, pad, int64_t{0}) : out;
}
void check_points(int64_t n) { check(n >= 1, "Invalid number of data points (", n, ") specified"); }

// One dimension. `forward` is the sign of the exponent.
Tensor one_dim(const Tensor& self, std::optional<int64_t> n, int64_t dim,
               std::optional<std::string_view> norm, bool forward) {
  Tensor x = promoted(self, false);
  dim = checked_dim(x, dim);
  check_points(n.value_or(x.sizes()[dim]));
  if (n) x = resized(x, IntSpan(&dim, 1), IntSpan(&*n, 1));
  const int64_t normalization = normalization_of(norm, forward);
  if (x.is_complex()) return _fft_c2c(x, IntSpan(&dim, 1), normalization, forward);
  const Tensor out = _fft_r2c(x, IntSpan(&dim, 1), normalization, false);
  return forward ? out : conj(out);
}
Tensor real_one_dim(const char* op, const Tensor& self, std::optional<int64_t> n, int64_t dim,
                    std::optional<std::string_view> norm, bool forward) {
  check_real(op, self);
  Tensor x = promoted(self, false);
  dim = checked_dim(x, dim);
  check_points(n.value_or(x.sizes()[dim]));
  if (n) x = resized(x, IntSpan(&dim, 1), IntSpan(&*n, 1));
  const Tensor out = _fft_r2c(x, IntSpan(&dim, 1), normalization_of(norm, forward), true);
  return forward ? out : conj(out);
}
Tensor to_real_one_dim(const Tensor& self, std::optional<int64_t> n, int64_t dim,
                       std::optional<std::string_view> norm, bool forward) {
  Tensor x = promoted(self, true);
  dim = checked_dim(x, dim);
  const int64_t count = n.value_or(2 * (x.sizes()[dim] - 1)), half = count / 2 + 1;
  check_points(count);
  x = resized(x, IntSpan(&dim, 1), IntSpan(&half, 1));
  if (forward) x = conj(x);
  return _fft_c2r(x, IntSpan(&dim, 1), normalization_of(norm, forward), count);
}

// The dimensions and sizes that `s` and `dim` stand for, checked before the dtype is.
struct Extent {
  DimVec dims, sizes;
};
Extent extent_of(const Tensor& self, OptInts s, OptInts dim) {
  Extent e;
  const int64_t nd = self.dim();
  if (dim) {
    for (const int64_t d : dim.span()) e.dims.push_back(wrap_dim(d, nd));
    for (size_t i = 0; i < e.dims.size(); ++i)
      for (size_t j = 0; j < i; ++j) check(e.dims[i] != e.dims[j], "FFT dims must be unique");
  }
  if (s) {
    const auto count = static_cast<int64_t>(s.span().size());
    check(!dim || dim.span().size() == s.span().size(),
          "When given, dim and shape arguments must have the same length");
    check(count <= nd, "Got shape with ", count, " values but input tensor only has ", nd, " dimensions.");
    if (!dim)
      for (int64_t i = 0; i < count; ++i) e.dims.push_back(nd - count + i);
    for (size_t i = 0; i < size_t(count); ++i) {
      const int64_t n = s.span()[i];
      e.sizes.push_back(n == -1 ? self.sizes()[e.dims[i]] : n);
    }
  } else {
    if (!dim)
      for (int64_t i = 0; i < nd; ++i) e.dims.push_back(i);
    for (const int64_t d : e.dims) e.sizes.push_back(self.sizes()[d]);
  }
  for (const int64_t n : e.sizes) check_points(n);
  return e;
}
IntSpan but_last(const DimVec& dims) { return dims.span().first(dims.size() - 1); }

Tensor several(const Tensor& self, OptInts s, OptInts dim, std::optional<std::string_view> norm,
               bool forward) {
  const Extent e = extent_of(self, s, dim);
  const Tensor x = promoted(self, true);
  return _fft_c2c(resized(x, e.dims, e.sizes), e.dims, normalization_of(norm, forward), forward);
}
Tensor real_several(const char* op, const Tensor& self, OptInts s, OptInts dim,
                    std::optional<std::string_view> norm) {
  check_real(op, self);
  const Extent e = extent_of(self, s, dim);
  const Tensor x = promoted(self, false);
  check(!e.dims.empty(), op, " must transform at least one axis");
  return _fft_r2c(resized(x, e.dims, e.sizes), e.dims, normalization_of(norm, true), true);
}

// Extent for a result with real numbers: x cut or filled up to half of the last size.
Tensor half_resized(const char* op, const Tensor& self, OptInts s, OptInts dim, Extent& e) {
  e = extent_of(self, s, dim);
  const Tensor x = promoted(self, true);
  check(!e.dims.empty(), op, " must transform at least one axis");
  const size_t last = e.dims.size() - 1;
  if (!s || s.span()[last] == -1) e.sizes[last] = 2 * (x.sizes()[e.dims[last]] - 1);
  check_points(e.sizes[last]);
  DimVec sizes = e.sizes;
  sizes[last] = sizes[last] / 2 + 1;
  return resized(x, e.dims, sizes);
}
Tensor real_from_several(const char* op, const Tensor& self, OptInts s, OptInts dim,
                         std::optional<std::string_view> norm) {
  Extent e;
  const Tensor x = half_resized(op, self, s, dim, e);
  return _fft_c2r(x, e.dims, normalization_of(norm, false), e.sizes[e.sizes.size() - 1]);
}
Tensor hermitian_several(const char* op, const Tensor& self, OptInts s, OptInts dim,
                         std::optional<std::string_view> norm) {
  Extent e;
  Tensor x = half_resized(op, self, s, dim, e);
  const int64_t normalization = normalization_of(norm, true), last = e.dims[e.dims.size() - 1];
  if (e.dims.size() > 1) x = _fft_c2c(x, but_last(e.dims), normalization, true);
  return _fft_c2r(conj(x), IntSpan(&last, 1), normalization, e.sizes[e.sizes.size() - 1]);
}
Tensor inverse_hermitian_several(const char* op, const Tensor& self, OptInts s, OptInts dim,
                                 std::optional<std::string_view> norm) {
  check_real(op, self);
  const Extent e = extent_of(self, s, dim);
  const Tensor x = promoted(self, false);
  check(!e.dims.empty(), op, " must transform at least one axis");
  const int64_t normalization = normalization_of(norm, false), last = e.dims[e.dims.size() - 1];
  const Tensor half = conj(_fft_r2c(resized(x, e.dims, e.sizes), IntSpan(&last, 1), normalization, true));
  return e.dims.size() == 1 ? half : _fft_c2c(half, but_last(e.dims), normalization, false);
}

Tensor frequencies(const char* op, bool onesided, int64_t n, double d, std::optional<DType> dtype,
                   std::optional<Device> device) {
  const DType type = dtype.value_or(default_dtype());
  check(is_differentiable(type), op, " requires a floating point or complex dtype, but got ",
        dtype_aten_name(type));
  const Tensor k = _arange(int64_t{0}, onesided ? n / 2 + 1 : n, int64_t{1}, DType::Int64, device);
  const Tensor index =
      onesided ? k : remainder(k + int64_t{n / 2}, wrapped_number(std::max<int64_t>(n, 1))) - int64_t{n / 2};
  return _to_copy(_to_copy(index, DType::Float64) * (1 / (double(n) * d)), type);
}

Tensor rolled(const Tensor& self, OptInts dim, bool back) {
  DimVec dims = dim.span(), shifts;
  if (!dim)
    for (int64_t i = 0; i < self.dim(); ++i) dims.push_back(i);
  for (int64_t& d : dims) {
    d = wrap_dim(d, self.dim());
    shifts.push_back((self.sizes()[d] + (back ? 1 : 0)) / 2);
  }
  return roll(self, shifts, dims);
}

} // namespace

using Norm = std::optional<std::string_view>;
using OptInt = std::optional<int64_t>;

Tensor fft_fft(const Tensor& self, OptInt n, int64_t dim, Norm norm) {
  return one_dim(self, n, dim, norm, true);
}
Tensor fft_ifft(const Tensor& self, OptInt n, int64_t dim, Norm norm) {
  return one_dim(self, n, dim, norm, false);
}
Tensor fft_rfft(const Tensor& self, OptInt n, int64_t dim, Norm norm) {
  return real_one_dim("rfft", self, n, dim, norm, true);
}
Tensor fft_ihfft(const Tensor& self, OptInt n, int64_t dim, Norm norm) {
  return real_one_dim("ihfft", self, n, dim, norm, false);
}
Tensor fft_irfft(const Tensor& self, OptInt n, int64_t dim, Norm norm) {
  return to_real_one_dim(self, n, dim, norm, false);
}
Tensor fft_hfft(const Tensor& self, OptInt n, int64_t dim, Norm norm) {
  return to_real_one_dim(self, n, dim, norm, true);
}
Tensor fft_fftn(const Tensor& self, OptInts s, OptInts dim, Norm norm) {
  return several(self, s, dim, norm, true);
}
Tensor fft_ifftn(const Tensor& self, OptInts s, OptInts dim, Norm norm) {
  return several(self, s, dim, norm, false);
}
Tensor fft_rfftn(const Tensor& self, OptInts s, OptInts dim, Norm norm) {
  return real_several("rfftn", self, s, dim, norm);
}
Tensor fft_irfftn(const Tensor& self, OptInts s, OptInts dim, Norm norm) {
  return real_from_several("irfftn", self, s, dim, norm);
}
Tensor fft_hfftn(const Tensor& self, OptInts s, OptInts dim, Norm norm) {
  return hermitian_several("hfftn", self, s, dim, norm);
}
Tensor fft_ihfftn(const Tensor& self, OptInts s, OptInts dim, Norm norm) {
  return inverse_hermitian_several("ihfftn", self, s, dim, norm);
}
Tensor fft_fft2(const Tensor& self, OptInts s, Ints dim, Norm norm) { return fft_fftn(self, s, dim, norm); }
Tensor fft_ifft2(const Tensor& self, OptInts s, Ints dim, Norm norm) { return fft_ifftn(self, s, dim, norm); }
Tensor fft_rfft2(const Tensor& self, OptInts s, Ints dim, Norm norm) { return fft_rfftn(self, s, dim, norm); }
Tensor fft_irfft2(const Tensor& self, OptInts s, Ints dim, Norm norm) {
  return fft_irfftn(self, s, dim, norm);
}
Tensor fft_hfft2(const Tensor& self, OptInts s, Ints dim, Norm norm) { return fft_hfftn(self, s, dim, norm); }
Tensor fft_ihfft2(const Tensor& self, OptInts s, Ints dim, Norm norm) {
  return fft_ihfftn(self, s, dim, norm);
}

Tensor fft_fftfreq(int64_t n, double d, std::optional<DType> dtype, std::optional<Device> device) {
  return frequencies("fftfreq", false, n, d, dtype, device);
}
Tensor fft_rfftfreq(int64_t n, double d, std::optional<DType> dtype, std::optional<Device> device) {
  return frequencies("rfftfreq", true, n, d, dtype, device);
}
Tensor fft_fftshift(const Tensor& self, OptInts dim) { return rolled(self, dim, false); }
Tensor fft_ifftshift(const Tensor& self, OptInts dim) { return rolled(self, dim, true); }

// The transform is symmetric: its adjoint is the inverse one without its factor. Of the part that `onesided`
// left out nothing comes back.
Tensor fft_r2c_grad(const Tensor& grad, Ints dim, int64_t normalization, bool onesided, const DimVec& sizes) {
  Tensor full = grad;
  if (onesided) {
    const int64_t last = wrap_dim(dim.back(), grad.dim()), n = sizes[last];
    full = resized(grad, IntSpan(&last, 1), IntSpan(&n, 1));
  }
  return real(_fft_c2c(full, dim, normalization, false));
}

// Elements that stand for their mirror images too count twice.
Tensor fft_c2r_grad(const Tensor& grad, Ints dim, int64_t normalization) {
  const int64_t last = wrap_dim(dim.back(), grad.dim()), n = grad.sizes()[last];
  const Tensor half = _fft_r2c(grad, dim, normalization, true);
  const int64_t count = half.sizes()[last], doubled = n - count;
  if (doubled <= 0) return half;
  const Tensor k = _arange(int64_t{0}, count, int64_t{1}, DType::Int64, grad.device());
  const Tensor twice = logical_and(gt(k, int64_t{0}), le(k, doubled));
  DimVec shape(size_t(grad.dim()), 1);
  shape[last] = count;
  return half * view(_to_copy(twice, grad.dtype()) + int64_t{1}, shape);
}

} // namespace torch::ops
