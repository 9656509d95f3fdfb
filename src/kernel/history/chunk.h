// About a thousand observations of one series in a few bytes each, every bit kept.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/history/chunk_summary.h"
#include "kernel/history/observation.h"

namespace dos {

inline constexpr std::size_t chunk_points_max = 1000;
inline constexpr std::size_t chunk_bytes_max = 256 * 1024;  // of long values: fewer points then

// `points`: 1 to 65,535, in order of moment. `sealed` ones are compressed: smaller, a little slower to read.
std::string encode_chunk(std::span<observation const> points, bool sealed);

// Which points of a chunk are wanted: those of a half-open time, of these at most so many from one end.
struct chunk_part {
  timestamp from{INT64_MIN};
  timestamp to{INT64_MAX};
  std::size_t most = SIZE_MAX;
  bool newest = false;  // from the end
};

// Both append. Any bytes may come: fault internal when they are no chunk or damaged. A part costs little beyond the times
// and numbers: what hangs on the others is not built.
void decode_chunk(std::string_view bytes, std::vector<observation>& points, chunk_part const& part = {});

struct numeric_point {
  timestamp time;
  double value;
};
// Only what is numeric, several times as fast; returns how many observations there are in all.
std::size_t decode_numbers(std::string_view bytes, std::vector<numeric_point>& points);

}  // namespace dos
