#include "geo/projection.h"

#include <proj.h>

#include <cmath>
#include <unordered_map>

#include "base/fault.h"
#include "base/text.h"

namespace dos::geo {
namespace {

constexpr std::size_t transforms_max = 64;  // a thread

struct transform_deleter {
  void operator()(PJ* p) const { proj_destroy(p); }
};
using transform = std::unique_ptr<PJ, transform_deleter>;

// PROJ's contexts and transformations belong to one thread each.
class transforms_of_thread {
 public:
  transforms_of_thread() : context_(proj_context_create()) {
    proj_context_set_enable_network(context_, 0);
    proj_log_level(context_, PJ_LOG_NONE);
  }
  ~transforms_of_thread() {
    known_.clear();
    proj_context_destroy(context_);
  }

  // From the coordinate system to WGS84, east before north on both sides; null when unknown.
  PJ* find(int epsg) {
    if (auto const found = known_.find(epsg); found != known_.end()) return found->second.get();
    if (known_.size() >= transforms_max) known_.clear();
    auto const source = "EPSG:" + std::to_string(epsg);
    auto const raw = transform(proj_create_crs_to_crs(context_, source.c_str(), "EPSG:4326", nullptr));
    auto normal = transform(raw ? proj_normalize_for_visualization(context_, raw.get()) : nullptr);
    return known_.emplace(epsg, std::move(normal)).first->second.get();
  }

 private:
  PJ_CONTEXT* context_;
  std::unordered_map<int, transform> known_;
};

PJ* find_transform(int epsg) {
  thread_local auto transforms = transforms_of_thread();
  return transforms.find(epsg);
}

std::optional<position> move(PJ* transform, PJ_DIRECTION direction, position p) {
  if (!transform) return {};
  proj_errno_reset(transform);
  auto const moved = proj_trans(transform, direction, proj_coord(p.lon, p.lat, 0, HUGE_VAL));
  if (proj_errno(transform) != 0 || !std::isfinite(moved.xy.x) || !std::isfinite(moved.xy.y)) return {};
  return position{moved.xy.x, moved.xy.y};
}

std::optional<int> find_epsg(std::string_view name) {
  auto const key = text::lower(text::trim(name));
  if (key == "crs84" || key == "wgs84" || key.ends_with(":crs84") || key.ends_with("/crs84")) return 4326;
  auto const at = key.find("epsg");
  auto const digits_at = key.find_last_of(":/#");
  auto const is_number = text::to_int(key).has_value();
  if (!is_number && (at == key.npos || digits_at == key.npos || digits_at < at)) return {};
  auto const n = text::to_int(is_number ? key : std::string_view(key).substr(digits_at + 1));
  return n && *n > 0 && *n < 1'000'000 ? std::optional(int(*n)) : std::nullopt;
}

template <typename Move>
geometry moved(geometry const& g, Move const& move_one, int epsg) {
  if (g.is_empty()) return g;
  auto const checked = [&](position p) {
    auto const to = move_one(p);
    if (!to) {
      throw fault(fault_kind::invalid, "the point " + std::to_string(p.lon) + " " + std::to_string(p.lat) +
                                           " cannot be transformed with EPSG:" + std::to_string(epsg));
    }
    return *to;
  };
  if (!g.find_body()) return geometry(checked(g.first()));
  auto body = *g.find_body();
  body.box = {};
  for (auto& p : body.positions) p = checked(p);
  for (auto& m : body.members) m = moved(m, move_one, epsg);
  return geometry(std::move(body));
}

}  // namespace

projection::projection(std::string_view crs) {
  auto const epsg = find_epsg(crs);
  require(epsg.has_value(), fault_kind::invalid,
          "\"" + std::string(crs) + "\" names no coordinate system; an example is EPSG:25832");
  epsg_ = *epsg;
  require(is_wgs84() || find_transform(epsg_) != nullptr, fault_kind::invalid,
          "the coordinate system EPSG:" + std::to_string(epsg_) + " is unknown");
}

std::optional<position> projection::find_wgs84(position p) const {
  if (is_wgs84()) return p;
  return move(find_transform(epsg_), PJ_FWD, p);
}

std::optional<position> projection::find_projected(position p) const {
  if (is_wgs84()) return p;
  return move(find_transform(epsg_), PJ_INV, p);
}

geometry projection::to_wgs84(geometry const& g) const {
  return is_wgs84() ? g
                    : moved(
                          g, [&](position p) { return find_wgs84(p); }, epsg_);
}

geometry projection::to_projected(geometry const& g) const {
  return is_wgs84() ? g
                    : moved(
                          g, [&](position p) { return find_projected(p); }, epsg_);
}

}  // namespace dos::geo
