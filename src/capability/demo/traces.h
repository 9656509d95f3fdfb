// What the demonstration has brought into a city, on record so that all of it can be taken away again.
#pragma once

#include <string>
#include <vector>

#include "base/record_collection.h"
#include "kernel/city/session.h"

namespace dos::demo {

// Records: "loaded" once all is there, "entities", "devices" and "types" with lists of what was brought.
inline constexpr auto demo_collection = record_collection{"demo", "capability/demo", "loaded, or what was brought: entities, devices, types"};
inline constexpr auto loaded_key = "loaded";
inline constexpr auto entities_key = "entities", devices_key = "devices", types_key = "types";
inline constexpr auto webhook_name = "vorfuehrung";

std::vector<std::string> brought(session const& s, std::string_view key);
// Adds to the list; waits.
void note_brought(session const& s, std::string_view key, std::vector<std::string> const& names);

// Entities with their history, devices, quarantine, open types and the records themselves. Answers how many entities.
// The webhook is the LoRaWAN module's to remove.
std::size_t take_away(session const& s);

}  // namespace dos::demo
