// Stands in for the copy of {fmt} that LAMMPS headers include but some packages (Debian 12) do not ship. It holds only the names
// that appear in LAMMPS declarations; nothing here is ever called. Used only where LAMMPS' own fmt/format.h is missing.
#pragma once
#include <cstddef>
#include <string>

namespace fmt {
inline namespace v7_lmp {

template <class C> class basic_string_view {
  const C *data_;
  size_t size_;

 public:
  basic_string_view(const C *s) : data_(s), size_(0) {}
  basic_string_view(const std::basic_string<C> &s) : data_(s.data()), size_(s.size()) {}
};
using string_view = basic_string_view<char>;

struct format_args {
  unsigned long long description;
  const void *values;
};
template <class... A> format_args make_args_checked(A &&...);

}    // namespace v7_lmp
}    // namespace fmt
