#include "base/work_budget.h"

#include <time.h>

#include <string>

#include "base/fault.h"

namespace dos {
namespace {

using namespace std::chrono_literals;

constexpr auto look_every = 2ms;

thread_local work_budget* mine = nullptr;

std::chrono::nanoseconds processor_time() {
  auto t = timespec();
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

}  // namespace

work_budget::work_budget(limits l, std::size_t request_bytes, std::function<bool()> is_wanted)
    : limits_(l), request_bytes_(request_bytes), is_wanted_(std::move(is_wanted)) {}

work_budget* work_budget::current() { return mine; }

void work_budget::look() {
  auto const now = std::chrono::steady_clock::now();
  if (now - looked_ < look_every) return;
  looked_ = now;
  if (is_wanted_ && !is_wanted_()) throw fault(fault_kind::unavailable, "nobody waits for this answer any more");
  auto const spent = processor_time();
  if (!begun_) begun_ = spent;
  if (used_ + spent - *begun_ <= limits_.time_max) return;
  auto const ms = std::chrono::duration_cast<std::chrono::milliseconds>(limits_.time_max).count();
  throw fault(fault_kind::too_many, "this request has used up its " + std::to_string(ms) + " ms of the processor: ask for less at a time");
}

void work_budget::refuse_bytes() const {
  throw fault(fault_kind::too_many, "the answer to this request is over its " + std::to_string(limits_.answer_bytes_max) + " bytes: ask for less at a time");
}

work_budget::in_use::in_use(work_budget& b) : mine_(b), before_(mine) {
  mine_.begun_.reset();
  mine_.looked_ = std::chrono::steady_clock::now();
  mine = &b;
}

work_budget::in_use::~in_use() {
  if (mine_.begun_) mine_.used_ += processor_time() - *mine_.begun_;
  mine = before_;
}

}  // namespace dos
