// The JavaScript that stands around a codec: the small world it finds, and the driver that calls it.
#pragma once

#include <string_view>

namespace dos::script {

// Its value is the driver: called with the functions found (see `find_functions`) it remembers them and answers their
// names; called with a JSON text {call, ...} it answers one.
extern std::string_view const prelude;
extern std::string_view const find_functions;
// A function that takes the namespace of an ES module for what a script would have given to module.exports.
extern std::string_view const take_exports;

}  // namespace dos::script
