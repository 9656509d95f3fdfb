#include "standard/sensorthings/expression.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/fault.h"
#include "base/text.h"
#include "standard/sensorthings/times.h"

namespace dos::sensorthings {
namespace {

struct function_rule {
  std::string_view name;
  std::size_t least, most;
};
constexpr function_rule functions[] = {{"substringof", 2, 2},   {"contains", 2, 2},    {"startswith", 2, 2},
                                       {"endswith", 2, 2},      {"length", 1, 1},      {"indexof", 2, 2},
                                       {"substring", 2, 3},     {"tolower", 1, 1},     {"toupper", 1, 1},
                                       {"trim", 1, 1},          {"concat", 2, 2},      {"year", 1, 1},
                                       {"month", 1, 1},         {"day", 1, 1},         {"hour", 1, 1},
                                       {"minute", 1, 1},        {"second", 1, 1},      {"fractionalseconds", 1, 1},
                                       {"date", 1, 1},          {"time", 1, 1},        {"totaloffsetminutes", 1, 1},
                                       {"now", 0, 0},           {"mindatetime", 0, 0}, {"maxdatetime", 0, 0},
                                       {"round", 1, 1},         {"floor", 1, 1},       {"ceiling", 1, 1},
                                       {"geo.distance", 2, 2},  {"geo.length", 1, 1},  {"geo.intersects", 2, 2},
                                       {"st_equals", 2, 2},     {"st_disjoint", 2, 2}, {"st_touches", 2, 2},
                                       {"st_within", 2, 2},     {"st_overlaps", 2, 2}, {"st_crosses", 2, 2},
                                       {"st_intersects", 2, 2}, {"st_contains", 2, 2}, {"st_relate", 3, 3},
                                       {"before", 2, 2},        {"after", 2, 2},       {"meets", 2, 2},
                                       {"during", 2, 2},        {"overlaps", 2, 2},    {"starts", 2, 2},
                                       {"finishes", 2, 2}};

bool starts_name(char c) { return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '@' || c == '$'; }
bool is_in_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '@' || c == '$' || c == '.';
}
bool is_in_member(char c) { return is_in_name(c) || c == '-' || static_cast<unsigned char>(c) >= 0x80; }

class filter_parser {
 public:
  filter_parser(std::string_view text, kind of) : text_(text), of_(of) {}

  expression_ptr whole() {
    auto e = parse_or();
    skip();
    if (at_ != text_.size()) fail("nothing, or an operator");
    return e;
  }

  std::vector<order_key> order() {
    auto keys = std::vector<order_key>();
    for (;;) {
      auto key = order_key{parse_sum(), false};
      if (take_word("desc"))
        key.descending = true;
      else
        take_word("asc");
      keys.push_back(std::move(key));
      skip();
      if (at_ == text_.size()) return keys;
      if (text_[at_] != ',') fail("a comma, asc or desc");
      ++at_;
    }
  }

 private:
  [[noreturn]] void fail(std::string_view expected) const {
    throw fault(fault_kind::malformed, "at character " + std::to_string(at_ + 1) + " of \"" +
                                           std::string(text_.substr(0, 200)) + "\": expected " + std::string(expected));
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  bool take_word(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    auto const end = at_ + word.size();
    if (end < text_.size() && is_in_member(text_[end])) return false;
    if (end < text_.size() && text_[end] == '/') return false;
    at_ = end;
    return true;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(std::string("'") + c + "'");
  }

  expression_ptr make(operation what, std::vector<expression_ptr> parts, std::string name = {}) {
    if (++made_ > expression_parts_max)
      throw fault(fault_kind::invalid, "the filter has more than " + std::to_string(expression_parts_max) + " parts");
    auto e = std::make_shared<expression>();
    e->what = what;
    e->parts = std::move(parts);
    e->name = std::move(name);
    return e;
  }
  expression_ptr literal(operand v) {
    auto e = std::make_shared<expression>();
    e->literal = std::move(v);
    return e;
  }

  struct deeper {
    explicit deeper(filter_parser& p) : p(p) {
      if (++p.depth_ > expression_depth_max)
        throw fault(fault_kind::invalid,
                    "the filter is nested more than " + std::to_string(expression_depth_max) + " deep");
    }
    ~deeper() { --p.depth_; }
    filter_parser& p;
  };

  expression_ptr parse_or() {
    auto const level = deeper(*this);
    auto left = parse_and();
    while (take_word("or")) left = make(operation::either, {left, parse_and()});
    return left;
  }
  expression_ptr parse_and() {
    auto left = parse_not();
    while (take_word("and")) left = make(operation::both, {left, parse_not()});
    return left;
  }
  expression_ptr parse_not() {
    auto const level = deeper(*this);
    if (take_word("not")) return make(operation::negate, {parse_not()});
    return parse_comparison();
  }
  expression_ptr parse_comparison() {
    static constexpr auto words =
        std::array<std::pair<std::string_view, operation>, 7>{{{"eq", operation::equal},
                                                               {"ne", operation::not_equal},
                                                               {"lt", operation::less},
                                                               {"le", operation::less_equal},
                                                               {"gt", operation::greater},
                                                               {"ge", operation::greater_equal},
                                                               {"in", operation::is_in}}};
    auto left = parse_sum();
    for (auto const& [word, what] : words) {
      if (!take_word(word)) continue;
      if (what == operation::is_in && take('(')) {
        auto items = std::vector<expression_ptr>();
        do items.push_back(parse_sum());
        while (take(','));
        expect(')');
        return make(what, {left, make(operation::list, std::move(items))});
      }
      return make(what, {left, parse_sum()});
    }
    return left;
  }
  expression_ptr parse_sum() {
    auto left = parse_product();
    for (;;) {
      if (take_word("add"))
        left = make(operation::plus, {left, parse_product()});
      else if (take_word("sub"))
        left = make(operation::minus, {left, parse_product()});
      else
        return left;
    }
  }
  expression_ptr parse_product() {
    auto left = parse_primary();
    for (;;) {
      if (take_word("mul"))
        left = make(operation::times, {left, parse_primary()});
      else if (take_word("div"))
        left = make(operation::divided, {left, parse_primary()});
      else if (take_word("mod"))
        left = make(operation::modulo, {left, parse_primary()});
      else
        return left;
    }
  }

  expression_ptr parse_primary() {
    auto const level = deeper(*this);
    skip();
    if (at_ == text_.size()) fail("a value, a property or a function");
    auto const c = text_[at_];
    if (take('(')) {
      auto inner = parse_or();
      expect(')');
      return inner;
    }
    if (c == '\'') return literal(json::value(parse_text()));
    if (std::isdigit(static_cast<unsigned char>(c))) return parse_number_or_time();
    if (c == '-') {
      ++at_;
      if (at_ < text_.size() && text_[at_] == '-') fail("a number");
      return make(operation::minus, {literal(json::value(0)), parse_primary()});
    }
    if (!starts_name(c)) fail("a value, a property or a function");
    return parse_name();
  }

  std::string parse_text() {
    auto s = std::string();
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] != '\'') {
        s += text_[at_];
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '\'') {
        s += '\'';
        ++at_;
      } else {
        ++at_;
        return s;
      }
    }
    fail("the closing quote");
  }

  expression_ptr parse_number_or_time() {
    auto const start = at_;
    auto const goes_on = [&](std::size_t i) {
      auto const c = text_[i];
      return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == ':' || c == '-' || c == '+';
    };
    auto word = std::string();
    auto const read = [&] {
      auto const from = at_;
      while (at_ < text_.size() && goes_on(at_)) ++at_;
      auto const part = text_.substr(from, at_ - from);
      word += part;
      // Nothing can follow a time but an operator: a blank before digits was the sign of its zone, as forms encode it.
      auto const zone = part.find('T') == part.npos ? 0 : zone_at(at_ + 1);
      if (zone == 0 || text_[at_] != ' ') return;
      (word += '+') += text_.substr(at_ + 1, zone);
      at_ += 1 + zone;
    };
    read();
    if (auto const n = parse_whole_number(word)) return literal(*n);
    if (at_ < text_.size() && text_[at_] == '/' && word.size() >= 10) {
      ++at_;
      word += '/';
      read();
    }
    if (auto const t = parse_span(word)) return literal(*t);
    if (auto const t = parse_clock(word)) return literal(json::value(std::string(*t)));
    at_ = start;
    fail("a number, or a time such as 2026-11-21T20:00:00Z");
  }
  // The length of "02:00" or "0200".
  std::size_t zone_at(std::size_t at) const {
    if (at >= text_.size()) return 0;
    auto const rest = text_.substr(at);
    for (auto const form : {std::string_view("00:00"), std::string_view("0000")}) {
      auto const is_like = [](char c, char f) { return f == '0' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == f; };
      auto const here = rest.substr(0, form.size());
      auto const ends = rest.size() == form.size() || (rest.size() > form.size() && !is_in_member(rest[form.size()]));
      if (ends && std::equal(here.begin(), here.end(), form.begin(), form.end(), is_like)) return form.size();
    }
    return 0;
  }
  static std::optional<json::value> parse_whole_number(std::string_view word) {
    if (auto const i = text::to_int(word)) return json::value(*i);
    if (auto const d = text::to_double(word)) return json::value(*d);
    return std::nullopt;
  }
  // 20:30:00, as time() gives it.
  static std::optional<std::string_view> parse_clock(std::string_view word) {
    if (word.size() < 5 || word[2] != ':') return std::nullopt;
    return std::all_of(word.begin(), word.end(),
                       [](char c) { return std::isdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.'; })
               ? std::optional(word)
               : std::nullopt;
  }

  expression_ptr parse_name() {
    auto const start = at_;
    while (at_ < text_.size() && is_in_name(text_[at_])) ++at_;
    auto const word = text_.substr(start, at_ - start);
    auto const next = at_ < text_.size() ? text_[at_] : '\0';
    if (next == '\'') {
      if (word == "geography" || word == "geometry") {
        auto const wkt = parse_text();
        return literal(
            std::make_shared<geo::geometry const>(geo::parse_wkt(wkt, {.refuses_self_intersection = false})));
      }
      if (word == "duration") {
        auto const d = parse_duration(parse_text());
        if (!d) fail("a duration such as duration'PT1H'");
        return literal(elapsed{double(d->us) + d->months * 30.4375 * 86'400e6});
      }
      at_ = start;
      fail("geography'…', geometry'…' or duration'…'");
    }
    if (word == "true" || word == "false") return literal(json::value(word == "true"));
    if (word == "null") return literal(json::value());
    for (auto const& f : functions) {
      if (f.name == word && take('(')) return parse_call(f);
    }
    skip();
    if (at_ < text_.size() && text_[at_] == '(') {
      at_ = start;
      fail("a function of the standard");
    }
    at_ = start;
    return parse_path();
  }

  expression_ptr parse_call(function_rule const& f) {
    auto parts = std::vector<expression_ptr>();
    if (!take(')')) {
      do parts.push_back(parse_or());
      while (take(','));
      expect(')');
    }
    if (parts.size() < f.least || parts.size() > f.most)
      fail(std::string(f.name) + " with " + std::to_string(f.least) + " arguments");
    if (f.name == "during") require_span(*parts[1]);
    if (f.name.starts_with("geo.") || f.name.starts_with("st_")) {
      for (auto k = std::size_t(0); k < parts.size() && k < 2; ++k) require_place(*parts[k]);
    }
    return make(operation::call, std::move(parts), std::string(f.name));
  }
  void require_place(expression const& e) const {
    auto const is_place =
        e.what == operation::path || (e.what == operation::literal && std::holds_alternative<place>(e.literal));
    if (!is_place) fail("a place such as geography'POINT(7 51)', or a property that is one");
  }
  // What lasts no time can't have anything happen during it.
  void require_span(expression const& e) const {
    if (auto const* const t = std::get_if<span>(&e.literal); e.what == operation::literal && t && t->is_instant)
      fail("a span of time as the second argument of during");
    if (e.what == operation::path && !e.path.empty() && e.path.back() == "resultTime")
      fail("a span of time as the second argument of during");
  }

  expression_ptr parse_path() {
    auto path = std::vector<std::string>();
    auto where = std::optional<kind>(of_);
    auto in_json = false;
    auto bound = std::size_t(0);  // names that a variable stands for
    for (;;) {
      auto const start = at_;
      while (at_ < text_.size() && (path.empty() ? is_in_name(text_[at_]) : is_in_member(text_[at_]))) ++at_;
      auto name = std::string(text_.substr(start, at_ - start));
      if (name.empty()) fail("a name");
      if (!path.empty() && (name == "any" || name == "all") && at_ < text_.size() && text_[at_] == '(') {
        return parse_lambda(std::move(path), *where, name == "any");
      }
      auto const* const variable = path.empty() ? find_variable(name) : nullptr;
      if (variable) {
        where = variable->second;
        path.push_back("$" + name);
        bound = 1;
      } else if (in_json) {
        path.push_back(std::move(name));
      } else {
        auto const& d = describe(*where);
        if (auto const* const n = d.find_navigation(name)) {
          where = n->to;
        } else if (name == "id" || name == "@iot.id") {
          name = "id";
          in_json = true;
        } else if (auto const* const p = d.find_property(name)) {
          in_json = true;
          (void)p;
        } else if (path.size() == bound && name == "selfLink") {
          in_json = true;
        } else {
          at_ = start;
          fail("a property of " + std::string(d.set) + ", not \"" + name + "\"");
        }
        path.push_back(std::move(name));
      }
      while (in_json && at_ < text_.size() && text_[at_] == '[') {
        auto const open = ++at_;
        while (at_ < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at_]))) ++at_;
        if (open == at_ || at_ == text_.size() || text_[at_] != ']') fail("an index such as [0]");
        path.push_back(std::string(text_.substr(open, at_ - open)));
        ++at_;
      }
      if (path.size() > 30) throw fault(fault_kind::invalid, "a path has more than 30 steps");
      if (at_ == text_.size() || text_[at_] != '/') break;
      ++at_;
    }
    auto e = std::make_shared<expression>();
    e->what = operation::path;
    e->path = std::move(path);
    return e;
  }

  expression_ptr parse_lambda(std::vector<std::string> path, kind where, bool is_any) {
    expect('(');
    skip();
    auto const start = at_;
    while (at_ < text_.size() && is_in_name(text_[at_]) && text_[at_] != '.') ++at_;
    auto const name = std::string(text_.substr(start, at_ - start));
    if (name.empty()) fail("a variable");
    expect(':');
    variables_.emplace_back(name, where);
    auto condition = parse_or();
    variables_.pop_back();
    expect(')');
    auto e = std::make_shared<expression>();
    e->what = is_any ? operation::any_of : operation::all_of;
    e->path = std::move(path);
    e->name = name;
    e->parts = {std::move(condition)};
    return e;
  }

  std::pair<std::string, kind> const* find_variable(std::string_view name) const {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->first == name) return &*it;
    }
    return nullptr;
  }

  std::string_view text_;
  kind of_;
  std::size_t at_ = 0;
  std::size_t made_ = 0;
  int depth_ = 0;
  std::vector<std::pair<std::string, kind>> variables_;
};

operation mirrored(operation o) {
  switch (o) {
    case operation::less:
      return operation::greater;
    case operation::greater:
      return operation::less;
    case operation::less_equal:
      return operation::greater_equal;
    case operation::greater_equal:
      return operation::less_equal;
    default:
      return o;
  }
}

}  // namespace

std::optional<compared_path> read_comparison(expression const& e) {
  if (e.what < operation::equal || e.what > operation::greater_equal) return std::nullopt;
  for (auto const side : {0u, 1u}) {
    auto const &one = *e.parts[side], &other = *e.parts[1 - side];
    if (one.what == operation::path && other.what == operation::literal)
      return compared_path{&one.path, side == 0 ? e.what : mirrored(e.what), &other.literal};
  }
  return std::nullopt;
}

expression_ptr parse_filter(std::string_view text, kind of) { return filter_parser(text, of).whole(); }
std::vector<order_key> parse_order(std::string_view text, kind of) { return filter_parser(text, of).order(); }

std::vector<std::string> split_path(std::string_view path) {
  auto parts = std::vector<std::string>();
  for (auto const segment : text::split(path, '/')) {
    auto rest = segment.substr(0, segment.find('['));
    parts.emplace_back(rest);
    for (auto at = segment.find('['); at != segment.npos; at = segment.find('[', at + 1)) {
      auto const end = segment.find(']', at);
      if (end == segment.npos) break;
      parts.emplace_back(segment.substr(at + 1, end - at - 1));
    }
  }
  return parts;
}

}  // namespace dos::sensorthings
