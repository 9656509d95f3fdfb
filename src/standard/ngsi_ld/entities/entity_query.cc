#include "standard/ngsi_ld/entities/entity_query.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/fault.h"
#include "base/id.h"
#include "base/name_rules.h"
#include "base/text.h"
#include "geo/geometry.h"
#include "kernel/graph/pattern.h"
#include "linked_data/geo_query.h"
#include "linked_data/q_parser.h"
#include "linked_data/refusal.h"
#include "linked_data/selection_parser.h"
#include "standard/ngsi_ld/entities/linked.h"
#include "standard/ngsi_ld/vocabulary.h"

namespace dos::ngsi_ld {
namespace {

void set_attributes(query::query& q, std::vector<std::string_view> const& names, naming const& n) {
  auto is_known = false;
  for (auto const name : names) {
    if (auto const s = read_as("attrs", "4.6.2", [&] { return n(name); })) {
      q.attributes.push_back(s);
      is_known = true;
    }
  }
  if (!is_known && !names.empty()) add_filter(q, query::any({}));
}

wanted_members wanted_by(call const& c) {
  auto w = wanted_members();
  if (auto const v = c.request.query.find("attrs")) w.attrs = list_of(*v);
  if (auto const v = c.request.query.find("pick")) w.pick = split_members(*v, "pick");
  if (auto const v = c.request.query.find("omit")) w.omit = split_members(*v, "omit");
  if (auto const v = c.request.query.find("datasetId")) w.datasets = list_of(*v);
  return w;
}

json::value parse_coordinates(std::string_view text) {
  try {
    return json::parse(text);
  } catch (fault const&) {
    refuse("coordinates is a JSON array as in GeoJSON", "coordinates", "4.10");
  }
}

// What an order refers to. 4.23.3 and 5.2.43
struct order_reference {
  json::value from;  // coordinates
  std::string geometry;
  bool folds = false;  // letters by their place in the alphabet
};

// Languages whose alphabet is the Latin one: accents stand with their letters.
bool read_collation(std::string_view tag, std::string_view member) {
  if (tag.empty()) return false;
  auto const language = text::lower(tag.substr(0, tag.find('-')));
  static constexpr auto known = std::array<std::string_view, 9>{"und", "de", "en", "es", "fr", "it", "nl", "pt", "root"};
  auto const is_tag = std::all_of(tag.begin(), tag.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; });
  if (!is_tag || std::find(known.begin(), known.end(), language) == known.end()) {
    refuse("collation is und, de, en, es, fr, it, nl or pt", member, "4.23");
  }
  return true;
}

void add_order(query::query& q, std::string_view text, naming const& n, order_reference const& by) {
  auto const reference = [&] {
    if (by.from.is_null()) refuse("an order by distance begins somewhere", "orderFrom", "4.23");
    if (!by.from.is_array()) refuse("coordinates as in GeoJSON", "orderFrom", "4.23");
    auto const shape = json::value(json::object{{"type", by.geometry.empty() ? json::value("Point") : json::value(by.geometry)}, {"coordinates", by.from}});
    try {
      return std::make_shared<geo::geometry const>(geo::parse_geojson(shape));
    } catch (fault const& f) {
      refuse(f.detail, "orderFrom", "4.23");
    }
  };
  for (auto const part : list_of(text)) {
    auto const semicolon = part.find(';');
    auto const name = part.substr(0, semicolon);
    auto order = query::order_by();
    if (semicolon != std::string_view::npos) {
      auto const direction = part.substr(semicolon + 1);
      if (direction != "asc" && direction != "desc" && direction != "dist-asc" && direction != "dist-desc") {
        refuse("order is asc, desc, dist-asc or dist-desc", "orderBy", "4.23");
      }
      order.descending = direction.ends_with("desc");
      if (direction.starts_with("dist")) order.near = reference();
    }
    if (name == "id") order.path.what = query::path::field::id;
    else if (name == "type") order.path.what = query::path::field::type;
    else if (name == "createdAt") order.path.what = query::path::field::created_at;
    else if (name == "modifiedAt") order.path.what = query::path::field::modified_at;
    else {
      auto const bracket = name.find('[');
      if (bracket != std::string_view::npos) {
        if (!name.ends_with(']')) refuse("expected ]", "orderBy", "4.23");
        for (auto const step : text::split(name.substr(bracket + 1, name.size() - bracket - 2), '.')) order.path.trail.emplace_back(step);
      }
      order.folded = by.folds;
      auto const steps = text::split(name.substr(0, bracket), '.');
      order.path.attribute = n(steps[0]);
      for (auto const sub : std::vector(steps.begin() + 1, steps.end())) {
        if (sub == "createdAt") order.path.what = query::path::field::created_at;
        else if (sub == "modifiedAt") order.path.what = query::path::field::modified_at;
        else if (sub == "observedAt") order.path.what = query::path::field::observed_at;
        else order.path.sub_attributes.push_back(n(sub));
      }
    }
    q.order.push_back(std::move(order));
  }
}

}  // namespace

std::vector<std::string_view> texts_of(json::value const& v, std::string_view member) {
  auto out = std::vector<std::string_view>();
  if (v.is_string()) return list_of(v.as_string());
  if (!v.is_array()) refuse("an array of names", member, "5.2.23");
  for (auto const& item : v.as_array()) {
    if (!item.is_string() || item.as_string().empty()) refuse("an array of names", member, "5.2.23");
    out.push_back(item.as_string());
  }
  return out;
}

void require_key_values(json::value const& v, std::string_view member) {
  auto const is_text = [](json::value const* one) { return one != nullptr && one->is_string(); };
  auto const ok = v.is_array() && std::all_of(v.as_array().begin(), v.as_array().end(), [&](auto const& pair) {
    return is_text(pair.find("key")) && is_text(pair.find("value"));
  });
  if (!ok) refuse("an array of keys and values, which are text", member, "5.2.22");
}

void add_filter(query::query& q, query::node_ptr node) {
  if (!node) return;
  q.filter = q.filter ? query::all({q.filter, std::move(node)}) : std::move(node);
}

projection read_projection(call const& c) { return make_projection(wanted_by(c), {*c.names}); }

void require_type(call const& c, entity const& e) {
  auto const type = c.request.query.find("type");
  if (!type || query::matches(parse_type_selection(*type, {*c.names}), e)) return;
  throw fault(fault_kind::not_found, "the entity has another type", "type", "ETSI GS CIM 009, 4.17");
}

void require_join_reaches(projection const& p, bool joins, int level) {
  for (auto const& [name, below] : p.linked) {
    if (!joins || level < 1) refuse("what is chosen of linked entities asks for join and a joinLevel that reaches them", "joinLevel", "4.21");
    require_join_reaches(*below, joins, level - 1);
  }
}

query::selector read_selector(json::value const& v, naming const& n) {
  auto s = query::selector();
  if (!v.is_object()) refuse("an entity selector is an object", "entities", "5.2.33");
  if (auto const* id = v.find("id"); id != nullptr) {
    for (auto const one : texts_of(*id, "entities.id")) {
      require_uri(one, "entities.id");
      s.ids.push_back(std::string(one));
    }
  }
  if (auto const* pattern = v.find("idPattern"); pattern != nullptr && s.ids.empty()) {  // an id takes precedence
    if (!pattern->is_string()) refuse("a regular expression", "entities.idPattern", "5.2.33");
    s.id_pattern = read_as("entities.idPattern", "5.2.33", [&] { return query::make_pattern(pattern->as_string()); });
  }
  if (auto const* type = v.find("type"); type != nullptr) {
    auto text = std::string();
    if (type->is_array()) {
      for (auto const one : texts_of(*type, "entities.type")) text += (text.empty() ? "" : ",") + std::string(one);
    } else if (type->is_string()) {
      text = type->as_string();
    }
    if (text.empty()) refuse("a type selection", "entities.type", "5.2.33");
    if (text != "*") s.types = read_within("entities", [&] { return parse_type_selection(text, n); });
  }
  return s;
}

query::node_ptr read_geo_query(json::value const& v, naming const& n) {
  if (!v.is_object()) refuse("geoQ is an object", "geoQ", "5.2.13");
  auto const* coordinates = v.find("coordinates");
  if (coordinates == nullptr) refuse("geoQ has coordinates", "geoQ.coordinates", "5.2.13");
  return read_within("geoQ", [&] {
    return parse_geo_query({.georel = v.text_or("georel", ""),
                            .geometry = v.text_or("geometry", ""),
                            .coordinates = coordinates->is_string() ? parse_coordinates(coordinates->as_string()) : *coordinates,
                            .geoproperty = v.text_or("geoproperty", "")},
                           n);
  });
}

namespace {

int linked_levels(call const& c) {
  auto const join = read_join(c);
  return join.form == join_form::none ? 0 : join.level;
}

std::vector<std::string> find_ids(call const& c, query::query const& which) {
  auto ids = std::vector<std::string>();
  for (auto const& e : c.find(which).entities) ids.push_back(e->id);
  return ids;
}

bool is_system_name(std::string_view name) {
  static constexpr auto names = std::array<std::string_view, 8>{"id", "type", "scope", "createdAt", "modifiedAt", "deletedAt", "observedAt", "expiresAt"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

// 5.7.2: a q over system attributes alone restricts too little. A name that no attribute ever had became an empty choice.
bool names_an_attribute(query::node const& n) {
  if (n.what == query::node::kind::compare || n.what == query::node::kind::exists) return bool(n.path.attribute);
  if (n.children.empty()) return true;
  return std::any_of(n.children.begin(), n.children.end(), [](auto const& child) { return names_an_attribute(*child); });
}

}  // namespace

entity_query read_entity_query(call const& c, bool for_ever) {
  auto const n = naming{*c.names, for_ever};
  auto out = entity_query();
  auto const wanted = wanted_by(c);
  out.projection = make_projection(wanted, n);
  auto selector = query::selector();
  if (auto const ids = c.request.query.find("id")) {
    for (auto const id : list_of(*ids)) {
      require_uri(id, "id");
      selector.ids.push_back(std::string(id));
    }
  }
  if (auto const pattern = c.request.query.find("idPattern"); pattern && selector.ids.empty()) {
    selector.id_pattern = read_as("idPattern", "5.7.2", [&] { return query::make_pattern(*pattern); });
  }
  if (auto const type = c.request.query.find("type")) {
    if (type->empty()) refuse("a type selection", "type", "4.17");
    if (*type == "*" && c.param("local") == "false") refuse("every type is asked for here alone", "local", "5.7.2");
    if (*type != "*") selector.types = parse_type_selection(*type, n);
    out.is_selective = true;
  }
  if (!selector.ids.empty() || selector.id_pattern || !selector.types.empty()) out.which.selectors.push_back(std::move(selector));
  if (wanted.attrs) {
    set_attributes(out.which, *wanted.attrs, n);
    out.is_selective = out.is_selective || !std::all_of(wanted.attrs->begin(), wanted.attrs->end(), is_system_name);
  }
  if (wanted.pick) {
    out.is_selective = true;
    // An entity of which nothing would be shown is no part of the answer.
    auto const& p = out.projection;
    if (!p.picks_id && !p.picks_type && !p.picks_scope) {
      for (auto const s : p.picked) {
        if (s) out.which.attributes.push_back(s);
      }
      if (out.which.attributes.empty()) add_filter(out.which, query::any({}));
    }
  }
  if (auto const q = c.request.query.find("q")) {
    auto const options = q_options{.expanded = list_of(c.param("expandValues")),
                                   .json_keys = list_of(c.param("jsonKeys")),
                                   .linked_levels = linked_levels(c),
                                   .find_linked = [&](query::query const& which) { return find_ids(c, which); }};
    auto filter = parse_q(*q, n, options);
    out.is_selective = out.is_selective || names_an_attribute(*filter);
    add_filter(out.which, std::move(filter));
  }
  if (auto const csf = c.request.query.find("csf")) parse_q(*csf, {*core_context()}, {.member = "csf"});
  if (c.has("georel") || c.has("geometry") || c.has("coordinates")) {
    add_filter(out.which, parse_geo_query({.georel = c.param("georel"),
                                           .geometry = c.param("geometry"),
                                           .coordinates = parse_coordinates(c.param("coordinates")),
                                           .geoproperty = c.param("geoproperty")},
                                          n));
    out.is_selective = true;
  }
  if (auto const scope = c.request.query.find("scopeQ")) {
    auto selection = parse_scope_query(*scope);
    out.which.scopes = std::move(selection.any);
    add_filter(out.which, std::move(selection.filter));
    out.is_selective = true;
  }
  if (auto const order = c.request.query.find("orderBy")) add_order(out.which, *order, n,
                                                                    {.from = c.has("orderFrom") ? parse_coordinates(c.param("orderFrom")) : json::value(),
                                                                     .geometry = std::string(c.param("orderGeometry")),
                                                                     .folds = read_collation(c.param("collation"), "collation")});
  if (c.is_true("local")) out.is_selective = true;
  return out;
}

entity_query read_query_body(json::value const& body, naming const& n) {
  if (!body.is_object()) refuse("a Query is an object", whole_body, "5.2.23");
  if (body.text_or("type", "") != "Query") refuse("the type is Query", "type", "5.2.23");
  auto out = entity_query();
  auto wanted = wanted_members();
  auto const text_member = [&](std::string_view name) -> std::optional<std::string_view> {
    auto const* v = body.find(name);
    if (v == nullptr) return std::nullopt;
    if (!v->is_string()) refuse("this is text", name, "5.2.23");
    return v->as_string();
  };
  if (auto const* entities = body.find("entities"); entities != nullptr) {
    if (!entities->is_array() || entities->as_array().empty()) refuse("entities is an array of selectors", "entities", "5.2.23");
    for (auto const& e : entities->as_array()) {
      if (e.find("type") == nullptr) refuse("a selector names a type", "entities.type", "5.2.33");
      out.which.selectors.push_back(read_selector(e, n));
    }
    out.is_selective = true;
  }
  if (auto const* attrs = body.find("attrs"); attrs != nullptr) {
    wanted.attrs = texts_of(*attrs, "attrs");
    if (wanted.attrs->empty()) refuse("name at least one attribute", "attrs", "5.2.23");
    set_attributes(out.which, *wanted.attrs, n);
    out.is_selective = true;
  }
  if (auto const* pick = body.find("pick"); pick != nullptr) wanted.pick = texts_of(*pick, "pick");
  if (auto const* omit = body.find("omit"); omit != nullptr) wanted.omit = texts_of(*omit, "omit");
  if (auto const* ids = body.find("datasetId"); ids != nullptr) wanted.datasets = texts_of(*ids, "datasetId");
  out.projection = make_projection(wanted, n);
  if (auto const q = text_member("q")) {
    auto options = q_options();
    if (auto const* v = body.find("expandValues"); v != nullptr) options.expanded = texts_of(*v, "expandValues");
    if (auto const* v = body.find("jsonKeys"); v != nullptr) options.json_keys = texts_of(*v, "jsonKeys");
    add_filter(out.which, parse_q(decoded_q(*q), n, options));
    out.is_selective = true;
  }
  if (auto const* geo = body.find("geoQ"); geo != nullptr) {
    add_filter(out.which, read_geo_query(*geo, n));
    out.is_selective = true;
  }
  if (auto const scope = text_member("scopeQ")) {
    auto selection = parse_scope_query(*scope);
    out.which.scopes = std::move(selection.any);
    add_filter(out.which, std::move(selection.filter));
    out.is_selective = true;
  }
  if (auto const* ordering = body.find("ordering"); ordering != nullptr) {
    if (!ordering->is_object()) refuse("an object with orderBy", "ordering", "5.2.43");
    auto const text_of = [&](std::string_view name) {
      auto const* v = ordering->find(name);
      if (v != nullptr && !v->is_string()) refuse("this is text", "ordering." + std::string(name), "5.2.43");
      return v == nullptr ? std::string() : std::string(v->as_string());
    };
    auto const* from = ordering->find("coordinates");
    auto const reference = order_reference{.from = from == nullptr ? json::value() : *from,
                                           .geometry = text_of("geometry"),
                                           .folds = read_collation(text_of("collation"), "ordering.collation")};
    if (auto const* by = ordering->find("orderBy"); by != nullptr) {
      for (auto const one : texts_of(*by, "ordering.orderBy")) add_order(out.which, one, n, reference);
    }
  }
  return out;
}

}  // namespace dos::ngsi_ld
