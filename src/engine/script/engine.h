// A JavaScript engine with no way out: no file, no network, no clock, no chance, bounded time and memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "engine/script/limits.h"

namespace dos::script {

// One thread at a time. Every fault is of kind invalid and says for staff what happened; the engine stays usable.
class engine {
 public:
  explicit engine(script::limits);
  ~engine();
  engine(engine const&) = delete;

  using value = std::uint32_t;  // of this engine; valid until the next `call`, before `freeze` for ever

  // Runs a global script and returns its last value. `name` stands in messages.
  value evaluate(std::string_view source, char const* name);
  // Runs an ES module that imports nothing and returns its namespace: what it exports.
  value evaluate_module(std::string_view source, char const* name);
  // Calls `function` and returns its result as text.
  std::string apply(value function, value argument);

  // From now on every `call` begins with the memory as it is now, whatever the call before did to it.
  void freeze();
  // Calls `function` with a text, at the time `now`; Date.now() is the same during the whole call.
  std::string call(value function, std::string_view argument, timestamp now);

 private:
  struct host;
  std::unique_ptr<host> host_;
};

}  // namespace dos::script
