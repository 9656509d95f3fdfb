#include "standard/sensorthings/search.h"

#include "base/fault.h"

namespace dos::sensorthings {
namespace {

expression_ptr make(operation what, std::vector<expression_ptr> parts, std::string name = {}) {
  auto e = std::make_shared<expression>();
  e->what = what;
  e->parts = std::move(parts);
  e->name = std::move(name);
  return e;
}

class search_parser {
 public:
  explicit search_parser(std::string_view text) : rest_(text) { next(); }

  expression_ptr whole() {
    auto e = parse_or();
    if (!word_.empty()) fail();
    return e;
  }

 private:
  [[noreturn]] static void fail() {
    throw fault(fault_kind::malformed, "$search is words and \"phrases\" with AND, OR, NOT and parentheses", "$search");
  }

  // The next word, phrase or parenthesis; empty at the end.
  void next() {
    auto const from = rest_.find_first_not_of(" \t");
    rest_.remove_prefix(std::min(from, rest_.size()));
    is_phrase_ = rest_.starts_with('"');
    auto end = is_phrase_ ? rest_.find('"', 1) : rest_.find_first_of(" \t()\"", 1);
    if (rest_.starts_with('(') || rest_.starts_with(')')) end = 1;
    if (is_phrase_ && (end == rest_.npos || end == 1)) fail();
    word_ = is_phrase_ ? rest_.substr(1, end - 1) : rest_.substr(0, end);
    rest_.remove_prefix(std::min(is_phrase_ ? end + 1 : end, rest_.size()));
  }
  bool take(std::string_view word) {
    if (is_phrase_ || word_ != word) return false;
    next();
    return true;
  }

  expression_ptr parse_or() {
    auto left = parse_and();
    while (take("OR")) left = make(operation::either, {left, parse_and()});
    return left;
  }
  expression_ptr parse_and() {
    auto left = parse_not();
    while (take("AND") || (!word_.empty() && (is_phrase_ || (word_ != "OR" && word_ != ")"))))
      left = make(operation::both, {left, parse_not()});
    return left;
  }
  expression_ptr parse_not() {
    if (++parts_ > search_parts_max)
      throw fault(fault_kind::invalid, "$search has more than " + std::to_string(search_parts_max) + " parts", "$search");
    if (take("NOT")) return make(operation::negate, {parse_not()});
    if (take("(")) {
      auto inner = parse_or();
      if (!take(")")) fail();
      return inner;
    }
    if (word_.empty() || (!is_phrase_ && (word_ == ")" || word_ == "OR" || word_ == "AND"))) fail();
    auto const found = make(operation::either, {is_in("name"), is_in("description")});
    next();
    return found;
  }

  expression_ptr is_in(std::string property) const {
    auto text = std::make_shared<expression>();
    text->literal = json::value(word_);
    auto path = std::make_shared<expression>();
    path->what = operation::path;
    path->path = {std::move(property)};
    return make(operation::call, {make(operation::call, {text}, "tolower"), make(operation::call, {path}, "tolower")},
                "substringof");
  }

  static constexpr int search_parts_max = 50;

  std::string_view rest_;
  std::string_view word_;
  bool is_phrase_ = false;
  int parts_ = 0;
};

}  // namespace

expression_ptr parse_search(std::string_view text, kind of) {
  require(describe(of).find_property("name") != nullptr, fault_kind::invalid,
          std::string(describe(of).set) + " have no words to search", "$search");
  return search_parser(text).whole();
}

}  // namespace dos::sensorthings
