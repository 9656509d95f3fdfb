// YAML of any kind is refused with a fault or becomes JSON that can be written and read.
#include <cstdint>
#include <cstdlib>

#include "base/fault.h"
#include "base/json.h"
#include "base/yaml.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  auto text = std::string();
  try {
    text = json::to_string(parse_yaml({reinterpret_cast<char const*>(data), size}));
  } catch (fault const&) {
    return 0;
  }
  json::parse(text);
  return 0;
}
