// Kernels that keep a row in registers are compiled for a few widths; narrower rows are filled up
// with a value that changes nothing.
#pragma once

#include <cstddef>
#include <type_traits>

namespace pyhwnas::cuda {

// body(std::integral_constant<unsigned, width>) with the least width that holds m columns, 0 where
// there is none.
template <class Body>
auto with_width(std::size_t m, const Body& body) {
  if (m <= 2) return body(std::integral_constant<unsigned, 2>{});
  if (m <= 3) return body(std::integral_constant<unsigned, 3>{});
  if (m <= 4) return body(std::integral_constant<unsigned, 4>{});
  if (m <= 5) return body(std::integral_constant<unsigned, 5>{});
  if (m <= 6) return body(std::integral_constant<unsigned, 6>{});
  if (m <= 8) return body(std::integral_constant<unsigned, 8>{});
  if (m <= 10) return body(std::integral_constant<unsigned, 10>{});
  if (m <= 12) return body(std::integral_constant<unsigned, 12>{});
  return body(std::integral_constant<unsigned, 0>{});
}

}  // namespace pyhwnas::cuda
