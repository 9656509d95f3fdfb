#include "contract/city_names.h"

#include <fstream>
#include <iterator>

#include "base/fault.h"
#include "base/id.h"
#include "base/text.h"
#include "kernel/city/city.h"

namespace dos {
namespace {

json::value read_context(std::string const& path) {
  if (path.empty()) return {};
  auto in = std::ifstream(path, std::ios::binary);
  require(bool(in), fault_kind::invalid, "the context file " + path + " cannot be read");
  try {
    return json::parse(std::string(std::istreambuf_iterator<char>(in), {}));
  } catch (fault const& f) {
    throw fault(f.kind, path + ": " + f.detail, f.member);
  }
}

}  // namespace

json::value context_document(json::value const& of_file, json::value const* terms) {
  auto const* const inner = of_file.find("@context");
  auto context = inner ? *inner : of_file;
  if (!terms || !terms->is_object() || terms->as_object().empty()) return json::object{{"@context", std::move(context)}};
  if (context.is_object()) {
    for (auto const& m : terms->as_object()) context.as_object()[m.key] = m.value;
    return json::object{{"@context", std::move(context)}};
  }
  auto parts = context.is_array() ? context.as_array() : json::array();
  if (!context.is_array() && !context.is_null()) parts.push_back(std::move(context));
  parts.push_back(*terms);
  return json::object{{"@context", std::move(parts)}};
}

std::string context_digest(json::value const& document) { return text::to_hex(sha256(json::to_string(document))).substr(0, 32); }

city_names::city_names(node const& n) : table_(std::make_shared<table>()) {
  table_->others = load_terms(n.default_context_file(""));
  for (auto const& p : n.profiles) {
    auto const file = n.default_context_file(p.id);
    auto& mine = table_->by_city[p.id];
    mine.of_file = read_context(file);
    mine.all.push_back({nullptr, std::make_unique<terms const>(load_terms(file))});
  }
}

terms const& city_names::of(city const& c) const {
  auto const held = std::lock_guard(table_->lock);
  auto const found = table_->by_city.find(c.id());
  if (found == table_->by_city.end()) return table_->others;
  auto& mine = found->second;
  auto const current = c.find_record(package_context_collection, current_context);
  if (current != mine.all.back().current) {
    mine.all.push_back({current, std::make_unique<terms const>(context_document(mine.of_file, current ? current->find("terms") : nullptr))});
  }
  return *mine.all.back().names;
}

}  // namespace dos
