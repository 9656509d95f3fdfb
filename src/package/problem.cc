#include "package/problem.h"

namespace dos::package {

std::string to_text(problem const& p, std::string_view home) {
  auto out = std::string(home);
  if (!p.file.empty()) out += (out.empty() ? "" : "/") + p.file;
  if (p.line != 0) out += ':' + std::to_string(p.line);
  if (!p.member.empty()) out += (out.empty() ? "" : ": ") + p.member;
  return out + (out.empty() ? "" : ": ") + p.text;
}

json::array to_json(problems const& all) {
  auto list = json::array();
  for (auto const& p : all) {
    auto o = json::object();
    if (!p.file.empty()) o.push("file", p.file);
    if (p.line != 0) o.push("line", p.line);
    if (!p.member.empty()) o.push("member", p.member);
    o.push("detail", p.text);
    list.push_back(std::move(o));
  }
  return list;
}

}  // namespace dos::package
