// Compares functions parameter by parameter: enumerations are int in our description of an interface, and pointers of other
// names are pointers all the same.
#pragma once

#include <type_traits>

template <class A, class B> constexpr bool alike() {
  if constexpr (std::is_pointer_v<A> || std::is_pointer_v<B>)
    return std::is_pointer_v<A> && std::is_pointer_v<B>;
  else
    return sizeof(A) == sizeof(B) && std::is_floating_point_v<A> == std::is_floating_point_v<B>;
}
template <class A, class B> struct Alike;
template <class R, class... A, class S, class... B> struct Alike<R (*)(A...), S (*)(B...)> {
  static constexpr bool count = sizeof...(A) == sizeof...(B);
  static constexpr bool value = [] {
    if constexpr (count)
      return alike<R, S>() && (alike<A, B>() && ...);
    else
      return false;
  }();
};
