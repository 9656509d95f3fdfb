// The program's own diary: one JSON object a line on standard error. Never a secret, never a payload.
#pragma once

#include <string_view>

#include "base/json.h"

namespace dos::log {

enum class level { debug, info, warning, error };

void set_level(level least);
void write(level l, std::string_view message, json::object fields = {});
inline void info(std::string_view message, json::object fields = {}) { write(level::info, message, std::move(fields)); }
inline void warning(std::string_view message, json::object fields = {}) { write(level::warning, message, std::move(fields)); }
inline void error(std::string_view message, json::object fields = {}) { write(level::error, message, std::move(fields)); }

}  // namespace dos::log
