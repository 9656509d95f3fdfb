// What a codec may use. A codec that wants more is stopped, and the next call works.
#pragma once

#include <cstddef>

namespace dos::script {

struct limits {
  int time_ms_max = 50;           // computing time of one call
  int compile_time_ms_max = 500;  // of compiling, including what the source does outside functions
  std::size_t memory_bytes_max = std::size_t(8) << 20;
  std::size_t source_bytes_max = std::size_t(512) << 10;
  std::size_t output_bytes_max = std::size_t(64) << 10;  // of the result as JSON
};

}  // namespace dos::script
