// Well-known text of any kind is refused with a fault or comes back the same.
#include <cstdint>
#include <cstdlib>

#include "base/fault.h"
#include "geo/geometry.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  try {
    auto const g = geo::parse_wkt({reinterpret_cast<char const*>(data), size}, {.points_max = 1000});
    if (!g.is_empty() && geo::to_wkt(geo::parse_wkt(geo::to_wkt(g))) != geo::to_wkt(g)) std::abort();
  } catch (fault const&) {
  }
  return 0;
}
