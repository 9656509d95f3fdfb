// Which shapes are near here: a dynamic R-tree from boxes to slots (small whole numbers that the caller gives out).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "geo/geometry.h"

namespace dos::geo {

// A slot has one box at a time. The tree remembers where each slot lies, so it is erased or moved by its number alone.
// Memory: about 60 bytes a slot plus 4 bytes for each number below the highest slot. One writer or many readers: the
// caller locks.
class rtree {
 public:
  void insert(std::uint32_t slot, box const& b);  // the slot is not in the tree, the box not empty
  bool erase(std::uint32_t slot);                 // false when it was not there
  void update(std::uint32_t slot, box const& b);  // inserts when it was not there
  bool contains(std::uint32_t slot) const;
  std::size_t size() const { return size_; }
  void clear();

  // Calls back for each slot whose box meets `b`, in no order, until the callback says false. Do not change the tree
  // meanwhile.
  void search(box const& b, std::function<bool(std::uint32_t slot)> const& visit) const;

  // From the nearest box on, until the callback says false. `about_m` is the distance to the box in metres on a plane
  // laid at `p`: good for order at the scale of a region, to be made exact by the caller.
  void nearest(position p, std::function<bool(std::uint32_t slot, double about_m)> const& visit) const;

 private:
  static constexpr std::uint32_t none = 0xffffffff;
  static constexpr int entries_max = 16;
  static constexpr int entries_min = 5;

  struct node {
    box boxes[entries_max];
    std::uint32_t ids[entries_max];  // slots in a leaf, nodes elsewhere
    std::uint32_t parent = none;
    std::uint16_t count = 0;
    std::uint16_t level = 0;  // 0 is a leaf
  };

  std::uint32_t make_node(std::uint16_t level);
  static box box_of(node const& n);
  int index_in_parent(std::uint32_t n) const;
  void put(std::uint32_t n, std::uint32_t id, box const& b);
  void add(std::uint32_t n, std::uint32_t id, box const& b);
  std::uint32_t split(std::uint32_t n, std::uint32_t id, box const& b);
  std::uint32_t choose_leaf(box const& b) const;
  void grow_ancestors(std::uint32_t n);
  void shrink(std::uint32_t n);

  std::vector<node> nodes_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> leaf_of_;  // by slot
  std::uint32_t root_ = none;
  std::size_t size_ = 0;
};

}  // namespace dos::geo
