#include "ingest/files/location_reader.h"

#include <cmath>

#include "base/fault.h"
#include "base/text_cut.h"
#include "ingest/files/evaluate.h"

namespace dos::files {
namespace {

std::string name_of(json::value const& crs) {
  auto const* const properties = crs.find("properties");
  auto const type = crs.text_or("type", "");
  if (properties && type == "name") return std::string(properties->text_or("name", ""));
  auto const* const code = properties && (type == "EPSG" || type == "epsg") ? properties->find("code") : nullptr;
  return code && code->is_int() ? "EPSG:" + std::to_string(code->as_int()) : std::string();
}

}  // namespace

std::shared_ptr<geo::projection const> location_reader::projection_of(json::value const* crs) {
  if (!crs) return of_document_ ? of_document_ : mapping_.projection;
  auto const name = name_of(*crs);
  if (name.empty()) {  // null, or an address: it says that it is something, and not what
    require(mapping_.says_crs, fault_kind::invalid,
            "the file does not say which coordinate system it has (\"crs\": " + json::to_string(*crs) + "); say it in the mapping: crs", "crs");
    return mapping_.projection;
  }
  auto& named = named_[name];
  if (!named) {
    require(named_.size() <= named_max, fault_kind::invalid,
            "the file names more than " + std::to_string(named_max) + " coordinate systems", "crs");
    named = std::make_shared<geo::projection const>(name);
  }
  require(!mapping_.says_crs || named->epsg() == mapping_.projection->epsg(), fault_kind::invalid,
          "the file says of itself that its coordinates are in " + name + ", the mapping says EPSG:" +
              std::to_string(mapping_.projection->epsg()) + "; leave out the mapping's crs if the file is right",
          "crs");
  return named;
}

void location_reader::take_crs(json::value const* crs) {
  if (crs && mapping_.location && mapping_.location->is_of_feature) of_document_ = projection_of(crs);
}

std::string location_reader::column() const {
  auto const& rule = *mapping_.location;
  return rule.is_of_feature ? "geometry" : rule.x + rule.wkt + rule.geojson;
}

geo::geometry location_reader::read_json(json::value const& v, json::value const* around) {
  if (v.is_null()) return {};
  auto const* const inner = v.text_or("type", "") == "Feature" ? v.find("geometry") : nullptr;
  auto const& shape = inner ? *inner : v;
  if (shape.is_null()) return {};
  auto const* const own = shape.find("crs") ? shape.find("crs") : inner && v.find("crs") ? v.find("crs") : around;
  auto const projection = projection_of(own);
  return geo::parse_geojson(shape, {.crs = projection.get()});
}

geo::geometry location_reader::read(record const& r) {
  auto const& rule = *mapping_.location;
  if (rule.is_of_feature) return r.geometry ? read_json(*r.geometry, r.own_crs) : geo::geometry();
  if (!rule.geojson.empty()) {
    auto const found = r.find(rule.geojson);
    if (found.value && !found.value->is_string()) return read_json(*found.value, nullptr);
    auto const text = found.find_text();
    return text && !text->empty() ? read_json(json::parse(*text), nullptr) : geo::geometry();
  }
  if (!rule.wkt.empty()) {
    auto const text = r.find(rule.wkt).find_text();
    return text && !text->empty() ? geo::parse_wkt(*text, {.crs = mapping_.projection.get()}) : geo::geometry();
  }
  auto x_text = r.find(rule.x).find_text().value_or("");
  auto y_text = r.find(rule.y).find_text().value_or("");
  if (x_text.empty() && y_text.empty()) return {};
  auto const x = number_of(r.find(rule.x), mapping_.source.numbers);
  auto const y = number_of(r.find(rule.y), mapping_.source.numbers);
  for (auto* const shown : {&x_text, &y_text}) shown->resize(text::cut(*shown, 60).size());
  require(x && y, fault_kind::invalid, "\"" + x_text + "\", \"" + y_text + "\" is no pair of coordinates");
  auto const place = mapping_.projection->find_wgs84({x->as_double(), y->as_double()});
  auto const is_on_earth = place && std::abs(place->lon) <= 180 && std::abs(place->lat) <= 90;
  require(is_on_earth, fault_kind::invalid,
          "\"" + x_text + "\", \"" + y_text + "\" is no place in EPSG:" + std::to_string(mapping_.projection->epsg()));
  return geo::geometry(*place);
}

}  // namespace dos::files
