#include "ingest/files/import_api.h"

#include "base/fault.h"
#include "base/text_cut.h"
#include "base/yaml.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "http/media.h"
#include "ingest/files/import.h"
#include "kernel/city/city.h"

namespace dos::files {
namespace {

constexpr std::size_t mapping_bytes_max = 256 << 10;

// Faults: too_many.
class import_slot {
 public:
  explicit import_slot(workshop const& shop) : shop_(shop) {
    if (++shop_.imports_running <= imports_at_once_max) return;
    --shop_.imports_running;
    throw fault(fault_kind::too_many, std::to_string(imports_at_once_max) + " imports are under way; send the file again when one has ended");
  }
  ~import_slot() { --shop_.imports_running; }
  import_slot(import_slot const&) = delete;

 private:
  workshop const& shop_;
};

// Faults name the line, too.
mapping parsed_with_line(std::string_view text, json::value const& declaration) {
  try {
    return parse_mapping(declaration);
  } catch (fault& f) {
    auto const line = f.member.empty() ? 0 : find_yaml_line(text, f.member);
    if (line > 0) f.detail = "line " + std::to_string(line) + ", " + f.member + ": " + f.detail;
    throw;
  }
}

void require_name(std::string_view name) {
  auto const fits = !name.empty() && name.size() <= 64 &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == name.npos;
  require(fits, fault_kind::invalid, "a mapping's name has lower-case letters, digits and dashes, at most 64", "name");
}

}  // namespace

void list_mappings::operator()(session s, http::request r, http::reply answer) const {
  auto items = json::array();
  for (auto const& [name, declaration] : shop->known.all(s)) {
    auto const m = parse_mapping(*declaration);
    auto parameters = json::array(m.parameters.begin(), m.parameters.end());
    items.push_back(json::object{{"name", name},
                                 {"title", m.title},
                                 {"format", to_text(m.source.format)},
                                 {"type", m.entity_type},
                                 {"publisher", m.publisher},
                                 {"licence", m.licence},
                                 {"url", m.source.url},
                                 {"interval_s", m.source.interval_s},
                                 {"enabled", m.source.is_enabled},
                                 {"parameters", std::move(parameters)},
                                 {"built_in", s.find_record(mapping_collection, name) == nullptr}});
  }
  answer(list_response(std::move(items), read_list_page(r, list_items_max)));
}

void get_mapping::operator()(session s, http::request r, http::reply answer) const {
  auto const declaration = shop->known.find_declaration(s, r.param("name"));
  require(declaration != nullptr, fault_kind::not_found,
          "there is no mapping \"" + std::string(r.param("name")) + "\"");
  answer(http::json(200, json::to_string(*declaration)));
}

void put_mapping::operator()(session s, http::request r, http::reply answer) const {
  auto const name = std::string(r.param("name"));
  require_name(name);
  require(r.body.size() <= mapping_bytes_max, fault_kind::too_large,
          "a mapping has at most " + std::to_string(mapping_bytes_max) + " bytes");
  auto const type = http::content_type(r.headers);
  auto const is_yaml = type == "application/yaml" || type == "text/yaml" || type == "application/x-yaml";
  auto declaration = is_yaml ? parse_yaml(r.body) : parse_body(r);
  require(declaration.is_object(), fault_kind::malformed, "a mapping is an object");
  declaration.as_object()["name"] = name;
  auto const m = parsed_with_line(r.body, declaration);
  // What the program fetches by itself, with its rights and from its place in the network, an administrator decides.
  if (m.source.is_enabled) require_need(s.who(), need::admin);
  submit_and_reply(
      s,
      [s, name, declaration](transaction& t) {
        require(t.find_record(mapping_collection, name) || s.record_count(mapping_collection) < mappings_max, fault_kind::conflict,
                "a city has at most " + std::to_string(mappings_max) + " mappings of its own");
        t.put_record(mapping_collection, name, declaration);
      },
      std::move(answer), [](outcome const&) { return http::no_content(); });
}

void delete_mapping::operator()(session s, http::request r, http::reply answer) const {
  auto const name = std::string(r.param("name"));
  submit_and_reply(
      s,
      [name](transaction& t) {
        require(t.find_record(mapping_collection, name) != nullptr, fault_kind::not_found,
                "the city has no mapping of its own called \"" + name + "\"");
        t.erase_record(mapping_collection, name);
      },
      std::move(answer), [](outcome const&) { return http::no_content(); });
}

void post_import::operator()(session s, http::request r, http::reply answer) const {
  auto const name = r.query.text_or("mapping", "");
  require(!name.empty(), fault_kind::malformed, "say which mapping to read the file with: ?mapping=NAME", "mapping");
  require(!r.body.empty(), fault_kind::malformed, "the body is to be the file, and it is empty");
  auto o = import_order{.how = shop->known.get(s, name),
                        .bytes = r.body,
                        .parameters = {},
                        .by = s.who().name,
                        .file = std::string(text::cut(r.query.text_or("file", ""), 200))};
  for (auto const& q : r.query) {
    if (q.name.starts_with("param.")) o.parameters.emplace(q.name.substr(6), q.text);
  }
  auto const slot = import_slot(*shop);
  auto const& words = shop->names.of(s.city());
  auto const now = shop->n.clock.now();
  if (r.query.text_or("preview", "false") == "true") {
    return answer(http::json(200, json::to_string(preview_import(o, s, words, now))));
  }
  // With the rights of who asks, in a queue of its own; the names that a mapping brings are the program's.
  auto by = s.who();
  by.source = "import:" + std::string(name);
  by.names = {};
  auto const source = session(s.shared_city(), std::move(by));
  auto const report = run_import(o, source, words, now);
  auto const location = '/' + s.city().id() + "/platform/v1/imports/" + std::string(report.text_or("id", ""));
  answer(http::created(location, json::to_string(report)));
}

void list_imports::operator()(session s, http::request r, http::reply answer) const {
  auto items = json::array();
  s.for_each_record(import_collection, "", [&](std::string_view, record_ptr const& record) {
    auto item = *record;
    item.as_object().erase("problems");
    items.insert(items.begin(), std::move(item));  // the newest first
    return true;
  });
  answer(list_response(std::move(items), read_list_page(r, list_items_max)));
}

void get_import::operator()(session s, http::request r, http::reply answer) const {
  answer(http::json(200, json::to_string(*s.get_record(import_collection, r.param("id")))));
}

}  // namespace dos::files
