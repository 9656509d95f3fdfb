#include "linked_data/render.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "base/work_budget.h"
#include "linked_data/fragment.h"

namespace dos::linked_data {
namespace {

// Puts the commas.
class members {
 public:
  explicit members(std::string& out, char open = '{') : out_(out) { out_ += open; }

  void next() {
    if (has_any_) out_ += ',';
    has_any_ = true;
  }
  void name(std::string_view plain) {  // needs no escaping
    next();
    out_ += '"';
    out_ += plain;
    out_ += "\":";
  }
  void escaped_name(std::string_view name) {
    next();
    json::write_string(out_, name);
    out_ += ':';
  }
  void text(std::string_view plain_name, std::string_view value) {
    name(plain_name);
    json::write_string(out_, value);
  }
  void time(std::string_view plain_name, timestamp t) {
    if (t == no_time) return;
    name(plain_name);
    write_time(out_, t);
  }

 private:
  std::string& out_;
  bool has_any_ = false;
};

void write_compacted(std::string& out, json::value const& iri, context const& c) {
  if (iri.is_string()) {
    json::write_string(out, c.compact(iri.as_string()));
  } else if (iri.is_array()) {
    auto list = members(out, '[');
    for (auto const& item : iri.as_array()) {
      list.next();
      write_compacted(out, item, c);
    }
    out += ']';
  } else {
    json::write(out, iri);
  }
}

void write_symbols(std::string& out, std::vector<symbol> const& symbols, context const* c) {
  auto const write_one = [&](symbol s) { json::write_string(out, c != nullptr ? c->compact(s) : s.text()); };
  if (symbols.size() == 1) return write_one(symbols[0]);
  auto list = members(out, '[');
  for (auto const s : symbols) {
    list.next();
    write_one(s);
  }
  out += ']';
}

// As a version before 1.8 names it. 4.3.6.8
attribute_kind shown_kind(attribute_kind k, rendering const& r) {
  if (r.altered == nullptr) return k;
  switch (k) {
    case attribute_kind::vocab_property:
    case attribute_kind::json_property:
    case attribute_kind::list_property: return attribute_kind::property;
    case attribute_kind::list_relationship: return attribute_kind::relationship;
    default: return k;
  }
}

bool asks_for_language(attribute const& a, rendering const& r) {
  return a.kind == attribute_kind::language_property && !r.language.empty() && a.value.is_object();
}

void write_value(std::string& out, attribute const& a, rendering const& r) {
  if (a.kind == attribute_kind::vocab_property) return write_compacted(out, a.value, r.names);
  if (a.kind == attribute_kind::list_relationship && a.value.is_array() && r.form == representation::normalized) {
    auto list = members(out, '[');
    for (auto const& uri : a.value.as_array()) {
      list.next();
      out += "{\"object\":";
      json::write(out, uri);
      out += '}';
    }
    out += ']';
    return;
  }
  json::write(out, a.value);
}

constexpr auto previous_members =
    std::array<std::string_view, 8>{"previousValue", "previousObject", "previousValue", "previousLanguageMap",
                                    "previousVocab", "previousJson", "previousValueList", "previousObjectList"};

void write_previous(std::string& out, members& m, attribute const& a, rendering const& r) {
  if (r.changes == nullptr || r.changes->before == nullptr) return;
  auto const key = std::pair(a.name, a.dataset);
  if (std::find(r.changes->attributes.begin(), r.changes->attributes.end(), key) == r.changes->attributes.end()) return;
  auto const before = r.changes->before->find(a.name, a.dataset);
  if (!before) return;
  m.name(previous_members[std::size_t(before->kind)]);
  write_value(out, *before, r);
}

// The entities that a relationship points to, as far as they are there. ETSI GS CIM 009, 4.5.23
std::vector<entity_ptr> targets_of(attribute const& a, linked_view const& linked) {
  auto found = std::vector<entity_ptr>();
  if (a.kind != attribute_kind::relationship && a.kind != attribute_kind::list_relationship) return found;
  for_each_target(a, [&](std::string_view id) {
    if (std::find(linked.above.begin(), linked.above.end(), id) != linked.above.end()) return;
    if (auto e = linked.find(id)) found.push_back(std::move(e));
  });
  return found;
}

void write_targets(std::string& out, attribute const& a, std::vector<entity_ptr> const& targets, rendering const& r) {
  auto deeper = *r.linked;
  --deeper.levels;
  auto below = r;
  below.linked = deeper.levels > 0 ? &deeper : nullptr;
  below.inline_context = {};
  below.changes = nullptr;
  below.projection = r.projection.below(a.name);
  auto const is_one = a.kind == attribute_kind::relationship && a.value.is_string();
  if (!is_one) out += '[';
  for (auto const& e : targets) {
    if (e != targets.front()) out += ',';
    if (deeper.left && (*deeper.left)-- == 0) {
      throw fault(fault_kind::too_many, "join=inline would bring along too many entities, some of them again and again: ask for fewer levels or for join=flat",
                  "join", "ETSI GS CIM 009, 4.5.23");
    }
    deeper.above.push_back(e->id);
    write_entity(out, *e, below);
    deeper.above.pop_back();
  }
  if (!is_one) out += ']';
}

// ETSI GS CIM 009, 4.5.3: an attribute without anything but its value is just that value.
bool is_bare(attribute const& a, rendering const& r) {
  if (r.sys_attrs || a.observed_at != no_time || a.unit || a.dataset || a.provenance != provenance::unknown ||
      !a.attributes.empty() || !a.more.is_null() || r.changes != nullptr) {
    return false;
  }
  if (a.kind == attribute_kind::geo_property) return true;
  return a.kind == attribute_kind::property && !a.value.is_object() && !a.value.is_array();
}

void write_attributes(std::string& out, members& m, std::vector<attribute_ptr> const& attributes, rendering const& r, bool is_top);

void write_group(std::string& out, std::vector<attribute_ptr> const& attributes, std::size_t first, rendering const& r, bool is_top) {
  auto const name = attributes[first]->name;
  auto const is_mine = [&](attribute_ptr const& a) { return a->name == name && (!is_top || r.projection.shows(*a)); };
  auto const count = std::count_if(attributes.begin() + std::ptrdiff_t(first), attributes.end(), is_mine);
  if (r.form == representation::simplified) {
    if (count == 1) return write_simple_value(out, *attributes[first], r);
    out += "{\"dataset\":";  // ETSI GS CIM 009, 4.5.4
    auto datasets = members(out);
    for (auto i = first; i != attributes.size(); ++i) {
      if (!is_mine(attributes[i])) continue;
      datasets.escaped_name(attributes[i]->dataset ? attributes[i]->dataset.text() : "@none");
      write_simple_value(out, *attributes[i], r);
    }
    out += "}}";
    return;
  }
  if (count == 1) return write_instance(out, *attributes[first], r);
  auto list = members(out, '[');
  for (auto i = first; i != attributes.size(); ++i) {
    if (!is_mine(attributes[i])) continue;
    list.next();
    write_instance(out, *attributes[i], r, instance_place::among_others);
  }
  out += ']';
}

void write_attributes(std::string& out, members& m, std::vector<attribute_ptr> const& attributes, rendering const& r, bool is_top) {
  for (auto i = std::size_t(0); i != attributes.size(); ++i) {
    auto const& a = *attributes[i];
    if (is_top && !r.projection.shows(a)) continue;
    auto const is_first = std::none_of(attributes.begin(), attributes.begin() + std::ptrdiff_t(i), [&](auto const& earlier) {
      return earlier->name == a.name && (!is_top || r.projection.shows(*earlier));
    });
    if (!is_first) continue;
    m.escaped_name(r.names.compact(a.name));
    write_group(out, attributes, i, r, is_top);
  }
}

void write_head_times(members& m, entity const& e, rendering const& r) {
  if (r.sys_attrs) {
    m.time("createdAt", e.created_at);
    m.time("modifiedAt", e.modified_at);
  }
  if (r.sys_attrs || r.shows_deletion) m.time("deletedAt", e.deleted_at);
}

void write_body(std::string& out, members& m, entity const& e, rendering const& r) {
  auto const& p = r.projection;
  if (!e.scopes.empty() && !p.omits_scope && (!p.picks || p.picks_scope)) {
    m.name("scope");
    write_symbols(out, e.scopes, nullptr);
  }
  if (auto const* expires = e.more.find("expiresAt"); expires != nullptr && r.sys_attrs) {
    m.name("expiresAt");
    json::write(out, *expires);
  }
  write_attributes(out, m, e.attributes, r, true);
  write_head_times(m, e, r);
}

}  // namespace

rendering plain_rendering(context const& names) {
  return {.names = names, .form = representation::normalized, .sys_attrs = false, .projection = {}, .language = {},
          .inline_context = {}, .geometry = {}, .geometry_dataset = {}, .changes = nullptr, .shows_deletion = false, .linked = nullptr, .altered = nullptr};
}

void write_time(std::string& out, timestamp t) {
  out += '"';
  out += to_string(t);
  out += '"';
}

std::string_view value_member(attribute_kind k) {
  static constexpr auto names = std::array<std::string_view, 8>{"value", "object", "value", "languageMap",
                                                               "vocab", "json", "valueList", "objectList"};
  return names[std::size_t(k)];
}

// RFC 4647, 3.4 (lookup), wishes in their order of weight.
std::string_view choose_language(json::value const& map, std::string_view wish) {
  struct weighted {
    std::string_view tag;
    double weight;
  };
  auto wishes = std::vector<weighted>();
  for (auto part : text::split(wish, ',')) {
    part = text::trim(part);
    auto weight = 1.0;
    if (auto const semicolon = part.find(';'); semicolon != std::string_view::npos) {
      auto const q = text::trim(part.substr(semicolon + 1));
      if (q.starts_with("q=")) weight = text::to_double(q.substr(2)).value_or(0);
      part = text::trim(part.substr(0, semicolon));
    }
    if (!part.empty()) wishes.push_back({part, weight});
  }
  std::stable_sort(wishes.begin(), wishes.end(), [](auto const& a, auto const& b) { return a.weight > b.weight; });
  auto const& object = map.as_object();
  for (auto const& w : wishes) {
    if (w.tag == "*") break;
    for (auto tag = w.tag; !tag.empty(); tag = tag.substr(0, tag.find_last_of('-') == std::string_view::npos ? 0 : tag.find_last_of('-'))) {
      for (auto const& m : object) {
        if (text::equal_ignoring_case(m.key, tag)) return m.key;
      }
      for (auto const& m : object) {
        if (m.key.size() > tag.size() && m.key[tag.size()] == '-' && text::equal_ignoring_case(std::string_view(m.key).substr(0, tag.size()), tag)) {
          return m.key;
        }
      }
    }
  }
  for (auto const fallback : {"@none", "en"}) {
    for (auto const& m : object) {
      if (m.key == fallback) return m.key;
    }
  }
  return object.empty() ? std::string_view() : std::string_view(object.begin()->key);
}

void for_each_target(attribute const& a, std::function<void(std::string_view)> const& visit) {
  if (a.value.is_string()) return visit(a.value.as_string());
  if (!a.value.is_array()) return;
  for (auto const& uri : a.value.as_array()) {
    if (uri.is_string()) visit(uri.as_string());
  }
}

void write_value_member(std::string& out, attribute const& a, rendering const& r) {
  auto const kind = shown_kind(a.kind, r);
  if (kind != a.kind) *r.altered = true;
  out += '"';
  out += value_member(kind);
  out += "\":";
  write_value(out, a, r);
}

void write_simple_value(std::string& out, attribute const& a, rendering const& r) {
  if (asks_for_language(a, r)) {
    auto const tag = choose_language(a.value, r.language);
    return json::write(out, tag.empty() ? json::value("") : *a.value.find(tag));
  }
  switch (a.kind) {
    case attribute_kind::relationship:
      if (auto const targets = r.linked != nullptr ? targets_of(a, *r.linked) : std::vector<entity_ptr>(); !targets.empty()) {
        return write_targets(out, a, targets, r);
      }
      [[fallthrough]];
    case attribute_kind::property:
    case attribute_kind::geo_property:
    case attribute_kind::list_property:
    case attribute_kind::list_relationship:
      write_value(out, a, r);
      break;
    case attribute_kind::language_property:
    case attribute_kind::vocab_property:
    case attribute_kind::json_property:
      out += '{';
      write_value_member(out, a, r);
      out += '}';
      break;
  }
}

void write_instance(std::string& out, attribute const& a, rendering const& r, instance_place where) {
  if (r.form == representation::simplified) return write_simple_value(out, a, r);
  auto const in_language = asks_for_language(a, r);
  if (r.form == representation::concise && where == instance_place::alone && is_bare(a, r) && !in_language) return write_value(out, a, r);
  auto m = members(out);
  if (r.form == representation::normalized) {
    m.name("type");
    out += '"';
    out += in_language ? "Property" : type_name(shown_kind(a.kind, r));
    out += '"';
  }
  if (in_language) {
    auto const tag = choose_language(a.value, r.language);
    m.name("value");
    json::write(out, tag.empty() ? json::value("") : *a.value.find(tag));
    if (!tag.empty()) m.text("lang", tag);
  } else {
    m.next();
    write_value_member(out, a, r);
  }
  if (auto const targets = r.linked != nullptr ? targets_of(a, *r.linked) : std::vector<entity_ptr>(); !targets.empty()) {
    m.name(a.kind == attribute_kind::relationship && a.value.is_string() ? "entity" : "entityList");
    write_targets(out, a, targets, r);
  }
  write_previous(out, m, a, r);
  if (a.unit) m.text("unitCode", a.unit.text());
  if (a.dataset) m.text("datasetId", a.dataset.text());
  m.time("observedAt", a.observed_at);
  if (a.more.is_object()) {
    for (auto const& [key, v] : a.more.as_object()) {
      if (key == "expiresAt" && !r.sys_attrs) continue;  // 6.3.11
      m.escaped_name(key);
      if (key == "objectType" || key == "valueType" || key == "entityTypeSealed") {
        write_compacted(out, v, r.names);
      } else {
        json::write(out, v);
      }
    }
  }
  if (a.provenance != provenance::unknown) {
    m.escaped_name(r.names.compact(provenance_iri));
    if (r.form == representation::normalized) out += "{\"type\":\"Property\",\"value\":";
    json::write_string(out, to_text(a.provenance));
    if (r.form == representation::normalized) out += '}';
  }
  auto below = r;
  below.changes = nullptr;
  below.linked = nullptr;
  write_attributes(out, m, a.attributes, below, false);
  if (r.sys_attrs) {
    m.time("createdAt", a.created_at);
    m.time("modifiedAt", a.modified_at);
  }
  out += '}';
}

void write_entity(std::string& out, entity const& e, rendering const& r) {
  spend(out.size());
  auto m = members(out);
  auto const& p = r.projection;
  if (!p.omits_id && (!p.picks || p.picks_id)) m.text("id", e.id);
  if (!p.omits_type && (!p.picks || p.picks_type)) {
    m.name("type");
    write_symbols(out, e.types, &r.names);
  }
  write_body(out, m, e, r);
  if (!r.inline_context.empty()) {
    m.name("@context");
    out += r.inline_context;
  }
  out += '}';
}

void write_feature(std::string& out, entity const& e, rendering const& r) {
  auto m = members(out);
  m.text("id", e.id);
  m.name("type");
  out += "\"Feature\"";
  m.name("geometry");
  auto const geometry = e.find(r.geometry, symbol::find(r.geometry_dataset));
  if (geometry && geometry->kind == attribute_kind::geo_property) {
    json::write(out, geometry->value);
  } else {
    out += "null";
  }
  m.name("properties");
  auto properties = members(out);
  if (!r.projection.omits_type && (!r.projection.picks || r.projection.picks_type)) {
    properties.name("type");
    write_symbols(out, e.types, &r.names);
  }
  write_body(out, properties, e, r);
  out += '}';
  if (!r.inline_context.empty()) {
    m.name("@context");
    out += r.inline_context;
  }
  out += '}';
}

}  // namespace dos::linked_data
