// What one caller may keep here, and all of a city together: subscriptions, registrations and contexts lie in memory.
#pragma once

#include <string_view>

#include "standard/ngsi_ld/call.h"

namespace dos::ngsi_ld {

struct quota {
  std::size_t caller_max, caller_bytes_max;  // of one name that tokens were made for
  std::size_t city_max, city_bytes_max;
};
inline constexpr auto subscription_quota = quota{1'000, 32 << 20, 10'000, 256 << 20};  // of each kind
inline constexpr auto registration_quota = quota{1'000, 32 << 20, 10'000, 256 << 20};
inline constexpr auto context_quota = quota{200, 32 << 20, 2'000, 256 << 20};

// Faults: too_many, naming the bound, when one more of the size of this request's body is over it.
void require_quota(call const& c, std::string_view collection, quota const& q);
// Whose a record is and how large, for the next that asks.
void note_quota(call const& c, json::object& record);

}  // namespace dos::ngsi_ld
