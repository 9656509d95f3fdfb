#include "package/bundle.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/yaml.h"

namespace dos::package {
namespace {

// Which files a package may have, and the schema of those that have one.
struct place {
  std::string_view folder;  // "": the package itself
  std::string_view ending;
  std::string_view schema;
};
constexpr auto places = std::array{
    place{"", "measure.yaml", "measure.json"}, place{"", "module.yaml", "module.json"},   place{"", "roles.yaml", "roles.json"},
    place{"", "README.md", ""},                place{"", "LICENSE", ""},                  place{"models/", ".yaml", "model.json"},
    place{"mappings/", ".yaml", "mapping.json"}, place{"views/", ".yaml", "view.json"},   place{"rules/", ".yaml", "rule.json"},
    place{"texts/", ".yaml", "texts.json"},    place{"notices/", ".md", ""},              place{"seed/", ".jsonld", ""},
    place{"stories/", ".feature", ""},         place{"devices/", "/device.yaml", "device.json"}, place{"devices/", "/codec.js", ""},
    place{"devices/", "/examples.json", ""},   place{"web/", ".js", ""},                  place{"web/", ".css", ""},
    place{"web/", ".svg", ""}};

place const* find_place(std::string_view path) {
  auto const it = std::find_if(places.begin(), places.end(), [&](place const& p) {
    if (p.folder.empty()) return path == p.ending;
    if (!path.starts_with(p.folder) || !path.ends_with(p.ending) || path.size() <= p.folder.size() + p.ending.size()) return false;
    auto const name = path.substr(p.folder.size(), path.size() - p.folder.size() - p.ending.size());
    return name.find('/') == name.npos || p.folder == "web/";
  });
  return it == places.end() ? nullptr : &*it;
}

void put_values(json::value& v, json::object const& values) {
  constexpr auto sign = std::string_view("$value.");
  if (v.is_string() && v.as_string().starts_with(sign)) {
    if (auto const* const given = values.find(v.as_string().substr(sign.size()))) v = *given;
  } else if (v.is_array()) {
    for (auto& item : v.as_array()) put_values(item, values);
  } else if (v.is_object()) {
    for (auto& m : v.as_object()) put_values(m.value, values);
  }
}

bool fits(json::value const& v, std::string_view is) {
  if (is == "number") return v.is_number();
  if (is == "integer") return v.is_int();
  if (is == "boolean") return v.is_bool();
  return is == "json" || v.is_string();
}

// What the city says, and what holds where it says nothing.
json::object settle_values(bundle const& b, json::value const& given, problems& wrong) {
  auto all = json::object();
  auto const head = std::string(b.is_measure ? "measure.yaml" : "module.yaml");
  auto const* const declared = b.head.find("values");
  if (given.is_object()) {
    for (auto const& m : given.as_object()) {
      auto const* const rule = declared ? declared->find(m.key) : nullptr;
      if (!rule) {
        wrong.push_back({"", 0, "values." + m.key, "the package " + b.id + " knows no such value"});
        continue;
      }
      auto const is = rule->text_or("is", "text");
      auto const* const choices = rule->find("choices");
      auto const is_chosen = !choices || std::find(choices->as_array().begin(), choices->as_array().end(), m.value) != choices->as_array().end();
      if (!fits(m.value, is) || !is_chosen) wrong.push_back({"", 0, "values." + m.key, "is no " + std::string(is) + " that may stand here: " +
          json::to_string(m.value)});
      all[m.key] = m.value;
    }
  }
  if (!declared) return all;
  for (auto const& m : declared->as_object()) {
    if (all.find(m.key)) continue;
    if (auto const* const otherwise = m.value.find("default")) all[m.key] = *otherwise;
    else if (auto const* const needed = m.value.find("required"); needed && needed->as_bool() && given.is_object()) {
      wrong.push_back({"", 0, "values." + m.key, "the city has to say it"});
    }
  }
  return all;
}

class reader {
 public:
  reader(bundle& b, schemas const& s, problems& wrong) : b_(b), schemas_(s), wrong_(wrong) {}

  json::value read(std::string const& path, std::string_view schema, json::object const* values) {
    auto const& text = *b_.files.find(path);
    auto document = json::value();
    try {
      document = parse_yaml(text);
    } catch (fault const& f) {
      add({path, line_in(f.detail), "", f.detail});
      return document;
    }
    if (values) put_values(document, *values);
    try {
      for (auto const& v : schemas_.check(schema, document)) add(b_.at(path, v.member, v.text));
    } catch (fault const& f) {
      add(b_.at(path, f.member, f.detail));
    }
    return document;
  }

  void add(problem p) {
    if (wrong_.size() < problems_max) wrong_.push_back(std::move(p));
  }

 private:
  static std::size_t line_in(std::string_view detail) {
    auto const at = detail.find(" in line ");
    auto n = std::size_t(0);
    if (at == detail.npos) return 0;
    for (auto const c : detail.substr(at + 9)) {
      if (c < '0' || c > '9') break;
      n = n * 10 + std::size_t(c - '0');
    }
    return n;
  }

  bundle& b_;
  schemas const& schemas_;
  problems& wrong_;
};

// Where one language is, the others are, too: notices/reminder.de.md and notices/reminder.en.md.
void check_languages(bundle const& b, problems& wrong) {
  for (auto const& [path, content] : b.files.files) {
    if (!path.starts_with("notices/")) continue;
    auto const stem = path.substr(0, path.size() - 3);
    auto const is_known = stem.ends_with(".de") || stem.ends_with(".en") || stem.ends_with(".leicht");
    if (!is_known) {
      wrong.push_back({path, 0, "", "its name tells the language: NAME.de.md, NAME.en.md"});
      continue;
    }
    auto const name = stem.substr(0, stem.rfind('.'));
    for (auto const* const language : {"de", "en"}) {
      auto const other = name + '.' + language + ".md";
      if (!b.files.find(other)) wrong.push_back({path, 0, "", other + " is missing"});
    }
  }
}

void check_seeds(bundle& b, problems& wrong) {
  for (auto const& [path, content] : b.files.files) {
    if (!path.starts_with("seed/")) continue;
    try {
      auto const document = json::parse(content);
      require(document.is_object() || document.is_array(), fault_kind::invalid, "expected an entity, or a list of them");
      auto const entities = document.is_array() ? document.as_array() : json::array{document};
      for (auto const& e : entities) {
        require(e.find("id") && e.find("id")->is_string() && e.find("type"), fault_kind::invalid, "an entity has an id and a type");
      }
    } catch (fault const& f) {
      wrong.push_back({path, 0, f.member, f.detail});
    }
  }
}

}  // namespace

std::vector<std::string> bundle::needs() const {
  auto all = std::vector<std::string>();
  auto const* const list = head.find("needs");
  if (list && list->is_array()) {
    for (auto const& n : list->as_array()) {
      if (n.is_string()) all.emplace_back(n.as_string());
    }
  }
  return all;
}

bool bundle::is_default() const { return head.text_or("default", "off") == "on"; }

std::vector<std::pair<std::string_view, json::value const*>> bundle::in(std::string_view folder) const {
  auto all = std::vector<std::pair<std::string_view, json::value const*>>();
  for (auto const& [path, document] : documents) {
    if (path.starts_with(folder)) all.emplace_back(path, &document);
  }
  return all;
}

problem bundle::at(std::string_view path, std::string member, std::string text) const {
  auto const* const content = files.find(path);
  auto const line = content ? find_yaml_line(*content, member) : 0;
  return {std::string(path), line, std::move(member), std::move(text)};
}

bundle read_bundle(folder f, schemas const& s, json::value const& values, problems& wrong) {
  auto b = bundle();
  b.digest = f.digest();
  b.files = std::move(f);
  auto r = reader(b, s, wrong);
  b.is_measure = b.files.find("measure.yaml") != nullptr;
  if (b.is_measure == (b.files.find("module.yaml") != nullptr)) {
    r.add({"", 0, "", "a package has either a measure.yaml or a module.yaml"});
    return b;
  }
  auto const head = std::string(b.is_measure ? "measure.yaml" : "module.yaml");
  b.head = r.read(head, b.is_measure ? "measure.json" : "module.json", nullptr);
  b.id = b.head.text_or("id", "");
  auto const settled = settle_values(b, values, wrong);
  for (auto const& [path, content] : b.files.files) {
    auto const* const p = find_place(path);
    if (!p) {
      r.add({path, 0, "", "no file of a package is called so; docs/packages.md lists them"});
      continue;
    }
    if (p->folder == "web/") b.has_modules = true;
    if (p->schema.empty() || path == head) continue;
    b.documents.emplace(path, r.read(path, p->schema, &settled));
  }
  check_languages(b, wrong);
  check_seeds(b, wrong);
  return b;
}

}  // namespace dos::package
