#include "base/text_encoding.h"

#include <array>
#include <cstdint>
#include <utility>

#include "base/text.h"

namespace dos {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

// 0x80 to 0x9f; 0 has no meaning.
constexpr std::array<std::uint16_t, 32> windows1252_upper = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

std::uint16_t to_code_point(unsigned char c, text_encoding from) {
  if (c < 0x80) return c;
  if (from == text_encoding::windows1252 && c < 0xa0) return windows1252_upper[c - 0x80u];
  if (from == text_encoding::latin9) {
    switch (c) {
      case 0xa4:
        return 0x20ac;
      case 0xa6:
        return 0x0160;
      case 0xa8:
        return 0x0161;
      case 0xb4:
        return 0x017d;
      case 0xb8:
        return 0x017e;
      case 0xbc:
        return 0x0152;
      case 0xbd:
        return 0x0153;
      case 0xbe:
        return 0x0178;
      default:
        break;
    }
  }
  return c;
}

void append_code_point(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += char(code);
  } else if (code < 0x800) {
    out += char(0xc0 | code >> 6);
    out += char(0x80 | (code & 0x3f));
  } else {
    if (code < 0x10000) {
      out += char(0xe0 | code >> 12);
    } else {
      out += char(0xf0 | code >> 18);
      out += char(0x80 | (code >> 12 & 0x3f));
    }
    out += char(0x80 | (code >> 6 & 0x3f));
    out += char(0x80 | (code & 0x3f));
  }
}

// Length of the valid UTF-8 character at the start, 0 when there is none.
std::size_t character_bytes(std::string_view s) {
  auto const c = static_cast<unsigned char>(s[0]);
  auto const n = std::size_t(c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4);
  return n <= s.size() && text::is_utf8(s.substr(0, n)) ? n : 0;
}

std::size_t append_repaired(std::string& out, std::string_view bytes) {
  auto replaced = std::size_t(0);
  while (!bytes.empty()) {
    auto const n = character_bytes(bytes);
    if (n == 0) {
      out += replacement;
      ++replaced;
    }
    out += bytes.substr(0, n);
    bytes.remove_prefix(n == 0 ? 1 : n);
  }
  return replaced;
}

}  // namespace

std::optional<text_encoding> parse_text_encoding(std::string_view name) {
  auto key = std::string();
  for (auto const c : text::lower(name)) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) key += c;
  }
  if (key == "utf8" || key == "ascii" || key == "usascii") return text_encoding::utf8;
  if (key == "iso88591" || key == "latin1") return text_encoding::latin1;
  if (key == "iso885915" || key == "latin9") return text_encoding::latin9;
  if (key == "windows1252" || key == "cp1252") return text_encoding::windows1252;
  if (key == "utf16" || key == "utf16le" || key == "ucs2") return text_encoding::utf16le;
  if (key == "utf16be") return text_encoding::utf16be;
  return {};
}

std::string_view to_string(text_encoding e) {
  switch (e) {
    case text_encoding::utf8:
      return "utf-8";
    case text_encoding::latin1:
      return "iso-8859-1";
    case text_encoding::latin9:
      return "iso-8859-15";
    case text_encoding::windows1252:
      return "windows-1252";
    case text_encoding::utf16le:
      return "utf-16";
    case text_encoding::utf16be:
      return "utf-16be";
  }
  return "utf-8";
}

std::optional<text_encoding> encoding_of_mark(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) return text_encoding::utf8;
  if (bytes.starts_with("\xff\xfe")) return text_encoding::utf16le;
  if (bytes.starts_with("\xfe\xff")) return text_encoding::utf16be;
  return {};
}

std::size_t utf16_reader::take(std::string& out, std::uint16_t unit) {
  auto replaced = std::size_t(0);
  auto const is_second = unit >= 0xdc00 && unit < 0xe000;
  auto const first = std::exchange(surrogate_, std::nullopt);
  if (first && is_second) {
    append_code_point(out, 0x10000 + ((*first - 0xd800u) << 10) + (unit - 0xdc00u));
    return 0;
  }
  if (first) {
    out += replacement;
    ++replaced;
  }
  auto const is_mark = !is_started_ && unit == 0xfeff;
  is_started_ = true;
  if (unit >= 0xd800 && unit < 0xdc00) {
    surrogate_ = unit;
  } else if (is_second) {
    out += replacement;
    ++replaced;
  } else if (!is_mark) {
    append_code_point(out, unit);
  }
  return replaced;
}

std::size_t utf16_reader::read(std::string& out, std::string_view bytes) {
  auto replaced = std::size_t(0);
  out.reserve(out.size() + bytes.size() / 2);
  for (auto const c : bytes) {
    auto const byte = static_cast<unsigned char>(c);
    if (!byte_) {
      byte_ = byte;
      continue;
    }
    replaced += take(out, std::uint16_t(is_big_endian_ ? *byte_ << 8 | byte : byte << 8 | *byte_));
    byte_.reset();
  }
  return replaced;
}

std::size_t utf16_reader::finish(std::string& out) {
  if (!byte_ && !surrogate_) return 0;
  byte_.reset();
  surrogate_.reset();
  out += replacement;
  return 1;
}

std::size_t append_as_utf8(std::string& out, std::string_view bytes, text_encoding from) {
  if (is_utf16(from)) {
    auto reader = utf16_reader(from);
    auto const replaced = reader.read(out, bytes);
    return replaced + reader.finish(out);
  }
  if (from == text_encoding::utf8) {
    if (!text::is_utf8(bytes)) return append_repaired(out, bytes);
    out += bytes;
    return 0;
  }
  auto replaced = std::size_t(0);
  for (auto const c : bytes) {
    auto const code = to_code_point(static_cast<unsigned char>(c), from);
    if (code == 0 && c != '\0') {
      out += replacement;
      ++replaced;
    } else {
      append_code_point(out, code);
    }
  }
  return replaced;
}

std::optional<std::string_view> find_damage(std::string_view s) {
  for (auto i = std::size_t(0); i < s.size(); ++i) {
    auto const c = static_cast<unsigned char>(s[i]);
    auto const next = i + 1 < s.size() ? static_cast<unsigned char>(s[i + 1]) : 0;
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return "control character";
    if (c < 0x80) continue;
    if (s.substr(i, 3) == replacement) return "replacement character";
    if (c == 0xc2 && next < 0xa0) return "control character";  // C1: a Windows text read as Latin-1
    // Ã or Â, followed by what the second byte of a UTF-8 letter is when read as Latin-1 or Windows-1252.
    auto const third = i + 2 < s.size() ? static_cast<unsigned char>(s[i + 2]) : 0;
    if (c == 0xc3 && ((next == 0x83 && third >= 0x80) || (next == 0x82 && third == 0xc2))) return "UTF-8 encoded twice";
  }
  return {};
}

}  // namespace dos
