// Lists, page by page.
#pragma once

#include <algorithm>
#include <string>

#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"
#include "http/request.h"
#include "http/response.h"

namespace dos::devices {

struct page {
  std::size_t offset = 0;
  std::size_t limit = 0;
};

inline constexpr std::int64_t page_items_max = 1'000;

inline page read_page(http::request const& r) {
  auto const number = [&](std::string_view name, std::int64_t otherwise) {
    auto const given = r.query.text_or(name, "");
    if (given.empty()) return otherwise;
    auto const n = text::to_int(given);
    require(n && *n >= 0, fault_kind::malformed, std::string(name) + " is a whole number from 0 on", name);
    return *n;
  };
  return {std::size_t(number("offset", 0)), std::size_t(std::min(number("limit", 100), page_items_max))};
}

inline http::response page_response(json::array items, std::size_t total) {
  return http::json(200, json::to_string(json::object{{"items", std::move(items)}, {"total", total}}));
}

}  // namespace dos::devices
