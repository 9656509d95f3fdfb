#include "linked_data/refusal.h"

namespace dos::linked_data {
namespace {

std::string of_the_standard(std::string_view clause) { return "ETSI GS CIM 009, " + std::string(clause); }

}  // namespace

void refuse(std::string detail, std::string_view member, std::string_view clause) {
  throw fault(fault_kind::invalid, std::move(detail), std::string(member), of_the_standard(clause));
}

std::string inside(std::string_view path, std::string_view member) {
  if (path.empty() || member.empty()) return std::string(path.empty() ? member : path);
  return std::string(path) + "." + std::string(member);
}

fault said_of(fault f, std::string_view member, std::string_view clause) {
  if (!f.member.empty() && f.member != member) f.detail = f.member + ": " + f.detail;
  f.member = member;
  if (f.clause.empty()) f.clause = of_the_standard(clause);
  return f;
}

}  // namespace dos::linked_data
