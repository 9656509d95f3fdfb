#include "standard/sensorthings/candidates.h"

#include <algorithm>

#include "base/text.h"
#include "kernel/city/city.h"

namespace dos::sensorthings {
namespace {

using numbers = std::optional<std::vector<std::uint64_t>>;

void make_distinct(std::vector<std::uint64_t>& all) {
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

void narrow(numbers& known, numbers found) {
  if (!found) return;
  if (!known) {
    known = std::move(found);
    return;
  }
  std::erase_if(*known, [&](std::uint64_t n) { return !std::binary_search(found->begin(), found->end(), n); });
}

// Where something was then is not where it is now.
bool can_go_back(kind from, kind to) {
  auto const is_past = [](kind a, kind b) { return a == kind::historical_location && b == kind::location; };
  return to != kind::observation && !is_past(from, to) && !is_past(to, from);
}

navigation const* opposite(kind from, kind to) {
  for (auto const& n : describe(to).navigations) {
    if (n.to == from) return &n;
  }
  return nullptr;
}

query::query having(query::node_ptr condition) {
  auto q = query::query();
  q.filter = std::move(condition);
  return q;
}

void add(numbers& known, numbers const& found) {
  if (!found) known.reset();
  if (!known) return;
  known->insert(known->end(), found->begin(), found->end());
  make_distinct(*known);
}

std::optional<std::vector<std::uint64_t>> numbers_named(question const& q) {
  auto const asks =
      q.form == question::form::is_in || (q.form == question::form::relation && q.relation == operation::equal);
  auto all = std::vector<std::uint64_t>();
  for (auto const& v : q.values) {
    auto const n = v.is_int() ? std::optional(v.as_int()) : std::nullopt;
    if (!asks || !n) return std::nullopt;
    if (*n > 0) all.push_back(std::uint64_t(*n));
  }
  make_distinct(all);
  return all;
}

}  // namespace

numbers candidates::find(kind k, expression const& filter) const {
  return most_ == 0 ? std::nullopt : find(k, filter, {});
}

numbers candidates::find(kind k, expression const& e, std::string_view variable) const {
  auto found = numbers();
  if (auto const condition = conditions_.of(k, e, variable)) found = by_entity(k, having(condition));
  narrow(found, by_part(k, e, variable));
  return found;
}

// What entities alone can't tell: numbers, names of datastreams, paths over navigations.
numbers candidates::by_part(kind k, expression const& e, std::string_view variable) const {
  if (e.what == operation::both) {
    auto found = by_part(k, *e.parts[0], variable);
    narrow(found, by_part(k, *e.parts[1], variable));
    return found;
  }
  if (e.what == operation::either) {
    auto left = find(k, *e.parts[0], variable);
    if (left) add(left, find(k, *e.parts[1], variable));
    return left;
  }
  if (e.what == operation::any_of) {
    auto path = e.path;
    if (path[0].starts_with('$') != !variable.empty() || (!variable.empty() && path[0].substr(1) != variable))
      return std::nullopt;
    if (!variable.empty()) path.erase(path.begin());
    auto steps = std::vector<std::pair<kind, navigation const*>>();
    auto where = k;
    for (auto const& name : path) {
      auto const* const n = describe(where).find_navigation(name);
      if (!n) return std::nullopt;
      steps.emplace_back(where, n);
      where = n->to;
    }
    auto found = find(where, *e.parts[0], e.name);
    for (auto step = steps.rbegin(); step != steps.rend(); ++step) found = back(step->first, *step->second, found);
    return found;
  }
  auto q = read_question(e, variable);
  return q ? by_question(k, std::move(*q)) : std::nullopt;
}

numbers candidates::by_question(kind k, question q) const {
  if (auto const* const n = describe(k).find_navigation(q.path[0])) {
    if (q.path.size() == 1) return std::nullopt;
    q.path.erase(q.path.begin());
    if (n->to == kind::observed_property) asker_.make_properties();
    auto found = numbers();
    if (auto const condition = conditions_.of(n->to, q)) found = by_entity(n->to, having(condition));
    narrow(found, by_question(n->to, q));
    return back(k, *n, found);
  }
  if (q.path.size() == 1 && q.path[0] == "id" && k != kind::observation) return numbers_named(q);
  if (q.path.size() == 1 && q.path[0] == "name" && (k == kind::datastream || k == kind::multi_datastream))
    return by_name(k, q);
  if (q.path.size() == 1 && q.path[0] == "name") {
    auto const searches = conditions_.of_text_in_name(k, q);
    auto found = searches.empty() ? numbers() : numbers(std::in_place);
    for (auto const& s : searches) add(found, by_entity(k, s));
    return found;
  }
  return std::nullopt;
}

numbers candidates::by_entity(kind k, query::query q) const {
  if (k == kind::observed_property) asker_.make_properties();
  if (k == kind::observed_property && q.selectors.empty())
    q.selectors = {{.ids = {}, .id_pattern = {}, .types = {{reader_.words().observed_property}}}};
  auto found = std::vector<std::uint64_t>();
  auto entities_seen = std::size_t(0);
  reader_.who().for_each(q, [&](entity_ptr const& e) {
    auto least = std::uint64_t(0);
    for (auto const& s : reader_.who().city().entities().series_of(e->id)) {
      auto const is_one = k == kind::datastream || (k == kind::location && s.attribute == reader_.words().location);
      if (is_one) found.push_back(s.series);
      if (least == 0 || s.series < least) least = s.series;
    }
    if (least && k != kind::datastream) found.push_back(least);
    return ++entities_seen <= most_ && found.size() <= most_;
  });
  if (entities_seen > most_ || found.size() > most_) return std::nullopt;
  make_distinct(found);
  return found;
}

numbers candidates::by_name(kind k, question const& q) const {
  auto const derived = conditions_.of_derived_name(q);
  if (!derived) return std::nullopt;
  auto found = k == kind::datastream ? by_entity(k, having(derived)) : numbers(std::in_place);
  if (q.form == question::form::starts && k == kind::datastream) {
    auto const searches = conditions_.of_text_in_name(k, q);
    if (searches.empty()) return std::nullopt;
    for (auto const& s : searches) add(found, by_entity(k, s));
  }
  for (auto const& name : q.values) {
    if (!found || !name.is_string()) continue;
    auto const prefix = datastream_name_key(name.as_string(), {});
    auto const starts =
        q.form == question::form::starts ? std::string_view(prefix).substr(0, prefix.size() - 1) : prefix;
    auto n = std::size_t(0);
    reader_.who().for_each_record(datastream_name_collection, starts, [&](std::string_view key, record_ptr const&) {
      if (!key.starts_with(starts)) return false;
      auto const series = text::to_int(key.substr(key.rfind('\n') + 1));
      if (series) found->push_back(std::uint64_t(*series));
      return ++n <= most_;
    });
    if (n > most_) return std::nullopt;
  }
  if (found) make_distinct(*found);
  return found;
}

numbers candidates::back(kind k, navigation const& n, numbers const& found) const {
  if (!found || found->size() > most_) return std::nullopt;
  if (k == kind::observation) return n.to == kind::feature ? std::nullopt : found;
  auto const* const way = opposite(k, n.to);
  if (!way || !can_go_back(k, n.to)) return std::nullopt;
  auto result = std::vector<std::uint64_t>();
  auto const add = [&](item const& i) {
    result.push_back(i.id);
    return result.size() <= most_;
  };
  auto homes = std::vector<std::variant<json::value, query::range>>();
  for (auto const number : *found) {
    auto const i = reader_.find(n.to, number);
    if (!i) continue;
    if (n.to == kind::location && !i->derived)
      homes.emplace_back(json::value(i->entity->id));
    else if (!way->many) {
      if (auto const there = reader_.follow(*i, *way)) add(*there);
    } else {
      reader_.for_each_unordered(*i, *way, add);
    }
    if (result.size() > most_) return std::nullopt;
  }
  if (!homes.empty()) {
    auto p = query::path();
    p.attribute = reader_.words().has_location;
    auto const there = by_entity(k, having(query::compare(p, query::relation::equal, std::move(homes))));
    if (!there) return std::nullopt;
    result.insert(result.end(), there->begin(), there->end());
  }
  make_distinct(result);
  return result;
}

}  // namespace dos::sensorthings
