#include "ingest/files/mappings.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/yaml.h"
#include "kernel/city/city.h"

namespace dos::files {

std::shared_ptr<mappings::by_name const> mappings::of_packages(std::string const& city) const {
  auto files = node_.files_of_packages(city);
  auto const lock = std::lock_guard(mutex_);
  auto& known = of_packages_[city];
  if (known.declarations && known.files == files) return known.declarations;
  auto all = by_name();
  for (auto const& f : *files) {
    if (!f.path.starts_with("mappings/")) continue;
    try {
      auto declaration = std::make_shared<json::value const>(parse_yaml(f.text));
      all.emplace(parse_mapping(*declaration).name, declaration);
    } catch (fault const& wrong) {
      log::warning("a mapping cannot be read", {{"package", f.package}, {"file", f.path}, {"why", wrong.detail}});
    }
  }
  known = {std::move(files), std::make_shared<by_name const>(std::move(all))};
  return known.declarations;
}

std::shared_ptr<json::value const> mappings::find_declaration(session const& s, std::string_view name) const {
  if (auto own = s.find_record(mapping_collection, name)) return own;
  auto const all = of_packages(s.city().id());
  auto const found = all->find(name);
  return found == all->end() ? nullptr : found->second;
}

std::shared_ptr<mapping const> mappings::get(session const& s, std::string_view name) const {
  auto const declaration = find_declaration(s, name);
  require(declaration != nullptr, fault_kind::not_found, "there is no mapping \"" + std::string(name) + "\"");
  return std::make_shared<mapping const>(parse_mapping(*declaration));
}

std::map<std::string, std::shared_ptr<json::value const>> mappings::all(session const& s) const {
  auto const of_them = of_packages(s.city().id());
  auto result = std::map<std::string, std::shared_ptr<json::value const>>(of_them->begin(), of_them->end());
  s.for_each_record(mapping_collection, "", [&](std::string_view name, record_ptr const& record) {
    result[std::string(name)] = record;
    return true;
  });
  return result;
}

}  // namespace dos::files
