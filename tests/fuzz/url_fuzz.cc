// URLs that users type in: whatever is accepted reads the same after it was written.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/fault.h"
#include "http/url.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto const text = std::string_view(reinterpret_cast<char const*>(data), size);
  auto const base = dos::http::parse_url("http://example.org/a/b?c");
  try {
    auto const u = dos::http::parse_url(text);
    if (dos::http::parse_url(dos::http::to_text(u)) != u) std::abort();
  } catch (dos::fault const&) {
  }
  try {
    dos::http::resolve(base, text);
  } catch (dos::fault const&) {
  }
  return 0;
}
