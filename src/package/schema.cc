#include "package/schema.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "base/fault.h"

namespace dos::package {
namespace {

constexpr int reference_depth_max = 64;
constexpr std::size_t steps_max = 2'000'000;  // of one document

constexpr auto keywords = std::array<std::string_view, 26>{
    "$schema", "$id",      "$ref",     "$defs",     "title",     "description", "type",      "enum",     "const",
    "anyOf",   "required", "properties", "additionalProperties", "propertyNames", "minProperties", "maxProperties", "items", "minItems",
    "maxItems", "minLength", "maxLength", "pattern", "minimum", "maximum", "default", "examples"};

std::size_t characters(std::string_view utf8) {
  return std::size_t(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string_view kind_of(json::value const& v) {
  switch (v.kind()) {
    case json::kind::null: return "null";
    case json::kind::boolean: return "boolean";
    case json::kind::integer: return "integer";
    case json::kind::real: return "number";
    case json::kind::string: return "string";
    case json::kind::array: return "array";
    case json::kind::object: return "object";
  }
  return "null";
}

// As those say it who write the files.
std::string_view spoken(std::string_view type) {
  static constexpr auto words = std::array<std::pair<std::string_view, std::string_view>, 7>{{{"null", "nothing"},
                                                                                              {"boolean", "true or false"},
                                                                                              {"integer", "a whole number"},
                                                                                              {"number", "a number"},
                                                                                              {"string", "a text"},
                                                                                              {"array", "a list"},
                                                                                              {"object", "members"}}};
  auto const it = std::find_if(words.begin(), words.end(), [&](auto const& w) { return w.first == type; });
  return it == words.end() ? type : it->second;
}

bool is_of(json::value const& v, std::string_view type) {
  auto const kind = kind_of(v);
  return kind == type || (type == "number" && kind == "integer");
}

std::string shortened(json::value const& v) {
  auto text = json::to_string(v);
  if (text.size() > 60) text = text.substr(0, text.find_last_of(" ,", 60) == text.npos ? 57 : text.find_last_of(" ,", 57)) + " …";
  return text;
}

template <typename Names>
std::string listed(Names const& names) {
  auto all = std::string();
  for (auto const& n : names) all += (all.empty() ? "" : ", ") + std::string(n);
  return all;
}

// How many letters apart; beyond 3 it does not matter.
std::size_t distance(std::string_view a, std::string_view b) {
  if (a.size() > 64 || b.size() > 64) return 4;
  auto row = std::vector<std::size_t>(b.size() + 1);
  for (auto j = std::size_t(0); j <= b.size(); ++j) row[j] = j;
  for (auto i = std::size_t(1); i <= a.size(); ++i) {
    auto before = row[0]++;
    for (auto j = std::size_t(1); j <= b.size(); ++j) {
      auto const here = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, before + std::size_t(a[i - 1] != b[j - 1])});
      before = here;
    }
  }
  return row[b.size()];
}

class checker {
 public:
  using patterns = std::map<std::string, std::shared_ptr<query::pattern const>, std::less<>>;
  using documents = std::map<std::string, json::value, std::less<>>;
  checker(documents const& all, patterns const& compiled) : documents_(all), patterns_(compiled) {}

  void check(json::value const& schema, std::string_view home, json::value const& v, std::string const& member, int depth,
             std::vector<violation>& out) {
    if (++steps_ > steps_max) throw fault(fault_kind::too_large, "this takes too long to check", member);
    if (out.size() >= violations_max || !schema.is_object() || depth > reference_depth_max) return;
    auto const refuse = [&](std::string text) {
      if (out.size() < violations_max) out.push_back({member, std::move(text)});
    };
    if (auto const* const r = schema.find("$ref")) {
      auto const [target, file] = find(r->as_string(), home);
      check(*target, file, v, member, depth + 1, out);
    }
    if (auto const* const type = schema.find("type"); type && !fits_type(*type, v)) {
      auto words = std::vector<std::string_view>();
      if (type->is_string()) words.push_back(spoken(type->as_string()));
      else for (auto const& t : type->as_array()) words.push_back(spoken(t.as_string()));
      return refuse("expected " + join_or(words) + ", not " + (v.is_null() ? "nothing" : shortened(v)));
    }
    if (auto const* const fixed = schema.find("const"); fixed && !(*fixed == v)) return refuse("expected " + json::to_string(*fixed) + ", not " +
        shortened(v));
    if (auto const* const choice = schema.find("enum")) {
      auto const& all = choice->as_array();
      if (std::find(all.begin(), all.end(), v) == all.end()) {
        auto words = std::vector<std::string>();
        for (auto const& c : all) words.push_back(c.is_string() ? std::string(c.as_string()) : json::to_string(c));
        return refuse(shortened(v) + " is none of " + listed(words));
      }
    }
    if (auto const* const any = schema.find("anyOf")) check_any(any->as_array(), home, v, member, depth, out);
    switch (v.kind()) {
      case json::kind::string: return check_text(schema, v.as_string(), refuse);
      case json::kind::integer:
      case json::kind::real: return check_number(schema, v, refuse);
      case json::kind::array: return check_list(schema, home, v.as_array(), member, depth, out, refuse);
      case json::kind::object: return check_members(schema, home, v.as_object(), member, depth, out, refuse);
      case json::kind::null:
      case json::kind::boolean: return;
    }
  }

 private:
  using refusal = std::function<void(std::string)>;

  static std::string join_or(std::vector<std::string_view> const& words) {
    auto all = std::string();
    for (auto i = std::size_t(0); i < words.size(); ++i) all += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + std::string(words[i]);
    return all;
  }

  static bool fits_type(json::value const& type, json::value const& v) {
    if (type.is_string()) return is_of(v, type.as_string());
    return std::any_of(type.as_array().begin(), type.as_array().end(), [&](auto const& t) { return is_of(v, t.as_string()); });
  }

  static std::int64_t whole(json::value const& schema, std::string_view key, std::int64_t otherwise) {
    auto const* const n = schema.find(key);
    return n && n->is_int() ? n->as_int() : otherwise;
  }

  std::pair<json::value const*, std::string> find(std::string_view reference, std::string_view home) const {
    auto const hash = reference.find('#');
    auto const file = hash == 0 ? std::string(home) : std::string(reference.substr(0, hash));
    auto const it = documents_.find(file);
    if (it == documents_.end()) throw fault(fault_kind::invalid, "there is no schema " + file);
    auto const* at = &it->second;
    auto path = hash == reference.npos ? std::string_view() : reference.substr(hash + 1);
    while (!path.empty()) {
      path.remove_prefix(1);
      auto const end = std::min(path.find('/'), path.size());
      at = at->find(path.substr(0, end));
      if (at == nullptr) throw fault(fault_kind::invalid, "there is no schema " + std::string(reference));
      path.remove_prefix(end);
    }
    return {at, file};
  }

  // Of several forms the one that was meant is the one that fits furthest; what is wrong is told of that.
  void check_any(json::array const& forms, std::string_view home, json::value const& v, std::string const& member, int depth,
                 std::vector<violation>& out) {
    auto best = std::vector<violation>();
    auto best_rank = std::size_t(0);
    auto wanted = std::vector<std::string>();
    for (auto const& form : forms) {
      auto wrong = std::vector<violation>();
      check(form, home, v, member, depth + 1, wrong);
      if (wrong.empty()) return;
      auto const at_all = std::all_of(wrong.begin(), wrong.end(), [&](auto const& w) { return w.member != member; });
      auto const has_required = has_all_required(form, home, v);
      auto const rank = std::size_t(at_all ? 2 : 0) + std::size_t(has_required ? 4 : 0) + 1;
      if (rank > best_rank || (rank == best_rank && wrong.size() < best.size())) {
        best_rank = rank;
        best = wrong;
      }
      for (auto const& w : wrong) {
        if (w.member == member && w.text.starts_with("expected ")) wanted.push_back(w.text.substr(9, w.text.find(", not ") - 9));
      }
    }
    if (best_rank == 1 && wanted.size() > 1) {
      auto words = std::vector<std::string_view>(wanted.begin(), wanted.end());
      out.push_back({member, "expected " + join_or(words) + ", not " + shortened(v)});
      return;
    }
    for (auto& w : best) {
      if (out.size() < violations_max) out.push_back(std::move(w));
    }
  }

  bool has_all_required(json::value const& form, std::string_view home, json::value const& v) const {
    auto const* schema = &form;
    if (auto const* const r = form.find("$ref")) schema = find(r->as_string(), home).first;
    auto const* const required = schema->find("required");
    if (!required || !v.is_object()) return false;
    return std::all_of(required->as_array().begin(), required->as_array().end(), [&](auto const& k) { return v.find(k.as_string()); });
  }

  void check_text(json::value const& schema, std::string_view s, refusal const& refuse) const {
    auto const n = std::int64_t(characters(s));
    if (n < whole(schema, "minLength", 0)) return refuse(n == 0 ? "is empty" : "has fewer than " + std::to_string(whole(schema, "minLength", 0)) +
        " characters");
    if (n > whole(schema, "maxLength", INT64_MAX)) return refuse("has more than " + std::to_string(whole(schema, "maxLength", 0)) + " characters");
    auto const* const p = schema.find("pattern");
    if (!p || patterns_.find(p->as_string())->second->found_in(s)) return;
    auto const hint = schema.text_or("description", "");
    refuse("\"" + std::string(s.substr(0, 80)) + "\" does not fit" + (hint.empty() ? " " + std::string(p->as_string()) : ": " + std::string(hint)));
  }

  static void check_number(json::value const& schema, json::value const& v, refusal const& refuse) {
    if (auto const* const least = schema.find("minimum"); least && v.as_double() < least->as_double()) return refuse(json::to_string(v) +
        " is less than " + json::to_string(*least));
    if (auto const* const most = schema.find("maximum"); most && v.as_double() > most->as_double()) refuse(json::to_string(v) + " is more than " +
        json::to_string(*most));
  }

  void check_list(json::value const& schema, std::string_view home, json::array const& list, std::string const& member, int depth,
                  std::vector<violation>& out, refusal const& refuse) {
    auto const n = std::int64_t(list.size());
    if (n < whole(schema, "minItems", 0)) refuse("has fewer than " + std::to_string(whole(schema, "minItems", 0)) + " items");
    if (n > whole(schema, "maxItems", INT64_MAX)) return refuse("has more than " + std::to_string(whole(schema, "maxItems", 0)) + " items");
    auto const* const items = schema.find("items");
    for (auto i = std::size_t(0); items && i < list.size(); ++i) check(*items, home, list[i], member + '[' + std::to_string(i) + ']', depth + 1, out);
  }

  void check_members(json::value const& schema, std::string_view home, json::object const& o, std::string const& member, int depth,
                     std::vector<violation>& out, refusal const& refuse) {
    auto const n = std::int64_t(o.size());
    if (n < whole(schema, "minProperties", 0)) refuse("has nothing in it");
    if (n > whole(schema, "maxProperties", INT64_MAX)) return refuse("has more than " + std::to_string(whole(schema, "maxProperties", 0)) + " members");
    if (auto const* const required = schema.find("required")) {
      for (auto const& key : required->as_array()) {
        if (!o.find(key.as_string())) refuse(std::string(key.as_string()) + " is missing");
      }
    }
    auto const* const known = schema.find("properties");
    auto const* const others = schema.find("additionalProperties");
    auto const* const names = schema.find("propertyNames");
    for (auto const& m : o) {
      auto const path = member.empty() ? m.key : member + '.' + m.key;
      auto const* const own = known ? known->find(m.key) : nullptr;
      if (names && !own) check(*names, home, json::value(m.key), path, depth + 1, out);
      if (own) check(*own, home, m.value, path, depth + 1, out);
      else if (others && others->is_object()) check(*others, home, m.value, path, depth + 1, out);
      else if (others && others->is_bool() && !others->as_bool() && out.size() < violations_max) out.push_back({path, unknown(m.key, known)});
    }
  }

  static std::string unknown(std::string const& key, json::value const* known) {
    auto names = std::vector<std::string>();
    if (known) for (auto const& m : known->as_object()) names.push_back(m.key);
    auto const nearest = std::min_element(names.begin(), names.end(), [&](auto const& a, auto const& b) { return distance(a, key) < distance(b, key); });
    if (nearest != names.end() && distance(*nearest, key) <= 2) return "unknown member \"" + key + "\"; did you mean " + *nearest + "?";
    return "unknown member \"" + key + "\"; known here: " + listed(names);
  }

  documents const& documents_;
  patterns const& patterns_;
  std::size_t steps_ = 0;
};

// Every place of a schema where another schema stands.
void for_each_schema(json::value const& s, std::function<void(json::value const&)> const& visit) {
  if (!s.is_object()) return;
  visit(s);
  for (auto const* const key : {"items", "additionalProperties", "propertyNames"}) {
    if (auto const* const one = s.find(key)) for_each_schema(*one, visit);
  }
  for (auto const* const key : {"properties", "$defs"}) {
    if (auto const* const many = s.find(key); many && many->is_object()) {
      for (auto const& m : many->as_object()) for_each_schema(m.value, visit);
    }
  }
  if (auto const* const any = s.find("anyOf"); any && any->is_array()) {
    for (auto const& one : any->as_array()) for_each_schema(one, visit);
  }
}

}  // namespace

schemas::schemas(std::string const& directory) {
  auto error = std::error_code();
  for (auto const& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".json") continue;
    auto in = std::ifstream(entry.path(), std::ios::binary);
    try {
      documents_.emplace(entry.path().filename().string(), json::parse(std::string(std::istreambuf_iterator<char>(in), {})));
    } catch (fault const& f) {
      throw fault(fault_kind::invalid, entry.path().string() + ": " + f.detail);
    }
  }
  for (auto const& d : documents_) {
    auto const& file = d.first;
    for_each_schema(d.second, [&](json::value const& s) {
      for (auto const& m : s.as_object()) {
        require(std::find(keywords.begin(), keywords.end(), m.key) != keywords.end(), fault_kind::invalid, file + ": the keyword " + m.key +
            " is not understood");
      }
      if (auto const* const p = s.find("pattern")) patterns_.emplace(p->as_string(), query::make_pattern(p->as_string()));
    });
  }
}

std::vector<violation> schemas::check(std::string_view name, json::value const& document) const {
  auto const it = documents_.find(name);
  require(it != documents_.end(), fault_kind::invalid, "there is no schema " + std::string(name));
  auto out = std::vector<violation>();
  checker(documents_, patterns_).check(it->second, name, document, {}, 0, out);
  return out;
}

}  // namespace dos::package
