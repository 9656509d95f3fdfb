// A table is the same in whatever pieces it comes, and its rows are UTF-8.
#include <cstdint>
#include <cstdlib>

#include "base/csv.h"
#include "base/fault.h"
#include "base/text.h"

namespace {

std::string read_in_pieces(std::string_view bytes, std::size_t piece) {
  auto seen = std::string();
  auto const visit = [&](dos::csv_row const& r) {
    seen += std::to_string(r.number) + ' ' + std::to_string(r.line) + ' ' + std::to_string(r.byte_offset) + ' ';
    for (auto const& f : r.fields) {
      if (!dos::text::is_utf8(f)) std::abort();
      seen += f + '\x1f';
    }
    for (auto const& p : r.problems) seen += p.message + '\x1e';
    return true;
  };
  try {
    auto reader = dos::csv_reader({.row_bytes_max = 200});
    for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size())))
      reader.feed(bytes.substr(0, piece), visit);
    reader.finish(visit);
  } catch (dos::fault const& f) {
    seen += f.detail;
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  if (size == 0) return 0;
  auto const bytes = std::string_view(reinterpret_cast<char const*>(data), size);
  if (read_in_pieces(bytes.substr(1), size) != read_in_pieces(bytes.substr(1), std::size_t(data[0]) % 32 + 1))
    std::abort();
  return 0;
}
