#include "ingest/files/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/decimal.h"
#include "base/text.h"
#include "base/text_cut.h"

namespace dos::files {
namespace {

std::size_t character_bytes(std::string_view s) {
  auto n = std::size_t(1);
  while (n < s.size() && (static_cast<unsigned char>(s[n]) & 0xc0) == 0x80) ++n;
  return n;
}

// Bytes of `s` that the pattern covers at its start, '?' standing for any one character; 0 when it does not fit.
std::size_t covered_bytes(std::string_view pattern, std::string_view s) {
  auto at = std::size_t(0);
  for (auto const c : pattern) {
    if (at >= s.size()) return 0;
    if (c == '?')
      at += character_bytes(s.substr(at));
    else if (s[at] == c)
      ++at;
    else
      return 0;
  }
  return at;
}

std::string repaired(std::string_view s, std::string_view pattern, std::string_view right) {
  auto result = std::string();
  while (!s.empty() && result.size() <= text_template::filled_bytes_max) {
    auto const n = covered_bytes(pattern, s);
    auto const step = n > 0 ? n : 1;
    result += n > 0 ? right : s.substr(0, 1);
    s.remove_prefix(step);
  }
  return result;
}

// As messages show it.
std::string quoted(std::string_view s) {
  constexpr auto shown_bytes_max = std::size_t(120);
  return '"' + std::string(text::cut(s, shown_bytes_max)) + (s.size() > shown_bytes_max ? "…\"" : "\"");
}

// What a value takes, roughly.
std::size_t bytes_of(json::value const& v) {
  auto n = std::size_t(16);
  if (v.is_string()) n += v.as_string().size();
  if (v.is_array()) {
    for (auto const& item : v.as_array()) n += bytes_of(item);
  } else if (v.is_object()) {
    for (auto const& m : v.as_object()) n += m.key.size() + bytes_of(m.value);
  }
  return n;
}

class evaluator {
 public:
  evaluator(value_rule const& rule, evaluation const& e) : rule_(rule), e_(e) {}

  std::optional<json::value> from_record(record const& r) const {
    if (!rule_.members.empty()) return object_of(r);
    auto value = one_of(r);
    if (!value) return {};
    auto const bytes = bytes_of(*value);
    if (bytes > e_.bytes_left) return refuse("the values of a record have at most " + std::to_string(record_bytes_max >> 20) + " MB");
    e_.bytes_left -= bytes;
    return value;
  }

 private:
  std::optional<json::value> one_of(record const& r) const {
    if (rule_.constant) return rule_.constant;
    if (!rule_.text.is_empty()) {
      auto const filled = rule_.text.fill([&](std::string const& name) { return text_of(r.find(name)); });
      return filled ? from_text(*filled) : std::nullopt;
    }
    auto const found = r.find(rule_.from);
    if (found.value && found.value->is_number() && is_skipped_number(*found.value)) return {};
    if (found.value && stays_json(*found.value)) return *found.value;
    auto text = text_of(found);
    return text ? from_text(std::move(*text)) : std::nullopt;
  }

  std::optional<json::value> object_of(record const& r) const {
    auto members = json::object();
    for (auto const& [name, rule] : rule_.members) {
      if (auto v = evaluate(rule, r, e_)) members.push(name, std::move(*v));
    }
    return members.empty() ? std::nullopt : std::optional(json::value(std::move(members)));
  }

  // A number of JSON that is read as one is written as numbers are in this file.
  std::optional<std::string> text_of(field const& f) const {
    auto text = f.find_text();
    auto const is_number = f.value && f.value->is_number() && rule_.type == value_type::number && rule_.values.empty();
    if (text && is_number) std::replace(text->begin(), text->end(), '.', e_.numbers.decimal);
    return text;
  }

  bool stays_json(json::value const& v) const {
    if (v.is_null() || (v.is_string() && text::trim(v.as_string()).empty())) return false;
    return rule_.type == value_type::as_it_is && rule_.values.empty() && rule_.repairs.empty() && rule_.split.empty() &&
           !(v.is_string() && is_skipped(v.as_string()));
  }

  bool is_skipped(std::string_view s) const {
    return s.empty() || std::find(rule_.skip_if.begin(), rule_.skip_if.end(), s) != rule_.skip_if.end();
  }

  bool is_skipped_number(json::value const& n) const {
    auto const& skipped = rule_.skipped_numbers;
    return std::find(skipped.begin(), skipped.end(), n.as_double()) != skipped.end();
  }

  std::optional<json::value> refuse(std::string message) const {
    e_.report(rule_.from, std::move(message));
    return {};
  }

  std::optional<json::value> from_text(std::string s) const {
    if (is_skipped(s)) return {};
    for (auto const& [pattern, right] : rule_.repairs) {
      auto better = repaired(s, pattern, right);
      if (better == s) continue;
      e_.report(rule_.from, "the text was damaged before it came to us; " + quoted(s) + " is read as " + quoted(better));
      s = std::move(better);
    }
    if (s.size() > text_template::filled_bytes_max) return refuse("a text has at most 1 MB");
    if (rule_.split.empty()) return from_one(s);
    auto parts = std::vector<std::string>();
    for (auto at = std::size_t(0);;) {
      auto const end = std::min(s.find(rule_.split, at), s.size());
      auto const one = text::trim(std::string_view(s).substr(at, end - at));
      if (!one.empty()) parts.emplace_back(one);
      if (end == s.size()) break;
      at = end + rule_.split.size();
    }
    if (rule_.part) {
      auto const i = *rule_.part < 0 ? *rule_.part + int(parts.size()) : *rule_.part;
      return i >= 0 && i < int(parts.size()) ? from_one(parts[std::size_t(i)]) : std::nullopt;
    }
    auto list = json::array();
    for (auto const& one : parts) {
      if (auto v = from_one(one)) list.push_back(std::move(*v));
    }
    return list.empty() ? std::nullopt : std::optional(json::value(std::move(list)));
  }

  std::optional<json::value> from_one(std::string_view s) const {
    if (is_skipped(s)) return {};
    if (!rule_.values.empty()) return meant_by(s);
    switch (rule_.type) {
      case value_type::as_it_is:
      case value_type::text:
        return json::value(s);
      case value_type::number:
        return number(s);
      case value_type::boolean:
        return boolean(s);
      case value_type::date:
      case value_type::time:
        return date(s);
    }
    return {};
  }

  std::optional<json::value> meant_by(std::string_view s) const {
    auto const find = [&](std::string_view key) {
      return std::find_if(rule_.values.begin(), rule_.values.end(), [&](auto const& v) { return v.first == key; });
    };
    auto found = find(s);
    if (found == rule_.values.end()) found = find("*");
    if (found != rule_.values.end()) return found->second.is_null() ? std::nullopt : std::optional(found->second);
    return refuse(quoted(s) + " is none of the values that are known");
  }

  std::optional<json::value> number(std::string_view s) const {
    auto n = parse_number(s, e_.numbers);
    if (!n) return refuse(quoted(s) + " is no number");
    if (is_skipped_number(*n)) return {};
    if (rule_.scale != 1 || rule_.offset != 0 || (rule_.unit_from && rule_.unit_from != rule_.unit_to)) {
      auto d = scaled(n->as_double(), rule_.scale, rule_.offset);
      if (rule_.unit_from) d = convert(d, *rule_.unit_from, *rule_.unit_to).value_or(d);
      if (!std::isfinite(d)) return refuse(quoted(s) + " is too large");
      n = json::value(d);
    }
    if ((rule_.min && n->as_double() < *rule_.min) || (rule_.max && n->as_double() > *rule_.max)) {
      return refuse(quoted(s) + " lies outside of what is possible");
    }
    return n;
  }

  std::optional<json::value> boolean(std::string_view s) const {
    auto const low = text::lower(s);
    constexpr auto yes = std::array<std::string_view, 9>{"true", "wahr", "1", "ja", "yes", "j", "y", "t", "on"};
    constexpr auto no = std::array<std::string_view, 8>{"false", "falsch", "0", "nein", "no", "n", "f", "off"};
    if (std::find(yes.begin(), yes.end(), low) != yes.end()) return json::value(true);
    if (std::find(no.begin(), no.end(), low) != no.end()) return json::value(false);
    return refuse(quoted(s) + " is neither yes nor no");
  }

  std::optional<json::value> date(std::string_view s) const {
    auto const reading = rule_.pattern->parse(s);
    if (!reading)
      return refuse(quoted(s) + " is no date written as " + std::string(rule_.pattern->pattern()));
    if (rule_.type == value_type::time) {
      auto told = e_.to_utc(*reading);
      if (!told.at) return refuse(quoted(s) + ": " + told.remark);
      if (!told.remark.empty()) e_.report(rule_.from, quoted(s) + ": " + told.remark);
      return json::value(json::object{{"@type", "DateTime"}, {"@value", to_string(*told.at)}});
    }
    return json::value(
        json::object{{"@type", "Date"}, {"@value", to_string(timestamp{reading->local_us}).substr(0, 10)}});
  }

  value_rule const& rule_;
  evaluation const& e_;
};

}  // namespace

std::optional<json::value> number_of(field const& f, number_notation notation) {
  if (f.value && f.value->is_number()) return *f.value;
  auto const text = f.find_text();
  return text ? parse_number(*text, notation) : std::nullopt;
}

std::optional<json::value> evaluate(value_rule const& rule, record const& r, evaluation const& e) {
  return evaluator(rule, e).from_record(r);
}

}  // namespace dos::files
