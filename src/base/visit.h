// Visiting a variant by cases: a case that is forgotten does not compile.
#pragma once

namespace dos {

template <typename... Functions>
struct each_of : Functions... {
  using Functions::operator()...;
};
template <typename... Functions>
each_of(Functions...) -> each_of<Functions...>;

// Said to be of no concern, one by one: there is no default, so that whoever adds an alternative decides about it here.
template <typename T>
struct ignoring_one {
  constexpr void operator()(T const&) const {}
};
template <typename... Types>
struct ignoring : ignoring_one<Types>... {
  using ignoring_one<Types>::operator()...;
};

}  // namespace dos
