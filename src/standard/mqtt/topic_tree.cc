#include "standard/mqtt/topic_tree.h"

#include "base/text.h"

namespace dos::broker {

void topic_tree::add(std::string_view filter, std::string const& group, entry e) {
  auto* at = &root_;
  for (auto const level : text::split(filter, '/')) {
    auto it = at->children.find(level);
    if (it == at->children.end()) it = at->children.emplace(std::string(level), std::make_unique<node>()).first;
    at = it->second.get();
  }
  (group.empty() ? at->entries : at->groups[group]).push_back(e);
}

void topic_tree::remove(std::string_view filter, std::string const& group, client_session const* who) {
  auto path = std::vector<std::pair<node*, std::string_view>>();
  auto* at = &root_;
  for (auto const level : text::split(filter, '/')) {
    auto const it = at->children.find(level);
    if (it == at->children.end()) return;
    path.emplace_back(at, level);
    at = it->second.get();
  }
  auto const is_his = [&](entry const& e) { return e.who == who; };
  if (group.empty()) {
    std::erase_if(at->entries, is_his);
  } else if (auto const it = at->groups.find(group); it != at->groups.end()) {
    std::erase_if(it->second, is_his);
    if (it->second.empty()) at->groups.erase(it);
  }
  for (auto step = path.rbegin(); step != path.rend(); ++step) {
    auto const it = step->first->children.find(step->second);
    if (!it->second->is_empty()) return;
    step->first->children.erase(it);
  }
}

void topic_tree::match(std::string_view topic, std::function<void(entry const&)> const& visit,
                       std::function<entry(std::vector<entry> const&)> const& choose) const {
  auto const levels = text::split(topic, '/');
  auto const visit_all = [&](node const& n) {
    for (auto const& e : n.entries) visit(e);
    for (auto const& [name, members] : n.groups) visit(choose(members));
  };
  auto const go = [&](auto const& self, node const& n, std::size_t depth) -> void {
    // 4.7.2: a wildcard at the beginning leaves out topics that begin with '$'.
    auto const wildcards = depth > 0 || !topic.starts_with('$');
    if (wildcards) {
      if (auto const it = n.children.find("#"); it != n.children.end()) visit_all(*it->second);
    }
    if (depth == levels.size()) return visit_all(n);
    if (auto const it = n.children.find(levels[depth]); it != n.children.end()) self(self, *it->second, depth + 1);
    if (wildcards) {
      if (auto const it = n.children.find("+"); it != n.children.end()) self(self, *it->second, depth + 1);
    }
  };
  go(go, root_, 0);
}

}  // namespace dos::broker
