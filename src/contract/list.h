// The platform's lists in their one form: {items, total, next?}, by
//   limit, cursor  how many, and from where on: what `next` says of the page before, opaque (offset= for those who count pages)
//   q              those with all these words in their texts, however they are written (ä or ae, large or small)
//   sort           by a member, "name" or "health.battery", the other way round with "-" before it
//   count=false    without `total`
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/json.h"
#include "http/request.h"
#include "http/response.h"

namespace dos {

inline constexpr std::size_t list_items_max = 1'000;  // of one answer; more is not refused, but cut

struct list_page {
  std::size_t offset = 0;
  std::size_t limit = 100;
  std::string q;     // folded
  std::string sort;  // path of a member; empty: in the order of the list
  bool descends = false;
  bool counts = true;
};

// `limit`: where the request names none. Faults: malformed.
list_page read_list_page(http::request const& r, std::size_t limit = 100);

// What the page takes of `all`. `more`: what is said beside the list. Faults: invalid, when no item has what it is to be sorted by.
http::response list_response(json::array all, list_page const& page, json::object more = {});
// The same of `n` items of which each is made only if it is shown, or has to be looked at.
http::response list_response(std::size_t n, std::function<json::value(std::size_t)> const& item, list_page const& page, json::object more = {});
// Of lists without an end, which find their place by a cursor of their own.
http::response list_response(json::array items, std::optional<std::string> next);

}  // namespace dos
