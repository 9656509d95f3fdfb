#include "package/packages.h"

#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "package/package_api.h"
#include "package/register_api.h"

namespace dos::package {
namespace {

// What the city's file asks for and is not in the city yet. What is there is the administrators' to change.
std::vector<wish> first_wishes(node const& n, library const& installed, city_packages const& where) {
  auto wishes = std::vector<wish>();
  for (auto const& profile : n.profiles) {
    if (profile.id != where.where().id()) continue;
    auto const* const said = profile.words.find("packages");
    auto const find = [&](std::string_view id) { return said ? said->find(id) : nullptr; };
    if (said && said->is_object()) {
      for (auto const& m : said->as_object()) {
        if (where.record_of(m.key) || m.value.text_or("state", "on") == "off") continue;
        auto w = wish{.id = m.key};
        if (auto const* const values = m.value.find("values")) w.values = *values;
        wishes.push_back(std::move(w));
      }
    }
    for (auto const& [id, b] : installed.all()) {
      if (b->is_default() && !where.record_of(id) && !find(id)) wishes.push_back({.id = id});
    }
  }
  return wishes;
}

}  // namespace

offer offer_packages(node& n) {
  auto const installed = std::make_shared<library const>(n.resources_directory);
  for (auto const& [home, wrong] : installed->wrong()) log::warning("a package that comes with the program is not in order", {{"problem",
      to_text(wrong[0], home)}});
  auto cities = std::vector<std::shared_ptr<city_packages>>();
  for (auto const& c : n.cities) {
    cities.push_back(std::make_shared<city_packages>(n, *installed, c));
    cities.back()->begin();
  }
  n.package_files_of = [cities](std::string_view city) {
    auto const it = std::find_if(cities.begin(), cities.end(), [&](auto const& c) { return c->where().id() == city; });
    return it == cities.end() ? std::make_shared<package_files const>() : (*it)->files();
  };
  auto const with = std::shared_ptr<desk>(new desk{n, *installed, cities, changes(n, cities)});
  auto const slow = thread_use::slow;
  auto const base = std::string("/platform/v1/");
  auto o = offer();
  o.name = "packages";
  o.city_routes = {
      {"GET", base + "packages", need::admin, list_packages{with}, slow},
      {"GET", base + "packages/{id}", need::admin, get_package{with}, slow},
      {"PUT", base + "packages/{id}", need::admin, put_package{with}, slow, false, archive_bytes_max},
      {"DELETE", base + "packages/{id}", need::admin, delete_package{with}, slow},
      {"GET", base + "jobs", need::admin, list_jobs{}, slow},
      {"GET", base + "jobs/{id}", need::admin, get_job{}, slow},
      {"GET", base + "contexts/{digest}", need::nothing, get_package_context{with}, slow, true},
      {"GET", base + "measures", need::nothing, list_measures{with}, slow},
      {"GET", base + "measures/{id}", need::nothing, get_measure{with}, slow},
  };
  o.start = [with, installed, &n] {
    for (auto const& c : with->cities) {
      auto const wishes = first_wishes(n, *installed, *c);
      try {
        with->changes.settle(*c, wishes);
      } catch (fault const& f) {
        log::error("the packages that the city's file names are not active", {{"city", c->where().id()}, {"why", f.detail}});
      }
    }
    with->changes.start();
  };
  o.stop = [with] { with->changes.stop(); };
  return o;
}

}  // namespace dos::package
