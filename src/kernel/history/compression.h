// Bytes made smaller, for chunks that no longer change. Inside kernel/history only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dos::history_parts {

std::string compressed(std::string_view bytes);
// Fault internal when the bytes are damaged or expand to more than `most`.
std::string expanded(std::string_view bytes, std::size_t most);

}  // namespace dos::history_parts
