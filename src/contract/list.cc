#include "contract/list.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"

namespace dos {

list_page read_list_page(http::request const& r) {
  auto const number = [&](std::string_view name, std::size_t otherwise) {
    auto const given = r.query.text_or(name, "");
    if (given.empty()) return otherwise;
    auto const n = text::to_int(given);
    require(n && *n >= 0, fault_kind::malformed, std::string(name) + " is a whole number from 0 on", name);
    return std::size_t(*n);
  };
  auto page = list_page();
  page.limit = std::min(number("limit", page.limit), list_items_max);
  auto const cursor = r.query.text_or("cursor", "");
  if (cursor.empty()) {
    page.offset = number("offset", 0);
    return page;
  }
  auto const place = cursor.starts_with('p') ? text::to_int(cursor.substr(1)) : std::nullopt;
  require(place && *place >= 0, fault_kind::malformed, "cursor is what `next` of the page before says", "cursor");
  page.offset = std::size_t(*place);
  return page;
}

http::response list_response(json::array items, list_page const& page, std::size_t total, json::object more) {
  auto const end = page.offset + items.size();
  auto const has_more = !items.empty() && end < total;
  auto o = json::object{{"items", std::move(items)}, {"total", total}};
  if (has_more) o.push("next", "p" + std::to_string(end));
  for (auto const& m : more) o.push(std::string(m.key), m.value);
  return http::json(200, json::to_string(o));
}

http::response list_response(json::array all) {
  auto const total = all.size();
  return list_response(std::move(all), {}, total);
}

http::response list_response(json::array all, list_page const& page) {
  auto const total = all.size();
  auto const begin = all.begin() + std::ptrdiff_t(std::min(page.offset, total));
  auto const end = begin + std::ptrdiff_t(std::min(page.limit, total - std::min(page.offset, total)));
  return list_response(json::array(std::make_move_iterator(begin), std::make_move_iterator(end)), page, total);
}

}  // namespace dos
