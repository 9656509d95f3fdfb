#include "base/log.h"

#include <unistd.h>

#include <atomic>

#include "base/time.h"

namespace dos::log {
namespace {

std::atomic<level> least_level = level::info;

char const* name(level l) {
  switch (l) {
    case level::debug: return "debug";
    case level::info: return "info";
    case level::warning: return "warning";
    default: return "error";
  }
}

}  // namespace

void set_level(level least) { least_level = least; }

void write(level l, std::string_view message, json::object fields) {
  if (l < least_level) return;
  auto line = json::object({{"time", to_string(system_clock().now())}, {"level", name(l)}, {"message", message}});
  for (auto& m : fields) line.push(std::move(m.key), std::move(m.value));
  auto text = json::to_string(std::move(line));
  text += '\n';
  // One write: lines of several threads do not mix.
  [[maybe_unused]] auto const written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace dos::log
