// Regular expressions from outside (idPattern, q ~=, matches()): linear time, bounded size, no back references.
#pragma once

#include <memory>
#include <string_view>

namespace dos::query {

class pattern {
 public:
  virtual ~pattern() = default;
  virtual bool found_in(std::string_view text) const = 0;   // anywhere, as the standards mean it
  virtual std::string_view source() const = 0;
};

// Limits: source_bytes_max 1,024; compiled states bounded. Throws fault invalid with the reason.
std::shared_ptr<pattern const> make_pattern(std::string_view source);

}  // namespace dos::query
