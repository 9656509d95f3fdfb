// W3C's tests of JSON-LD 1.1 (github.com/w3c/json-ld-api, directory tests), as far as NGSI-LD has need of JSON-LD: what contexts
// say comes from `context` alone, the walks over documents below are the shortest that use all of it. Not done: contexts for one
// term or type (5.5.7 of NGSI-LD refuses them), @base and relative @ids (4.6.3: ids are absolute), @graph, @included, @nest, @reverse,
// @direction, maps by @id, @type and properties. Runs where JSON_LD_TESTS names the directory; prints what passed, by group.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>

#include "base/fault.h"
#include "base/json_ld.h"
#include "base/text.h"

namespace dos {
namespace json_ld_suite {

struct beyond_us {};  // what the test needs is not done here

std::string root;

json::value read(std::string const& path) {
  auto in = std::ifstream(root + "/" + path, std::ios::binary);
  auto bytes = std::ostringstream();
  bytes << in.rdbuf();
  return json::parse(bytes.str());
}

std::shared_ptr<json::value const> load(std::string const& group, std::string const& url) {
  constexpr auto home = std::string_view("https://w3c.github.io/json-ld-api/tests/");
  auto const at_home = url.starts_with(home) ? url.substr(home.size()) : url.find(':') == std::string::npos ? group + "/" + url : std::string();
  if (at_home.empty() || !std::ifstream(root + "/" + at_home)) throw fault(fault_kind::bad_gateway, "loading remote context failed");
  return std::make_shared<json::value const>(read(at_home));
}

json::array listed(json::value v) {
  if (v.is_array()) return std::move(v.as_array());
  auto out = json::array();
  if (!v.is_null()) out.push_back(std::move(v));
  return out;
}

json::value without(json::value v, std::string_view key) {
  v.as_object().erase(key);
  return v;
}

// The order counts in lists alone; the case of language tags does not.
bool is_same(json::value const& a, json::value const& b, bool in_order = false) {
  if (a.is_array() && b.is_array()) {
    auto const& x = a.as_array();
    auto y = b.as_array();
    if (x.size() != y.size()) return false;
    if (in_order) return std::equal(x.begin(), x.end(), y.begin(), [](auto const& l, auto const& r) { return is_same(l, r); });
    return std::all_of(x.begin(), x.end(), [&](auto const& one) {
      auto const it = std::find_if(y.begin(), y.end(), [&](auto const& other) { return is_same(one, other); });
      if (it == y.end()) return false;
      y.erase(it);
      return true;
    });
  }
  if (!a.is_object() || !b.is_object()) return a == b;
  if (a.as_object().size() != b.as_object().size()) return false;
  return std::all_of(a.as_object().begin(), a.as_object().end(), [&](auto const& m) {
    auto const* other = b.find(m.key);
    if (other == nullptr) return false;
    if (m.key == "@language" && m.value.is_string() && other->is_string()) return text::equal_ignoring_case(m.value.as_string(), other->as_string());
    return is_same(m.value, *other, m.key == "@list");
  });
}

// The contexts from the document down to where we are.
struct scope {
  std::string group;
  json::array locals;
  context_ptr names;

  scope with(json::value const& local) const {
    auto next = *this;
    next.locals.push_back(local);
    next.names = process_context(json::value(next.locals), nullptr, [&](std::string const& url) { return load(group, url); }).context;
    return next;
  }
  term_definition const& of(std::string_view term) const {
    static auto const none = term_definition();
    auto const* d = names->find(term);
    return d != nullptr ? *d : none;
  }
};

bool has(term_definition const& d, std::string_view container) {
  auto const all = text::split(d.container, ' ');
  return std::find(all.begin(), all.end(), container) != all.end();
}

bool is_known(std::string_view s) {
  constexpr auto all = std::string_view(" @id @type @value @language @index @list @set @graph @included @nest @reverse @direction @none @json ");
  return all.find(" " + std::string(s) + " ") != std::string_view::npos;
}

bool looks_like_keyword(std::string_view s) {
  return s.size() > 1 && s[0] == '@' && std::all_of(s.begin() + 1, s.end(), [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; });
}

bool is_keyword(std::string_view s) { return s.starts_with('@'); }

[[noreturn]] void fail(std::string what) { throw fault(fault_kind::invalid, std::move(what)); }

// --- 5.1 Expansion ---

std::string expand_name(scope const& s, std::string_view name) {
  if (auto const* d = s.names->find(name); d != nullptr && d->iri.empty()) return {};
  try {
    return s.names->expand(name);
  } catch (fault const&) {
    return std::string(name);
  }
}

std::string expand_id(std::string_view id) {
  if (id.find(':') == std::string_view::npos) throw beyond_us();
  return std::string(id);
}

std::string expand_id(scope const& s, std::string_view id) {
  auto const colon = id.find(':');
  if (colon == std::string_view::npos) return expand_id(id);
  auto const& d = s.of(id.substr(0, colon));
  if (d.iri.empty() || id.substr(colon + 1).starts_with("//")) return std::string(id);
  return d.iri + std::string(id.substr(colon + 1));
}

json::value expand_scalar(scope const& s, std::string_view property, json::value const& v) {
  auto const& d = s.of(property);
  if (d.type == "@id" && v.is_string()) return json::object{{"@id", expand_id(s, v.as_string())}};
  if (d.type == "@vocab" && v.is_string()) return json::object{{"@id", expand_name(s, v.as_string())}};
  auto o = json::object{{"@value", v}};
  if (!d.type.empty() && d.type != "@id" && d.type != "@vocab" && d.type != "@none") {
    o.push("@type", d.type);
  } else if (v.is_string() && d.type.empty()) {
    auto const language = d.language ? *d.language : std::string(s.names->language());
    if (!language.empty()) o.push("@language", language);
  }
  return o;
}

json::value expand(scope const& outer, std::string_view property, json::value const& v);

json::value expand_languages(scope const& s, json::value const& map) {
  auto out = json::array();
  for (auto const& [tag, texts] : map.as_object()) {
    for (auto const& one : listed(texts)) {
      if (one.is_null()) continue;
      if (!one.is_string()) fail("invalid language map value");
      auto o = json::object{{"@value", one}};
      if (tag != "@none" && expand_name(s, tag) != "@none") o.push("@language", tag);
      out.push_back(std::move(o));
    }
  }
  return out;
}

json::value expand_indexed(scope const& s, std::string_view property, json::value const& map) {
  auto out = json::array();
  for (auto const& [index, values] : map.as_object()) {
    for (auto& one : listed(expand(s, property, json::value(listed(values))))) {
      if (index != "@none" && expand_name(s, index) != "@none" && one.find("@index") == nullptr) one.as_object().push("@index", index);
      out.push_back(std::move(one));
    }
  }
  return out;
}

json::value as_value(json::object const& o) {
  for (auto const& m : o) {
    if (m.key != "@value" && m.key != "@type" && m.key != "@language" && m.key != "@index") fail("invalid value object");
  }
  auto const *v = o.find("@value"), *type = o.find("@type"), *language = o.find("@language");
  if (type != nullptr && *type == json::value("@json")) return o;
  if (type != nullptr && language != nullptr) fail("invalid value object");
  if (v->is_null()) return nullptr;
  if (v->is_object() || v->is_array()) fail("invalid value object value");
  if (language != nullptr && !v->is_string()) fail("invalid language-tagged value");
  if (type == nullptr) return o;
  auto const iri = type->is_string() ? type->as_string() : std::string_view();
  if (iri.find(':') == std::string_view::npos || iri.starts_with("_:") || iri.find(' ') != std::string_view::npos) fail("invalid typed value");
  return o;
}

json::value expand_object(scope const& outer, std::string_view property, json::value const& v) {
  auto s = outer;
  if (auto const* local = v.find("@context"); local != nullptr) s = outer.with(*local);
  auto o = json::object();
  auto const append = [&](std::string_view key, json::value more) {
    auto& all = o[key];
    if (all.is_null()) all = json::array();
    for (auto& one : listed(std::move(more))) all.as_array().push_back(std::move(one));
  };
  auto const is_text = [](json::value const& t) { return t.is_string(); };
  for (auto const& [key, member] : v.as_object()) {
    if (key == "@context") continue;
    auto const name = expand_name(s, key);
    if (looks_like_keyword(name) && !is_known(name)) continue;
    if (!is_keyword(name)) {
      if (name.find(':') == std::string::npos) continue;
      auto const& d = s.of(key);
      if (d.reverse || has(d, "@graph") || has(d, "@id") || has(d, "@type")) throw beyond_us();
      auto expanded = d.type == "@json"                                ? json::value(json::object{{"@value", member}, {"@type", "@json"}})
                      : has(d, "@language") && member.is_object()      ? expand_languages(s, member)
                      : has(d, "@index") && member.is_object()         ? expand_indexed(s, key, member)
                                                                       : expand(s, key, member);
      if (expanded.is_null()) continue;
      if (has(d, "@list") && expanded.find("@list") == nullptr) expanded = json::object{{"@list", listed(std::move(expanded))}};
      append(name, std::move(expanded));
      continue;
    }
    if (property == "@reverse") fail("invalid reverse property map");
    if (o.find(name) != nullptr && name != "@type") fail("colliding keywords");
    if (name == "@id") {
      if (!member.is_string()) fail("invalid @id value");
      o.push(name, expand_id(s, member.as_string()));
    } else if (name == "@type") {
      auto const types = listed(member);
      if (!std::all_of(types.begin(), types.end(), is_text)) fail("invalid type value");
      for (auto const& t : types) append(name, expand_name(s, t.as_string()));
      if (types.empty()) o[name] = json::array();
    } else if (name == "@value" || name == "@index") {
      if (name == "@index" && !member.is_string()) fail("invalid @index value");
      o.push(name, member);
    } else if (name == "@language") {
      if (!member.is_string()) fail("invalid language-tagged string");
      o.push(name, member);
    } else if (name == "@list") {
      if (!property.empty() && property != "@graph") o.push(name, listed(expand(s, property, json::value(listed(member)))));
    } else if (name == "@set") {
      o.push(name, listed(expand(s, property, member)));
    } else if (name == "@graph") {
      o.push(name, listed(expand(s, "@graph", member)));
    } else {
      throw beyond_us();
    }
  }
  if (o.find("@value") != nullptr) {
    if (auto* type = o.find("@type"); type != nullptr && type->is_array() && type->as_array().size() == 1) *type = json::value(type->as_array()[0]);
    return as_value(o);
  }
  for (auto const keyword : {"@list", "@set"}) {
    if (o.find(keyword) == nullptr) continue;
    if (o.size() > (o.find("@index") != nullptr ? 2u : 1u)) fail("invalid set or list object");
    if (keyword == std::string_view("@set")) return *o.find(keyword);
  }
  if (o.size() == 1 && o.find("@language") != nullptr) return nullptr;
  if (property.empty() || property == "@graph") {
    if (o.empty() || o.find("@list") != nullptr || (o.size() == 1 && o.find("@id") != nullptr)) return nullptr;
  }
  return o;
}

json::value expand(scope const& outer, std::string_view property, json::value const& v) {
  if (v.is_null()) return nullptr;
  if (v.is_array()) {
    auto out = json::array();
    for (auto const& one : v.as_array()) {
      auto e = expand(outer, property, one);
      if (one.is_array() && has(outer.of(property), "@list")) e = json::object{{"@list", listed(std::move(e))}};
      for (auto& each : listed(std::move(e))) out.push_back(std::move(each));
    }
    return out;
  }
  if (v.is_object()) {
    auto e = expand_object(outer, property, v);
    auto const is_dropped = (property.empty() || property == "@graph") && e.find("@value") != nullptr;
    return is_dropped ? json::value() : e;
  }
  return property.empty() || property == "@graph" ? json::value() : expand_scalar(outer, property, v);
}

json::value expand_document(scope const& s, json::value const& document) {
  auto e = expand(s, "", document);
  if (e.is_object() && e.as_object().size() == 1 && e.find("@graph") != nullptr) e = json::value(*e.find("@graph"));
  return listed(std::move(e));
}

// --- 6.1 Compaction ---

json::value compact_values(scope const& s, std::string_view property, json::value const& v);

json::value compact_one(scope const& s, std::string_view property, json::value const& v);

std::string alias(scope const& s, std::string_view keyword) { return s.names->compact(keyword); }

json::value compact_scalar(scope const& s, term_definition const& d, json::value const& v) {
  auto const *value = v.find("@value"), *type = v.find("@type"), *language = v.find("@language");
  auto const indexed = v.find("@index") != nullptr && !has(d, "@index");
  if (!indexed && type != nullptr && type->is_string() && type->as_string() == d.type) return *value;
  auto const mine = d.language ? *d.language : d.type.empty() ? std::string(s.names->language()) : std::string();
  if (!indexed && type == nullptr && d.type.empty()) {
    if (!value->is_string() || (language == nullptr ? mine.empty() : text::equal_ignoring_case(language->as_string(), mine))) return *value;
  }
  auto o = json::object();
  o.push(alias(s, "@value"), *value);
  if (type != nullptr) o.push(alias(s, "@type"), s.names->compact(type->as_string()));
  if (language != nullptr) o.push(alias(s, "@language"), *language);
  if (indexed) o.push(alias(s, "@index"), *v.find("@index"));
  return o;
}

std::string compact_id(scope const& s, std::string_view id) {
  auto const name = s.names->compact(id);
  return name.find(':') != std::string::npos ? name : std::string(id);  // an id is no term and has no vocabulary
}

json::value compact_one(scope const& s, std::string_view property, json::value const& v) {
  auto const& d = s.of(property);
  if (v.find("@value") != nullptr) return compact_scalar(s, d, v);
  if (v.find("@graph") != nullptr || v.find("@included") != nullptr || v.find("@reverse") != nullptr) throw beyond_us();
  if (auto const* id = v.find("@id"); id != nullptr && v.as_object().size() == 1) {
    if (d.type == "@id") return compact_id(s, id->as_string());
    if (d.type == "@vocab") return s.names->compact(id->as_string());
  }
  auto o = json::object();
  for (auto const& [key, member] : v.as_object()) {
    if (key == "@id") {
      o.push(alias(s, key), compact_id(s, member.as_string()));
    } else if (key == "@type") {
      auto types = json::array();
      for (auto const& t : listed(member)) types.push_back(s.names->compact(t.as_string()));
      auto const name = alias(s, key);
      auto const is_list = has(s.of(name), "@set");
      o.push(name, types.size() == 1 && !is_list ? json::value(types[0]) : json::value(types));
    } else if (is_keyword(key)) {
      if (key == "@index" && has(d, "@index")) continue;
      o.push(alias(s, key), key == "@list" ? compact_values(s, property, member) : member);
    } else {
      auto const name = s.names->compact(key);
      if (auto const& t = s.of(name); has(t, "@graph") || has(t, "@id") || has(t, "@type")) throw beyond_us();
      o.push(name, compact_values(s, name, member));
    }
  }
  return o;
}

json::value compact_values(scope const& s, std::string_view property, json::value const& v) {
  auto const& d = s.of(property);
  auto const values = listed(v);
  if (has(d, "@list") && values.size() == 1 && values[0].find("@list") != nullptr && values[0].find("@index") == nullptr) {
    auto out = json::array();
    for (auto const& one : values[0].find("@list")->as_array()) {
      out.push_back(one.find("@list") != nullptr ? compact_values(s, property, json::array{one}) : compact_one(s, property, one));
    }
    return out;
  }
  auto const by = has(d, "@language") ? "@language" : has(d, "@index") ? "@index" : "";
  if (*by != 0) {
    auto map = json::object();
    for (auto const& one : values) {
      auto const* key = one.find(by);
      auto shown = by == std::string_view("@language") ? json::value(*one.find("@value")) : compact_one(s, property, one);
      auto& there = map[key != nullptr ? key->as_string() : alias(s, "@none")];
      if (there.is_null()) there = has(d, "@set") ? json::value(json::array{std::move(shown)}) : std::move(shown);
      else there = [&] { auto all = listed(there); all.push_back(std::move(shown)); return all; }();
    }
    return map;
  }
  auto out = json::array();
  for (auto const& one : values) out.push_back(compact_one(s, property, one));
  return out.size() == 1 && !has(d, "@set") && !has(d, "@list") ? json::value(out[0]) : json::value(out);
}

json::value compact_document(scope const& s, json::value const& expanded, json::value const& context) {
  auto nodes = json::array();
  for (auto const& node : expanded.as_array()) nodes.push_back(compact_one(s, "", node));
  auto o = nodes.size() == 1 ? nodes[0].as_object() : json::object();
  if (nodes.size() > 1) o.push(alias(s, "@graph"), nodes);
  auto const is_empty = context.is_null() || (context.is_object() && context.as_object().empty()) || (context.is_array() && context.as_array().empty());
  if (!is_empty && !o.empty()) o.push("@context", context);
  return o;
}

// --- the tests ---

bool passes(json::value const& test, std::string const& group) {
  auto const* option = test.find("option");
  auto s = scope{group, {}, process_context(json::object(), nullptr, [](auto const&) { return nullptr; }).context};
  auto const expects_error = test.find("expectErrorCode") != nullptr;
  try {
    auto const document = read(std::string(test.text_or("input", "")));
    if (option != nullptr && option->find("expandContext") != nullptr) {
      auto const given = read(std::string(option->text_or("expandContext", "")));
      s = s.with(*given.find("@context"));
    }
    auto result = expand_document(s, document);
    if (group == "compact") {
      auto const given = read(std::string(test.text_or("context", "")));
      auto const* local = given.find("@context");
      auto const target = local != nullptr ? *local : given;
      auto fresh = scope{group, {}, process_context(json::object(), nullptr, [](auto const&) { return nullptr; }).context};
      result = compact_document(fresh.with(target), result, target);
    }
    return !expects_error && is_same(result, read(std::string(test.text_or("expect", ""))));
  } catch (beyond_us const&) {
    return false;
  } catch (fault const& f) {
    return expects_error && f.clause.find("5.5.7") == std::string::npos;  // that one refuses more than JSON-LD does
  }
}

TEST(json_ld_suite, of_the_world_wide_web_consortium) {
  auto const* directory = std::getenv("JSON_LD_TESTS");
  if (directory == nullptr) GTEST_SKIP() << "JSON_LD_TESTS names no directory";
  root = directory;
  for (auto const* const group : {"expand", "compact"}) {
    auto passed = 0, all = 0, old = 0;
    auto groups = std::map<std::string, std::pair<int, int>>();
    auto const manifest = read(std::string(group) + "-manifest.jsonld");
    for (auto const& test : manifest.find("sequence")->as_array()) {
      auto const* option = test.find("option");
      if (option != nullptr && option->text_or("specVersion", "") == "json-ld-1.0") {
        ++old;
        continue;
      }
      auto const id = std::string(test.text_or("@id", "").substr(2));
      auto& [right, count] = groups[id.substr(0, id.find_first_of("0123456789"))];
      auto const ok = passes(test, group);
      ++count;
      ++all;
      right += ok;
      passed += ok;
      if (!ok && std::getenv("JSON_LD_FAILED") != nullptr) {
        std::printf("  %s %s: %s\n", group, id.c_str(), std::string(test.text_or("name", "")).c_str());
      }
    }
    std::printf("%s: %d of %d pass (%d of JSON-LD 1.0 left out)\n", group, passed, all, old);
    for (auto const& [name, counts] : groups) std::printf("  %-3s %d of %d\n", name.empty() ? "-" : name.c_str(), counts.first, counts.second);
    EXPECT_GT(passed, 0);
  }
}

}  // namespace json_ld_suite
}  // namespace dos
