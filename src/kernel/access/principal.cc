#include "kernel/access/principal.h"

#include <algorithm>
#include <array>

#include "base/fault.h"

namespace dos {
namespace {

json::array to_list(std::vector<std::string> const& texts) { return {texts.begin(), texts.end()}; }

std::vector<std::string> read_list(json::value const* v) {
  auto out = std::vector<std::string>();
  if (v == nullptr || !v->is_array()) return out;
  for (auto const& one : v->as_array()) {
    if (one.is_string()) out.emplace_back(one.as_string());
  }
  return out;
}

constexpr auto role_texts = std::array<std::string_view, 6>{"anonymous", "member", "viewer", "device", "editor", "admin"};

}  // namespace

std::string_view to_text(role r) { return role_texts[std::size_t(r)]; }

role parse_role(std::string_view text) {
  auto const it = std::find(role_texts.begin(), role_texts.end(), text);
  require(it != role_texts.end(), fault_kind::invalid,
          "unknown role \"" + std::string(text) + "\"; there are anonymous, member, viewer, device, editor and admin", "role");
  return role(it - role_texts.begin());
}

json::value to_json(principal const& p) {
  auto o = json::object{{"name", p.name}, {"role", to_text(p.role)}, {"source", p.source}, {"city", p.city}};
  if (!p.tokens.empty()) o.push("tokens", to_list(p.tokens));
  if (p.until != timestamp_max) o.push("until", p.until.us);
  if (!p.brings.empty()) o.push("brings", to_list(p.brings));
  if (!p.subject.empty()) o.push("subject", p.subject);
  if (!p.organisations.empty()) o.push("organisations", to_list(p.organisations));
  if (!p.roles.empty()) o.push("roles", to_list(p.roles));
  return o;
}

principal read_principal(json::value const& v) {
  auto p = principal();
  p.name = v.text_or("name", "anonymous");
  p.role = parse_role(v.text_or("role", "anonymous"));
  p.source = v.text_or("source", "http");
  p.city = v.text_or("city", "*");
  p.tokens = read_list(v.find("tokens"));
  if (auto const* const until = v.find("until"); until != nullptr && until->is_int()) p.until = {until->as_int()};
  p.brings = read_list(v.find("brings"));
  p.subject = v.text_or("subject", "");
  p.organisations = read_list(v.find("organisations"));
  p.roles = read_list(v.find("roles"));
  return p;
}

bool principal::brings_as_told(std::string_view entity) const {
  return std::any_of(brings.begin(), brings.end(), [&](std::string_view b) {
    return b.ends_with('*') ? entity.starts_with(b.substr(0, b.size() - 1)) : entity == b;
  });
}

}  // namespace dos
