// Small vector of any movable type: N elements inline, more on the heap.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace torch {

template <class T, size_t N> class InlineVec {
public:
  InlineVec() = default;
  explicit InlineVec(size_t n) { resize(n); }
  InlineVec(InlineVec&& o) noexcept { move_from(o); }
  InlineVec& operator=(InlineVec&& o) noexcept {
    if (this != &o) {
      release();
      move_from(o);
    }
    return *this;
  }
  InlineVec(const InlineVec& o) {
    reserve(o.size_);
    for (const T& v : o) push_back(v);
  }
  InlineVec& operator=(const InlineVec& o) {
    if (this != &o) *this = InlineVec(o);
    return *this;
  }
  ~InlineVec() { release(); }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return capacity_ > N ? heap_ : inline_data(); }
  const T* data() const { return const_cast<InlineVec*>(this)->data(); }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& back() { return data()[size_ - 1]; }
  operator std::span<T>() { return {data(), size_}; }
  operator std::span<const T>() const { return {data(), size_}; }
  std::span<T> span() { return {data(), size_}; }
  std::span<const T> span() const { return {data(), size_}; }

  void reserve(size_t n) {
    if (n <= capacity_) return;
    const size_t grown = n > 2 * capacity_ ? n : 2 * capacity_;
    T* fresh = std::allocator<T>().allocate(grown);
    std::uninitialized_move(begin(), end(), fresh);
    std::destroy(begin(), end());
    if (capacity_ > N) std::allocator<T>().deallocate(heap_, capacity_);
    heap_ = fresh;
    capacity_ = grown;
  }
  template <class... Args> T& emplace_back(Args&&... args) {
    if (size_ == capacity_) reserve(size_ + 1);
    T* p = new (data() + size_) T(std::forward<Args>(args)...);
    ++size_;
    return *p;
  }
  void push_back(T value) { emplace_back(std::move(value)); }
  void resize(size_t n) {
    reserve(n);
    while (size_ < n) emplace_back();
    while (size_ > n) data()[--size_].~T();
  }
  void clear() { resize(0); }

private:
  T* inline_data() { return std::launder(reinterpret_cast<T*>(inline_)); }
  void release() {
    std::destroy(begin(), end());
    if (capacity_ > N) std::allocator<T>().deallocate(heap_, capacity_);
    size_ = 0;
    capacity_ = N;
  }
  void move_from(InlineVec& o) {
    size_ = o.size_;
    capacity_ = o.capacity_;
    if (o.capacity_ > N) {
      heap_ = o.heap_;
      o.capacity_ = N;
      o.size_ = 0;
    } else {
      std::uninitialized_move(o.begin(), o.end(), inline_data());
      o.clear();
    }
  }

  size_t size_ = 0;
  size_t capacity_ = N;
  union {
    alignas(T) unsigned char inline_[N * sizeof(T)];
    T* heap_;
  };
};

} // namespace torch
