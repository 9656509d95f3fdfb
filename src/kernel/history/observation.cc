#include "kernel/history/observation.h"

#include <algorithm>
#include <bit>

namespace dos {

std::optional<timestamp> find_time(observation const& o, std::string_view name) {
  auto const* const v = o.extras.find(name);
  return v != nullptr && v->is_int() ? std::optional(timestamp{v->as_int()}) : std::nullopt;
}

std::string_view text_of(observation const& o, std::string_view name) { return o.extras.text_or(name, ""); }

bool is_deleted(observation const& o) {
  auto const* const v = o.extras.find(extra::deleted);
  return v != nullptr && v->is_bool() && v->as_bool();
}

void set_extra(observation& o, std::string_view name, json::value value) {
  if (value.is_null()) {
    if (!o.extras.is_object()) return;
    o.extras.as_object().erase(name);
    if (o.extras.as_object().empty()) o.extras = nullptr;
    return;
  }
  if (!o.extras.is_object()) {
    auto extras = json::object();
    extras.reserve(2);  // mostly when it was modified, and its unit
    o.extras = std::move(extras);
  }
  o.extras.as_object()[name] = std::move(value);
}

void set_extra(observation& o, std::string_view name, timestamp time) { set_extra(o, name, json::value(time.us)); }

bool identical(json::value const& a, json::value const& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case json::kind::null:
      return true;
    case json::kind::boolean:
      return a.as_bool() == b.as_bool();
    case json::kind::integer:
      return a.as_int() == b.as_int();
    case json::kind::real:
      return std::bit_cast<std::uint64_t>(a.as_double()) == std::bit_cast<std::uint64_t>(b.as_double());
    case json::kind::string:
      return a.as_string() == b.as_string();
    case json::kind::array:
      return std::equal(a.as_array().begin(), a.as_array().end(), b.as_array().begin(), b.as_array().end(),
                        [](json::value const& x, json::value const& y) { return identical(x, y); });
    case json::kind::object:
      return a.as_object().size() == b.as_object().size() &&
             std::all_of(a.as_object().begin(), a.as_object().end(), [&](json::member const& m) {
               auto const* const other = b.find(m.key);
               return other != nullptr && identical(m.value, *other);
             });
  }
  return false;
}

bool identical(observation const& a, observation const& b) {
  return a.number == b.number && a.time == b.time && identical(a.value, b.value) && identical(a.extras, b.extras);
}

}  // namespace dos
