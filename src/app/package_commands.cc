#include "app/package_commands.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/data_directory.h"
#include "app/running_server.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/id.h"
#include "base/yaml.h"
#include "kernel/access/token.h"
#include "package/library.h"

namespace dos::app {
namespace {

namespace fs = std::filesystem;

void write_file(fs::path const& file, std::string_view content) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  auto out = std::ofstream(file, std::ios::binary | std::ios::trunc);
  out.write(content.data(), std::streamsize(content.size()));
  out.flush();
  require(bool(out), fault_kind::invalid, "cannot write the file " + file.string());
}

package::surroundings usual_surroundings(std::string const& resources) {
  auto around = package::surroundings();
  auto const document = json::parse(read_existing_file(resources + "/contexts/dos-context.json"));
  if (auto const* const inner = document.find("@context")) around.context = *inner;
  return around;
}

std::string only_word(options const& o, char const* wanted) {
  require(o.rest.size() == 1, fault_kind::invalid, "dos " + o.command + " wants " + wanted);
  return o.rest[0];
}

// The files of cities: whether they are in order, and the packages exist that they name.
int check_cities(std::string const& resources, package::library const& all) {
  auto told = 0;
  auto error = std::error_code();
  for (auto const& entry : fs::directory_iterator(resources + "/cities", error)) {
    if (entry.path().extension() != ".yaml") continue;
    auto const content = read_existing_file(entry.path());
    auto const tell = [&](std::string const& member, std::string const& what) {
      ++told;
      auto const name = "cities/" + entry.path().filename().string();
      std::printf("%s\n", package::to_text(package::problem{name, find_yaml_line(content, member), member, what}).c_str());
    };
    auto const city = parse_yaml(content);
    for (auto const& v : all.rules().check("city.json", city)) tell(v.member, v.text);
    auto const* const used = city.find("packages");
    if (!used || !used->is_object()) continue;
    for (auto const& m : used->as_object()) {
      if (!all.find(m.key)) tell("packages." + m.key, "there is no package " + m.key);
    }
  }
  return told;
}

// A folder, or the id of a package that comes with the program.
fs::path folder_of(std::string const& word, std::string const& resources) {
  if (fs::is_directory(word)) return word;
  for (auto const* const kind : {"measures", "modules"}) {
    if (auto const there = fs::path(resources) / kind / word; fs::is_directory(there)) return there;
  }
  throw fault(fault_kind::not_found, "there is no package " + word);
}

// "my-measure" names types "MyMeasure…", so that two packages do not meet.
std::string camel(std::string_view id) {
  auto out = std::string();
  auto is_first = true;
  for (auto const c : id) {
    if (c != '-') out += is_first && c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
    is_first = c == '-';
  }
  return out;
}

}  // namespace

int check_packages(options const& o) {
  require(o.rest.size() <= 1, fault_kind::invalid, "dos check wants the folder or the id of one package, or nothing: then it checks all");
  auto const resources = resources_directory();
  auto all = package::library(resources);
  if (!o.rest.empty()) all.add(folder_of(o.rest[0], resources).string());
  auto const lines = all.check(usual_surroundings(resources));
  auto told = 0;
  if (o.rest.empty()) told = check_cities(resources, all);
  for (auto const& line : lines) {
    if (!o.rest.empty()) {  // of this one alone
      auto const home = folder_of(o.rest[0], resources).lexically_normal();
      auto const name = home.has_filename() ? home.filename() : home.parent_path().filename();
      if (line.find("/" + name.string() + "/") == line.npos && line.find("/" + name.string() + ":") == line.npos) continue;
    }
    ++told;
    std::printf("%s\n", line.c_str());
  }
  if (told == 0) std::printf("%zu packages are in order\n", all.all().size());
  else std::printf("%d thing%s wrong\n", told, told == 1 ? " is" : "s are");
  return told;
}

void pack_package(options const& o) {
  auto const resources = resources_directory();
  auto const home = folder_of(only_word(o, "the id or the folder of a package"), resources).lexically_normal();
  auto const name = (home.has_filename() ? home.filename() : home.parent_path().filename()).string();
  auto const files = package::read_folder(home.string());
  auto wrong = package::problems();
  read_bundle(files, package::schemas(resources + "/measures/schema"), {}, wrong);
  for (auto const& p : wrong) std::printf("%s\n", to_text(p, home.string()).c_str());
  require(wrong.empty(), fault_kind::invalid, "the package is not in order; see dos check");
  auto const to = o.to.empty() ? name + ".zip" : o.to;
  write_file(to, to_zip(files, name));
  std::printf("%s: %zu files, digest %s\n", to.c_str(), files.files.size(), files.digest().c_str());
}

void adopt_package(options const& o) {
  auto const file = only_word(o, "a file that dos pack made, or the folder of a package");
  require(!o.city.empty(), fault_kind::invalid, "say which city takes it over: --city ID");
  auto const files = fs::is_directory(file) ? package::read_folder(file) : package::read_archive(read_existing_file(file));
  auto wrong = package::problems();
  auto const b = read_bundle(files, package::schemas(resources_directory() + "/measures/schema"), {}, wrong);
  for (auto const& p : wrong) std::printf("%s\n", to_text(p, file).c_str());
  require(wrong.empty(), fault_kind::invalid, "the package is not in order");
  auto const running = find_running_server(o.data);
  require(running.has_value(), fault_kind::unavailable, "start the server first: dos serve --data " + o.data);
  auto const data = data_directory(o.data, o.keys);
  auto const now = system_clock().now();
  auto const t = token{.id = new_uuid(), .city = o.city, .role = role::admin, .name = "command line", .issued_at = now,
                       .expires_at = now + 3'600 * us_per_second};
  auto const path = "/" + o.city + "/platform/v1/packages/" + b.id;
  auto const said = ask_running_server(*running, "PUT", path, sign(t, data.token_key()), {"application/zip", to_zip(files, b.id)});
  std::printf("%s\n", said.c_str());
}

void make_measure(options const& o) {
  auto const id = only_word(o, "an id: dos new-measure my-measure");
  auto const home = fs::path(o.to.empty() ? resources_directory() + "/measures" : o.to) / id;
  require(!fs::exists(home), fault_kind::conflict, home.string() + " is there already");
  auto f = package::folder();
  f.files["measure.yaml"] = "id: " + id + R"(
number: XX 01                  # as the strategy counts
title: {de: Neue Maßnahme, en: New measure}
summary: {de: "Ein Satz, was sie den Menschen bringt.", en: "One sentence about what it brings people."}
field: DP
kind: VP
cities: [dortmund, schwerte]
state: none                    # none, demonstrable, ready, running: never more than is true
needs: []
)";
  f.files["models/note.yaml"] = "type: " + camel(id) + R"(Note
title: {de: Notiz, en: Note}
attributes:
  text: {is: text, required: true, length_max: 500, title: {de: Text, en: Text}}
  author: {is: person, default: $me, title: {de: Von, en: By}}
workflow:
  start: draft
  states:
    draft: {title: {de: Entwurf, en: Draft}}
    shown: {title: {de: Gezeigt, en: Shown}, end: true}
  actions:
    show: {from: draft, to: shown, by: [author], title: {de: Zeigen, en: Show}}
)";
  f.files["roles.yaml"] = "roles:" + std::string(R"(
  member:
    title: {de: Mitglied, en: Member}
    grants:
      - {may: create, type: TYPE}
      - {may: [read, act], type: TYPE, where: 'author==$me'}
  everyone:
    title: {de: Alle, en: Everyone}
    grants:
      - {may: read, type: TYPE, where: 'status==shown'}
)");
  auto& roles = f.files["roles.yaml"];
  for (auto at = roles.find("TYPE"); at != roles.npos; at = roles.find("TYPE")) roles.replace(at, 4, camel(id) + "Note");
  f.files["stories/" + id + ".feature"] = "Feature: " + id + R"(

  Background:
    Given a city with the package )" + id + R"(
    And Ada is signed in
    And Ada creates )" + camel(id) + R"(Note "first"
      | text | Hello |

  Scenario: What is shown is seen by everybody
    Then "first" is draft
    And a visitor does not see "first"
    When Ada does show on "first"
    Then "first" is shown
    And a visitor sees "first"
)";
  auto wrong = package::problems();
  auto const b = read_bundle(f, package::schemas(resources_directory() + "/measures/schema"), {}, wrong);
  for (auto const& p : wrong) std::printf("%s\n", to_text(p, home.string()).c_str());
  require(wrong.empty(), fault_kind::invalid, "a measure cannot be called so");
  for (auto const& [path, content] : f.files) write_file(home / path, content);
  std::printf("%s: change its words, then ./dos check %s\n", home.string().c_str(), home.string().c_str());
}

}  // namespace dos::app
