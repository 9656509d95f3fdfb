// Authenticated encryption of short texts: AES-256 in Galois/Counter Mode (NIST SP 800-38D), a random nonce each.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dos::seal {

inline constexpr std::size_t key_bytes = 32;

// 256 random bits that are overwritten when they are no longer needed.
class key {
 public:
  key() = default;
  explicit key(std::string bytes);
  key(key const&) = default;
  key(key&&) = default;
  key& operator=(key const&) = default;
  key& operator=(key&&) = default;
  ~key();

  static key make();
  std::string_view bytes() const { return bytes_; }
  // Another key for another purpose, from which this one cannot be found (HMAC-SHA-256).
  key for_purpose(std::string_view purpose) const;

 private:
  std::string bytes_;
};

// Nonce, ciphertext, tag. `bound_to` is not in it and has to be the same again.
std::string close(key const& k, std::string_view plain, std::string_view bound_to);
// Nothing when it was not closed by this key, with this text, or was changed.
std::optional<std::string> open(key const& k, std::string_view closed, std::string_view bound_to);
std::string hmac(key const& k, std::string_view text);  // SHA-256, 32 bytes

}  // namespace dos::seal
