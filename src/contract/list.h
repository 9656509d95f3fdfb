// The platform's lists in their one form: {items, total, next?}, by ?limit= and ?cursor= (what `next` says; opaque), or by
// ?offset= for those who count pages.
#pragma once

#include <cstddef>

#include "base/json.h"
#include "http/request.h"
#include "http/response.h"

namespace dos {

inline constexpr std::size_t list_items_max = 1'000;  // of one answer; more is not refused, but cut

struct list_page {
  std::size_t offset = 0;
  std::size_t limit = 100;

  bool takes(std::size_t place) const { return place >= offset && place - offset < limit; }
};

// Faults: malformed.
list_page read_list_page(http::request const& r);
// `items`: what the page takes of `total`. `more`: what is said beside them.
http::response list_response(json::array items, list_page const& page, std::size_t total, json::object more = {});
// All there are, in one answer: few by their nature.
http::response list_response(json::array all);
// The page of all, which are at hand.
http::response list_response(json::array all, list_page const& page);

}  // namespace dos
