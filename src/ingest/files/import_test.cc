#include "ingest/files/import.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fault.h"
#include "base/id.h"
#include "base/yaml.h"
#include "ingest/files/files.h"
#include "ingest/files/pulls.h"
#include "kernel/city/city.h"
#include "kernel/history/history.h"

namespace dos::files {
namespace {

struct set_clock final : clock {
  timestamp now() const override { return at; }
  timestamp at = *parse_timestamp("2026-11-21T12:00:00Z");
};

constexpr auto levels = R"(
name: levels
source: {format: csv}
time_zone: Etc/UTC
entity: {type: WaterObserved, id: "urn:w:{id}"}
history: true
observed_at: t
attributes: [{attribute: name, from: n, observed_at: none}, {attribute: waterLevel, from: v, unit: MTR}]
)";

// A city, the module's endpoints, and an outside world that answers what it is told to.
struct import_world {
  import_world() : n{clock, {}, {}, {}, {}, {}, {}, {}, {}, {}, false, {}} {
    std::filesystem::create_directories(directory);
    home = city::open("dortmund", directory, clock);
    n.cities = {home};
    n.outbound = [this](outbound_request r, std::function<void(outbound_response)> done) {
      asked.push_back(r.url);
      done(world_answers);
    };
    root = std::make_unique<session>(home, principal{.name = "ada", .role = role::admin, .source = "test"});
    o = offer_files(n);
    auto declaration = parse_yaml(levels);
    root->apply([&](transaction& t) { t.put_record(mapping_collection, "levels", declaration); });
  }
  ~import_world() {
    o = {};
    home->close();
    std::filesystem::remove_all(directory);
  }

  http::response call(std::string const& method, std::string const& pattern, std::string const& target,
                      std::string body = {}, role as = role::admin) {
    auto r = http::request();
    r.method = method;
    http::set_target(r, target);
    r.body = std::move(body);
    if (auto const brace = pattern.find('{'); brace != pattern.npos) {
      r.params.add(pattern.substr(brace + 1, pattern.size() - brace - 2), r.segments.back());
    }
    auto result = http::response();
    for (auto const& route : o.city_routes) {
      if (route.method != method || route.pattern != pattern) continue;
      route.handle(session(home, principal{.name = "ada", .role = as, .source = "test"}), r,
                   [&](http::response answer) { result = std::move(answer); });
    }
    return result;
  }
  json::value import(std::string body) {
    return json::parse(
        call("POST", "/platform/v1/imports", "/platform/v1/imports?mapping=levels&file=a.csv", std::move(body)).body);
  }
  void put_mapping(std::string_view name, json::value declaration) {
    root->apply([&](transaction& t) { t.put_record(mapping_collection, name, declaration); });
  }

  json::value current(std::string const& id, std::string const& term) const {
    auto const e = root->find(id);
    auto const a = e ? e->find(symbol(terms().iri(term))) : nullptr;
    return a ? a->value : json::value();
  }
  std::vector<observation> observations_of(std::string const& id, std::string const& term) const {
    for (auto const& s : root->series_of(id)) {
      if (s.attribute == symbol(terms().iri(term))) return root->history().range(s.series, {});
    }
    return {};
  }
  std::size_t history_length(std::string const& id, std::string const& term) const {
    return observations_of(id, term).size();
  }
  std::vector<double> history_of(std::string const& id, std::string const& term) const {
    auto values = std::vector<double>();
    for (auto const& o : observations_of(id, term)) values.push_back(o.value.as_double());
    return values;
  }

  std::string directory = std::filesystem::temp_directory_path() / ("dos-import-" + new_uuid());
  set_clock clock;
  node n;
  std::shared_ptr<city> home;
  std::unique_ptr<session> root;
  offer o;
  std::vector<std::string> asked;
  outbound_response world_answers;
};

constexpr auto three_rows =
    "id,t,n,v\n1,2026-01-01 10:00,Emscher,1.5\n1,2026-01-01 11:00,Emscher,1.6\n2,2026-01-01 11:00,Ruhr,x\n";

TEST(imports, a_preview_shows_what_would_come_and_writes_nothing) {
  auto w = import_world();
  auto const answer =
      w.call("POST", "/platform/v1/imports", "/platform/v1/imports?mapping=levels&preview=true", three_rows);
  EXPECT_EQ(200, answer.status);
  auto const seen = json::parse(answer.body);
  EXPECT_EQ(3u, seen.find("drafts")->as_array().size());
  EXPECT_EQ(R"({"row":4,"line":4,"column":"v","message":"\"x\" is no number","excerpt":"x","lost":false})",
            json::to_string(seen.find("problems")->as_array().at(0)));
  EXPECT_EQ(nullptr, w.root->find("urn:w:1"));
  EXPECT_EQ(0u, w.root->record_count(import_collection));
}

TEST(imports, rows_become_the_state_and_the_history) {
  auto w = import_world();
  auto const report = w.import(three_rows);
  EXPECT_EQ(R"({"entities":3,"values":4,"repeated":0})", json::to_string(*report.find("stored")));
  EXPECT_EQ(json::value(1.6), w.current("urn:w:1", "waterLevel"));
  EXPECT_EQ(json::value("Ruhr"), w.current("urn:w:2", "name"));
  EXPECT_EQ(2u, w.history_length("urn:w:1", "waterLevel"));
  auto const kept =
      w.call("GET", "/platform/v1/imports/{id}", "/platform/v1/imports/" + std::string(report.text_or("id", "")));
  EXPECT_EQ(report, json::parse(kept.body));
}

TEST(imports, the_same_file_again_changes_nothing) {
  auto w = import_world();
  w.import(three_rows);
  auto const version = w.root->find("urn:w:1")->version;
  auto const again = w.import(three_rows);
  EXPECT_EQ(R"({"entities":0,"values":0,"repeated":4})", json::to_string(*again.find("stored")));
  EXPECT_EQ(2u, w.history_length("urn:w:1", "waterLevel"));
  EXPECT_EQ(version, w.root->find("urn:w:1")->version);
}

TEST(imports, older_rows_enter_the_history_and_leave_the_present_alone) {
  auto w = import_world();
  w.import(three_rows);
  w.import("id,t,n,v\n1,2025-12-31 10:00,Emscher,9.9\n1,2026-01-01 10:00,Emscher,1.5\n");
  EXPECT_EQ(json::value(1.6), w.current("urn:w:1", "waterLevel"));
  EXPECT_EQ(3u, w.history_length("urn:w:1", "waterLevel"));
}

TEST(imports, a_corrected_file_corrects) {
  auto w = import_world();
  w.import(three_rows);
  auto const report = w.import("id,t,n,v\n1,2026-01-01 10:00,Emscher,1.4\n1,2026-01-01 11:00,Emscher,1.7\n");
  EXPECT_EQ(R"({"entities":2,"values":2,"repeated":1,"corrected":2})", json::to_string(*report.find("stored")));
  EXPECT_EQ(json::value(1.7), w.current("urn:w:1", "waterLevel"));
  EXPECT_EQ((std::vector<double>{1.4, 1.7}), w.history_of("urn:w:1", "waterLevel"));
  w.import("id,t,n,v\n1,2026-01-01 12:00,Emscher,2\n1,2026-01-01 12:00,Emscher,5\n1,2026-01-01 13:00,Emscher,6\n"
           "1,2026-01-01 12:00,Emscher,7\n");
  EXPECT_EQ(json::value(6), w.current("urn:w:1", "waterLevel"));
  EXPECT_EQ((std::vector<double>{1.4, 1.7, 7, 6}), w.history_of("urn:w:1", "waterLevel"));
}

constexpr auto hourly_levels = R"(
name: levels
source: {format: csv}
time_zone: Europe/Berlin
entity: {type: WaterObserved, id: "urn:w:{id}"}
history: true
observed_at: t
attributes: [{attribute: waterLevel, from: v, unit: MTR}]
)";

TEST(imports, the_hour_that_exists_twice_goes_on_in_the_next_file) {
  auto w = import_world();
  w.put_mapping("levels", parse_yaml(hourly_levels));
  auto const times = [&] {
    auto all = std::string();
    for (auto const& o : w.observations_of("urn:w:1", "waterLevel")) all += to_string(o.time).substr(11, 5) + ' ';
    return all;
  };
  w.import("id,t,v\n1,2026-10-25 01:00,1\n");
  w.import("id,t,v\n1,2026-10-25 02:00,2\n");
  w.import("id,t,v\n1,2026-10-25 02:00,3\n");
  w.import("id,t,v\n1,2026-10-25 03:00,4\n");
  EXPECT_EQ("23:00 00:00 01:00 02:00 ", times());
  // Each once more.
  w.import("id,t,v\n1,2026-10-25 02:00,2\n");
  w.import("id,t,v\n1,2026-10-25 02:00,3\n");
  EXPECT_EQ("23:00 00:00 01:00 02:00 ", times());
  EXPECT_EQ((std::vector<double>{1, 2, 3, 4}), w.history_of("urn:w:1", "waterLevel"));
  // What cannot have been yet is not.
  w.clock.at = *parse_timestamp("2026-10-25T00:50:00Z");
  w.import("id,t,v\n2,2026-10-25 02:30,1\n");
  EXPECT_EQ("2026-10-25T00:30:00Z", to_string(w.observations_of("urn:w:2", "waterLevel").at(0).time));
}

TEST(imports, many_rows_come_in_in_order) {
  auto w = import_world();
  auto body = std::string("id,t,n,v\n");
  for (auto i = 0; i < 5000; ++i)
    body += "1," + to_string(w.clock.at + (i - 5000) * us_per_second) + ",Emscher," + std::to_string(i) + '\n';
  w.import(body);
  EXPECT_EQ(json::value(4999), w.current("urn:w:1", "waterLevel"));
  EXPECT_EQ(5000u, w.history_length("urn:w:1", "waterLevel"));
}

TEST(imports, belong_to_editors_and_enabling_a_pull_to_administrators) {
  auto w = import_world();
  EXPECT_THROW(w.call("POST", "/platform/v1/imports", "/platform/v1/imports?mapping=levels", "x", role::viewer), fault);
  auto declaration = parse_yaml(levels);
  auto& source = declaration.find("source")->as_object();
  source.push("url", "https://example.org/a.csv");
  source.push("interval_s", 60);
  source.push("enabled", true);
  auto const put = [&](role as) {
    return w.call("PUT", "/platform/v1/mappings/{name}", "/platform/v1/mappings/levels", json::to_string(declaration),
                  as);
  };
  EXPECT_THROW(put(role::editor), fault);
  EXPECT_NO_THROW(put(role::admin));
}

TEST(imports, a_mapping_that_is_not_understood_is_refused_before_it_is_kept) {
  auto w = import_world();
  EXPECT_THROW(
      w.call("PUT", "/platform/v1/mappings/{name}", "/platform/v1/mappings/new", R"({"source":{"format":"xls"}})"),
      fault);
  EXPECT_THROW(w.call("PUT", "/platform/v1/mappings/{name}", "/platform/v1/mappings/N%20", levels), fault);
}

TEST(pulls, an_address_is_fetched_at_its_interval_and_its_state_is_told) {
  auto w = import_world();
  auto declaration = parse_yaml(levels);
  auto& source = declaration.find("source")->as_object();
  source.push("url", "https://user:secret@example.org/a.csv");
  source.push("interval_s", 60);
  source.push("enabled", true);
  w.put_mapping("levels", declaration);
  auto const look = [&] { w.o.jobs.at(0).run(); };
  auto const told = [&] { return read_input_source(*w.root->get_record(input_source_collection, "http_pull:levels")); };

  w.world_answers = {.status = 200, .headers = {}, .body = three_rows, .error = {}};
  look();
  EXPECT_EQ("waiting", told().state);
  look();
  EXPECT_EQ("ok", told().state);
  EXPECT_EQ("https://example.org/a.csv", told().url);
  EXPECT_EQ(json::value(1.6), w.current("urn:w:1", "waterLevel"));
  look();
  EXPECT_EQ(1u, w.asked.size()) << "not before the minute is over";

  w.clock.at = w.clock.at + 61 * us_per_second;
  w.world_answers = {.status = 0, .headers = {}, .body = {}, .error = "no route"};
  look();
  look();
  EXPECT_EQ(2u, w.asked.size());
  EXPECT_EQ("The address could not be fetched: no route", told().error);

  source.find("enabled")->operator=(false);
  w.put_mapping("levels", declaration);
  look();
  EXPECT_EQ("off", told().state);
}

}  // namespace
}  // namespace dos::files
