#include "base/text.h"
#include "net/mqtt_packet.h"

namespace dos::net::mqtt {

bool is_topic(std::string_view name) {
  return !name.empty() && name.size() <= 65'535 && name.find_first_of("+#") == std::string_view::npos;
}

bool is_topic_filter(std::string_view filter) {
  if (filter.empty() || filter.size() > 65'535) return false;
  auto const levels = text::split(filter, '/');
  if (is_shared(filter)) {
    auto const group = filter.substr(7, filter.find('/', 7) - 7);
    if (group.empty() || 7 + group.size() + 1 >= filter.size() || !is_topic(group)) return false;
  }
  for (auto i = std::size_t{0}; i < levels.size(); ++i) {
    if (levels[i].find_first_of("+#") == std::string_view::npos) continue;
    if (levels[i].size() != 1 || (levels[i] == "#" && i + 1 != levels.size())) return false;
  }
  return true;
}

bool is_shared(std::string_view filter) { return filter.starts_with("$share/"); }

bool matches(std::string_view filter, std::string_view topic) {
  if (topic.starts_with('$') && !filter.starts_with('$')) return false;
  auto const wanted = text::split(filter, '/');
  auto const levels = text::split(topic, '/');
  for (auto i = std::size_t{0}; i < wanted.size(); ++i) {
    if (wanted[i] == "#") return true;  // "a/#" matches "a" as well
    if (i == levels.size()) return false;
    if (wanted[i] != "+" && wanted[i] != levels[i]) return false;
    if (i + 2 == wanted.size() && wanted[i + 1] == "#" && i + 1 == levels.size()) return true;
  }
  return wanted.size() == levels.size();
}

}  // namespace dos::net::mqtt
