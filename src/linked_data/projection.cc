#include "linked_data/projection.h"

#include <algorithm>

#include "base/fault.h"
#include "base/name_rules.h"
#include "base/text.h"
#include "linked_data/refusal.h"

namespace dos::linked_data {
namespace {

constexpr int braces_max = 10;

[[noreturn]] void refuse_projection(std::string detail, std::string_view parameter) {
  refuse(std::move(detail), parameter, "4.21");
}

void add_members(projection& p, std::vector<std::string_view> const& names, bool picking, naming const& n, int depth);

// "name{…}": what is said of the entities the attribute points to.
std::string_view read_braces(projection& p, std::string_view text, bool picking, naming const& n, int depth) {
  auto const open = text.find('{');
  if (open == std::string_view::npos) return text;
  auto const parameter = picking ? "pick" : "omit";
  if (!text.ends_with('}') || depth == braces_max) refuse_projection("expected } at the end of " + std::string(text), parameter);
  auto const name = n(text.substr(0, open));
  auto inner = projection();
  if (auto const it = p.linked.find(name); it != p.linked.end()) inner = *it->second;
  add_members(inner, split_members(text.substr(open + 1, text.size() - open - 2), parameter), picking, n, depth + 1);
  p.linked[name] = std::make_shared<projection const>(std::move(inner));
  return text.substr(0, open);
}

void add_members(projection& p, std::vector<std::string_view> const& names, bool picking, naming const& n, int depth) {
  if (names.empty()) refuse_projection("name at least one member", picking ? "pick" : "omit");
  if (picking) p.picks = true;
  for (auto const text : names) {
    auto const name = read_braces(p, text, picking, n, depth);
    auto const is_about_linked = name.size() != text.size();
    if (name.find_first_of(";|()[]{}\"' ") != std::string_view::npos) {
      refuse_projection("this is no name: " + std::string(name), picking ? "pick" : "omit");
    }
    if (name == "id") {
      (picking ? p.picks_id : p.omits_id) = true;
    } else if (name == "type") {
      (picking ? p.picks_type : p.omits_type) = true;
    } else if (name == "scope") {
      (picking ? p.picks_scope : p.omits_scope) = true;
    } else if (picking) {
      p.picked.push_back(read_as("pick", "4.21", [&] { return n(name); }));  // a name that no attribute ever had is the empty symbol and picks nothing
    } else if (!is_about_linked) {
      p.omitted.push_back(read_as("omit", "4.21", [&] { return n(name); }));
    }
  }
}

}  // namespace

bool projection::shows(attribute const& a) const {
  if (picks && std::find(picked.begin(), picked.end(), a.name) == picked.end()) return false;
  if (std::find(omitted.begin(), omitted.end(), a.name) != omitted.end()) return false;
  return !datasets_chosen || std::find(datasets.begin(), datasets.end(), a.dataset) != datasets.end();
}

bool projection::shows_any(entity const& e) const {
  return std::any_of(e.attributes.begin(), e.attributes.end(), [&](auto const& a) { return shows(*a); });
}

bool projection::shows_nothing_of(entity const& e) const {
  if (shows_any(e)) return false;
  if (picks) return !picks_id && !picks_type && !(picks_scope && !e.scopes.empty());
  return omits_id && omits_type && (omits_scope || e.scopes.empty());
}

projection projection::below(symbol attribute) const {
  auto const it = linked.find(attribute);
  return it == linked.end() ? projection() : *it->second;
}

std::vector<std::string_view> split_members(std::string_view text, std::string_view parameter) {
  auto parts = std::vector<std::string_view>();
  auto depth = 0;
  auto from = std::size_t(0);
  auto const add = [&](std::size_t to) {
    auto const part = text::trim(text.substr(from, to - from));
    if (part.empty()) refuse_projection("there is no name between two commas", parameter);
    parts.push_back(part);
    from = to + 1;
  };
  for (auto i = std::size_t(0); i != text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth < 0) refuse_projection("there is a } too many", parameter);
    if ((text[i] == ',' || text[i] == '|') && depth == 0) add(i);
  }
  if (depth != 0) refuse_projection("a } is missing", parameter);
  add(text.size());
  return parts;
}

projection make_projection(wanted_members const& w, naming const& n) {
  auto p = projection();
  if (w.attrs && (w.pick || w.omit)) refuse_projection("attrs goes with neither pick nor omit", "attrs");
  if (w.pick && w.omit) {
    for (auto const name : *w.pick) {
      if (std::find(w.omit->begin(), w.omit->end(), name) != w.omit->end()) {
        refuse_projection("a member is picked or omitted, not both", "omit");
      }
    }
  }
  if (w.attrs) {
    p.picks = p.picks_id = p.picks_type = p.picks_scope = true;
    for (auto const name : *w.attrs) {
      if (name == "id" || name == "type") refuse_projection("attrs names attributes; pick chooses other members, too", "attrs");
      p.picked.push_back(read_as("attrs", "4.6.2", [&] { return n(name); }));
    }
  }
  if (w.pick) add_members(p, *w.pick, true, n, 0);
  if (w.omit) add_members(p, *w.omit, false, n, 0);
  if (w.datasets) {
    p.datasets_chosen = true;
    for (auto const id : *w.datasets) {
      if (id != "@none") require_uri(id, "datasetId");
      p.datasets.push_back(id == "@none" ? symbol() : symbol(id));
    }
  }
  return p;
}

}  // namespace dos::linked_data
