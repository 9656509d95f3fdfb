#include "geo/rtree.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <queue>

#include "base/fault.h"

namespace dos::geo {
namespace {

double area(box const& b) { return (b.east - b.west) * (b.north - b.south); }
double margin(box const& b) { return b.east - b.west + b.north - b.south; }
box join(box a, box const& b) {
  a.extend(b);
  return a;
}
double overlap(box const& a, box const& b) {
  auto const x = std::min(a.east, b.east) - std::max(a.west, b.west);
  auto const y = std::min(a.north, b.north) - std::max(a.south, b.south);
  return x > 0 && y > 0 ? x * y : 0;
}

struct entry {
  box b;
  std::uint32_t id;
};

}  // namespace

bool rtree::contains(std::uint32_t slot) const { return slot < leaf_of_.size() && leaf_of_[slot] != none; }

void rtree::clear() { *this = rtree(); }

std::uint32_t rtree::make_node(std::uint16_t level) {
  auto n = std::uint32_t(nodes_.size());
  if (free_.empty()) {
    nodes_.emplace_back();
  } else {
    n = free_.back();
    free_.pop_back();
    nodes_[n] = node();
  }
  nodes_[n].level = level;
  return n;
}

box rtree::box_of(node const& n) {
  auto b = box();
  for (auto i = 0; i < n.count; ++i) b.extend(n.boxes[i]);
  return b;
}

int rtree::index_in_parent(std::uint32_t n) const {
  auto const& p = nodes_[nodes_[n].parent];
  return int(std::find(p.ids, p.ids + p.count, n) - p.ids);
}

// Puts the entry into a node that has room.
void rtree::put(std::uint32_t n, std::uint32_t id, box const& b) {
  auto& to = nodes_[n];
  to.boxes[to.count] = b;
  to.ids[to.count++] = id;
  if (to.level == 0)
    leaf_of_[id] = n;
  else
    nodes_[id].parent = n;
}

std::uint32_t rtree::choose_leaf(box const& b) const {
  auto n = root_;
  while (nodes_[n].level > 0) {
    auto const& here = nodes_[n];
    auto best = 0;
    auto best_cost = std::array{std::numeric_limits<double>::infinity(), 0.0, 0.0};
    for (auto i = 0; i < here.count; ++i) {
      auto const joined = join(here.boxes[i], b);
      // Points have no area; the margin then tells who grows least.
      auto const cost =
          std::array{area(joined) - area(here.boxes[i]), margin(joined) - margin(here.boxes[i]), area(here.boxes[i])};
      if (cost < best_cost) {
        best = i;
        best_cost = cost;
      }
    }
    n = here.ids[best];
  }
  return n;
}

// Adds to a node, splitting it and its ancestors where they are full, and lets the ancestors' boxes grow.
void rtree::add(std::uint32_t n, std::uint32_t id, box const& b) {
  while (nodes_[n].count == entries_max) {
    auto const sibling = split(n, id, b);
    auto parent = nodes_[n].parent;
    if (parent == none) {
      parent = root_ = make_node(std::uint16_t(nodes_[n].level + 1));
      put(parent, n, box_of(nodes_[n]));
    } else {
      nodes_[parent].boxes[index_in_parent(n)] = box_of(nodes_[n]);
    }
    n = parent;
    id = sibling;
    if (nodes_[n].count < entries_max) {
      put(n, id, box_of(nodes_[id]));
      return grow_ancestors(n);
    }
    return add(n, id, box_of(nodes_[id]));
  }
  put(n, id, b);
  grow_ancestors(n);
}

void rtree::grow_ancestors(std::uint32_t n) {
  for (auto parent = nodes_[n].parent; parent != none; n = parent, parent = nodes_[n].parent) {
    auto& known = nodes_[parent].boxes[index_in_parent(n)];
    auto const now = box_of(nodes_[n]);
    if (known == now) return;
    known = now;
  }
}

// R*: along the axis with the least sum of margins, where the halves overlap least.
std::uint32_t rtree::split(std::uint32_t n, std::uint32_t id, box const& b) {
  constexpr auto total = entries_max + 1;
  auto entries = std::array<entry, total>();
  for (auto i = 0; i < entries_max; ++i) entries[std::size_t(i)] = {nodes_[n].boxes[i], nodes_[n].ids[i]};
  entries[entries_max] = {b, id};

  struct cut {
    double margins = 0;
    double overlap = std::numeric_limits<double>::infinity();
    double area = 0;
    int at = 0;
  };
  auto const best_cut = [&](auto key) {
    std::sort(entries.begin(), entries.end(), [&](entry const& x, entry const& y) { return key(x.b) < key(y.b); });
    auto before = std::array<box, total + 1>();  // of the first i
    auto after = std::array<box, total + 1>();   // of those from i on
    for (auto i = 0u; i < total; ++i) before[i + 1] = join(before[i], entries[i].b);
    for (auto i = std::size_t(total); i-- > 0;) after[i] = join(after[i + 1], entries[i].b);
    auto best = cut();
    for (auto i = entries_min; i <= total - entries_min; ++i) {
      auto const& left = before[std::size_t(i)];
      auto const& right = after[std::size_t(i)];
      best.margins += margin(left) + margin(right);
      auto const o = overlap(left, right);
      auto const a = area(left) + area(right);
      if (o < best.overlap || (o == best.overlap && a < best.area)) {
        best.overlap = o;
        best.area = a;
        best.at = i;
      }
    }
    return best;
  };
  auto const by_lon = [](box const& x) { return std::pair(x.west, x.east); };
  auto const by_lat = [](box const& x) { return std::pair(x.south, x.north); };
  auto const across = best_cut(by_lon);
  auto chosen = best_cut(by_lat);
  if (across.margins < chosen.margins) chosen = best_cut(by_lon);

  auto const sibling = make_node(nodes_[n].level);
  nodes_[n].count = 0;
  for (auto i = 0; i < total; ++i)
    put(i < chosen.at ? n : sibling, entries[std::size_t(i)].id, entries[std::size_t(i)].b);
  return sibling;
}

void rtree::insert(std::uint32_t slot, box const& b) {
  DOS_CHECK(!contains(slot) && !b.is_empty());
  if (slot >= leaf_of_.size()) leaf_of_.resize(std::max<std::size_t>(slot + 1, leaf_of_.size() * 3 / 2), none);
  if (root_ == none) root_ = make_node(0);
  add(choose_leaf(b), slot, b);
  ++size_;
}

bool rtree::erase(std::uint32_t slot) {
  if (!contains(slot)) return false;
  auto const leaf = leaf_of_[slot];
  auto& l = nodes_[leaf];
  auto const i = std::find(l.ids, l.ids + l.count, slot) - l.ids;
  --l.count;
  l.ids[i] = l.ids[l.count];
  l.boxes[i] = l.boxes[l.count];
  leaf_of_[slot] = none;
  --size_;
  shrink(leaf);
  return true;
}

// A node that has lost an entry: gives up when it became too small, otherwise its ancestors' boxes may shrink.
void rtree::shrink(std::uint32_t n) {
  auto const parent = nodes_[n].parent;
  if (parent == none) {
    while (root_ != none && nodes_[root_].level > 0 && nodes_[root_].count == 1) {
      auto const child = nodes_[root_].ids[0];
      free_.push_back(root_);
      root_ = child;
      nodes_[child].parent = none;
    }
    return;
  }
  auto const is_too_small = nodes_[n].level == 0 ? nodes_[n].count < entries_min : nodes_[n].count == 0;
  if (!is_too_small) return grow_ancestors(n);
  auto& p = nodes_[parent];
  auto const i = index_in_parent(n);
  --p.count;
  p.ids[i] = p.ids[p.count];
  p.boxes[i] = p.boxes[p.count];
  auto const orphans = nodes_[n];
  free_.push_back(n);
  shrink(parent);
  for (auto k = 0; k < orphans.count; ++k) add(choose_leaf(orphans.boxes[k]), orphans.ids[k], orphans.boxes[k]);
}

void rtree::update(std::uint32_t slot, box const& b) {
  if (contains(slot)) {
    auto const leaf = leaf_of_[slot];
    auto& l = nodes_[leaf];
    auto const parent = l.parent;
    auto const stays = parent == none || nodes_[parent].boxes[index_in_parent(leaf)].contains(b);
    if (stays) {  // most things move little
      l.boxes[std::find(l.ids, l.ids + l.count, slot) - l.ids] = b;
      return grow_ancestors(leaf);
    }
    erase(slot);
  }
  insert(slot, b);
}

void rtree::search(box const& b, std::function<bool(std::uint32_t)> const& visit) const {
  if (root_ == none) return;
  auto open = std::vector<std::uint32_t>{root_};
  while (!open.empty()) {
    auto const& n = nodes_[open.back()];
    open.pop_back();
    for (auto i = 0; i < n.count; ++i) {
      if (!n.boxes[i].intersects(b)) continue;
      if (n.level > 0)
        open.push_back(n.ids[i]);
      else if (!visit(n.ids[i]))
        return;
    }
  }
}

void rtree::nearest(position p, std::function<bool(std::uint32_t, double)> const& visit) const {
  constexpr auto m_per_degree = 111'195.0;
  auto const lon_scale = std::max(std::cos(p.lat * std::numbers::pi / 180), 1e-6);
  auto const distance = [&](box const& b) {
    auto const x = std::max({b.west - p.lon, 0.0, p.lon - b.east}) * lon_scale;
    auto const y = std::max({b.south - p.lat, 0.0, p.lat - b.north});
    return std::hypot(x, y) * m_per_degree;
  };
  struct candidate {
    double about_m;
    std::uint32_t id;
    bool is_slot;
    bool operator<(candidate const& o) const { return about_m > o.about_m; }  // the nearest on top
  };
  auto open = std::priority_queue<candidate>();
  if (root_ != none) open.push({0, root_, false});
  while (!open.empty()) {
    auto const c = open.top();
    open.pop();
    if (c.is_slot) {
      if (!visit(c.id, c.about_m)) return;
      continue;
    }
    auto const& n = nodes_[c.id];
    for (auto i = 0; i < n.count; ++i) open.push({distance(n.boxes[i]), n.ids[i], n.level == 0});
  }
}

}  // namespace dos::geo
