// A mapping and a file, parted by the first line of three dashes: refused with a fault, or drafts that are whole.
#include <cstdint>
#include <cstdlib>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "base/yaml.h"
#include "ingest/files/draft_reader.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos;
  auto const all = std::string_view(reinterpret_cast<char const*>(data), size);
  auto const cut = all.find("\n---\n");
  if (cut == all.npos) return 0;
  try {
    auto const m = files::parse_mapping(parse_yaml(all.substr(0, cut)));
    files::read_records(all.substr(cut + 5), m,
                        {.draft =
                             [](files::entity_draft&& d) {
                               if (!is_uri(d.id) || d.attributes.empty()) std::abort();
                               for (auto const& a : d.attributes) {
                                 if (!text::is_utf8(json::to_string(a.value))) std::abort();
                               }
                               return true;
                             },
                         .problem =
                             [](files::row_problem&& p) {
                               if (!text::is_utf8(p.message) || !text::is_utf8(p.column)) std::abort();
                             }},
                        {{"p", "x"}});
  } catch (fault const&) {
  }
  return 0;
}
