// What a text search looks at: the words of an entity's id, name, title and description. For this module only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/graph/query.h"

namespace dos::query {

bool is_searched(symbol attribute_name);
// Text folded and cut at everything that is neither letter nor digit.
std::vector<std::string> words_of(std::string_view text);
// The folded words of an entity, in no order, some perhaps twice.
std::vector<std::string> words_of(entity const& e);
// Every one of the folded words is part of a word of the entity: "haus" finds the "Rathaus".
bool has_words(entity const& e, std::vector<std::string> const& words, lens const* through = nullptr);

}  // namespace dos::query
