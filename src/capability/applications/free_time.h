// When a resource is free, from what its bookings take. Pure: intervals in, intervals out.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"
#include "kernel/city/constraint_index.h"

namespace dos::applications {

struct free_span {
  timestamp from, to;
  std::uint32_t places = 0;  // left at every moment of it

  bool operator==(free_span const&) const = default;
};

// Between two times, in order, each as long as the number of places stays.
std::vector<free_span> free_time(timestamp from, timestamp to, resource_times const& times);

}  // namespace dos::applications
