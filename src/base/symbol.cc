#include "base/symbol.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>

#include "base/fault.h"

namespace dos {
namespace {

// Texts live in blocks that never move, so that `text()` needs no lock.
constexpr std::uint32_t block_size = 4096;
constexpr std::uint32_t block_max = 4096;
constexpr std::uint32_t names_max = block_size * block_max;
constexpr std::uint32_t kept_for_the_program = names_max / 16;

thread_local name_allowance* payer = nullptr;

struct table {
  std::shared_mutex mutex;
  std::unordered_map<std::string_view, std::uint32_t> numbers;
  std::array<std::atomic<std::string*>, block_max> blocks{};
  std::atomic<std::uint32_t> count{0};

  table() { add(""); }

  std::uint32_t add(std::string_view text) {
    auto const number = count.load(std::memory_order_relaxed);
    auto& block = blocks[number / block_size];
    if (!block.load(std::memory_order_relaxed)) block.store(new std::string[block_size], std::memory_order_release);
    auto& slot = block.load(std::memory_order_relaxed)[number % block_size];
    slot = text;
    numbers.emplace(slot, number);
    count.store(number + 1, std::memory_order_release);
    return number;
  }
};

void require_room(std::uint32_t number) {
  require(number < names_max - (payer ? kept_for_the_program : 0), fault_kind::unavailable,
          "the table of names is full: no new attribute names, types, units or dataset ids");
  require(!payer || payer->take(), fault_kind::too_many,
          "you have brought as many new names (of attributes, types, units, dataset ids) as one source may");
}

table& names() {
  static auto* const t = new table;  // outlives every static that holds symbols
  return *t;
}

}  // namespace

symbol::symbol(std::string_view text) {
  auto& t = names();
  {
    auto const lock = std::shared_lock(t.mutex);
    if (auto const it = t.numbers.find(text); it != t.numbers.end()) {
      number_ = it->second;
      return;
    }
  }
  auto const lock = std::unique_lock(t.mutex);
  if (auto const it = t.numbers.find(text); it != t.numbers.end()) {
    number_ = it->second;
    return;
  }
  require_room(t.count.load(std::memory_order_relaxed));
  number_ = t.add(text);
}

symbol symbol::find(std::string_view text) {
  auto& t = names();
  auto const lock = std::shared_lock(t.mutex);
  auto const it = t.numbers.find(text);
  auto result = symbol();
  if (it != t.numbers.end()) result.number_ = it->second;
  return result;
}

std::string_view symbol::text() const {
  return names().blocks[number_ / block_size].load(std::memory_order_acquire)[number_ % block_size];
}

bool name_allowance::take() {
  auto left = left_.load(std::memory_order_relaxed);
  while (left != 0 && !left_.compare_exchange_weak(left, left - 1, std::memory_order_relaxed)) {
  }
  return left != 0;
}

pays_for_names::pays_for_names(name_allowance* a) : before_(payer) { payer = a; }
pays_for_names::~pays_for_names() { payer = before_; }

std::uint32_t symbol_count() { return names().count.load(std::memory_order_relaxed); }

}  // namespace dos
