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

struct attribute_extras::block {
  json::value more;
  std::atomic<geo::geometry const*> shape{nullptr};

  ~block() { delete shape.load(std::memory_order_acquire); }
};

attribute_extras::attribute_extras(json::value v) {
  if (!v.is_null()) block_ = new block{std::move(v)};
}

attribute_extras::attribute_extras(attribute_extras const& other) : attribute_extras(other.get()) {}

attribute_extras::attribute_extras(attribute_extras&& other) noexcept : block_(other.block_.exchange(nullptr)) {}

attribute_extras& attribute_extras::operator=(attribute_extras other) noexcept {
  other.block_ = block_.exchange(other.block_.load());
  return *this;
}

attribute_extras::~attribute_extras() { delete block_.load(std::memory_order_acquire); }

json::value const& attribute_extras::get() const {
  static auto const nothing = json::value();
  auto const* const mine = block_.load(std::memory_order_acquire);
  return mine ? mine->more : nothing;
}

json::object& attribute_extras::as_object() {
  DOS_CHECK(is_object());
  return block_.load(std::memory_order_acquire)->more.as_object();
}

geo::geometry const& attribute_extras::shape(json::value const& geojson) const {
  auto* mine = block_.load(std::memory_order_acquire);
  if (!mine) {
    auto fresh = std::make_unique<block>();
    if (block_.compare_exchange_strong(mine, fresh.get(), std::memory_order_acq_rel)) mine = fresh.release();
  }
  if (auto const* const known = mine->shape.load(std::memory_order_acquire)) return *known;
  auto read = std::make_unique<geo::geometry const>(read_shape(geojson));
  geo::geometry const* others = nullptr;
  if (!mine->shape.compare_exchange_strong(others, read.get(), std::memory_order_acq_rel)) return *others;
  return *read.release();
}

attribute_list::attribute_list(vector v) {
  if (!v.empty()) items_ = std::make_unique<vector>(std::move(v));
}
attribute_list::attribute_list(attribute_list const& other) : attribute_list(other.get()) {}
attribute_list::attribute_list(attribute_list&& other) noexcept = default;
attribute_list& attribute_list::operator=(attribute_list other) noexcept {
  std::swap(items_, other.items_);
  return *this;
}
attribute_list::~attribute_list() = default;

attribute_list::vector const& attribute_list::none() {
  static auto const nothing = vector();
  return nothing;
}

attribute_list::vector& attribute_list::own() {
  if (!items_) items_ = std::make_unique<vector>();
  return *items_;
}

void attribute_list::push_back(attribute_ptr a) { own().push_back(std::move(a)); }
void attribute_list::reserve(std::size_t n) {
  if (n > 0) own().reserve(n);
}
void attribute_list::clear() { items_.reset(); }
attribute_list::vector::iterator attribute_list::erase(vector::const_iterator at) { return own().erase(at); }

attribute const* attribute::find(symbol sub_name) const {
  auto const it = std::find_if(attributes.begin(), attributes.end(), [&](auto const& a) { return a->name == sub_name; });
  return it == attributes.end() ? nullptr : it->get();
}

attribute& writable(attribute_ptr& a) {
  if (!a.is_only()) a = make_attribute(*a);
  return const_cast<attribute&>(*a);
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
