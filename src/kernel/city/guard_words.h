// Small words that the guards of writes share. Inside kernel/city only.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/access/principal.h"
#include "kernel/graph/entity.h"

namespace dos::guard_words {

inline bool is_alive(entity const* e) { return e != nullptr && e->deleted_at == no_time; }

inline bool contains(std::vector<std::string> const& all, std::string_view one) { return std::find(all.begin(), all.end(), one) != all.end(); }

inline std::string listed(std::vector<std::string> const& all) {
  auto out = std::string();
  for (auto const& one : all) out += (out.empty() ? "" : ", ") + one;
  return out;
}

// "$me" and "$now" of packages.
inline json::value filled_in(json::value const& v, principal const& who, timestamp now) {
  if (!v.is_string()) return v;
  if (v.as_string() == "$me") return json::value(who.subject.empty() ? who.name : who.subject);
  if (v.as_string() == "$now") return json::value(to_string(now));
  return v;
}

}  // namespace dos::guard_words
