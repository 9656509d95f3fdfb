// Which members of an entity an answer shows: attrs, pick and omit, also of the entities it brings along.
// ETSI GS CIM 009, 4.21
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/graph/entity.h"
#include "linked_data/naming.h"

namespace dos::linked_data {

struct projection {
  bool picks = false;  // only what is picked
  std::vector<symbol> picked;
  bool picks_id = false, picks_type = false, picks_scope = false;
  std::vector<symbol> omitted;
  bool omits_id = false, omits_type = false, omits_scope = false;
  bool datasets_chosen = false;
  std::vector<symbol> datasets;  // the empty symbol: the default instance
  std::map<symbol, std::shared_ptr<projection const>> linked;  // of the entities an attribute points to

  bool shows(attribute const& a) const;
  bool shows_any(entity const& e) const;         // of its attributes
  bool shows_nothing_of(entity const& e) const;  // not even its id
  // For the entities that this attribute points to; everything where nothing else was said.
  projection below(symbol attribute) const;
};

// As the client wrote them, each absent or not empty.
struct wanted_members {
  std::optional<std::vector<std::string_view>> attrs, pick, omit, datasets;
};

// The parts between commas that are outside of braces: "id,owner{id,name}" has two. Faults: invalid.
std::vector<std::string_view> split_members(std::string_view text, std::string_view parameter);
projection make_projection(wanted_members const& w, naming const& n);

}  // namespace dos::linked_data
