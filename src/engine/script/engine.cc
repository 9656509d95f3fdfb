#include "engine/script/engine.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/fault.h"
#include "base/text.h"
#include "engine/script/wasm_runtime.h"
#include "engine/script/watchdog.h"
#include "qjs.h"

// The two modules that the engine imports from. Both are the host of one instance.
struct Z_env_instance_t {
  std::int64_t deadline_ns = 0;
  bool out_of_time = false;
};
struct Z_wasi_snapshot_preview1_instance_t {
  dos::timestamp now;
  std::uint32_t chance = 0;
  Z_qjs_instance_t* instance = nullptr;
};

namespace dos::script {
namespace {

constexpr std::size_t wasm_page_bytes = 65536;
constexpr std::size_t engine_bytes = std::size_t(2) << 20;  // stack, constants and fragmentation, beside the heap
constexpr std::uint32_t stack_bytes = 256 << 10;            // of JavaScript calls
constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::uint32_t module_code = 1;  // of the engine's evaluation: an ES module, answered by a promise
constexpr std::uint32_t fulfilled = 1;    // that promise
// The engine looks at the clock itself; the watchdog is for where it does not.
constexpr std::int64_t watchdog_grace_ns = 20 * ns_per_ms;

// The first line of what JavaScript said, short and in any case UTF-8: half a surrogate pair is possible over there.
std::string first_line(std::string_view s) {
  auto line = std::string(s.substr(0, std::min(s.find('\n'), std::size_t(300))));
  for (auto cut = 0; cut < 3 && !text::is_utf8(line); ++cut) line.pop_back();
  if (!text::is_utf8(line))
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c >= 0x80; }, '?');
  return line;
}

// " (line 3, column 7)" from the first place in our source that a JavaScript stack names: "at f (codec.js:3:7)".
std::string place_in(std::string_view stack) {
  auto const marker = std::string_view("codec.js:");
  auto const at = stack.find(marker);
  if (at == stack.npos) return {};
  auto const numbers = stack.substr(at + marker.size());
  auto const line = numbers.substr(0, numbers.find_first_not_of("0123456789"));
  auto out = " (line " + std::string(line);
  if (line.size() < numbers.size() && numbers[line.size()] == ':') {
    auto const column = numbers.substr(line.size() + 1);
    out += ", column " + std::string(column.substr(0, column.find_first_not_of("0123456789")));
  }
  return out + ")";
}

void init_module_once() {
  static bool const done = (Z_qjs_init_module(), true);
  static_cast<void>(done);
}

}  // namespace

struct engine::host {
  // A piece of the engine's memory.
  struct piece {
    std::uint32_t at = 0;
    std::uint32_t size = 0;
  };
  // What one run leaves: either a value (and its text), or what was thrown.
  struct result {
    value v = 0;
    bool thrown = false;
    piece text, stack;
  };

  explicit host(script::limits l) : limits(l), ends(memory) {
    init_module_once();
    system.instance = &q;
    use_for_next_instance(memory);
    Z_qjs_instantiate(&q, &env, &system);
    q.w2c_memory.max_pages = std::uint32_t((limits.memory_bytes_max + engine_bytes) / wasm_page_bytes);
    watchdog::instance().add(ends);
    guarded(limits.compile_time_ms_max, [this](result&) {
      Z_qjsZ__initialize(&q);
      if (Z_qjsZ_qjs_init(&q) != 0) run::here()->cut(run_end::engine_gave_up);
      Z_qjsZ_qjs_set_memory_limit(&q, std::uint32_t(limits.memory_bytes_max));
      Z_qjsZ_qjs_set_max_stack_size(&q, stack_bytes);
      Z_qjsZ_qjs_set_interrupt_handler(&q, 1);
      length_at = Z_qjsZ_wasm_malloc(&q, 4);
      name_at = Z_qjsZ_wasm_malloc(&q, 16);
    });
    std::memcpy(q.w2c_memory.data + name_at, "stack", 6);
  }
  ~host() {
    watchdog::instance().remove(ends);
    Z_qjs_free(&q);
  }

  template <typename F>
  result guarded(int time_ms_max, F const& f) {
    env.deadline_ns = cpu_ns() + time_ms_max * ns_per_ms;
    env.out_of_time = false;
    result r;
    watchdog::instance().wake();
    auto const end = ends(time_ms_max * ns_per_ms + watchdog_grace_ns, [&] { f(r); });
    if (end == run_end::normal && !env.out_of_time) return r;
    restore();
    if (end == run_end::stopped || env.out_of_time) {
      throw fault(fault_kind::invalid, "the codec was stopped after " + std::to_string(time_ms_max) +
                                           " ms: an endless loop, or too much work for one message");
    }
    if (end == run_end::too_deep) throw fault(fault_kind::invalid, "the codec was stopped: its calls nest too deeply");
    throw fault(fault_kind::invalid,
                "the codec was stopped: it made the JavaScript engine give up, most likely for want of "
                "memory (" +
                    std::to_string(limits.memory_bytes_max >> 20) + " MiB are allowed)");
  }

  std::string_view view(piece p) const {
    // The engine reported it, so it may be wrong; it cannot be outside its memory.
    if (std::uint64_t(p.at) + p.size > q.w2c_memory.size) return {};
    return {reinterpret_cast<char const*>(q.w2c_memory.data) + p.at, p.size};
  }

  // Within a run: puts bytes into the engine's memory, with the end that C expects.
  std::uint32_t put(std::string_view s) {
    auto const at = Z_qjsZ_wasm_malloc(&q, std::uint32_t(s.size() + 1));
    if (at == 0) run::here()->cut(run_end::engine_gave_up);
    std::memcpy(q.w2c_memory.data + at, s.data(), s.size());
    q.w2c_memory.data[at + s.size()] = 0;
    return at;
  }

  piece text_of(value v) {
    auto const at = Z_qjsZ_qjs_get_string_len(&q, v, length_at);
    if (at == 0) return {};
    piece p{.at = at};
    std::memcpy(&p.size, q.w2c_memory.data + length_at, sizeof p.size);
    return p;
  }

  void take(result& r, value v) {
    r.v = v;
    if (Z_qjsZ_qjs_is_exception(&q, v) != 0) take_thrown(r);
  }

  void take_thrown(result& r) {
    r.thrown = true;
    auto const error = Z_qjsZ_qjs_get_exception(&q);
    r.text = text_of(error);
    if (Z_qjsZ_qjs_is_error(&q, error)) r.stack = text_of(Z_qjsZ_qjs_get_prop_string(&q, error, name_at));
  }

  std::string thrown_message(result const& r) const {
    auto const message = first_line(view(r.text));
    if (message.find("out of memory") != message.npos) {
      return "the codec was stopped: it needs more than " + std::to_string(limits.memory_bytes_max >> 20) +
             " MiB of memory";
    }
    return (message.empty() ? "an exception without a message" : message) + place_in(view(r.stack));
  }

  void freeze() {
    // Below the stack pointer lies the engine's own stack, empty now; above it everything that lasts.
    frozen_from = q.w2c___stack_pointer;
    auto const* const data = q.w2c_memory.data;
    frozen.emplace(data + frozen_from, data + q.w2c_memory.size);
    frozen_pages = q.w2c_memory.pages;
  }

  void restore() {
    if (!frozen) return;
    auto const bytes = frozen_from + frozen->size();
    memory.make_readable(bytes);
    if (q.w2c_memory.size > bytes) memory.give_back(bytes, q.w2c_memory.size);
    q.w2c_memory.pages = frozen_pages;
    q.w2c_memory.size = std::uint32_t(bytes);
    q.w2c___stack_pointer = frozen_from;
    std::memcpy(q.w2c_memory.data + frozen_from, frozen->data(), frozen->size());
    is_used = false;
  }

  script::limits const limits;
  reservation memory;
  run ends;
  Z_env_instance_t env;
  Z_wasi_snapshot_preview1_instance_t system;
  Z_qjs_instance_t q{};
  std::uint32_t length_at = 0, name_at = 0;
  std::optional<std::vector<std::uint8_t>> frozen;
  std::uint32_t frozen_from = 0, frozen_pages = 0;
  bool is_used = false;
};

engine::engine(script::limits l) : host_(std::make_unique<host>(l)) {}
engine::~engine() = default;

engine::value engine::evaluate(std::string_view source, char const* name) {
  require(text::is_utf8(source), fault_kind::invalid, "the codec's source is not UTF-8");
  auto const r = host_->guarded(host_->limits.compile_time_ms_max, [&](host::result& out) {
    host_->take(out, Z_qjsZ_qjs_eval(&host_->q, host_->put(source), std::uint32_t(source.size()), host_->put(name), 0));
  });
  if (r.thrown) throw fault(fault_kind::invalid, "the codec does not compile: " + host_->thrown_message(r));
  return r.v;
}

engine::value engine::evaluate_module(std::string_view source, char const* name) {
  auto const r = host_->guarded(host_->limits.compile_time_ms_max, [&](host::result& out) {
    auto* const q = &host_->q;
    host_->take(out,
                Z_qjsZ_qjs_eval(q, host_->put(source), std::uint32_t(source.size()), host_->put(name), module_code));
    if (out.thrown) return;
    while (Z_qjsZ_qjs_is_job_pending(q)) Z_qjsZ_qjs_execute_pending_job(q);
    auto const promise = out.v;
    out.v = Z_qjsZ_qjs_promise_result(q, promise);
    if (Z_qjsZ_qjs_promise_state(q, promise) == fulfilled) return;
    Z_qjsZ_qjs_throw(q, out.v);
    host_->take_thrown(out);
  });
  if (r.thrown) throw fault(fault_kind::invalid, "the codec does not compile: " + host_->thrown_message(r));
  return r.v;
}

std::string engine::apply(value function, value argument) {
  auto& h = *host_;
  auto const is_compiling = !h.frozen;
  auto const r = h.guarded(is_compiling ? h.limits.compile_time_ms_max : h.limits.time_ms_max, [&](host::result& out) {
    auto const arguments = h.put({reinterpret_cast<char const*>(&argument), sizeof argument});
    h.take(out, Z_qjsZ_qjs_call(&h.q, function, Z_qjsZ_qjs_get_undefined(&h.q), 1, arguments));
    if (!out.thrown) out.text = h.text_of(out.v);
  });
  if (r.thrown) throw fault(fault_kind::invalid, h.thrown_message(r));
  return std::string(h.view(r.text));
}

void engine::freeze() { host_->freeze(); }

std::string engine::call(value function, std::string_view argument, timestamp now) {
  auto& h = *host_;
  DOS_CHECK(h.frozen.has_value());
  if (h.is_used) h.restore();
  h.is_used = true;
  h.system.now = now;
  h.system.chance = 0;
  auto const r = h.guarded(h.limits.time_ms_max, [&](host::result& out) {
    auto const bytes = Z_qjsZ_qjs_new_string(&h.q, h.put(argument), std::uint32_t(argument.size()));
    auto const arguments = h.put({reinterpret_cast<char const*>(&bytes), sizeof bytes});
    h.take(out, Z_qjsZ_qjs_call(&h.q, function, Z_qjsZ_qjs_get_undefined(&h.q), 1, arguments));
    if (!out.thrown) out.text = h.text_of(out.v);
  });
  if (r.thrown) throw fault(fault_kind::invalid, h.thrown_message(r));
  return std::string(h.view(r.text));
}

}  // namespace dos::script

// What the engine asks of the world, and how little it gets.
extern "C" {

using env_t = Z_env_instance_t;
using wasi_t = Z_wasi_snapshot_preview1_instance_t;
constexpr u32 wasi_success = 0, wasi_bad_file = 8, wasi_not_supported = 52;

u32 Z_envZ_host_interrupt(env_t* e) {
  if (dos::script::cpu_ns() < e->deadline_ns) return 0;
  e->out_of_time = true;
  return 1;
}
u32 Z_envZ_host_get_timezone_offset(env_t*, u32, u32) { return 0; }  // UTC
u32 Z_envZ_host_call(env_t*, u32, u32, u32, u32, u32) { return 0; }
u32 Z_envZ_host_module_load(env_t*, u32, u32) { return 0; }
u32 Z_envZ_host_module_normalize(env_t*, u32, u32) { return 0; }
void Z_envZ_host_promise_rejection(env_t*, u32, u32, u32) {}

u32 Z_wasi_snapshot_preview1Z_clock_time_get(wasi_t* w, u32, u64, u32 result) {
  auto const ns = w->now.us * 1000;
  std::memcpy(w->instance->w2c_memory.data + result, &ns, sizeof ns);
  return wasi_success;
}
u32 Z_wasi_snapshot_preview1Z_random_get(wasi_t* w, u32 at, u32 size) {
  for (auto i = 0U; i < size; ++i) {
    w->chance = w->chance * 1664525 + 1013904223;  // always the same sequence: decoding can be repeated
    w->instance->w2c_memory.data[std::uint64_t(at) + i] = std::uint8_t(w->chance >> 24);
  }
  return wasi_success;
}
u32 Z_wasi_snapshot_preview1Z_fd_close(wasi_t*, u32) { return wasi_not_supported; }
u32 Z_wasi_snapshot_preview1Z_fd_fdstat_get(wasi_t*, u32, u32) { return wasi_bad_file; }
u32 Z_wasi_snapshot_preview1Z_fd_seek(wasi_t*, u32, u64, u32, u32) { return wasi_not_supported; }
u32 Z_wasi_snapshot_preview1Z_fd_write(wasi_t*, u32, u32, u32, u32) { return wasi_bad_file; }

}  // extern "C"
