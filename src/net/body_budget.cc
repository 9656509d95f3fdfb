#include "net/body_budget.h"

#include <utility>

#include "base/fault.h"

namespace dos::net {
namespace {

constexpr std::size_t small_body_bytes = 16 * 1024;
constexpr std::size_t step_bytes = 256 * 1024;  // taken at once, so that a long body asks seldom

}  // namespace

body_budget::share& body_budget::share::operator=(share&& other) noexcept {
  if (this == &other) return *this;
  give_back();
  of_ = std::move(other.of_);
  peer_ = std::move(other.peer_);
  held_ = std::exchange(other.held_, 0);
  return *this;
}

void body_budget::share::grow_to(std::size_t body_bytes) {
  if (!of_ || body_bytes <= small_body_bytes || body_bytes * of_->weight_ <= held_) return;
  auto const wanted = (body_bytes + step_bytes) * of_->weight_;
  auto const more = wanted - held_;
  auto const lock = std::lock_guard(of_->mutex_);
  auto& of_peer = of_->by_peer_[peer_];
  auto const refuse = [&](fault_kind kind, char const* detail) {
    if (of_peer == 0) of_->by_peer_.erase(peer_);
    throw fault(kind, detail, "bodies_bytes_max");
  };
  if (of_peer + more > of_->per_peer_max_) {
    refuse(fault_kind::too_many, "your requests hold as much of this server's memory for bodies as one address may; send fewer at once");
  }
  if (of_->held_ + more > of_->bytes_max_) {
    refuse(fault_kind::unavailable, "the memory for bodies of requests is used up; try again soon");
  }
  of_peer += more;
  of_->held_ += more;
  held_ = wanted;
}

void body_budget::share::give_back() {
  if (held_ == 0) return;
  auto const lock = std::lock_guard(of_->mutex_);
  of_->held_ -= held_;
  auto const it = of_->by_peer_.find(peer_);
  if ((it->second -= held_) == 0) of_->by_peer_.erase(it);
  held_ = 0;
}

std::size_t body_budget::held() const {
  auto const lock = std::lock_guard(mutex_);
  return held_;
}

}  // namespace dos::net
