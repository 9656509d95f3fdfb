// Bytes of older files as UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dos {

enum class text_encoding { utf8, latin1, latin9, windows1252 };

// "utf-8", "ISO-8859-1", "latin1", "iso-8859-15", "windows-1252", "cp1252"; case and punctuation do not matter.
std::optional<text_encoding> parse_text_encoding(std::string_view name);
std::string_view to_string(text_encoding e);

// Appends. What has no meaning in the encoding becomes U+FFFD; answers how often that happened.
std::size_t append_as_utf8(std::string& out, std::string_view bytes, text_encoding from);

// A trace of damage that happened before the text came to us: "replacement character" (U+FFFD), "control character",
// "UTF-8 encoded twice" (Ã¤ for ä). Nothing when the text looks sound.
std::optional<std::string_view> find_damage(std::string_view utf8);

}  // namespace dos
