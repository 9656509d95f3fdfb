#include "kernel/graph/attribute_value.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "geo/geometry.h"

namespace dos {
namespace {

[[noreturn]] void refuse(std::string detail, std::string_view member, std::string_view clause) {
  throw fault(fault_kind::invalid, std::move(detail), std::string(member), "ETSI GS CIM 009, " + std::string(clause));
}

std::string inside(std::string_view path, std::string_view member) {
  if (path.empty() || member.empty()) return std::string(path.empty() ? member : path);
  return std::string(path) + "." + std::string(member);
}

}  // namespace

bool is_null_uri(json::value const& v) { return v.is_string() && v.as_string() == null_uri; }

timestamp parse_time(json::value const& v, std::string const& path) {
  auto const t = v.is_string() && v.as_string().ends_with('Z') ? parse_timestamp(v.as_string()) : std::nullopt;
  if (!t) refuse("a date and time in UTC is expected, like 2026-05-01T12:00:00Z", path, "4.6.3");
  return *t;
}

void forbid_null(json::value const& v, std::string const& path) {
  if (v.is_null()) refuse("null is no value in NGSI-LD", path, "5.5.4");
  if (v.is_array()) {
    for (auto const& item : v.as_array()) forbid_null(item, path);
  }
}

// ETSI GS CIM 009, 5.5.4: inside a value the null URI has a meaning in merge patches alone.
void forbid_null_uri(json::value const& v, std::string_view path) {
  if (is_null_uri(v)) refuse("there is nothing to remove in here", path, "5.5.4");
  if (v.is_array()) {
    for (auto const& item : v.as_array()) forbid_null_uri(item, path);
  } else if (v.is_object()) {
    for (auto const& m : v.as_object()) forbid_null_uri(m.value, path);
  }
}

json::value checked_uris(json::value v, std::string const& path) {
  if (v.is_object() && v.find("@id") != nullptr) v = json::value(*v.find("@id"));
  if (v.is_string()) {
    if (!is_uri(v.as_string())) refuse("a relationship points to a URI", path, "4.5.3");
    return v;
  }
  if (!v.is_array() || v.as_array().empty()) refuse("a relationship points to a URI or to several", path, "4.5.3");
  for (auto const& item : v.as_array()) {
    if (!item.is_string() || !is_uri(item.as_string())) refuse("a relationship points to URIs", path, "4.5.3");
  }
  return v;
}

namespace {

json::value checked_property(json::value v, std::string const& path) {
  forbid_null(v, path);
  if (v.is_object()) {
    auto const* typed = v.find("@value");
    auto const type = v.text_or("@type", "");
    if (typed != nullptr && typed->is_string() && (type == "DateTime" || type == "https://uri.etsi.org/ngsi-ld/DateTime") &&
        !parse_timestamp(typed->as_string())) {
      refuse("a DateTime looks like 2026-05-01T12:00:00Z", path, "4.6.3");
    }
  }
  return v;
}

json::value checked_geometry(json::value v, std::string const& path) {
  try {
    // JSON-LD allows a geometry as text; it is the same thing.
    if (v.is_string()) v = json::parse(v.as_string());
  } catch (fault const& f) {
    refuse("a geometry as text is GeoJSON: " + f.detail, path, "4.7.1");
  }
  if (!v.is_object()) refuse("a GeoProperty holds a GeoJSON geometry", path, "4.7.1");
  if (v.text_or("type", "") == "GeometryCollection") refuse("a GeometryCollection is no value of NGSI-LD", path, "4.7.1");
  try {
    // RFC 7946 lets rings cross themselves; so do we.
    geo::parse_geojson(v, {.crs = nullptr, .refuses_self_intersection = false});
  } catch (fault const& f) {
    refuse(f.detail, inside(path, f.member), "4.7.1");
  }
  return v;
}

json::value checked_languages(json::value v, std::string const& path) {
  if (!v.is_object()) refuse("a languageMap is an object of language tags and texts", path, "4.5.18");
  for (auto const& [tag, text] : v.as_object()) {
    if (tag.empty()) refuse("a language has a tag", path, "4.5.18");
    auto const plain = text.is_string() || (text.is_array() && std::all_of(text.as_array().begin(), text.as_array().end(),
                                                                           [](auto const& t) { return t.is_string(); }));
    if (!plain) refuse("a language has a text or a list of texts", inside(path, tag), "4.5.18");
  }
  return v;
}

json::value checked_words(json::value v, context const& c, std::string const& path) {
  if (v.is_object() && v.find("@id") != nullptr) v = json::value(*v.find("@id"));
  auto const expand = [&](json::value const& word) {
    if (!word.is_string() || word.as_string().empty()) refuse("a vocab is a term or a list of terms", path, "4.5.20");
    return is_null_uri(word) ? word : json::value(c.expand(word.as_string()));
  };
  if (!v.is_array()) return expand(v);
  auto words = json::array();
  for (auto const& word : v.as_array()) words.push_back(expand(word));
  return words;
}

json::value checked_list(json::value v, std::string const& path) {
  if (v.is_object() && v.find("@list") != nullptr) v = json::value(*v.find("@list"));
  if (!v.is_array()) refuse("a valueList is an array", path, "4.5.21");
  return v;
}

json::value checked_object_list(json::value v, std::string const& path) {
  if (v.is_object() && v.find("@list") != nullptr) v = json::value(*v.find("@list"));
  if (!v.is_array()) refuse("an objectList is an array", path, "4.5.22");
  auto uris = json::array();
  for (auto const& item : v.as_array()) {
    auto const* uri = item.is_object() ? item.find("object") : &item;
    if (uri == nullptr || !uri->is_string() || !is_uri(uri->as_string())) {
      refuse("an objectList holds URIs, each as {\"object\": URI}", path, "4.5.22");
    }
    uris.push_back(*uri);
  }
  return uris;
}

json::value checked_json(json::value v, std::string const& path) {
  auto const is_raw = [](json::value const& one) { return one.is_object() || one.is_array(); };
  if (!is_raw(v)) refuse("json is an object or an array of objects", path, "4.5.24");
  return v;
}

}  // namespace

json::value checked_value(attribute_kind k, json::value v, context const& c, std::string const& path) {
  switch (k) {
    case attribute_kind::property: return checked_property(std::move(v), path);
    case attribute_kind::relationship: return checked_uris(std::move(v), path);
    case attribute_kind::geo_property: return checked_geometry(std::move(v), path);
    case attribute_kind::language_property: return checked_languages(std::move(v), path);
    case attribute_kind::vocab_property: return checked_words(std::move(v), c, path);
    case attribute_kind::json_property: return checked_json(std::move(v), path);
    case attribute_kind::list_property: return checked_list(std::move(v), path);
    case attribute_kind::list_relationship: return checked_object_list(std::move(v), path);
  }
  return v;
}

}  // namespace dos
