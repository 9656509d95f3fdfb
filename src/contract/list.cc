#include "contract/list.h"

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "base/fault.h"
#include "base/json_path.h"
#include "base/text.h"

namespace dos {
namespace {

std::size_t read_number(http::request const& r, std::string_view name, std::size_t otherwise) {
  auto const given = r.query.text_or(name, "");
  if (given.empty()) return otherwise;
  auto const n = text::to_int(given);
  require(n && *n >= 0, fault_kind::malformed, std::string(name) + " is a whole number from 0 on", name);
  return std::size_t(*n);
}

bool has_word(json::value const& v, std::string_view folded) {
  if (v.is_string()) return text::folded(v.as_string()).find(folded) != std::string::npos;
  if (v.is_array()) return std::any_of(v.as_array().begin(), v.as_array().end(), [&](auto const& e) { return has_word(e, folded); });
  if (v.is_object()) return std::any_of(v.as_object().begin(), v.as_object().end(), [&](auto const& m) { return has_word(m.value, folded); });
  return false;
}

bool has_words(json::value const& v, std::string_view folded) {
  auto const words = text::split(folded, ' ');
  return std::all_of(words.begin(), words.end(), [&](auto const word) { return word.empty() || has_word(v, word); });
}

// What an item is sorted by: numbers before texts before all else, and those that have nothing last.
struct sort_key {
  enum { number, text, other, nothing } kind = nothing;
  double n = 0;
  std::string words;

  bool operator<(sort_key const& o) const {
    if (kind != o.kind) return kind < o.kind;
    return kind == number ? n < o.n : words < o.words;
  }
};

sort_key key_of(json::value const& item, std::string_view path) {
  auto const* const v = item.is_object() ? json::find_path(item, path) : &item;
  if (!v || v->is_null()) return {};
  if (v->is_number()) return {sort_key::number, v->as_double(), {}};
  if (v->is_string()) return {sort_key::text, 0, text::folded(v->as_string()) + '\0' + std::string(v->as_string())};
  return {sort_key::other, 0, json::to_string(*v)};
}

json::array sorted(json::array items, list_page const& page) {
  auto keys = std::vector<sort_key>();
  for (auto const& i : items) keys.push_back(key_of(i, page.sort));
  auto const has = [](sort_key const& k) { return k.kind != sort_key::nothing; };
  require(items.empty() || std::any_of(keys.begin(), keys.end(), has), fault_kind::invalid, "nothing in this list has a " + page.sort, "sort");
  auto order = std::vector<std::size_t>(items.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  std::stable_sort(order.begin(), order.end(), [&](auto const a, auto const b) {
    if (has(keys[a]) != has(keys[b])) return has(keys[a]);
    return page.descends ? keys[b] < keys[a] : keys[a] < keys[b];
  });
  auto out = json::array();
  for (auto const i : order) out.push_back(std::move(items[i]));
  return out;
}

http::response written(json::array items, list_page const& page, std::size_t total, json::object more) {
  auto const end = page.offset + items.size();
  auto const has_more = !items.empty() && end < total;
  auto o = json::object{{"items", std::move(items)}};
  if (page.counts) o.push("total", total);
  if (has_more) o.push("next", "p" + std::to_string(end));
  for (auto const& m : more) o.push(std::string(m.key), m.value);
  return http::json(200, json::to_string(o));
}

}  // namespace

list_page read_list_page(http::request const& r, std::size_t limit) {
  auto page = list_page();
  page.limit = std::min(read_number(r, "limit", limit), list_items_max);
  page.offset = read_number(r, "offset", 0);
  if (auto const cursor = r.query.text_or("cursor", ""); !cursor.empty()) {
    auto const place = cursor.starts_with('p') ? text::to_int(cursor.substr(1)) : std::nullopt;
    require(place && *place >= 0, fault_kind::malformed, "cursor is what `next` of the page before says", "cursor");
    page.offset = std::size_t(*place);
  }
  page.q = text::folded(text::trim(r.query.text_or("q", "")));
  auto const sort = r.query.text_or("sort", "");
  page.descends = sort.starts_with('-');
  page.sort = sort.substr(page.descends ? 1 : 0);
  auto const count = r.query.text_or("count", "true");
  require(count == "true" || count == "false", fault_kind::malformed, "count is true or false", "count");
  page.counts = count == "true";
  return page;
}

http::response list_response(json::array all, list_page const& page, json::object more) {
  auto const count = all.size();
  return list_response(count, [&](std::size_t i) { return std::move(all[i]); }, page, std::move(more));
}

http::response list_response(std::size_t n, std::function<json::value(std::size_t)> const& item, list_page const& page, json::object more) {
  auto const begin_of = [&](std::size_t total) { return std::min(page.offset, total); };
  auto const end_of = [&](std::size_t total) { return begin_of(total) + std::min(page.limit, total - begin_of(total)); };
  auto items = json::array();
  if (page.q.empty() && page.sort.empty()) {
    for (auto i = begin_of(n); i < end_of(n); ++i) items.push_back(item(i));
    return written(std::move(items), page, n, std::move(more));
  }
  auto found = json::array();
  for (auto i = std::size_t(0); i < n; ++i) {
    auto v = item(i);
    if (has_words(v, page.q)) found.push_back(std::move(v));
  }
  if (!page.sort.empty()) found = sorted(std::move(found), page);
  auto const total = found.size();
  for (auto i = begin_of(total); i < end_of(total); ++i) items.push_back(std::move(found[i]));
  return written(std::move(items), page, total, std::move(more));
}

http::response list_response(json::array items, std::optional<std::string> next) {
  auto o = json::object{{"items", std::move(items)}};
  if (next) o.push("next", *next);
  return http::json(200, json::to_string(o));
}

}  // namespace dos
