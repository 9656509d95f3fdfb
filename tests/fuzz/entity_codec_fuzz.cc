// Stored entities and values may be damaged: reading them is a fault malformed and nothing worse, and what was read is
// written and read again the same.
#include <cstdint>
#include <cstdlib>

#include "kernel/graph/codec.h"

namespace {

dos::name_table& known_names() {
  static auto names = dos::name_table();
  if (names.size() == 0) {
    for (auto const* const text : {"https://example.org/a", "https://example.org/b", "CEL", "/a/b"}) {
      names.number_of(dos::symbol(text));
    }
  }
  return names;
}

std::string written(dos::entity const& e) {
  auto bytes = std::string();
  auto out = dos::byte_writer(bytes);
  dos::encode(out, e, known_names());
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  auto in = dos::byte_reader({reinterpret_cast<char const*>(data), size});
  try {
    auto const first = written(dos::decode_entity(in, known_names()));
    auto again = dos::byte_reader(first);
    if (written(dos::decode_entity(again, known_names())) != first) std::abort();
  } catch (dos::fault const& f) {
    if (f.kind != dos::fault_kind::malformed) std::abort();
  }
  return 0;
}
