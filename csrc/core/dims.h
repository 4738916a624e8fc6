// Small vector of int64 for sizes and strides: five dimensions inline, more on the heap.
#pragma once

#include "core/error.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>

namespace torch {

using IntSpan = std::span<const int64_t>;

class DimVec {
public:
  static constexpr uint32_t kInline = 5;

  DimVec() = default;
  explicit DimVec(size_t n, int64_t value = 0) {
    resize_uninitialized(n);
    std::fill_n(data(), n, value);
  }
  DimVec(IntSpan values) { assign(values); }
  DimVec(std::initializer_list<int64_t> values) { assign(IntSpan(values.begin(), values.size())); }
  DimVec(const DimVec& o) { assign(o); }
  DimVec(DimVec&& o) noexcept { steal(o); }
  DimVec& operator=(const DimVec& o) {
    if (this != &o) assign(o);
    return *this;
  }
  DimVec& operator=(DimVec&& o) noexcept {
    if (this != &o) {
      free_heap();
      steal(o);
    }
    return *this;
  }
  DimVec& operator=(IntSpan values) {
    assign(values);
    return *this;
  }
  ~DimVec() { free_heap(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t* data() { return capacity_ > kInline ? heap_ : inline_; }
  const int64_t* data() const { return capacity_ > kInline ? heap_ : inline_; }
  int64_t& operator[](size_t i) { return data()[i]; }
  int64_t operator[](size_t i) const { return data()[i]; }
  int64_t* begin() { return data(); }
  int64_t* end() { return data() + size_; }
  const int64_t* begin() const { return data(); }
  const int64_t* end() const { return data() + size_; }
  int64_t& back() { return data()[size_ - 1]; }
  int64_t back() const { return data()[size_ - 1]; }
  operator IntSpan() const { return {data(), size_}; }
  IntSpan span() const { return {data(), size_}; }

  void clear() { size_ = 0; }
  void reserve(size_t n) {
    if (n > capacity_) grow(n);
  }
  // New elements are not set.
  void resize_uninitialized(size_t n) {
    reserve(n);
    size_ = static_cast<uint32_t>(n);
  }
  void resize(size_t n, int64_t value = 0) {
    const size_t old = size_;
    resize_uninitialized(n);
    if (n > old) std::fill(data() + old, data() + n, value);
  }
  void push_back(int64_t value) {
    if (size_ == capacity_) grow(size_t(capacity_) * 2);
    data()[size_++] = value;
  }
  void insert(size_t at, int64_t value) {
    push_back(value);
    std::rotate(begin() + at, end() - 1, end());
  }
  void erase(size_t at) {
    std::copy(begin() + at + 1, end(), begin() + at);
    --size_;
  }
  void assign(IntSpan values) {
    resize_uninitialized(values.size());
    if (!values.empty()) std::memmove(data(), values.data(), values.size() * sizeof(int64_t));
  }

private:
  void grow(size_t n);
  void free_heap();
  void steal(DimVec& o) {
    size_ = o.size_;
    capacity_ = o.capacity_;
    std::memcpy(inline_, o.inline_, sizeof inline_);
    o.size_ = 0;
    o.capacity_ = kInline;
  }

  uint32_t size_ = 0;
  uint32_t capacity_ = kInline;
  union {
    int64_t inline_[kInline];
    int64_t* heap_;
  };
};

inline bool equal(IntSpan a, IntSpan b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}
inline void append_text(std::string& out, const DimVec& v) { detail::append_ints(out, v); }

// Product of sizes; throws when it does not fit into int64.
int64_t numel_of(IntSpan sizes);
DimVec contiguous_strides(IntSpan sizes);
DimVec channels_last_strides(IntSpan sizes); // 4-d NHWC or 5-d NDHWC order
// dim in [-n, n) -> [0, n); n = 0 counts as 1. IndexError names the range otherwise.
int64_t wrap_dim(int64_t dim, int64_t ndim);
// Sorted unique bit mask of wrapped dims. Empty dims = all dims.
uint64_t dim_mask(IntSpan dims, int64_t ndim, const char* op);

DimVec broadcast_sizes(IntSpan a, IntSpan b, const char* op);

} // namespace torch
