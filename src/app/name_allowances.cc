#include "app/name_allowances.h"

namespace dos::app {

std::shared_ptr<name_allowance> name_allowances::of(principal const& who) {
  if (!who.may_write()) return readers_;
  auto const& source = who.tokens.empty() ? who.source : who.tokens.front();
  auto const lock = std::lock_guard(mutex_);
  auto it = of_writers_.find(source);
  if (it == of_writers_.end()) {
    auto const is_full = of_writers_.size() >= sources_max;
    it = of_writers_.try_emplace(is_full ? std::string() : source, std::make_shared<name_allowance>(of_one_)).first;
  }
  return it->second;
}

}  // namespace dos::app
