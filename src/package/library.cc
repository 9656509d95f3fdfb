#include "package/library.h"

#include <algorithm>
#include <filesystem>

#include "base/fault.h"

namespace dos::package {

std::string home_of(bundle const& b) { return (b.is_measure ? "measures/" : "modules/") + b.id; }

library::library(std::string const& resources) : schemas_(resources + "/measures/schema") {
  for (auto const* const kind : {"modules", "measures"}) {
    auto error = std::error_code();
    auto folders = std::vector<std::string>();
    for (auto const& entry : std::filesystem::directory_iterator(resources + "/" + kind, error)) {
      auto const name = entry.path().filename().string();
      if (entry.is_directory() && name != "schema" && !name.starts_with('.')) folders.push_back(entry.path().string());
    }
    std::sort(folders.begin(), folders.end());
    for (auto const& f : folders) add(f);
  }
}

bundle_ptr library::find(std::string_view id) const {
  auto const it = packages_.find(id);
  return it == packages_.end() ? nullptr : it->second;
}

void library::add(std::string const& directory) {
  auto path = std::filesystem::path(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  auto const name = path.filename().string();
  auto const home = path.parent_path().filename().string() + "/" + name;
  auto& wrong = wrong_[home];
  wrong.clear();
  try {
    auto b = read_bundle(read_folder(path.string()), schemas_, {}, wrong);
    if (b.id != name && wrong.empty()) wrong.push_back(b.at(b.is_measure ? "measure.yaml" : "module.yaml", "id", "is the name of the folder, " + name));
    if (wrong.empty()) {
      auto const id = b.id;
      homes_[id] = home;
      packages_.insert_or_assign(id, std::make_shared<bundle const>(std::move(b)));
    }
  } catch (fault const& f) {
    wrong.push_back({"", 0, f.member, f.detail});
  }
  if (wrong.empty()) wrong_.erase(home);
}

std::vector<std::string> library::check(surroundings const& around) const {
  auto lines = std::vector<std::string>();
  for (auto const& [home, all] : wrong_) {
    for (auto const& p : all) lines.push_back(to_text(p, home));
  }
  auto wrong = std::map<std::string, problems>();
  auto ids = std::vector<std::string>();
  for (auto const& [id, b] : packages_) ids.push_back(id);
  auto const ordered = in_order(ids, [this](std::string_view id) { return find(id).get(); }, wrong);
  auto together = std::vector<member_package>();
  for (auto const& id : ordered) together.push_back({find(id), 1, false});
  for (auto& [id, all] : compile(together, around).wrong) wrong[id].insert(wrong[id].end(), all.begin(), all.end());
  for (auto const& [id, all] : wrong) {
    auto const home = homes_.find(id);
    for (auto const& p : all) lines.push_back(to_text(p, home == homes_.end() ? id : home->second));
  }
  return lines;
}

}  // namespace dos::package
