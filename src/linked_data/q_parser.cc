#include "linked_data/q_parser.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/fault.h"
#include "base/text.h"
#include "base/time.h"
#include "http/percent.h"
#include "kernel/graph/pattern.h"
#include "linked_data/refusal.h"
#include "linked_data/selection_parser.h"

namespace dos::linked_data {
namespace {

class q_reader {
 public:
  q_reader(std::string_view text, naming const& n, q_options const& options) : text_(text), names_(n), options_(options) {}

  query::node_ptr read() {
    auto node = read_any(0);
    if (at_ != text_.size()) refuse("expected ; or | here");
    return node;
  }

 private:
  struct op {
    std::string_view sign;
    query::relation relation;
  };
  // Longer signs first.
  static constexpr auto operators = std::array{
      op{"!~=", query::relation::not_matches}, op{"==", query::relation::equal},   op{"!=", query::relation::not_equal},
      op{">=", query::relation::greater_equal}, op{"<=", query::relation::less_equal}, op{"~=", query::relation::matches},
      op{">", query::relation::greater},        op{"<", query::relation::less}};

  [[noreturn]] void refuse(std::string_view what) const {
    linked_data::refuse("character " + std::to_string(at_ + 1) + ": " + std::string(what), options_.member, "4.9");
  }
  bool is_at(std::string_view s) const { return text_.substr(at_).starts_with(s); }
  bool take(char c) {
    if (at_ < text_.size() && text_[at_] == c) {
      ++at_;
      return true;
    }
    return false;
  }
  bool take_word(std::string_view s) {
    if (!is_at(s)) return false;
    at_ += s.size();
    return true;
  }
  op const* find_operator() const {
    auto const it = std::find_if(operators.begin(), operators.end(), [&](auto const& o) { return is_at(o.sign); });
    return it == operators.end() ? nullptr : &*it;
  }

  query::node_ptr read_any(int depth) {
    auto parts = std::vector<query::node_ptr>{read_all(depth)};
    while (take('|')) parts.push_back(read_all(depth));
    return parts.size() == 1 ? parts[0] : query::any(std::move(parts));
  }

  query::node_ptr read_all(int depth) {
    auto parts = std::vector<query::node_ptr>{read_term(depth)};
    while (take(';')) parts.push_back(read_term(depth));
    return parts.size() == 1 ? parts[0] : query::all(std::move(parts));
  }

  query::node_ptr read_term(int depth) {
    if (++terms_ > q_terms_max) refuse("more than " + std::to_string(q_terms_max) + " terms");
    if (take('(')) {
      if (depth == q_depth_max) refuse("parentheses are nested too deeply");
      auto node = read_any(depth + 1);
      if (!take(')')) refuse("expected )");
      return node;
    }
    if (take('!')) {
      auto target = read_path();
      return query::none(target.is_known ? query::exists(std::move(target.path)) : query::any({}));
    }
    auto hops = read_hops();
    if (!hops.empty()) return read_linked(hops);
    return read_comparison(read_path());
  }

  // 4.9: connectedTo{Device:battery}: the attribute that points, and of which type what it points to must be.
  struct hop {
    symbol attribute;
    query::type_selection types;
  };

  std::vector<hop> read_hops() {
    auto hops = std::vector<hop>();
    for (;;) {
      auto const from = at_;
      auto const end = std::min(text_.find_first_of(";|()[]\"=<>~!{}", at_), text_.size());
      if (end == text_.size() || text_[end] != '{' || end == from) return hops;
      auto next = hop();
      next.attribute = names_(text_.substr(from, end - from));
      at_ = end + 1;
      auto const colon = text_.find_first_of(";|()[]\"=<>~!{}:,", at_);
      auto const is_hint = colon != std::string_view::npos && text_[colon] == ':' && !text_.substr(colon).starts_with("://");
      if (is_hint) {
        next.types = parse_type_selection(text_.substr(at_, colon - at_), names_);
        at_ = colon + 1;
      }
      hops.push_back(std::move(next));
    }
  }

  query::node_ptr read_linked(std::vector<hop> const& hops) {
    if (int(hops.size()) > options_.linked_levels || !options_.find_linked) {
      refuse("what is asked of linked entities needs join and a joinLevel that reaches them");
    }
    auto inner = read_path();
    for (auto const& h : hops) {
      if (!take('}')) refuse("expected }");
      static_cast<void>(h);
    }
    auto condition = read_comparison(std::move(inner));
    for (auto h = hops.rbegin(); h != hops.rend(); ++h) {
      auto q = query::query();
      if (!h->types.empty()) q.selectors.push_back({.ids = {}, .id_pattern = {}, .types = h->types});
      q.filter = std::move(condition);
      q.limit = linked_ids_max + 1;
      auto const ids = options_.find_linked(q);
      if (ids.size() > linked_ids_max) refuse("more than " + std::to_string(linked_ids_max) + " linked entities match");
      if (ids.empty() || !h->attribute) return query::any({});
      auto targets = std::vector<std::variant<json::value, query::range>>();
      for (auto const& id : ids) targets.push_back(json::value(id));
      auto p = query::path();
      p.attribute = h->attribute;
      condition = query::compare(std::move(p), query::relation::equal, std::move(targets));
    }
    return condition;
  }

  struct target {
    query::path path;
    bool is_known = true;
    bool expands = false;
  };

  query::node_ptr read_comparison(target target) {
    auto const* o = find_operator();
    if (o == nullptr) return target.is_known ? query::exists(std::move(target.path)) : query::any({});
    at_ += o->sign.size();
    auto operand = o->relation == query::relation::matches || o->relation == query::relation::not_matches
                       ? query::operand(read_pattern())
                       : read_operand(o->relation, target);
    // An attribute that nobody ever had: nothing is equal to it, or different from it.
    if (!target.is_known) return query::any({});
    if (o->relation == query::relation::not_equal && !target.path.trail.empty() && target.path.trail.back() == "*") {
      auto const there = query::exists(target.path);  // 4.9: no language may have it
      return query::all({there, query::none(query::compare(std::move(target.path), query::relation::equal, std::move(operand)))});
    }
    return query::compare(std::move(target.path), o->relation, std::move(operand));
  }

  std::string_view read_name() {
    auto const from = at_;
    // A whole IRI may have dots; it ends where an operator begins.
    auto const is_iri = is_at("http://") || is_at("https://") || is_at("urn:");
    while (at_ < text_.size()) {
      auto const c = text_[at_];
      if (c == ';' || c == '|' || c == ')' || c == '(' || c == '[' || c == ']' || c == '"' || c == '{' || c == '}' || c == '=') break;
      if ((c == '.' && !is_iri) || find_operator() != nullptr) break;
      ++at_;
    }
    if (at_ == from) refuse("expected a name");
    return text_.substr(from, at_ - from);
  }

  target read_path() {
    auto t = target();
    t.path.of_old = options_.is_condition && take_word("$old.");
    auto const name = read_name();
    t.expands = std::find(options_.expanded.begin(), options_.expanded.end(), name) != options_.expanded.end();
    static constexpr auto fields = std::array<std::pair<std::string_view, query::path::field>, 9>{{
        {"observedAt", query::path::field::observed_at}, {"createdAt", query::path::field::created_at},
        {"modifiedAt", query::path::field::modified_at}, {"unitCode", query::path::field::unit},
        {"datasetId", query::path::field::dataset},      {"id", query::path::field::id},
        {"type", query::path::field::type},              {"scope", query::path::field::scope},
        {"provenance", query::path::field::provenance}}};
    auto const find_field = [](std::string_view text) {
      return std::find_if(fields.begin(), fields.end(), [&](auto const& f) { return f.first == text; });
    };
    if (name == "id" || name == "type" || name == "scope" || name == "createdAt" || name == "modifiedAt") {
      t.path.what = find_field(name)->second;
      if (name == "type") t.expands = true;
      return t;
    }
    t.path.attribute = names_(name);
    t.is_known = bool(t.path.attribute);
    while (take('.')) {
      auto const sub = read_name();
      auto const field = find_field(sub);
      auto const is_last = at_ == text_.size() || text_[at_] != '.';
      if (field != fields.end() && is_last && sub != "id" && sub != "type" && sub != "scope") {
        t.path.what = field->second;
        break;
      }
      auto const s = names_(sub);
      t.is_known = t.is_known && s;
      t.path.sub_attributes.push_back(s);
    }
    if (take('[')) {
      auto const end = text_.find(']', at_);
      if (end == std::string_view::npos) refuse("expected ]");
      for (auto const step : text::split(text_.substr(at_, end - at_), '.')) {
        if (step.empty()) refuse("a path has a member between its dots");
        t.path.trail.push_back(std::string(step));
      }
      at_ = end + 1;
    }
    return t;
  }

  // Everything up to the end of the term; a backslash takes the next character as it is.
  std::shared_ptr<query::pattern const> read_pattern() {
    auto const is_quoted = take('"');
    auto source = std::string();
    auto depth = 0;
    for (; at_ < text_.size(); ++at_) {
      auto const c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        if (!(is_quoted && text_[at_ + 1] == '"')) source += c;
        source += text_[++at_];
        continue;
      }
      if (is_quoted && c == '"') break;
      if (!is_quoted) {
        if (c == ';') break;
        if (c == '|' && depth == 0) break;
        if (c == '(') ++depth;
        if (c == ')' && depth-- == 0) break;
      }
      source += c;
    }
    if (is_quoted && !take('"')) refuse("expected \" at the end of the pattern");
    if (source.empty()) refuse("expected a regular expression");
    return query::make_pattern(source);
  }

  query::variable read_variable() {
    auto v = query::variable();
    if (is_at("$old.")) {
      v.what = query::variable::name::old;
      v.of_old = read_path().path;
      v.of_old.of_old = false;  // the variable says it
    } else if (take_word("$my_organisations")) {
      v.what = query::variable::name::my_organisations;
    } else if (take_word("$me")) {
      v.what = query::variable::name::me;
    } else if (take_word("$now")) {
      v.what = query::variable::name::now;
      if (is_at("+") || is_at("-")) {
        auto const sign = text_[at_++] == '-' ? -1 : 1;
        auto const from = at_;
        at_ = std::min(text_.find_first_of(";|),", at_), text_.size());
        auto const d = parse_duration(text_.substr(from, at_ - from));
        if (!d || d->months != 0) refuse("expected a duration without months, as P14D or PT2H");
        v.offset_us = sign * d->us;
      }
    } else {
      refuse("expected $me, $my_organisations, $now, $now-P14D or $old.name");
    }
    if (at_ < text_.size() && std::string_view(";|)").find(text_[at_]) == std::string_view::npos) refuse("expected ; or | here");
    return v;
  }

  query::operand read_operand(query::relation r, target const& t) {
    if (options_.is_condition && is_at("$")) return read_variable();
    auto items = std::vector<std::variant<json::value, query::range>>();
    auto const is_equality = r == query::relation::equal || r == query::relation::not_equal;
    do {
      auto from = read_literal(t);
      if (is_equality && is_at("..")) {
        at_ += 2;
        items.push_back(query::range{std::move(from), read_literal(t)});
      } else {
        items.push_back(std::move(from));
      }
    } while (is_equality && take(','));
    if (items.size() > 1) return items;
    if (auto* range = std::get_if<query::range>(&items[0])) return std::move(*range);
    return std::move(std::get<json::value>(items[0]));
  }

  json::value read_literal(target const& t) {
    if (at_ < text_.size() && text_[at_] == '"') {
      auto const from = at_++;
      while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
      if (at_ >= text_.size()) refuse("expected \" at the end of the text");
      ++at_;
      auto const v = text_at(from);
      return t.expands ? json::value(names_.expand(v.as_string())) : v;
    }
    auto const from = at_;
    while (at_ < text_.size() && std::string_view(";|),").find(text_[at_]) == std::string_view::npos && !is_at("..")) ++at_;
    auto const word = text_.substr(from, at_ - from);
    if (word.empty()) refuse("expected a value");
    if (word == "true" || word == "false") return word == "true";
    if (auto const i = text::to_int(word)) return *i;
    if (auto const d = text::to_double(word)) return *d;
    if (word.find_first_not_of("+-.0123456789eE") == std::string_view::npos && word.find_first_of("0123456789") != std::string_view::npos &&
        !is_date(word)) {
      refuse("this number is too large or none");
    }
    // What is left is a date, a time or a URI; all other text has quotes.
    if (word.find(':') != std::string_view::npos || is_date(word)) return word;
    if (t.expands) return names_.expand(word);
    if (t.path.what != query::path::field::value || is_word(word)) return word;
    refuse("a text stands between quotes");
  }

  json::value text_at(std::size_t from) const {
    try {
      return json::parse(text_.substr(from, at_ - from));
    } catch (fault const& f) {
      refuse("this is no text of JSON: " + f.detail);
    }
  }

  static bool is_word(std::string_view w) {
    return std::all_of(w.begin(), w.end(), [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; });
  }

  static bool is_date(std::string_view w) {
    return w.size() == 10 && w[4] == '-' && w[7] == '-' && text::to_int(w.substr(0, 4)) && text::to_int(w.substr(5, 2));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t terms_ = 0;
  naming const& names_;
  q_options const& options_;
};

// Outside of quotes.
std::string without_blanks(std::string_view q) {
  auto out = std::string();
  auto is_quoted = false;
  for (auto i = std::size_t(0); i < q.size(); ++i) {
    if (q[i] == '"') is_quoted = !is_quoted;
    if (!is_quoted && (q[i] == ' ' || q[i] == '\n')) continue;
    out += q[i];
    if (is_quoted && q[i] == '\\' && i + 1 < q.size()) out += q[++i];
  }
  return out;
}

}  // namespace

std::string decoded_q(std::string_view q) {
  try {
    return http::percent_decoded(q);
  } catch (fault const&) {
    return std::string(q);
  }
}

query::node_ptr parse_q(std::string_view q, naming const& n, q_options const& options) {
  if (q.size() > q_bytes_max) refuse("this is longer than " + std::to_string(q_bytes_max) + " bytes", options.member, "4.9");
  auto const text = options.is_condition ? without_blanks(q) : std::string();
  return read_as(options.member, "4.9", [&] { return q_reader(options.is_condition ? text : q, n, options).read(); });
}

}  // namespace dos::linked_data
