#include "kernel/graph/value_index.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <utility>

#include "kernel/graph/comparison.h"
#include "kernel/graph/path.h"

namespace dos {
namespace {

using key_kind = value_index::kind;
using key_bounds = value_index::bounds;

constexpr std::uint64_t sign_bit = 1ull << 63;

std::uint64_t key_of(double d) {
  auto const bits = std::bit_cast<std::uint64_t>(d + 0.0);  // -0.0 is 0.0
  return bits & sign_bit ? ~bits : bits | sign_bit;
}
std::uint64_t key_of(timestamp t) { return std::uint64_t(t.us) ^ sign_bit; }
std::uint64_t key_of(std::string_view text) { return std::hash<std::string_view>()(text); }

// Beyond, several whole numbers have the same key.
constexpr auto exact_number_max = double(1ull << 53);

std::optional<key_bounds> bounds_of_equal(json::value const& literal) {
  auto const& v = query::unwrapped(literal);
  auto const at = [](key_kind k, std::uint64_t key, bool is_exact) { return key_bounds{k, key, key, is_exact}; };
  if (v.is_bool()) return at(key_kind::boolean, v.as_bool(), true);
  if (v.is_number() && !std::isnan(v.as_double())) {
    return at(key_kind::number, key_of(v.as_double()), std::abs(v.as_double()) < exact_number_max);
  }
  if (!v.is_string()) return std::nullopt;
  if (auto const t = query::find_time(v.as_string())) return at(key_kind::time, key_of(*t), true);
  return at(key_kind::text, key_of(v.as_string()), false);
}

// Texts other than times have no order here.
std::optional<key_bounds> ordered_bounds(json::value const& literal) {
  auto const b = bounds_of_equal(literal);
  return b && b->kind != key_kind::text ? b : std::nullopt;
}

std::optional<key_bounds> bounds_of(query::range const& r) {
  auto const from = ordered_bounds(r.from);
  auto const to = ordered_bounds(r.to);
  if (!from || !to || from->kind != to->kind) return std::nullopt;
  return key_bounds{from->kind, from->from, to->to, from->is_exact && to->is_exact};
}

std::optional<key_bounds> bounds_of(json::value const& literal) { return bounds_of_equal(literal); }

std::optional<std::vector<key_bounds>> bounds_of_operand(query::operand const& o) {
  auto all = std::vector<key_bounds>();
  auto const add = [&](auto const& wanted) {
    auto const b = bounds_of(wanted);
    if (b) all.push_back(*b);
    return b.has_value();
  };
  auto const add_any = [&](auto const& wanted) { return std::visit(add, wanted); };
  auto known = false;
  if (auto const* const literal = std::get_if<json::value>(&o)) known = add(*literal);
  if (auto const* const r = std::get_if<query::range>(&o)) known = add(*r);
  if (auto const* const list = std::get_if<std::vector<std::variant<json::value, query::range>>>(&o)) {
    known = std::all_of(list->begin(), list->end(), add_any);
  }
  if (!known) return std::nullopt;
  return all;
}

}  // namespace

std::optional<std::vector<value_index::bounds>> value_index::find_bounds(query::node const& n) {
  auto const& p = n.path;
  if (n.what != query::node::kind::compare || n.folded || !p.attribute || p.what != query::path::field::value ||
      !p.sub_attributes.empty()) {
    return std::nullopt;
  }
  if (n.relation == query::relation::equal) return bounds_of_operand(n.operand);
  auto const less = n.relation == query::relation::less || n.relation == query::relation::less_equal;
  auto const greater = n.relation == query::relation::greater || n.relation == query::relation::greater_equal;
  auto const* const literal = std::get_if<json::value>(&n.operand);
  if ((!less && !greater) || !literal) return std::nullopt;
  auto b = ordered_bounds(*literal);
  if (!b) return std::nullopt;
  auto const key = std::exchange(less ? b->from : b->to, less ? 0 : ~0ull);
  // Where an equal key may stand for a smaller number, the end belongs to it.
  auto const ends_before = b->is_exact && (n.relation == query::relation::less || n.relation == query::relation::greater);
  if (!ends_before) return std::vector{*b};
  if (key == (less ? 0 : ~0ull)) return std::vector{key_bounds{b->kind, 1, 0, true}};
  if (less) b->to = key - 1;
  else b->from = key + 1;
  return std::vector{*b};
}

template <typename Visit>
void value_index::for_each_entry(std::uint32_t slot, entity const& e, Visit const& visit) const {
  auto const add = [&](json::value const& v) {
    if (v.is_bool()) visit(entry{kind::boolean, slot, std::uint64_t(v.as_bool())});
    if (v.is_number() && !std::isnan(v.as_double())) visit(entry{kind::number, slot, key_of(v.as_double())});
    if (!v.is_string()) return;
    if (auto const t = query::find_time_or_day(v.as_string())) visit(entry{kind::time, slot, key_of(*t)});
    visit(entry{kind::text, slot, key_of(v.as_string())});
  };
  auto path = query::path();
  path.attribute = of_.attribute;
  path.trail = of_.trail;
  query::any_value(path, e, nullptr, [&](json::value const& v) {
    auto const& inner = query::unwrapped(v);
    if (!inner.is_array()) {
      add(inner);
      return false;
    }
    for (auto const& item : inner.as_array()) add(query::unwrapped(item));
    return false;
  });
}

std::size_t value_index::block_for(entry const& e) const {
  auto const after = std::upper_bound(blocks_.begin(), blocks_.end(), e,
                                      [](entry const& x, block const& b) { return x < b.front(); });
  return after == blocks_.begin() ? 0 : std::size_t(after - blocks_.begin() - 1);
}

void value_index::insert(entry const& e) {
  if (blocks_.empty()) {
    blocks_.emplace_back().reserve(block_max + 1);
    blocks_[0].push_back(e);
    size_ = 1;
    return;
  }
  auto const i = block_for(e);
  auto& b = blocks_[i];
  auto const at = std::lower_bound(b.begin(), b.end(), e);
  if (at != b.end() && *at == e) return;
  b.insert(at, e);
  ++size_;
  if (b.size() <= block_max) return;
  // A run of rising keys fills its blocks; otherwise halves leave room for both.
  auto const cut = b.begin() + std::ptrdiff_t(b.back() == e ? block_max : block_max / 2);
  auto upper = block();
  upper.reserve(block_max + 1);  // else it would grow to twice of what it may hold
  upper.assign(cut, b.end());
  b.erase(cut, b.end());
  blocks_.insert(blocks_.begin() + std::ptrdiff_t(i + 1), std::move(upper));
}

void value_index::erase(entry const& e) {
  if (blocks_.empty()) return;
  auto const i = block_for(e);
  auto& b = blocks_[i];
  auto const at = std::lower_bound(b.begin(), b.end(), e);
  if (at == b.end() || *at != e) return;
  b.erase(at);
  --size_;
  if (b.empty()) blocks_.erase(blocks_.begin() + std::ptrdiff_t(i));
}

void value_index::insert(std::uint32_t slot, entity const& e) {
  for_each_entry(slot, e, [&](entry const& x) { insert(x); });
}

void value_index::erase(std::uint32_t slot, entity const& e) {
  for_each_entry(slot, e, [&](entry const& x) { erase(x); });
}

// The parts of blocks, first to last, that lie within the bounds.
template <typename Visit>
void value_index::for_each_run(bounds const& b, Visit const& visit) const {
  if (blocks_.empty() || b.from > b.to) return;
  auto const first = entry{b.kind, 0, b.from};
  auto const last = entry{b.kind, 0xffff'ffff, b.to};
  for (auto i = block_for(first); i < blocks_.size() && blocks_[i].front() <= last; ++i) {
    auto const& here = blocks_[i];
    auto const from = here.front() >= first ? here.begin() : std::lower_bound(here.begin(), here.end(), first);
    auto const to = here.back() <= last ? here.end() : std::upper_bound(from, here.end(), last);
    if (from < to) visit(&*from, std::size_t(to - from));
  }
}

std::size_t value_index::count(bounds const& b) const {
  auto n = std::size_t(0);
  for_each_run(b, [&](entry const*, std::size_t run) { n += run; });
  return n;
}

void value_index::collect(bounds const& b, std::vector<std::uint32_t>& out) const {
  for_each_run(b, [&](entry const* run, std::size_t n) {
    for (auto i = std::size_t(0); i < n; ++i) out.push_back(run[i].slot);
  });
}

}  // namespace dos
