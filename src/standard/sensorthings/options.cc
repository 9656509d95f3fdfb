#include "standard/sensorthings/options.h"

#include <algorithm>

#include "base/fault.h"
#include "base/text.h"
#include "standard/sensorthings/search.h"

namespace dos::sensorthings {
namespace {

// Parts of a text at a separator that stands in no parentheses and no quotes.
std::vector<std::string_view> parts_of(std::string_view s, char separator) {
  auto parts = std::vector<std::string_view>();
  auto depth = 0;
  auto quoted = false;
  auto from = std::size_t(0);
  for (auto i = std::size_t(0); i < s.size(); ++i) {
    auto const c = s[i];
    if (c == '\'') quoted = !quoted;
    if (quoted) continue;
    if (c == '(') ++depth;
    if (c == ')' && --depth < 0)
      throw fault(fault_kind::malformed,
                  "a closing parenthesis without an opening one in \"" + std::string(s.substr(0, 200)) + "\"");
    if (c == separator && depth == 0) {
      parts.push_back(s.substr(from, i - from));
      from = i + 1;
    }
  }
  if (depth != 0 || quoted)
    throw fault(fault_kind::malformed,
                "a parenthesis or quote is not closed in \"" + std::string(s.substr(0, 200)) + "\"");
  parts.push_back(s.substr(from));
  return parts;
}

std::size_t parse_count(std::string_view text, std::string_view name) {
  auto const n = text::to_int(text::trim(text));
  if (!n || *n < 0)
    throw fault(fault_kind::invalid,
                std::string(name) + " wants a whole number from 0 on, not \"" + std::string(text.substr(0, 50)) + "\"",
                std::string(name));
  return std::size_t(*n);
}

// $filter and $search both have to hold.
expression_ptr both(expression_ptr filter, expression_ptr search) {
  if (!filter || !search) return filter ? filter : search;
  auto e = std::make_shared<expression>();
  e->what = operation::both;
  e->parts = {std::move(filter), std::move(search)};
  return e;
}

class options_parser {
 public:
  explicit options_parser(limits const& l) : limits_(l) {}

  void set(query_options& o, std::string_view name, std::string_view value, kind of, int depth) {
    if (name == "$skip") {
      o.skip = parse_count(value, name);
      return;
    }
    if (name == "$skiptoken") {
      o.token = value;
      return;
    }
    o.given.emplace_back(name, value);
    if (name == "$top") {
      o.top = parse_count(value, name);
    } else if (name == "$count") {
      o.count = text::equal_ignoring_case(value, "true");
      if (!o.count && !text::equal_ignoring_case(value, "false"))
        throw fault(fault_kind::invalid, "$count is true or false", "$count");
    } else if (name == "$filter") {
      o.own_filter = parse_filter(value, of);
      o.filter = both(o.own_filter, o.search);
    } else if (name == "$search") {
      o.search = parse_search(value, of);
      o.filter = both(o.own_filter, o.search);
    } else if (name == "$orderby") {
      o.order = parse_order(value, of);
    } else if (name == "$select") {
      for (auto const part : parts_of(value, ',')) select(o, text::trim(part), of);
    } else if (name == "$expand") {
      for (auto const part : parts_of(value, ',')) expand(o, text::trim(part), of, depth);
    } else if (name == "$resultFormat" || name == "$format") {
      o.format = value;
    } else {
      throw fault(fault_kind::invalid, "there is no query option " + std::string(name), std::string(name));
    }
  }

 private:
  void select(query_options& o, std::string_view text, kind of) {
    auto path = split_path(text);
    auto const& d = describe(of);
    if (path[0] == "@iot.id") path[0] = "id";
    if (path[0] == "@iot.selfLink") path[0] = "selfLink";
    auto const is_known = path[0] == "id" || path[0] == "selfLink" || path[0] == "*" || d.find_property(path[0]) ||
                          d.find_navigation(path[0]);
    if (!is_known) throw fault(fault_kind::invalid, std::string(d.set) + " have no property " + path[0], "$select");
    if (path[0] == "*") return;
    o.select.push_back(std::move(path));
  }

  void expand(query_options& o, std::string_view text, kind of, int depth) {
    if (depth >= limits_.expand_depth_max) {
      throw fault(fault_kind::invalid, "$expand goes deeper than " + std::to_string(limits_.expand_depth_max),
                  "$expand");
    }
    if (++expansions_ > limits_.expand_count_max) {
      throw fault(fault_kind::invalid, "more than " + std::to_string(limits_.expand_count_max) + " expansions",
                  "$expand");
    }
    auto const end = text.find_first_of("(/");
    auto const name = text::trim(text.substr(0, end));
    auto const* const n = describe(of).find_navigation(name);
    if (!n)
      throw fault(fault_kind::invalid,
                  std::string(describe(of).set) + " do not lead to \"" + std::string(name.substr(0, 50)) + "\"",
                  "$expand");
    auto it = std::find_if(o.expand.begin(), o.expand.end(), [&](expansion const& e) { return e.to == n; });
    if (it == o.expand.end()) it = o.expand.insert(o.expand.end(), {n, std::make_shared<query_options>()});
    auto const inner = it->options;
    if (end == text.npos) return;
    if (text[end] == '/') return expand(*inner, text.substr(end + 1), n->to, depth + 1);
    auto const close = text.rfind(')');
    auto const rest = text::trim(text.substr(close == text.npos ? text.size() : close + 1));
    if (close == text.npos || close < end || !rest.empty())
      throw fault(fault_kind::malformed, "options of $expand stand in parentheses: Datastreams($top=1)", "$expand");
    for (auto const part : parts_of(text.substr(end + 1, close - end - 1), ';')) {
      auto const option = text::trim(part);
      if (option.empty()) continue;
      auto const equals = option.find('=');
      if (equals == option.npos) throw fault(fault_kind::malformed, "options of $expand look like $top=1", "$expand");
      set(*inner, text::trim(option.substr(0, equals)), option.substr(equals + 1), n->to, depth + 1);
    }
  }

  limits const& limits_;
  std::size_t expansions_ = 0;
};

}  // namespace

bool query_options::selects(std::string_view name) const {
  return select.empty() || std::any_of(select.begin(), select.end(), [&](auto const& path) { return path[0] == name; });
}

query_options parse_options(http::query_map const& query, kind of, limits const& l) {
  auto o = query_options();
  auto parser = options_parser(l);
  for (auto const& [name, value] : query) {
    // What does not begin with a dollar sign is none of the standard's business (cache keys of clients …).
    if (!name.starts_with('$')) continue;
    // Some clients encode the whole query, equals signs and all.
    auto const equals = value.empty() ? name.find('=') : name.npos;
    if (equals == name.npos) {
      parser.set(o, name, value, of, 0);
    } else {
      parser.set(o, name.substr(0, equals), name.substr(equals + 1), of, 0);
    }
  }
  return o;
}

}  // namespace dos::sensorthings
