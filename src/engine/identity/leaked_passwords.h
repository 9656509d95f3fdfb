// Passwords that many have used and that were published: whoever guesses tries these first (NIST SP 800-63B, 5.1.1.2).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace dos::identity {

class leaked_passwords {
 public:
  leaked_passwords() = default;
  // One a line.
  explicit leaked_passwords(std::string_view list);

  // Small and capital letters are the same, and what is only put before or behind it changes little: digits and signs.
  bool has(std::string_view password) const;
  std::size_t size() const { return known_.size(); }

 private:
  std::vector<std::uint64_t> known_;  // sorted
};

}  // namespace dos::identity
