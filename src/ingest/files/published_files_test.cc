// Files as cities and agencies publish them, by the mappings that come with the program. What is expected was counted
// by other means.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "base/fault.h"
#include "base/yaml.h"
#include "ingest/files/draft_reader.h"

namespace dos::files {
namespace {

std::string content_of(std::filesystem::path const& path) {
  auto in = std::ifstream(path, std::ios::binary);
  auto text = std::ostringstream();
  text << in.rdbuf();
  return text.str();
}

mapping shipped_mapping(std::string const& name) {
  return parse_mapping(parse_yaml(content_of(std::string(DOS_SOURCE_DIR) + "/modules/open-data/mappings/" + name + ".yaml")));
}

std::filesystem::path excerpt(std::string const& name) {
  return std::string(DOS_SOURCE_DIR) + "/tests/data/imports/" + name;
}

// The full files, where there are any on this machine.
std::vector<std::filesystem::path> full_files(std::string const& folder, std::string const& start) {
  auto const* const root = std::getenv("DOS_SHARED_DATA");
  auto found = std::vector<std::filesystem::path>();
  if (!root) return found;
  for (auto const& f : std::filesystem::directory_iterator(std::filesystem::path(root) / folder)) {
    if (f.path().filename().string().starts_with(start)) found.push_back(f.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

struct taken {
  read_counts counts;
  std::map<std::string, std::vector<attribute_draft>> by_id;  // as it is after all drafts, times in order of arrival
  std::vector<row_problem> problems;

  std::vector<attribute_draft> of(std::string const& id, std::string const& name) const {
    auto result = std::vector<attribute_draft>();
    for (auto const& a : by_id.at(id)) {
      if (a.name == name) result.push_back(a);
    }
    return result;
  }
  json::value value(std::string const& id, std::string const& name) const { return of(id, name).at(0).value; }
};

template <typename Feed>
taken take_all(mapping const& m, parameter_map parameters, Feed const& feed) {
  auto result = taken();
  auto reader = draft_reader(m, std::move(parameters),
                             {.draft =
                                  [&](entity_draft&& d) {
                                    auto& known = result.by_id[d.id];
                                    for (auto& a : d.attributes) known.push_back(std::move(a));
                                    return true;
                                  },
                              .problem = [&](row_problem&& p) { result.problems.push_back(std::move(p)); }});
  feed(reader);
  result.counts = reader.finish();
  return result;
}

taken take_text(std::string_view text, mapping const& m) {
  return take_all(m, {}, [&](draft_reader& reader) { reader.feed(text); });
}

// Piece by piece, as an upload comes; compressed files through the tool.
taken take_file(std::filesystem::path const& path, mapping const& m, parameter_map parameters = {}) {
  auto const command = path.extension() == ".zst" ? "zstd -dcq '" + path.string() + "'" : "cat '" + path.string() + "'";
  return take_all(m, std::move(parameters), [&](draft_reader& reader) {
    auto* const pipe = popen(command.c_str(), "r");
    auto piece = std::string(65'536, '\0');
    while (auto const n = std::fread(piece.data(), 1, piece.size(), pipe))
      reader.feed(std::string_view(piece).substr(0, n));
    EXPECT_EQ(0, pclose(pipe));
  });
}

std::string summary(read_counts const& c) {
  return std::to_string(c.records) + " records, " + std::to_string(c.drafts) + " drafts, " + std::to_string(c.values) +
         " values, " + std::to_string(c.repeated_records) + " repeated, " + std::to_string(c.empty) + " empty, " +
         std::to_string(c.problems) + " problems, " + std::to_string(c.lost) + " lost";
}

std::string name_part(std::filesystem::path const& p, std::size_t from_end) {
  auto name = p.filename().string();
  name = name.substr(0, name.find('.'));
  auto parts = std::vector<std::string>();
  for (auto at = std::size_t(0); at <= name.size();) {
    auto const end = std::min(name.find('_', at), name.size());
    parts.push_back(name.substr(at, end - at));
    at = end + 1;
  }
  return parts.at(parts.size() - 1 - from_end);
}

TEST(published_files, every_shipped_mapping_is_understood) {
  auto count = 0;
  for (auto const& f : std::filesystem::directory_iterator(std::string(DOS_SOURCE_DIR) + "/modules/open-data/mappings")) {
    SCOPED_TRACE(f.path().filename().string());
    auto const m = parse_mapping(parse_yaml(content_of(f.path())));
    EXPECT_EQ(f.path().stem().string(), m.name);
    EXPECT_FALSE(m.licence.empty());
    EXPECT_FALSE(m.source.is_enabled) << "nothing is fetched before somebody says so";
    ++count;
  }
  EXPECT_GE(count, 12);
}

// One record each, with the members that Dortmund's portal publishes.
TEST(published_files, what_dortmund_publishes_becomes_entities) {
  constexpr auto point = R"({"lon":7.49,"lat":51.49})";
  constexpr auto area =
      R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[7.4,51.5],[7.5,51.5],[7.5,51.6],[7.4,51.5]]]},"properties":{}})";
  auto const works = std::string(R"({"art_der_baumassnahme":"Kanalbau","auftraggeber":"EB70","einschrankung":null,)") +
                     R"("von":"2026-05-04","bis":"2026-10-02","stadtbezirk":"Hörde","geografische_koordinate":)" +
                     point + R"(,"geo_point_2d":)" + point + R"(,"geo_shape":)" + area + "}";
  struct expectation {
    std::string name, record, id, attribute, value;
  };
  for (
      auto const& e : std::vector<expectation>{
          {"baustellen-tagesaktuell", works, "RoadWork:dortmund:2026-05-04:7.49:51.49", "endDate",
           R"({"@type":"Date","@value":"2026-10-02"})"},
          {"baustellen-geplant", works, "RoadWork:dortmund:2026-05-04:7.49:51.49", "status", R"("planned")"},
          {"baustellen-tagesaktuell-flachen", works, "RoadWork:dortmund:flaeche:2026-05-04:7.49:51.49", "areaServed",
           R"("Hörde")"},
          {"baustellen-geplant-flachen", works, "RoadWork:dortmund:flaeche:2026-05-04:7.49:51.49", "name",
           R"("Kanalbau")"},
          {"stadtbezirke",
           R"({"stadtbezirk_nr":5,"stadtbezirk_bezeichnung":"Aplerbeck","geografische_polygone":)" + std::string(area) +
               "}",
           "AdministrativeArea:dortmund:stadtbezirk:5", "name", R"("Aplerbeck")"},
          {"statistische-bezirke",
           R"({"statistischer_bezirk_nr":52,"statistischer_bezirk":"Sölde","stadtbezirk_nr":5,"geografische_polygone":)" +
               std::string(area) + "}",
           "AdministrativeArea:dortmund:statistischer-bezirk:52", "isPartOf",
           R"("urn:ngsi-ld:AdministrativeArea:dortmund:stadtbezirk:5")"},
          {"strassen", R"({"strassenname":"Brechtener Straße","strassenschlussel":"70644","kommune":"Dortmund"})",
           "Road:dortmund:70644", "name", R"("Brechtener Straße")"},
          {"strassen-bezirke",
           R"({"strassenname":"A","strassenschlussel":"1","statistischer_bezirk_bezeichnung":"Brechten"})",
           "Road:dortmund:1", "areaServed", R"(["Brechten"])"},
          {"strassenabschnitte",
           R"({"strassenname":"A","strassenschlussel":"1","strassenabschnittsnummer":"3","lange_strassenabschnitt_m":"120","strassenklasse":"G","geo_shape":)" +
               std::string(area) + "}",
           "RoadSegment:dortmund:1-3", "length", "120"},
          {"abfallentsorgung",
           R"({"titel":"Depotcontainer Glas","adresse":"Hansastr. 1","ort":"Dortmund","geografische_koordinaten":)" +
               std::string(point) + "}",
           "PointOfInterest:dortmund:edg:depotcontainer-glas:7.49:51.49", "address",
           R"({"streetAddress":"Hansastr. 1","addressLocality":"Dortmund"})"},
          {"gremientermine",
           R"({"datum":"2026-12-03","gremium":"Rat der Stadt","beginn":"15:00:00","sitzungsort":"Rathaus"})",
           "Event:dortmund:gremium:rat-der-stadt:2026-12-03", "startDate",
           R"({"@type":"DateTime","@value":"2026-12-03T14:00:00Z"})"},
          {"gremienniederschriften",
           R"({"datum":"2026-12-03","gremium":"Rat der Stadt","link":"https://rathaus.dortmund.de/x"})",
           "Event:dortmund:gremium:rat-der-stadt:2026-12-03", "minutes", R"("https://rathaus.dortmund.de/x")"},
          {"ratswahl-2025-stimmbezirke",
           R"({"stimmbezirk":"1101","stadtbezirk":"Innenstadt-Nord","wahlberechtigte":1000,"wahler_innen":226,)"
           R"("gultige_stimmen":220,"ungultige_stimmen":6,"spd":65,"cdu":21,"grune":43,"die_linke":70,"afd":null,"geo_point_2d":)" +
               std::string(point) + "}",
           "ElectionResult:dortmund:rat-2025-09-14:1101", "votes_die_linke", "70"},
          {"kommunalwahlen",
           R"({"tag_der_wahl":"2020-09-13","gultige_stimmen":300000,"spd_absolut":90000,"spd_in":30.0,)"
           R"("cdu_absolut":75000,"cdu_in":25.0,"grune_absolut":60000,"grune_in":20.0,"afd_absolut":null,"afd_in":null})",
           "ElectionResult:dortmund:kommunalwahl:2020-09-13", "share_spd", "30.0"}}) {
    SCOPED_TRACE(e.name);
    auto const t = take_text("[" + e.record + "]", shipped_mapping("dortmund-" + e.name));
    for (auto const& p : t.problems) ADD_FAILURE() << p.column << ": " << p.message;
    ASSERT_TRUE(t.by_id.contains("urn:ngsi-ld:" + e.id)) << (t.by_id.empty() ? "nothing" : t.by_id.begin()->first);
    EXPECT_EQ(e.value, json::to_string(t.value("urn:ngsi-ld:" + e.id, e.attribute)));
  }
}

TEST(published_files, the_manual_shows_a_mapping_that_works) {
  auto const manual = content_of(std::string(DOS_SOURCE_DIR) + "/docs/imports.md");
  auto const start = manual.find("```yaml\n") + 8;
  auto const m = parse_mapping(parse_yaml(std::string_view(manual).substr(start, manual.find("```", start) - start)));
  EXPECT_EQ(10u, m.attributes.size());
}

TEST(published_files, playgrounds_stand_where_they_are_with_all_their_categories) {
  auto const t = take_file(excerpt("bochum_playgrounds.csv"), shipped_mapping("bochum-playgrounds"));
  EXPECT_EQ("60 records, 55 drafts, 383 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  auto const id = "urn:ngsi-ld:Playground:bochum:611636";
  EXPECT_EQ(R"("Bolzplatz Neues Gymnasium Bochum")", json::to_string(t.value(id, "name")));
  EXPECT_EQ(R"({"streetAddress":"Querenburger Str.","postalCode":"44789","addressLocality":"Bochum"})",
            json::to_string(t.value(id, "address")));
  EXPECT_EQ(R"(["Freizeit Kultur Tourismus","Spielplätze","Bolzplätze"])", json::to_string(t.value(id, "category")));
  EXPECT_EQ(R"({"@type":"Date","@value":"2023-05-30"})", json::to_string(t.value(id, "dateCreated")));
  auto const place = geo::parse_geojson(t.value(id, "location")).first();
  EXPECT_NEAR(7.2327, place.lon, 1e-4);
  EXPECT_NEAR(51.4677, place.lat, 1e-4);
}

TEST(published_files, the_tree_register_is_repaired_where_its_damage_is_certain_and_every_repair_named) {
  auto const t =
      take_file(excerpt("bochum_tree_planting_felling_register.csv"), shipped_mapping("bochum-tree-register"));
  EXPECT_EQ("162 records, 162 drafts, 1282 values, 0 repeated, 0 empty, 199 problems, 0 lost", summary(t.counts));
  // 197 repairs, and two rows whose northing is their easting again.
  EXPECT_NE(std::string::npos, std::find_if(t.problems.begin(), t.problems.end(), [](auto const& p) {
                                 return p.row == 156 && p.column == "Rechtswert";
                               })->message.find("outside of the bounds"));
  EXPECT_EQ(2u, t.problems.at(0).row);
  EXPECT_EQ("the text was damaged before it came to us; \"Akademiestra?e\" is read as \"Akademiestraße\"",
            t.problems[0].message);
  EXPECT_EQ(R"({"streetAddress":"Akademiestraße","district":"Mitte","addressLocality":"Bochum"})",
            json::to_string(t.value("urn:ngsi-ld:TreeMeasure:bochum:1", "address")));
  EXPECT_EQ("6", json::to_string(t.value("urn:ngsi-ld:TreeMeasure:bochum:1", "count")));
  EXPECT_EQ("\"felling\"", json::to_string(t.value("urn:ngsi-ld:TreeMeasure:bochum:162", "category")));
}

TEST(published_files, tree_sensors_write_dates_the_german_way) {
  auto const t = take_file(excerpt("bochum_tree_sensor_A840416C818718D7.csv"), shipped_mapping("bochum-tree-sensors"),
                           {{"dev_eui", "A840416C818718D7"}});
  EXPECT_EQ("199 records, 199 drafts, 799 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  auto const first = t.of("urn:ngsi-ld:Tree:bochum:A840416C818718D7", "temperature").at(0);
  EXPECT_EQ("2023-06-14T08:38:00Z", to_string(first.observed_at));
  EXPECT_EQ(23.1, first.value.as_double());
}

TEST(published_files, water_loggers_repeat_themselves_and_are_counted_once) {
  auto const t = take_file(excerpt("bochum_water_900541.csv"), shipped_mapping("bochum-water"));
  EXPECT_EQ("399 records, 396 drafts, 2582 values, 3 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  auto const levels = t.of("urn:ngsi-ld:WaterQualityObserved:bochum:900541", "waterLevel");
  EXPECT_EQ("2024-12-31T23:00:00Z", to_string(levels.at(0).observed_at));
  EXPECT_EQ(1.445, levels[0].value.as_double());
}

TEST(published_files, weather_times_carry_their_offset) {
  auto const t = take_file(excerpt("bochum_weather_943CC6451BFB.csv"), shipped_mapping("bochum-weather"),
                           {{"mac", "943CC6451BFB"}});
  EXPECT_EQ("99 records, 99 drafts, 1091 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  auto const id = "urn:ngsi-ld:WeatherObserved:bochum:943CC6451BFB";
  EXPECT_EQ("2024-07-01T00:00:00Z", to_string(t.of(id, "temperature").at(0).observed_at));
  EXPECT_EQ(0.96, t.value(id, "relativeHumidity").as_double());
  EXPECT_NEAR(1.3 / 3.6, t.value(id, "windSpeed").as_double(), 1e-9);
}

TEST(published_files, equal_charging_stations_stay_several) {
  auto const t = take_file(excerpt("bnetza_charging_koeln.csv"), shipped_mapping("bnetza-charging"));
  EXPECT_EQ("40 records, 40 drafts, 444 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  auto power = 0.0;
  auto sockets = std::int64_t(0);
  for (auto const& [id, attributes] : t.by_id) {
    power += t.value(id, "power").as_double();
    sockets += t.value(id, "socketNumber").as_int();
  }
  EXPECT_EQ(1320, power);
  EXPECT_EQ(62, sockets);
}

TEST(published_files, hours_of_air_quality_are_whole_on_both_clock_changes) {
  auto const t = take_file(excerpt("uba_air_DENW095.csv"), shipped_mapping("uba-air-quality"));
  EXPECT_EQ("144 records, 144 drafts, 564 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  auto const hours = t.of("urn:ngsi-ld:AirQualityObserved:uba:DENW095", "pm10");
  auto previous = no_time;
  auto gaps = 0;
  for (auto const& h : hours) {
    if (previous != no_time && h.observed_at - previous != 3600 * us_per_second) ++gaps;
    previous = h.observed_at;
  }
  EXPECT_EQ(1, gaps) << "the summer between the two excerpts";
}

class full_files_test : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::getenv("DOS_SHARED_DATA")) GTEST_SKIP() << "DOS_SHARED_DATA names no folder with the full files";
  }
};

TEST_F(full_files_test, points_of_interest_come_in_completely) {
  struct row {
    char const* file;
    char const* mapping;
    char const* counts;
  };
  for (auto const& r : {row{"bochum_playgrounds.csv", "bochum-playgrounds",
                            "352 records, 298 drafts, 2111 values, 0 repeated, 0 empty, 0 problems, 0 lost"},
                        row{"bochum_schools.csv", "bochum-schools",
                            "298 records, 236 drafts, 1853 values, 1 repeated, 0 empty, 0 problems, 0 lost"},
                        row{"bochum_daycare_centers.csv", "bochum-daycare-centers",
                            "195 records, 193 drafts, 1355 values, 0 repeated, 0 empty, 0 problems, 0 lost"},
                        row{"bochum_stolpersteine.csv", "bochum-stolpersteine",
                            "361 records, 361 drafts, 2879 values, 0 repeated, 0 empty, 0 problems, 0 lost"},
                        row{"bochum_defibrillators.csv", "bochum-defibrillators",
                            "131 records, 131 drafts, 645 values, 0 repeated, 0 empty, 0 problems, 0 lost"},
                        row{"bochum_natural_monuments.csv", "bochum-natural-monuments",
                            "36 records, 36 drafts, 180 values, 0 repeated, 0 empty, 0 problems, 0 lost"}}) {
    auto const files = full_files("poi", r.file);
    ASSERT_EQ(1u, files.size()) << r.file;
    EXPECT_EQ(r.counts, summary(take_file(files[0], shipped_mapping(r.mapping)).counts)) << r.file;
  }
}

TEST_F(full_files_test, a_year_of_fifteen_water_loggers_comes_in_completely) {
  auto const m = shipped_mapping("bochum-water");
  auto total = read_counts();
  for (auto const& f : full_files("water", "bochum_terratransfer_9")) {
    auto const c = take_file(f, m).counts;
    if (f.filename().string().find("900541") != std::string::npos) {
      EXPECT_EQ(287u, c.repeated_records);
    }
    total.records += c.records;
    total.drafts += c.drafts;
    total.values += c.values;
    total.repeated_records += c.repeated_records;
    total.problems += c.problems;
  }
  EXPECT_EQ("453886 records, 449407 drafts, 2539876 values, 4479 repeated, 0 empty, 0 problems, 0 lost",
            summary(total));
}

TEST_F(full_files_test, trees_and_weather_come_in_completely) {
  auto total = read_counts();
  auto const trees = shipped_mapping("bochum-tree-sensors");
  for (auto const& f : full_files("trees", "Bochum_TreeSense")) {
    auto const c = take_file(f, trees, {{"dev_eui", name_part(f, 0)}}).counts;
    total.records += c.records;
    total.values += c.values;
    total.problems += c.problems;
  }
  EXPECT_EQ("97261 records, 0 drafts, 389059 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(total));
  total = {};
  auto const weather = shipped_mapping("bochum-weather");
  for (auto const& f : full_files("weather", "bochum_ecowitt")) {
    auto const c = take_file(f, weather, {{"mac", name_part(f, 1)}}).counts;
    total.records += c.records;
    total.values += c.values;
    total.problems += c.problems;
  }
  EXPECT_EQ("114931 records, 0 drafts, 1264265 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(total));
}

TEST_F(full_files_test, the_charging_register_comes_in_completely) {
  auto const t = take_file(full_files("charging", "koeln").at(0), shipped_mapping("bnetza-charging"));
  EXPECT_EQ("292 records, 292 drafts, 3376 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  auto power = 0.0;
  for (auto const& [id, attributes] : t.by_id) power += t.value(id, "power").as_double();
  EXPECT_EQ(11852, power);
}

// Every garage is a column.
TEST_F(full_files_test, three_years_of_garages_come_in_completely) {
  auto const m = parse_mapping(parse_yaml(R"(
source: {format: csv}
time_zone: UTC
each_column: {name: garage, value: free, but: [timestamp_utc]}
entity: {type: OffStreetParking, id: "urn:ngsi-ld:OffStreetParking:dortmund:{garage|slug}"}
history: true
observed_at: timestamp_utc
attributes: [{attribute: availableSpotNumber, from: free, number: true}]
)"));
  auto counts_by_garage = std::map<std::string, std::size_t>();
  auto reader = draft_reader(m, {},
                             {.draft =
                                  [&](entity_draft&& d) {
                                    ++counts_by_garage[d.id];
                                    return true;
                                  },
                              .problem = [](row_problem&& p) { ADD_FAILURE() << p.message; }});
  auto* const pipe = popen(("zstd -dcq '" + full_files("parking", "dortmund_garages_free").at(0).string() + "'").c_str(), "r");
  auto piece = std::string(65'536, '\0');
  while (auto const n = std::fread(piece.data(), 1, piece.size(), pipe)) reader.feed(std::string_view(piece).substr(0, n));
  EXPECT_EQ(0, pclose(pipe));
  EXPECT_EQ("716955 records, 716955 drafts, 716955 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(reader.finish()));
  EXPECT_EQ(17u, counts_by_garage.size());
  EXPECT_EQ(142'806u, counts_by_garage.at("urn:ngsi-ld:OffStreetParking:dortmund:friedensplatz"));
}

TEST_F(full_files_test, districts_say_their_coordinate_system_themselves) {
  auto const file = full_files("geo", "nrw_kreise").at(0);
  auto yaml = std::string(R"(
source: {format: geojson}
entity: {type: AdministrativeArea, id: "urn:ngsi-ld:AdministrativeArea:nrw:{AGS}"}
location: geometry
attributes: [{attribute: name, from: GEN}]
)");
  EXPECT_EQ("53 records, 53 drafts, 106 values, 0 repeated, 0 empty, 0 problems, 0 lost",
            summary(take_file(file, parse_mapping(parse_yaml(yaml))).counts));
  EXPECT_THROW(take_file(file, parse_mapping(parse_yaml("crs: EPSG:25832" + yaml))), fault);
}

TEST_F(full_files_test, a_table_in_a_page_of_text_is_a_table) {
  auto const t = take_file(full_files("water", "loggers.md").at(0), parse_mapping(parse_yaml(R"(
source: {format: csv, separator: "|", quote: none, begins_at: "| #", skip_rows: 1, ends_at: ""}
entity: {type: WaterQualityObserved, id: "urn:ngsi-ld:WaterQualityObserved:bochum:{Logger ID}"}
location: {x: Longitude, y: Latitude}
attributes: [{attribute: name, from: Name}]
)")));
  EXPECT_EQ("16 records, 16 drafts, 32 values, 0 repeated, 0 empty, 0 problems, 0 lost", summary(t.counts));
  EXPECT_EQ(R"("Uemminger See")", json::to_string(t.value("urn:ngsi-ld:WaterQualityObserved:bochum:900541", "name")));
}

TEST_F(full_files_test, four_years_of_air_quality_have_every_hour_once) {
  auto const m = shipped_mapping("uba-air-quality");
  auto total = read_counts();
  for (auto const& f : full_files("air", "uba_")) {
    auto const t = take_file(f, m);
    total.records += t.counts.records;
    total.drafts += t.counts.drafts;
    total.values += t.counts.values;
    total.empty += t.counts.empty;
    total.repeated_values += t.counts.repeated_values;
    total.problems += t.counts.problems;
    auto times = std::vector<timestamp>();
    for (auto const& [id, attributes] : t.by_id) {
      for (auto const& a : attributes) {
        if (a.name == "airQualityLevel") times.push_back(a.observed_at);
      }
    }
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    EXPECT_EQ(times.end(), std::adjacent_find(times.begin(), times.end()));
  }
  EXPECT_EQ("70132 records, 69984 drafts, 249201 values, 0 repeated, 148 empty, 0 problems, 0 lost", summary(total));
  EXPECT_EQ(0u, total.repeated_values);
}

}  // namespace
}  // namespace dos::files
