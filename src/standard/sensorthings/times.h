// Moments and spans of time as the standard writes them: "2026-11-21T20:00:00Z", "…Z/…Z", "…Z/PT1H", "PT1H/…Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "standard/sensorthings/expression.h"

namespace dos::sensorthings {

// A day stands for its midnight UTC. Nothing for anything else, and for spans that end before they begin.
std::optional<span> parse_span(std::string_view text);
std::optional<timestamp> parse_instant(std::string_view text);

}  // namespace dos::sensorthings
