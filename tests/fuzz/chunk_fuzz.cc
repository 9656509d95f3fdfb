// Any bytes, dressed up with a checksum that holds: decoding them ends in observations or in a fault. What was decoded
// must survive being encoded again.
#include <cstring>
#include <string>

#include "base/crc32c.h"
#include "base/fault.h"
#include "kernel/history/chunk.h"

extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size) {
  if (size < 6) return 0;
  auto bytes = std::string(reinterpret_cast<char const*>(data), size);
  auto const view = std::string_view(bytes);
  auto const checksum = dos::crc32c(view.substr(6), dos::crc32c(view.substr(0, 2)));
  std::memcpy(bytes.data() + 2, &checksum, sizeof checksum);
  auto points = std::vector<dos::observation>();
  auto numbers = std::vector<dos::numeric_point>();
  try {
    dos::decode_chunk(bytes, points);
    dos::decode_numbers(bytes, numbers);
  } catch (dos::fault const&) {
    return 0;
  }
  auto again = std::vector<dos::observation>();
  dos::decode_chunk(dos::encode_chunk(points, true), again);
  DOS_CHECK(again.size() == points.size());
  DOS_CHECK(dos::encode_chunk(again, true) == dos::encode_chunk(points, true));
  return 0;
}
