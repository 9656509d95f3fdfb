#include "standard/ngsi_ld/federation/discovery.h"

#include <algorithm>

#include "base/fault.h"
#include "kernel/city/city.h"
#include "kernel/graph/pattern.h"
#include "standard/ngsi_ld/federation/reading.h"

namespace dos::ngsi_ld {
namespace {

bool holds_names(std::string_view member) {
  static constexpr auto members = {"typeList", "attributeList", "typeName", "attributeName", "typeNames", "attributeNames"};
  return std::find(members.begin(), members.end(), member) != members.end();
}

// The same listing with the names of another context.
json::value renamed_listing(json::value const& v, context const& from, context const& to) {
  auto const rename = [&](json::value const& name) { return json::value(name.is_string() ? json::value(to.compact(from.expand(name.as_string()))) : name); };
  if (v.is_array()) {
    auto out = json::array();
    for (auto const& one : v.as_array()) out.push_back(renamed_listing(one, from, to));
    return out;
  }
  if (!v.is_object()) return v;
  auto out = json::object();
  for (auto const& [key, member] : v.as_object()) {
    if (key == "@context") continue;
    if (!holds_names(key)) {
      out.push(key, renamed_listing(member, from, to));
    } else if (member.is_array()) {
      auto names = json::array();
      for (auto const& name : member.as_array()) names.push_back(rename(name));
      out.push(key, std::move(names));
    } else {
      out.push(key, rename(member));
    }
  }
  return out;
}

void merge_listing(json::value& ours, json::value const& theirs);

// Texts are united and sorted; objects of one id become one.
void merge_lists(json::array& ours, json::array const& theirs) {
  for (auto const& one : theirs) {
    auto const it = std::find_if(ours.begin(), ours.end(), [&](auto const& other) {
      return one.is_object() ? other.is_object() && other.text_or("id", "") == one.text_or("id", "") : other == one;
    });
    if (it == ours.end()) ours.push_back(one);
    else if (one.is_object()) merge_listing(*it, one);
  }
  std::sort(ours.begin(), ours.end(), [](json::value const& a, json::value const& b) {
    if (a.is_string() && b.is_string()) return a.as_string() < b.as_string();
    return a.text_or("id", "") < b.text_or("id", "");
  });
}

void merge_listing(json::value& ours, json::value const& theirs) {
  if (ours.is_null()) {
    ours = theirs;
  } else if (ours.is_array() && theirs.is_array()) {
    merge_lists(ours.as_array(), theirs.as_array());
  } else if (ours.is_object() && theirs.is_object()) {
    for (auto const& [key, member] : theirs.as_object()) {
      auto* mine = ours.find(key);
      if (mine == nullptr) ours.as_object().push(key, member);
      else if (key.ends_with("Count") && mine->is_int() && member.is_int()) *mine = mine->as_int() + member.as_int();
      else if (mine->is_array() && member.is_array()) merge_lists(mine->as_array(), member.as_array());
    }
  }
}

}  // namespace

void list_everywhere(call_ptr const& c, listing_request const& what, json::value ours, std::function<void(json::value, warnings)> then) {
  // Who sees only what is open is told of what is here: sources know nothing of our openness.
  if (!c->who.who().may_read_all() || !has_sources(*c)) return then(std::move(ours), {});
  auto const reach = reachable_sources(*c);
  auto const r = begin_reading(c);
  auto about = subject();
  if (!what.name.empty() && what.path == "/types") about.types = {{what.type}};
  if (!what.name.empty() && what.path == "/attributes") about.attributes = {what.attribute};
  for (auto const& s : reach.sources) {
    if (!s->supports(what.operation) || s->has_history || questions_for(*s, about).empty()) continue;
    if (reach.loops) r->warn(*s, "199", "it leads back to this broker");
    else r->sources.push_back(s);
  }
  auto const listings = std::make_shared<std::vector<json::value>>();
  r->done = [listings, ours = std::move(ours), then](reading& all) {
    auto merged = ours;
    for (auto const& theirs : *listings) merge_listing(merged, theirs);
    then(std::move(merged), std::move(all.missing));
  };
  if (r->sources.empty()) return r->finish();
  c->at->sources->find_wires(c, r->sources, [r, what, listings](federation::wires wires) {
    r->wires = std::move(wires);
    auto requests = std::vector<forwarded>();
    for (auto const& s : r->sources) {
      auto f = forwarded{s, "GET", what.path, {}};
      if (!what.name.empty()) f.target += "/" + path_encoded(wire_of(r->wires, *s).names->compact(what.name));
      if (what.details) add_param(f.target, "details", "true");
      if (s->local_only) add_param(f.target, "local", "true");
      requests.push_back(std::move(f));
    }
    r->c->at->sources->ask(*r->c, std::move(requests), r->wires, [r, listings](std::vector<heard> all) {
      for (auto const& h : all) {
        if (auto const body = hear(*r, h)) listings->push_back(renamed_listing(*body, *wire_of(r->wires, *h.from).names, *r->c->names));
      }
      r->finish();
    });
  });
}

}  // namespace dos::ngsi_ld
