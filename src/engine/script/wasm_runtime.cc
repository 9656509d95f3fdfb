#include "engine/script/wasm_runtime.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <wasm-rt.h>

#include <algorithm>
#include <cstdarg>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fault.h"

namespace dos::script {
namespace {

constexpr std::size_t page_bytes = 65536;
constexpr std::size_t reserved_bytes = (std::size_t(8) << 30) + page_bytes;
constexpr std::size_t signal_stack_bytes = 65536;

thread_local run* running = nullptr;
thread_local reservation* next = nullptr;

struct sigaction previous_segv, previous_bus;

// The address that failed is close to the stack pointer: the thread's stack is used up.
bool is_stack_overflow(void const* address, void* context) {
  auto const& registers = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  auto const stack_pointer = std::uintptr_t(registers.gregs[REG_RSP]);
#elif defined(__aarch64__)
  auto const stack_pointer = std::uintptr_t(registers.sp);
#else
#error "where is the stack pointer?"
#endif
  auto const a = std::uintptr_t(address);
  return std::max(a, stack_pointer) - std::min(a, stack_pointer) < 16 * page_bytes;
}

void on_bad_address(int signal, siginfo_t* info, void* context) {
  if (auto* const r = running; r != nullptr) {
    auto const in_memory = r->contains(info->si_addr);
    if (in_memory || is_stack_overflow(info->si_addr, context)) {
      // The handler is left by a jump: what the kernel would undo on return is undone here.
      pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t*>(context)->uc_sigmask, nullptr);
      r->cut(in_memory ? run_end::memory_violation : run_end::too_deep);
    }
  }
  // Not ours: whoever handled it before does; without anybody the program ends where it failed.
  auto const& previous = signal == SIGSEGV ? previous_segv : previous_bus;
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    ::signal(signal, SIG_DFL);
  }
}

void handle_bad_addresses() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = on_bad_address;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    DOS_CHECK(sigaction(SIGSEGV, &action, &previous_segv) == 0);
    DOS_CHECK(sigaction(SIGBUS, &action, &previous_bus) == 0);
  });
}

// Where the handler runs when the thread's own stack is full.
struct signal_stack {
  signal_stack() {
    stack_t current{};
    sigaltstack(nullptr, &current);
    if ((current.ss_flags & SS_DISABLE) == 0) return;
    memory = std::make_unique<char[]>(signal_stack_bytes);
    stack_t const mine{.ss_sp = memory.get(), .ss_flags = 0, .ss_size = signal_stack_bytes};
    DOS_CHECK(sigaltstack(&mine, nullptr) == 0);
  }
  ~signal_stack() {
    if (!memory) return;
    stack_t const off{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    sigaltstack(&off, nullptr);
  }
  std::unique_ptr<char[]> memory;
};

clockid_t this_thread_clock() {
  thread_local clockid_t const clock = [] {
    clockid_t c{};
    DOS_CHECK(pthread_getcpuclockid(pthread_self(), &c) == 0);
    return c;
  }();
  return clock;
}

void* reserve() {
  auto* const p = mmap(nullptr, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  require(p != MAP_FAILED, fault_kind::unavailable, "no address space left for another codec");
  return p;
}

}  // namespace

std::int64_t cpu_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return std::int64_t(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

void use_for_next_instance(reservation& r) { next = &r; }

reservation::reservation() : base(static_cast<std::uint8_t*>(reserve())) {}
reservation::~reservation() { munmap(base, reserved_bytes); }
void reservation::make_readable(std::size_t bytes) { DOS_CHECK(mprotect(base, bytes, PROT_READ | PROT_WRITE) == 0); }
void reservation::close() { DOS_CHECK(mprotect(base, reserved_bytes, PROT_NONE) == 0); }
void reservation::give_back(std::size_t from, std::size_t to) {
  madvise(base + from, to - from, MADV_DONTNEED);
  DOS_CHECK(mprotect(base + from, to - from, PROT_NONE) == 0);
}

run* run::here() { return running; }

bool run::contains(void const* address) const {
  auto const* const a = static_cast<std::uint8_t const*>(address);
  return a >= memory_.base && a < memory_.base + reserved_bytes;
}

void run::begin(std::int64_t cpu_ns_max) {
  handle_bad_addresses();
  thread_local signal_stack const stack;
  outer_ = running;
  running = this;
  cpu_clock_ = this_thread_clock();
  deadline_ns_ = cpu_ns() + cpu_ns_max;
  state_ = state::running;
}

run_end run::end() {
  running = outer_;
  for (;;) {
    auto expected = state::running;
    if (state_.compare_exchange_strong(expected, state::idle)) return trap_;
    if (expected == state::stopped) break;
    std::this_thread::yield();
  }
  state_ = state::idle;
  return run_end::stopped;
}

void run::cut(run_end why) {
  trap_ = why;
  siglongjmp(target_, 1);
}

bool run::stop_if_overdue() {
  auto expected = state::running;
  if (state_ != expected || cpu_ns(cpu_clock_) < deadline_ns_) return state_ != state::idle;
  // What was read may belong to a run that has ended meanwhile: look again at one that cannot end.
  if (!state_.compare_exchange_strong(expected, state::stopping)) return true;
  if (cpu_ns(cpu_clock_) < deadline_ns_) {
    state_ = state::running;
    return true;
  }
  memory_.close();
  state_ = state::stopped;
  return true;
}

}  // namespace dos::script

// What generated code calls. wasm-rt.h says what each must do.
extern "C" {

void wasm_rt_init(void) {}
bool wasm_rt_is_initialized(void) { return true; }
void wasm_rt_free(void) {}

void wasm_rt_trap(wasm_rt_trap_t) { dos::script::run::here()->cut(dos::script::run_end::engine_gave_up); }

std::uint32_t wasm_rt_register_func_type(std::uint32_t parameters, std::uint32_t results, ...) {
  static std::vector<std::vector<int>> known;
  std::vector<int> type{int(parameters)};
  std::va_list list;
  va_start(list, results);
  for (auto i = 0U; i < parameters + results; ++i) type.push_back(va_arg(list, int));
  va_end(list);
  auto const at = std::find(known.begin(), known.end(), type);
  auto const index = std::uint32_t(at - known.begin());
  if (at == known.end()) known.push_back(std::move(type));
  return index + 1;
}

void wasm_rt_allocate_memory(wasm_rt_memory_t* memory, std::uint32_t initial_pages, std::uint32_t max_pages) {
  auto* const r = std::exchange(dos::script::next, nullptr);
  DOS_CHECK(r != nullptr);
  auto const bytes = std::size_t(initial_pages) * dos::script::page_bytes;
  r->make_readable(bytes);
  *memory = {.data = r->base, .pages = initial_pages, .max_pages = max_pages, .size = std::uint32_t(bytes)};
}

std::uint32_t wasm_rt_grow_memory(wasm_rt_memory_t* memory, std::uint32_t delta) {
  auto const old = memory->pages;
  if (delta > memory->max_pages || old > memory->max_pages - delta) return std::uint32_t(-1);
  auto const bytes = std::size_t(delta) * dos::script::page_bytes;
  if (delta != 0 && mprotect(memory->data + memory->size, bytes, PROT_READ | PROT_WRITE) != 0) return std::uint32_t(-1);
  memory->pages += delta;
  memory->size += std::uint32_t(bytes);
  return old;
}

void wasm_rt_free_memory(wasm_rt_memory_t*) {}  // the reservation belongs to the instance's owner

void wasm_rt_allocate_funcref_table(wasm_rt_funcref_table_t* table, std::uint32_t elements, std::uint32_t max) {
  *table = {.data = static_cast<wasm_rt_funcref_t*>(std::calloc(elements, sizeof(wasm_rt_funcref_t))),
            .max_size = max,
            .size = elements};
  DOS_CHECK(table->data != nullptr);
}

void wasm_rt_free_funcref_table(wasm_rt_funcref_table_t* table) { std::free(table->data); }

}  // extern "C"
