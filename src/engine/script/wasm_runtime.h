// The host side of WebAssembly that wasm2c turned into C: memory, tables, traps. One run at a time per instance.
#pragma once

#include <atomic>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <ctime>

namespace dos::script {

enum class run_end : int {
  normal,
  stopped,           // the watchdog ended it
  too_deep,          // the thread's own stack is used up
  memory_violation,  // a bug of the engine, caught inside its own memory
  engine_gave_up  // unreachable code, division, a wrong function type: a bug or an allocation it could not do without
};

// Address space for one instance. 32-bit address plus 32-bit offset can never leave it, so no access needs a check:
// what is not yet memory is unreadable and ends the run.
class reservation {
 public:
  reservation();  // throws fault unavailable
  ~reservation();
  reservation(reservation const&) = delete;

  void make_readable(std::size_t bytes);             // from the start
  void close();                                      // everything; any thread
  void give_back(std::size_t from, std::size_t to);  // unreadable, and zero when it comes back

  std::uint8_t* const base;
};

// A run of generated code and what others must know to end it.
class run {
 public:
  run(run const&) = delete;
  explicit run(reservation& memory) : memory_(memory) {}

  // Calls `f`, which must leave nothing behind to destroy when it is cut off: no exception, no lock, no container.
  // After `stopped` the memory is closed.
  template <typename F>
  run_end operator()(std::int64_t cpu_ns_max, F const& f) {
    begin(cpu_ns_max);
    if (sigsetjmp(target_, 0) == 0) {
      f();
      trap_ = run_end::normal;
    }
    return end();
  }

  bool stop_if_overdue();  // any thread; false when nothing runs

  // From the thread that runs.
  static run* here();
  [[noreturn]] void cut(run_end why);
  bool contains(void const* address) const;

 private:
  void begin(std::int64_t cpu_ns_max);
  run_end end();

  enum class state { idle, running, stopping, stopped };
  std::atomic<state> state_{state::idle};
  std::atomic<clockid_t> cpu_clock_{};
  std::atomic<std::int64_t> deadline_ns_{};
  reservation& memory_;
  run_end trap_ = run_end::normal;
  run* outer_ = nullptr;
  sigjmp_buf target_;
};

std::int64_t cpu_ns(clockid_t clock = CLOCK_THREAD_CPUTIME_ID);

// The next instance made by this thread takes this memory.
void use_for_next_instance(reservation&);

}  // namespace dos::script
