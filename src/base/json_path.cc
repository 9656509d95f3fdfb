#include "base/json_path.h"

#include "base/text.h"

namespace dos::json {

value const* find_path(value const& document, std::string_view path) {
  if (path.empty()) return &document;
  for (auto const* at = &document;;) {
    if (auto const* const whole = at->find(path)) return whole;
    auto const point = path.find('.');
    auto const head = path.substr(0, point);
    auto const* next = at->find(head);
    if (!next && at->is_array()) {
      auto const i = text::to_int(head);
      if (i && *i >= 0 && std::size_t(*i) < at->as_array().size()) next = &at->as_array()[std::size_t(*i)];
    }
    if (!next || point == path.npos) return next;
    at = next;
    path.remove_prefix(point + 1);
  }
}

}  // namespace dos::json
