// How many new names each source has left: one allowance for a token over all doors, one for all callers without a right
// to write together.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/symbol.h"
#include "kernel/access/principal.h"

namespace dos::app {

class name_allowances {
 public:
  explicit name_allowances(std::uint32_t of_one) : of_one_(of_one) {}
  std::shared_ptr<name_allowance> of(principal const& who);

 private:
  static constexpr std::uint32_t of_readers = 1'000;
  static constexpr std::size_t sources_max = 10'000;  // those beyond share one

  std::uint32_t const of_one_;
  std::shared_ptr<name_allowance> const readers_ = std::make_shared<name_allowance>(of_readers);
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<name_allowance>, std::less<>> of_writers_;
};

}  // namespace dos::app
