// Tables of devices come from people's spreadsheets.
#include <cstddef>
#include <cstdint>

#include "base/fault.h"
#include "base/text.h"
#include "capability/devices/device_import.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  try {
    auto const table = devices::read_import({reinterpret_cast<char const*>(data), size});
    for (auto const& row : table.rows) {
      DOS_CHECK(text::is_utf8(json::to_string(row.device)));
      for (auto const& e : row.errors) DOS_CHECK(!e.empty());
      DOS_CHECK(!row.errors.empty() || row.device.find("devEui"));
    }
  } catch (fault const&) {
  }
  return 0;
}
