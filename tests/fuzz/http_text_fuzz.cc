// Everything of a request that is read as text: target, Accept, Content-Type, Link, entity tags.
#include <array>
#include <cstdint>
#include <string_view>

#include "base/fault.h"
#include "http/etag.h"
#include "http/link.h"
#include "http/media.h"
#include "http/percent.h"
#include "http/request.h"
#include "http/router.h"

namespace {

template <typename Call>
void try_it(Call call) {
  try {
    call();
  } catch (dos::fault const&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace dos::http;
  static auto const routes = [] {
    auto r = router();
    for (auto const pattern : {"/", "/a/{id}", "/a/b", "/a/{id}/c", "/{x}/b", "/s/{rest...}"})
      r.add("GET", pattern, open_door(0, [](request, reply) {}));
    return r;
  }();
  static constexpr auto offered =
      std::array<std::string_view, 3>{"application/json", "text/csv;header=present", "text/html"};
  auto const text = std::string_view(reinterpret_cast<char const*>(data), size);
  try_it([&] {
    auto r = request();
    set_target(r, std::string(text));
    routes.find("GET", r.segments);
    if (parse_query(to_query(r.query)) != r.query) __builtin_trap();
  });
  try_it([&] { negotiate(text, offered); });
  try_it([&] { accepts_coding(text, "gzip"); });
  try_it([&] { parse_media_type(text); });
  try_it([&] {
    for (auto const& l : parse_links(text)) parse_links(to_text(l));
  });
  names_etag_strongly(text, "\"a\"");
  names_etag_weakly(text, "\"a\"");
  if (percent_decoded(percent_encoded("x")) != "x") __builtin_trap();
  return 0;
}
