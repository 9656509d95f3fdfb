// Which slot a series belongs to, by its number: four bytes each. One writer, any number of readers, no lock. What it says
// of a series that was removed, or whose entity was forgotten, is out of date: ask the entity. For this module only.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace dos {

class series_owners {
 public:
  ~series_owners() {
    for (auto& p : pages_) delete p.load();
  }

  void set(std::uint64_t series, std::uint32_t slot) {
    if (series >= series_max) return;
    auto& place = pages_[series / page_size];
    auto* page = place.load(std::memory_order_acquire);
    if (!page) {
      page = new series_owners::page();
      place.store(page, std::memory_order_release);
    }
    (*page)[series % page_size].store(slot + 1, std::memory_order_release);
    if (series >= end_.load(std::memory_order_relaxed)) end_.store(series + 1, std::memory_order_release);
  }
  std::optional<std::uint32_t> find(std::uint64_t series) const {
    if (series >= end()) return std::nullopt;
    auto const* const page = pages_[series / page_size].load(std::memory_order_acquire);
    auto const slot = page ? (*page)[series % page_size].load(std::memory_order_acquire) : 0;
    return slot ? std::optional(slot - 1) : std::nullopt;
  }
  std::uint64_t end() const { return end_.load(std::memory_order_acquire); }  // behind the greatest number

 private:
  static constexpr std::uint64_t page_size = 65'536;
  static constexpr std::uint64_t pages_max = 8'192;
  static constexpr std::uint64_t series_max = page_size * pages_max;  // 537 million; those beyond are not found by number
  using page = std::array<std::atomic<std::uint32_t>, page_size>;

  std::array<std::atomic<page*>, pages_max> pages_{};
  std::atomic<std::uint64_t> end_ = 0;
};

}  // namespace dos
