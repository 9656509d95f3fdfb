#include "app/interface.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "base/fault.h"
#include "base/yaml.h"
#include "kernel/city/city.h"

namespace dos::app {
namespace {

constexpr std::string_view methods[] = {"get", "post", "put", "patch", "delete"};

std::string path_of(std::string pattern) {
  if (auto const rest = pattern.find("...}"); rest != pattern.npos) pattern.erase(rest, 3);
  return pattern;
}

std::string verb_of(std::string method) {
  for (auto& c : method) c = char(c | 0x20);
  return method;
}

// Members of both, objects put together.
void merge(json::value& into, json::value const& part) {
  for (auto const& m : part.as_object()) {
    auto& known = into.as_object()[m.key];
    if (known.is_object() && m.value.is_object()) merge(known, m.value);
    else known = m.value;
  }
}

json::value read_parts(std::string const& directory) {
  auto files = std::set<std::filesystem::path>();
  for (auto const& f : std::filesystem::directory_iterator(directory)) {
    if (f.path().extension() == ".yaml") files.insert(f.path());
  }
  auto all = json::value(json::object());
  for (auto const& f : files) {
    auto in = std::ifstream(f, std::ios::binary);
    try {
      merge(all, parse_yaml(std::string(std::istreambuf_iterator<char>(in), {})));
    } catch (fault const& wrong) {
      throw fault(wrong.kind, f.string() + ": " + wrong.detail, wrong.member);
    }
  }
  return all;
}

class document {
 public:
  document(node const& n, json::value all) : all_(std::move(all)) {
    for (auto const& c : n.cities) cities_.push_back(c->id());
    for (auto& m : all_.find("paths")->as_object()) finish(m.key, m.value);
  }

  // A route that is served: described or not, with what the door asks there.
  template <typename Route>
  void mention(Route const& r, std::string const& root, std::string const& tag) {
    auto const path = path_of(root + r.pattern);
    auto const verb = verb_of(r.method);
    if (path.find("//") != path.npos) return;  // an address that lacks its id: it is only refused
    if (!described_.contains({verb, path})) {
      auto& item = all_.find("paths")->as_object()[path];
      if (!item.is_object()) item = json::object();
      item.as_object()[verb] = json::object{{"tags", json::array{tag}}, {"responses", json::object()}};
      finish(path, item);
    }
    auto& paths = *all_.find("paths");
    say_needs(paths.find(described_[{verb, path}])->find(verb)->as_object(), r.method, r.needs, r.body_bytes_max);
    auto const rest = path.find("{rest}");
    if (rest == path.npos || rest <= 1) return;
    // What is described closer than it is routed.
    for (auto const& [known, where] : described_) {
      auto& o = paths.find(where)->find(known.first)->as_object();
      auto const is_below = known.first == verb && known.second.starts_with(path.substr(0, rest));
      if (is_below && !o.find("x-needs")) say_needs(o, r.method, r.needs, r.body_bytes_max);
    }
  }

  json::value take() { return std::move(all_); }

 private:
  // Who may come and, in bytes, with how large a body.
  static void say_needs(json::object& o, std::string const& method, need needs, std::size_t body_bytes_max) {
    o["x-needs"] = to_text(needs);
    if (method != "GET") o["x-body-bytes-max"] = body_bytes_max == largest_body ? json::value("body_bytes_max") : json::value(body_bytes_max);
    if (needs != need::nothing && needs != need::own) o["security"] = json::array{json::object{{"bearer", json::array()}}};
  }

  void finish(std::string const& path, json::value& item) {
    auto roots = std::vector<std::string>{""};
    if (auto* const servers = item.find("servers")) {
      roots.clear();
      for (auto& s : servers->as_array()) {
        auto const url = std::string(s.text_or("url", ""));
        roots.push_back(url == "/" ? "" : url);
        if (url.find("{city}") == url.npos) continue;
        auto const variable = json::object{{"enum", cities_}, {"default", cities_.front()}, {"description", "the city"}};
        s.as_object()["variables"] = json::object{{"city", variable}};
      }
    }
    for (auto const verb : methods) {
      auto* const operation = item.find(verb);
      if (!operation) continue;
      for (auto const& root : roots) described_[{std::string(verb), root + path}] = path;
      add_path_parameters(path, item, operation->as_object());
      finish_list(operation->as_object());
      auto& responses = operation->as_object()["responses"].as_object();
      if (!responses.find("default")) responses.push("default", json::object{{"$ref", "#/components/responses/Problem"}});
    }
  }

  // An answer `x-list: NAME` is a list of these in the platform's form, which every list can be asked for in the same way: contract/list.h
  static void finish_list(json::object& operation) {
    auto* const answers = operation.find("responses");
    auto* const ok = answers ? answers->find("200") : nullptr;
    auto const* const of = ok ? ok->find("x-list") : nullptr;
    if (!of) return;
    auto const name = std::string(of->as_string());
    auto one = json::object();
    if (name == "string") one.push("type", name);
    else one.push("$ref", "#/components/schemas/" + name);
    auto items = json::object();
    items.push("type", "array");
    items.push("items", std::move(one));
    auto properties = json::object();
    properties.push("items", std::move(items));
    if (auto const* const more = ok->find("x-more")) {
      for (auto const& m : more->as_object()) properties.push(std::string(m.key), m.value);
    }
    auto form = json::object();
    form.push("$ref", "#/components/schemas/List");
    auto forms = json::array();
    forms.push_back(std::move(form));
    auto schema = json::object();
    schema.push("allOf", std::move(forms));
    schema.push("properties", std::move(properties));
    auto media = json::object();
    media.push("schema", std::move(schema));
    if (auto const* const example = ok->find("example")) media.push("example", *example);
    for (auto const* const own : {"x-list", "x-more", "example"}) ok->as_object().erase(own);
    auto content = json::object();
    content.push("application/json", std::move(media));
    ok->as_object()["content"] = std::move(content);
    auto& told = operation["parameters"].as_array();
    for (auto const* const p : {"limit", "cursor", "offset", "q", "sort", "count"}) {
      auto const is_it = [&](json::value const& known) { return known.text_or("name", "") == p; };
      if (std::any_of(told.begin(), told.end(), is_it)) continue;
      auto reference = json::object();
      reference.push("$ref", std::string("#/components/parameters/list.") + p);
      told.push_back(std::move(reference));
    }
  }

  void add_path_parameters(std::string const& path, json::value const& item, json::object& operation) {
    auto& told = operation["parameters"];
    if (!told.is_array()) told = json::array();
    auto const* const of_item = item.find("parameters");
    auto const is_told = [&](std::string const& name) {
      auto const is_it = [&](json::value const& p) { return p.text_or("name", "") == name && p.text_or("in", "") == "path"; };
      auto const in = [&](json::value const& list) { return std::any_of(list.as_array().begin(), list.as_array().end(), is_it); };
      return in(told) || (of_item && in(*of_item));
    };
    for (auto at = path.find('{'); at != path.npos; at = path.find('{', at + 1)) {
      auto const name = path.substr(at + 1, path.find('}', at) - at - 1);
      if (is_told(name)) continue;
      auto schema = json::object{{"type", "string"}};
      if (name == "city") schema.push("enum", cities_);
      auto p = json::object{{"name", name}, {"in", "path"}, {"required", true}, {"schema", std::move(schema)}};
      if (name == "city") p.push("description", "the city");
      if (name == "id") p.push("description", "its id");
      told.as_array().push_back(std::move(p));
    }
  }

  json::value all_;
  json::array cities_;
  std::map<std::pair<std::string, std::string>, std::string> described_;  // method, path behind a server: where it is told
};

}  // namespace

json::value describe_interface(node const& n, std::vector<offer> const& all) {
  auto parts = read_parts(n.resources_directory + "/openapi");
  for (auto const& o : all) {
    if (o.openapi.is_object()) merge(parts, o.openapi);
  }
  auto d = document(n, std::move(parts));
  for (auto const& o : all) {
    for (auto const& r : o.node_routes) d.mention(r, "", o.name);
    for (auto const& r : o.city_routes) d.mention(r, "/{city}", o.name);
  }
  auto document = json::value(json::object{{"openapi", "3.1.0"},
                                           {"info", json::object{{"title", "DOS 2030"},
                                                                 {"version", n.version},
                                                                 {"license", json::object{{"name", "EUPL-1.2"}, {"identifier", "EUPL-1.2"}}}}},
                                           {"servers", json::array{json::object{{"url", n.public_url}}}},
                                           {"security", json::array{json::object(), json::object{{"bearer", json::array()}}}}});
  merge(document, d.take());
  return document;
}

}  // namespace dos::app
