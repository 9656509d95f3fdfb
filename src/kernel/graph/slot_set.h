// A set of slots (small whole numbers), for each type and each word one: two bytes for each slot of a sparse set, a bit
// of a dense one. For this module only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dos {

class slot_set {
 public:
  bool insert(std::uint32_t slot);  // false when it was there
  bool erase(std::uint32_t slot);   // false when it was not there
  bool contains(std::uint32_t slot) const;
  std::size_t size() const { return size_; }
  // Appends up to `n` slots in order, the first not less than `from`.
  void copy_from(std::uint64_t from, std::size_t n, std::vector<std::uint32_t>& out) const;

 private:
  // The slots that share their upper 16 bits: their lower ones in order, or, from `sparse_max` on, a bit for each.
  struct block {
    std::uint32_t upper = 0;
    std::uint32_t count = 0;
    std::vector<std::uint16_t> sparse;
    std::vector<std::uint64_t> dense;
  };

  std::vector<block>::iterator find_block(std::uint32_t upper);

  std::vector<block> blocks_;  // in order of `upper`
  std::size_t size_ = 0;
};

}  // namespace dos
