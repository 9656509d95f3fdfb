#include "kernel/graph/entity.h"

#include <algorithm>
#include <array>
#include <memory>

#include "base/fault.h"
#include "geo/geometry.h"

namespace dos {
namespace {

constexpr auto provenance_texts =
    std::array<std::string_view, 6>{"", "measured", "recorded", "simulated", "forecast", "entered"};

// What stands there was checked by the door it came through. Should it be no shape all the same, it is nowhere.
geo::geometry read_shape(json::value const& geojson) {
  try {
    return geo::parse_geojson(geojson, {.refuses_self_intersection = false});
  } catch (fault const&) {
    return {};
  }
}

}  // namespace

std::string_view to_text(provenance p) { return provenance_texts[std::size_t(p)]; }

std::optional<provenance> parse_provenance(std::string_view text) {
  auto const it = std::find(provenance_texts.begin() + 1, provenance_texts.end(), text);
  if (it == provenance_texts.end()) return std::nullopt;
  return provenance(it - provenance_texts.begin());
}

geometry_cache& geometry_cache::operator=(geometry_cache const&) {
  delete parsed_.exchange(nullptr);
  return *this;
}

geometry_cache::~geometry_cache() { delete parsed_.load(std::memory_order_acquire); }

geo::geometry const& geometry_cache::get(json::value const& geojson) const {
  if (auto const* const known = parsed_.load(std::memory_order_acquire)) return *known;
  auto mine = std::make_unique<geo::geometry const>(read_shape(geojson));
  geo::geometry const* others = nullptr;
  if (!parsed_.compare_exchange_strong(others, mine.get(), std::memory_order_acq_rel)) return *others;
  return *mine.release();
}

attribute const* attribute::find(symbol sub_name) const {
  auto const it = std::find_if(attributes.begin(), attributes.end(), [&](auto const& a) { return a->name == sub_name; });
  return it == attributes.end() ? nullptr : it->get();
}

bool entity::has_type(symbol type) const { return std::find(types.begin(), types.end(), type) != types.end(); }

attribute_ptr entity::find(symbol name, symbol dataset) const {
  auto const it = std::find_if(attributes.begin(), attributes.end(),
                               [&](auto const& a) { return a->name == name && a->dataset == dataset; });
  return it == attributes.end() ? nullptr : *it;
}

std::vector<attribute_ptr> entity::find_all(symbol name) const {
  auto found = std::vector<attribute_ptr>();
  std::copy_if(attributes.begin(), attributes.end(), std::back_inserter(found),
               [&](auto const& a) { return a->name == name; });
  return found;
}

void entity::set(attribute_ptr a) {
  for (auto& mine : attributes) {
    if (mine->name == a->name && mine->dataset == a->dataset) {
      mine = std::move(a);
      return;
    }
  }
  attributes.push_back(std::move(a));
}

bool entity::remove(symbol name, symbol dataset) {
  return std::erase_if(attributes, [&](auto const& a) { return a->name == name && a->dataset == dataset; }) != 0;
}

}  // namespace dos
