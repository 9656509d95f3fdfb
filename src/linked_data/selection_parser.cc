#include "linked_data/selection_parser.h"

#include <algorithm>

#include "base/text.h"
#include "kernel/graph/pattern.h"
#include "linked_data/refusal.h"

namespace dos::linked_data {
namespace {

// "," and "|": any; ";": all; parentheses. As alternatives of conjunctions.
class selection_reader {
 public:
  selection_reader(std::string_view text, std::string_view member, std::string_view clause)
      : text_(text), member_(member), clause_(clause) {}

  using alternatives = std::vector<std::vector<std::string_view>>;

  alternatives read() {
    auto all = read_any(0);
    if (at_ != text_.size()) refuse("expected , or ; at character " + std::to_string(at_ + 1));
    return all;
  }

 private:
  [[noreturn]] void refuse(std::string detail) const {
    linked_data::refuse(std::move(detail), member_, clause_);
  }
  bool take(std::string_view any_of) {
    if (at_ == text_.size() || any_of.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  alternatives read_any(int depth) {
    auto all = read_all(depth);
    while (take(",|")) {
      auto more = read_all(depth);
      all.insert(all.end(), more.begin(), more.end());
    }
    if (all.size() > type_alternatives_max) refuse("more than " + std::to_string(type_alternatives_max) + " alternatives");
    return all;
  }
  alternatives read_all(int depth) {
    auto all = read_one(depth);
    while (take(";")) {
      auto const right = read_one(depth);
      auto product = alternatives();
      if (all.size() * right.size() > type_alternatives_max) refuse("too many combinations");
      for (auto const& a : all) {
        for (auto const& b : right) {
          product.push_back(a);
          product.back().insert(product.back().end(), b.begin(), b.end());
        }
      }
      all = std::move(product);
    }
    return all;
  }
  alternatives read_one(int depth) {
    if (take("(")) {
      if (depth == selection_depth_max) refuse("parentheses are nested too deeply");
      auto all = read_any(depth + 1);
      if (!take(")")) refuse("expected )");
      return all;
    }
    auto const from = at_;
    while (at_ != text_.size() && std::string_view(",|;()").find(text_[at_]) == std::string_view::npos) ++at_;
    auto const name = text::trim(text_.substr(from, at_ - from));
    if (name.empty()) refuse("expected a name at character " + std::to_string(from + 1));
    return {{name}};
  }

  std::string_view text_;
  std::string_view member_;
  std::string_view clause_;
  std::size_t at_ = 0;
};

void require_levels(std::string_view scope) {
  auto const levels = text::split(scope.substr(1), '/');
  for (auto const& level : levels) {
    if (level.empty()) refuse("there is an empty level in " + std::string(scope), "scopeQ", "4.19");
    if (level == "#" && &level != &levels.back()) refuse("nothing comes below #", "scopeQ", "4.19");
  }
}

// "/a/+/#" as a regular expression.
std::string scope_pattern(std::string_view scope) {
  auto out = std::string("^");
  for (auto const part : text::split(scope.substr(1), '/')) {
    if (part == "#") {
      out += "(/.*)?";
    } else if (part == "+") {
      out += "/[^/]+";
    } else {
      out += '/';
      for (auto const c : part) {
        if (std::string_view("\\.[]{}()*+?^$|").find(c) != std::string_view::npos) out += '\\';
        out += c;
      }
    }
  }
  return out + "$";
}

}  // namespace

query::type_selection parse_type_selection(std::string_view text, naming const& n) {
  auto selection = query::type_selection();
  auto const alternatives = selection_reader(text, "type", "4.17").read();
  for (auto const& names : alternatives) {
    auto conjunction = std::vector<symbol>();
    auto is_known = true;
    for (auto const name : names) {
      auto const type = read_as("type", "4.17", [&] { return n(name); });
      is_known = is_known && type;
      conjunction.push_back(type);
    }
    if (is_known) selection.push_back(std::move(conjunction));
  }
  // A type that no entity ever had still restricts the answer.
  if (selection.empty()) selection.push_back({symbol("urn:dos2030:no-such-type")});
  return selection;
}

scope_selection parse_scope_query(std::string_view text) {
  auto out = scope_selection();
  auto conjunctions = std::vector<query::node_ptr>();
  auto const alternatives = selection_reader(text, "scopeQ", "4.19").read();
  auto const is_plain = std::all_of(alternatives.begin(), alternatives.end(), [](auto const& a) { return a.size() == 1; });
  for (auto const& scopes : alternatives) {
    auto parts = std::vector<query::node_ptr>();
    for (auto const scope : scopes) {
      auto const full = scope.starts_with('/') ? std::string(scope) : "/" + std::string(scope);
      require_levels(full);
      if (is_plain) {
        out.any.push_back(full);
      } else {
        auto p = query::path();
        p.what = query::path::field::scope;
        parts.push_back(query::compare(std::move(p), query::relation::matches, query::make_pattern(scope_pattern(full))));
      }
    }
    if (!is_plain) conjunctions.push_back(query::all(std::move(parts)));
  }
  if (!conjunctions.empty()) out.filter = query::any(std::move(conjunctions));
  return out;
}

}  // namespace dos::linked_data
