// What one piece of work that somebody outside asked for may use: time of the processor and bytes of its answer; and
// whether anybody still waits for it. The thread that does the work knows its budget; loops whose length the caller
// decides call spend() at every item. The program's own work has none.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

namespace dos {

class work_budget {
 public:
  struct limits {
    std::chrono::nanoseconds time_max = std::chrono::seconds(10);  // of processors
    std::size_t answer_bytes_max = 64 << 20;
  };

  // `is_wanted`: false once nobody waits for the answer; none: always. Asked now and then.
  explicit work_budget(limits l, std::size_t request_bytes = 0, std::function<bool()> is_wanted = {});

  static work_budget* current();  // of this thread, or none
  std::size_t request_bytes() const { return request_bytes_; }

  // Another item; the answer has `answer_bytes` so far (0: not looked at). Faults: too_many with what was used up,
  // unavailable when nobody waits any more.
  void spend(std::size_t answer_bytes) {
    if (answer_bytes > limits_.answer_bytes_max) refuse_bytes();
    if (answer_bytes > 0 || ++items_ % 64 == 0) look();
  }

  // This thread works on `b` while it lives; one thread at a time.
  class in_use {
   public:
    explicit in_use(work_budget& b);
    ~in_use();
    in_use(in_use const&) = delete;

   private:
    work_budget& mine_;
    work_budget* before_;
  };

 private:
  void look();
  [[noreturn]] void refuse_bytes() const;

  limits const limits_;
  std::size_t const request_bytes_;
  std::function<bool()> const is_wanted_;
  std::size_t items_ = 0;
  std::chrono::nanoseconds used_{};        // by threads before
  // Asking for a thread's processor time is dear, so it is asked for only once a piece of work takes long; the little
  // before that is not counted.
  std::optional<std::chrono::nanoseconds> begun_;
  std::chrono::steady_clock::time_point looked_{};
};

inline void spend(std::size_t answer_bytes = 0) {
  if (auto* const b = work_budget::current()) b->spend(answer_bytes);
}

}  // namespace dos
