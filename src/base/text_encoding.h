// Bytes of older files as UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dos {

enum class text_encoding { utf8, latin1, latin9, windows1252, utf16le, utf16be };

// "utf-8", "ISO-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252", "utf-16" (little-endian, as spreadsheets
// write it), "utf-16be"; case and punctuation do not matter.
std::optional<text_encoding> parse_text_encoding(std::string_view name);
std::string_view to_string(text_encoding e);
inline bool is_utf16(text_encoding e) { return e == text_encoding::utf16le || e == text_encoding::utf16be; }
// What the first bytes of a file say by a byte order mark; nothing without one.
std::optional<text_encoding> encoding_of_mark(std::string_view bytes);

// Appends. What has no meaning in the encoding becomes U+FFFD; answers how often that happened.
std::size_t append_as_utf8(std::string& out, std::string_view bytes, text_encoding from);

// UTF-16 as UTF-8, piece by piece: a character may lie across two of them. The mark at the beginning is left out.
class utf16_reader {
 public:
  explicit utf16_reader(text_encoding e) : is_big_endian_(e == text_encoding::utf16be) {}

  // Both append and answer how often something was no character and became U+FFFD.
  std::size_t read(std::string& out, std::string_view bytes);
  std::size_t finish(std::string& out);  // half a character is left

 private:
  std::size_t take(std::string& out, std::uint16_t unit);

  bool is_big_endian_;
  bool is_started_ = false;
  std::optional<unsigned char> byte_;    // the first one of a unit
  std::optional<std::uint16_t> surrogate_;  // the first one of a pair
};

// A trace of damage that happened before the text came to us: "replacement character" (U+FFFD), "control character",
// "UTF-8 encoded twice" (Ã¤ for ä). Nothing when the text looks sound.
std::optional<std::string_view> find_damage(std::string_view utf8);

}  // namespace dos
