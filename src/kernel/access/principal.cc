#include "kernel/access/principal.h"

#include <algorithm>
#include <array>

#include "base/fault.h"

namespace dos {
namespace {

constexpr auto role_texts = std::array<std::string_view, 5>{"anonymous", "viewer", "device", "editor", "admin"};

}  // namespace

std::string_view to_text(role r) { return role_texts[std::size_t(r)]; }

role parse_role(std::string_view text) {
  auto const it = std::find(role_texts.begin(), role_texts.end(), text);
  require(it != role_texts.end(), fault_kind::invalid,
          "unknown role \"" + std::string(text) + "\"; there are anonymous, viewer, device, editor and admin", "role");
  return role(it - role_texts.begin());
}

}  // namespace dos
