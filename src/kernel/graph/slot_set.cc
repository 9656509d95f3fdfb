#include "kernel/graph/slot_set.h"

#include <algorithm>
#include <bit>

namespace dos {
namespace {

constexpr std::size_t sparse_max = 4096;  // as many bytes as a dense block
constexpr std::size_t words_of_block = 65'536 / 64;

}  // namespace

std::vector<slot_set::block>::iterator slot_set::find_block(std::uint32_t upper) {
  return std::lower_bound(blocks_.begin(), blocks_.end(), upper, [](block const& b, std::uint32_t u) { return b.upper < u; });
}

bool slot_set::insert(std::uint32_t slot) {
  auto const lower = std::uint16_t(slot);
  auto b = find_block(slot >> 16);
  if (b == blocks_.end() || b->upper != slot >> 16) {
    b = blocks_.insert(b, block());
    b->upper = slot >> 16;
  }
  if (b->dense.empty()) {
    auto const at = std::lower_bound(b->sparse.begin(), b->sparse.end(), lower);
    if (at != b->sparse.end() && *at == lower) return false;
    b->sparse.insert(at, lower);
    if (b->sparse.size() > sparse_max) {
      b->dense.resize(words_of_block);
      for (auto const n : b->sparse) b->dense[n / 64] |= 1ull << n % 64;
      b->sparse = {};
    }
  } else {
    auto& word = b->dense[lower / 64];
    if (word >> lower % 64 & 1) return false;
    word |= 1ull << lower % 64;
  }
  ++b->count;
  ++size_;
  return true;
}

bool slot_set::erase(std::uint32_t slot) {
  auto const lower = std::uint16_t(slot);
  auto const b = find_block(slot >> 16);
  if (b == blocks_.end() || b->upper != slot >> 16) return false;
  if (b->dense.empty()) {
    auto const at = std::lower_bound(b->sparse.begin(), b->sparse.end(), lower);
    if (at == b->sparse.end() || *at != lower) return false;
    b->sparse.erase(at);
  } else {
    auto& word = b->dense[lower / 64];
    if (!(word >> lower % 64 & 1)) return false;
    word &= ~(1ull << lower % 64);
  }
  --size_;
  if (--b->count == 0) blocks_.erase(b);
  return true;
}

bool slot_set::contains(std::uint32_t slot) const {
  auto const lower = std::uint16_t(slot);
  auto const b = const_cast<slot_set*>(this)->find_block(slot >> 16);
  if (b == blocks_.end() || b->upper != slot >> 16) return false;
  if (b->dense.empty()) return std::binary_search(b->sparse.begin(), b->sparse.end(), lower);
  return b->dense[lower / 64] >> lower % 64 & 1;
}

void slot_set::copy_from(std::uint64_t from, std::size_t n, std::vector<std::uint32_t>& out) const {
  if (from > 0xffff'ffff) return;
  auto const end = out.size() + n;
  auto b = const_cast<slot_set*>(this)->find_block(std::uint32_t(from >> 16));
  for (; b != blocks_.end() && out.size() < end; ++b) {
    auto const base = b->upper << 16;
    auto const first = base >= from ? 0u : std::uint32_t(from) & 0xffff;
    if (b->dense.empty()) {
      auto at = std::lower_bound(b->sparse.begin(), b->sparse.end(), std::uint16_t(first));
      for (; at != b->sparse.end() && out.size() < end; ++at) out.push_back(base | *at);
      continue;
    }
    for (auto w = first / 64; w < words_of_block && out.size() < end; ++w) {
      auto bits = b->dense[w];
      if (w == first / 64) bits &= ~0ull << first % 64;
      for (; bits && out.size() < end; bits &= bits - 1) out.push_back(base | w * 64 | std::uint32_t(std::countr_zero(bits)));
    }
  }
}

}  // namespace dos
