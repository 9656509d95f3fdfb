// Entities together with those they point to. ETSI GS CIM 009, 4.5.23 and 5.7.1
#pragma once

#include <string>
#include <vector>

#include "standard/ngsi_ld/call.h"

namespace dos::ngsi_ld {

enum class join_form { none, in_line, flat };

inline constexpr int join_level_max = 10;
inline constexpr std::size_t joined_max = 10'000;  // entities that one answer brings along

struct join_rules {
  join_form form = join_form::none;
  int level = 1;
  std::vector<std::string_view> contained_by;  // known to who asks: not shown again
};
join_rules read_join(call const& c);  // of the URL, else of a Query in the body; faults: invalid

using entity_finder = std::function<entity_ptr(std::string_view id)>;
enum class wrapping { object, array };
// Entities and, where the client asked for it, what they point to: inside of their relationships, or beside them in an
// array.
void write_entities(std::string& out, std::vector<entity_ptr> const& entities, wrapping w, entity_finder const& find,
                    join_rules const& join, rendering const& r);

}  // namespace dos::ngsi_ld
