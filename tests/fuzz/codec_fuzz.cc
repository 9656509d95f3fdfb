// Whatever source a codec is made of: it is refused with a fault or runs, and a sound codec still decodes afterwards.
// The part of the input before the first zero byte is the source, the rest the message.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/fault.h"
#include "engine/script/codec.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  static script::codec sound("function decodeUplink(i) { return {data: {n: i.bytes.length}}; }");
  static script::limits const short_ones{.time_ms_max = 5, .compile_time_ms_max = 20};

  auto const input = std::string_view(reinterpret_cast<char const*>(data), size);
  auto const end = input.find('\0');
  auto const bytes = end == input.npos ? std::string_view() : input.substr(end + 1);
  auto const message = script::frame{.bytes = std::string(bytes.substr(0, 250)), .f_port = 1, .received = {}};
  try {
    script::codec c(input.substr(0, end), short_ones);
    c.decode_uplink(message);
    c.decode_uplink(message);
  } catch (fault const&) {
    // refused, as it may be
  }
  auto const decoded = sound.decode_uplink(message);
  auto const* const n = decoded.data.find("n");
  if (n == nullptr || n->as_int() != std::int64_t(message.bytes.size())) std::abort();
  return 0;
}
