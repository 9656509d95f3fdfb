#include "ingest/files/draft_reader.h"

#include <gtest/gtest.h>

#include "base/fault.h"
#include "base/yaml.h"

namespace dos::files {
namespace {

struct reading {
  std::vector<entity_draft> drafts;
  std::vector<row_problem> problems;
  read_counts counts;

  std::string told() const {
    auto text = std::string();
    for (auto const& p : problems) {
      text += std::to_string(p.row) + ' ' + (p.column.empty() ? "-" : p.column) + ": " + p.message +
              (p.is_lost ? " (lost)\n" : "\n");
    }
    return text;
  }
  // "id attribute=value unit @time", one a line.
  std::string written() const {
    auto text = std::string();
    for (auto const& d : drafts) {
      for (auto const& a : d.attributes) {
        text += d.id + ' ' + a.name + '=' + json::to_string(a.value);
        if (!a.unit.empty()) text += ' ' + a.unit;
        if (a.observed_at != no_time) text += " @" + to_string(a.observed_at);
        text += '\n';
      }
    }
    return text;
  }
};

reading read_with(std::string_view yaml, std::string_view bytes, parameter_map parameters = {}) {
  auto const m = parse_mapping(parse_yaml(yaml));
  auto result = reading();
  result.counts = read_records(bytes, m,
                               {.draft =
                                    [&](entity_draft&& d) {
                                      result.drafts.push_back(std::move(d));
                                      return true;
                                    },
                                .problem = [&](row_problem&& p) { result.problems.push_back(std::move(p)); }},
                               std::move(parameters));
  return result;
}

constexpr char const* hourly = R"(
source: {format: csv}
time_zone: Europe/Berlin
entity: {type: Station, id: "urn:s:{s}"}
history: true
observed_at: {from: t, format: "dd.MM.yyyy HH:mm"}
attributes: [{attribute: no2, from: v, unit: GQ}]
)";

TEST(drafts, values_are_numbers_with_units_converted_where_asked) {
  auto const r = read_with(R"(
source: {format: csv, decimal: ",", thousands: "."}
entity: {type: T, id: "urn:t:{id}"}
attributes:
  - {attribute: temperature, from: temp, unit: CEL, unit_from: FAH}
  - {attribute: power, from: kw, unit: WTT, unit_from: KWT}
  - {attribute: visits, from: n, number: true}
  - {attribute: level, from: cm, scale: 0.01, offset: 2, number: true}
  - {attribute: name, from: id}
)",
                           "id;temp;kw;n;cm\n7;68;1.234,5;12;150\n");
  EXPECT_EQ(
      "urn:t:7 temperature=20.0 CEL\nurn:t:7 power=1234500.0 WTT\nurn:t:7 visits=12\nurn:t:7 level=3.5\nurn:t:7 "
      "name=\"7\"\n",
      r.written());
}

TEST(drafts, one_bad_field_costs_itself_and_one_bad_row_costs_itself) {
  auto const r = read_with(R"(
source: {format: csv}
entity: {type: T, id: "urn:t:{id}"}
attributes: [{attribute: a, from: a, number: true, skip_if: ["-"]}, {attribute: b, from: b}]
)",
                           "id;a;b\n1;x;y\n2;-;z\n;3;w\n4;5\n6;7;\"u\n8;9;v\n9;-;\n");
  EXPECT_EQ("urn:t:1 b=\"y\"\nurn:t:2 b=\"z\"\nurn:t:8 a=9\nurn:t:8 b=\"v\"\n", r.written());
  EXPECT_EQ(
      "2 a: \"x\" is no number\n"
      "4 id: without this the record has no id (lost)\n"
      "5 -: 2 fields, the first row has 3 (lost)\n"
      "6 -: the quote that opens in line 6 is never closed (lost)\n",
      r.told());
  EXPECT_EQ(7u, r.counts.records);
  EXPECT_EQ(3u, r.counts.lost);
  EXPECT_EQ(1u, r.counts.empty);
}

TEST(drafts, a_file_without_the_columns_is_refused_as_a_whole) {
  try {
    read_with("{source: {format: csv}, entity: {type: T, id: 'urn:{key}'}, attributes: [{attribute: a, from: b}]}",
              "id;name\n1;2\n");
    FAIL();
  } catch (fault const& f) {
    EXPECT_EQ("the file has no column \"b\", \"key\"; it has \"id\", \"name\"", f.detail);
  }
}

TEST(drafts, wall_clocks_become_utc_on_days_of_23_and_25_hours) {
  EXPECT_EQ(
      "urn:s:A no2=1 GQ @2025-03-30T00:30:00Z\n"
      "urn:s:A no2=2 GQ @2025-03-30T01:30:00Z\n"
      "urn:s:A no2=3 GQ @2025-10-26T00:30:00Z\n"
      "urn:s:A no2=4 GQ @2025-10-26T00:45:00Z\n"
      "urn:s:A no2=5 GQ @2025-10-26T01:30:00Z\n"
      "urn:s:A no2=6 GQ @2025-10-26T01:45:00Z\n"
      "urn:s:B no2=7 GQ @2025-10-26T00:30:00Z\n"
      "urn:s:A no2=8 GQ @2025-10-26T02:30:00Z\n",
      read_with(hourly,
                "s;t;v\nA;30.03.2025 01:30;1\nA;30.03.2025 03:30;2\nA;26.10.2025 02:30;3\nA;26.10.2025 02:45;4\n"
                "A;26.10.2025 02:30;5\nA;26.10.2025 02:45;6\nB;26.10.2025 02:30;7\nA;26.10.2025 03:30;8\n")
          .written());
}

TEST(drafts, a_repeated_row_in_the_doubtful_hour_is_a_repetition_and_not_the_next_hour) {
  auto const r = read_with(hourly, "s;t;v\nA;26.10.2025 02:30;3\nA;26.10.2025 02:30;3\nA;26.10.2025 02:30;4\n");
  EXPECT_EQ("urn:s:A no2=3 GQ @2025-10-26T00:30:00Z\nurn:s:A no2=4 GQ @2025-10-26T01:30:00Z\n", r.written());
  EXPECT_EQ(1u, r.counts.repeated_records);
}

TEST(drafts, the_end_of_an_hour_is_told_from_its_beginning) {
  auto yaml = std::string(hourly);
  yaml.replace(yaml.find("HH:mm\""), 6, "HH:mm\", ends_period_s: 3600");
  // As published: 02:00, then 04:00 in spring; 03:00 twice in autumn, here with the same value.
  EXPECT_EQ(
      "urn:s:A no2=1 GQ @2020-03-29T01:00:00Z\nurn:s:A no2=2 GQ @2020-03-29T02:00:00Z\n"
      "urn:s:A no2=3 GQ @2020-10-25T00:00:00Z\nurn:s:A no2=4 GQ @2020-10-25T01:00:00Z\n"
      "urn:s:A no2=4 GQ @2020-10-25T02:00:00Z\nurn:s:A no2=5 GQ @2020-10-25T03:00:00Z\n",
      read_with(yaml,
                "s;t;v\nA;29.03.2020 02:00;1\nA;29.03.2020 04:00;2\nA;25.10.2020 02:00;3\nA;25.10.2020 03:00;4\n"
                "A;25.10.2020 03:00;4\nA;25.10.2020 04:00;5\n")
          .written());
}

TEST(drafts, the_same_value_at_the_same_time_is_taken_once) {
  auto const r = read_with(R"(
source: {format: csv}
time_zone: UTC
entity: {type: T, id: "urn:t:{id}"}
history: true
observed_at: t
attributes: [{attribute: name, from: n, observed_at: none}, {attribute: a, from: a, number: true}, {attribute: b, from: b, number: true}]
)",
                           "id;t;n;a;b\n1;2025-01-01 00:00;x;5;6\n1;2025-01-01 00:00;x;5;6\n1;2025-01-01 "
                           "00:00;x;5;7\n1;2025-01-01 01:00;x;5;7\n");
  EXPECT_EQ(
      "urn:t:1 name=\"x\"\nurn:t:1 a=5 @2025-01-01T00:00:00Z\nurn:t:1 b=6 @2025-01-01T00:00:00Z\n"
      "urn:t:1 b=7 @2025-01-01T00:00:00Z\nurn:t:1 a=5 @2025-01-01T01:00:00Z\nurn:t:1 b=7 @2025-01-01T01:00:00Z\n",
      r.written());
  EXPECT_EQ(1u, r.counts.repeated_records);
  EXPECT_EQ(6u, r.counts.repeated_values);
}

TEST(drafts, equal_rows_may_be_different_things_when_the_mapping_counts_them) {
  auto const r = read_with(
      "{source: {format: csv}, entity: {type: T, id: 'urn:t:{row.hash}-{row.repeat}'}, attributes: [{attribute: a, "
      "from: a}]}",
      "a,b\n1,2\n1,2\n3,4\n");
  ASSERT_EQ(3u, r.drafts.size());
  EXPECT_TRUE(r.drafts[0].id.ends_with("-1"));
  EXPECT_EQ(r.drafts[0].id.substr(0, r.drafts[0].id.size() - 1) + "2", r.drafts[1].id);
  EXPECT_TRUE(r.told().empty());
}

TEST(drafts, one_thing_in_several_rows_collects_its_values) {
  auto const r = read_with(R"(
source: {format: csv}
entity: {type: T, id: "urn:t:{id}"}
attributes: [{attribute: name, from: n}, {attribute: category, from: c, split: "/", collect: true}]
)",
                           "id;n;c\n1;x;A/B\n2;y;A\n1;x;A/C\n1;z;A/C\n");
  EXPECT_EQ("urn:t:1 name=\"x\"\nurn:t:1 category=[\"A\",\"B\",\"C\"]\nurn:t:2 name=\"y\"\nurn:t:2 category=[\"A\"]\n",
            r.written());
  EXPECT_EQ("5 name: the entity urn:t:1 was described before, and otherwise\n", r.told());
}

TEST(drafts, places_are_read_in_their_coordinate_system_and_checked) {
  auto const r = read_with(R"(
source: {format: csv}
crs: EPSG:25832
entity: {type: T, id: "urn:t:{id}"}
location: {x: x, y: y, bounds: [6, 51, 8, 52]}
attributes: [{attribute: name, from: id}]
)",
                           "id;x;y\n1;376217;5705713\n2;5705713;376217\n3;;\n4;a;b\n5;476217;5905713\n");
  ASSERT_EQ(5u, r.drafts.size());
  auto const& place = r.drafts[0].attributes[0].value.find("coordinates")->as_array();
  EXPECT_NEAR(7.21707547, place[0].as_double(), 1e-7);
  EXPECT_NEAR(51.48899947, place[1].as_double(), 1e-7);
  EXPECT_EQ(1u, r.drafts[2].attributes.size()) << "no place is no problem";
  ASSERT_EQ(3u, r.problems.size());
  EXPECT_EQ("the place is lost: \"a\", \"b\" is no pair of coordinates", r.problems[1].message);
  EXPECT_EQ(3u, r.counts.places_lost);
  EXPECT_NE(std::string::npos, r.problems[2].message.find("outside of the bounds"));
}

TEST(drafts, features_and_json_records_are_read_as_they_are) {
  auto const features = read_with(R"(
source: {format: geojson}
entity: {type: T, id: "urn:t:{id}"}
location: geometry
attributes: [{attribute: spaces, from: total}, {attribute: open, from: hours.mon.0}]
)",
                                  R"({"type":"FeatureCollection","features":[
    {"type":"Feature","id":"a b","geometry":{"type":"Point","coordinates":[7.5,51.5]},"properties":{"total":12,"hours":{"mon":["8","9"]}}},
    {"type":"Feature","id":"c","geometry":{"type":"Point","coordinates":[7.5,511]},"properties":{"total":null}}, 5]})");
  EXPECT_EQ(
      "urn:t:a%20b location={\"type\":\"Point\",\"coordinates\":[7.5,51.5]}\nurn:t:a%20b spaces=12\nurn:t:a%20b "
      "open=\"8\"\n",
      features.written());
  EXPECT_EQ(
      "2 geometry: the place is lost: a latitude (the second number) lies between -90 and 90, this is 511.0\n2 -: nothing of the record could be "
      "taken (lost)\n"
      "3 -: the record is no object (lost)\n",
      features.told());
  auto const lines = read_with(
      "{source: {format: ndjson}, entity: {type: T, id: 'urn:{k}'}, attributes: [{attribute: a, from: a.b, number: "
      "true}]}",
      "{\"k\":1,\"a\":{\"b\":\"7\"}}\n\nnonsense\n{\"k\":2,\"a\":{\"b\":8}}");
  EXPECT_EQ("urn:1 a=7\nurn:2 a=8\n", lines.written());
  EXPECT_EQ(1u, lines.counts.lost);
  auto const nested = read_with(
      "{source: {format: json, records: $.results}, entity: {type: T, id: 'urn:{k}'}, "
      "location: {x: p.lon, y: p.lat}, attributes: [{attribute: a, from: k}]}",
      R"({"total_count":1,"results":[{"k":"x","p":{"lon":7.5,"lat":51.5}}]})");
  EXPECT_EQ("urn:x location={\"type\":\"Point\",\"coordinates\":[7.5,51.5]}\nurn:x a=\"x\"\n", nested.written());
}

TEST(drafts, values_are_translated_and_unknown_ones_reported) {
  auto const r = read_with(R"(
source: {format: csv}
entity: {type: T, id: "urn:t:{id}"}
attributes: [{attribute: state, from: s, values: {frei: free, belegt: occupied}}, {attribute: name, from: id}]
)",
                           "id,s\n1,frei\n2,kaputt\n");
  EXPECT_EQ("urn:t:1 state=\"free\"\nurn:t:1 name=\"1\"\nurn:t:2 name=\"2\"\n", r.written());
  EXPECT_EQ("3 s: \"kaputt\" is none of the values that are known\n", r.told());
}

TEST(drafts, impossible_numbers_are_reported_and_left_out) {
  auto const r = read_with(R"(
source: {format: json}
entity: {type: T, id: "urn:t:{id}"}
attributes: [{attribute: free, from: f, number: true, min: 0, max: 100}]
)",
                           R"([{"id":1,"f":-4},{"id":2,"f":7}])");
  EXPECT_EQ("urn:t:2 free=7\n", r.written());
  EXPECT_EQ("1 f: \"-4\" lies outside of what is possible\n1 -: nothing of the record could be taken (lost)\n",
            r.told());
}

TEST(drafts, damage_is_reported_row_by_row_and_repaired_where_declared) {
  auto const r = read_with(R"(
source: {format: csv}
entity: {type: T, id: "urn:t:{id}"}
attributes: [{attribute: street, from: s, repairs: {"tra?e": "traße"}}]
)",
                           "id,s\n1,Stra?e\n2,Straße\n3,Stra\xdf"
                           "e\n4,Stra\xef\xbf\xbd"
                           "e\n");
  EXPECT_EQ(
      "urn:t:1 street=\"Straße\"\nurn:t:2 street=\"Straße\"\nurn:t:3 street=\"Straße\"\nurn:t:4 street=\"Straße\"\n",
      r.written());
  EXPECT_EQ(
      "2 s: the text was damaged before it came to us; \"Stra?e\" is read as \"Straße\"\n"
      "4 s: not UTF-8; read as windows-1252\n"
      "5 s: the text was damaged before it came to us: replacement character\n"
      "5 s: the text was damaged before it came to us; \"Stra\xef\xbf\xbd"
      "e\" is read as \"Straße\"\n",
      r.told());
}

TEST(drafts, a_table_and_parameters_add_what_a_file_does_not_say) {
  auto const yaml = R"(
source: {format: csv}
parameters: [mac]
table: {by: "{parameter.mac}", rows: {AB: {name: Westpark, lon: 7.5, lat: 51.5}}}
entity: {type: T, id: "urn:t:{parameter.mac|slug}"}
location: {x: lon, y: lat}
attributes: [{attribute: name, from: name}, {attribute: t, from: t, number: true}]
)";
  EXPECT_EQ(
      "urn:t:ab location={\"type\":\"Point\",\"coordinates\":[7.5,51.5]}\nurn:t:ab name=\"Westpark\"\nurn:t:ab t=5\n",
      read_with(yaml, "t\n5\n", {{"mac", "AB"}}).written());
  EXPECT_EQ("2 -: the mapping's table has no row \"CD\" (lost)\n", read_with(yaml, "t\n5\n", {{"mac", "CD"}}).told());
  EXPECT_THROW(read_with(yaml, "t\n5\n"), fault);
}

TEST(drafts, numbers_of_json_are_numbers_whatever_text_says_in_this_file) {
  auto const r = read_with(R"(
source: {format: json, decimal: ",", thousands: "."}
entity: {type: T, id: "urn:t:{id}"}
location: {x: x, y: y}
attributes:
  - {attribute: a, from: a, number: true}
  - {attribute: b, text: "{a}", number: true}
  - {attribute: c, from: b, number: true}
  - {attribute: d, from: d, skip_if: ["-999"]}
  - {attribute: e, from: d, number: true, skip_if: ["-999"]}
)",
                           R"([{"id":1,"a":2.125,"b":"2.125","x":7.125,"y":51.5,"d":-999.0}])");
  EXPECT_EQ(
      "urn:t:1 location={\"type\":\"Point\",\"coordinates\":[7.125,51.5]}\nurn:t:1 a=2.125\nurn:t:1 b=2.125\nurn:t:1 "
      "c=2125\n",
      r.written());
  EXPECT_EQ("", r.told());
}

TEST(drafts, are_scaled_in_decimals) {
  auto const r = read_with(R"(
source: {format: csv}
entity: {type: T, id: "urn:t:{id}"}
attributes: [{attribute: a, from: v, scale: 0.01}, {attribute: b, from: v, unit: MTR, unit_from: CMT}]
)",
                           "id;v\n1;57\n2;7\n");
  EXPECT_EQ("urn:t:1 a=0.57\nurn:t:1 b=0.57 MTR\nurn:t:2 a=0.07\nurn:t:2 b=0.07 MTR\n", r.written());
}

constexpr char const* features = R"(
source: {format: geojson}
CRS
entity: {type: T, id: "urn:t:{id}"}
location: geometry
attributes: [{attribute: name, from: id}]
)";

std::string features_with(std::string const& crs) {
  auto yaml = std::string(features);
  return yaml.replace(yaml.find("CRS"), 3, crs);
}

TEST(drafts, a_geojson_document_says_its_coordinate_system_itself) {
  auto const utm = R"({"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::25832"}},
    "features":[{"type":"Feature","id":"1","geometry":{"type":"Point","coordinates":[376217,5705713]},"properties":{}}]})";
  for (auto const* const crs : {"", "crs: EPSG:25832"}) {
    auto const r = read_with(features_with(crs), utm);
    ASSERT_EQ(1u, r.drafts.size());
    EXPECT_NEAR(7.21707547, r.drafts[0].attributes[0].value.find("coordinates")->as_array()[0].as_double(), 1e-7);
  }
  try {
    read_with(features_with("crs: EPSG:4326"), utm);
    FAIL();
  } catch (fault const& f) {
    EXPECT_EQ(
        "the file says of itself that its coordinates are in urn:ogc:def:crs:EPSG::25832, the mapping says EPSG:4326; leave "
        "out the mapping's crs if the file is right",
        f.detail);
  }
  auto const unknown = R"({"type":"FeatureCollection","crs":null,"features":[]})";
  EXPECT_THROW(read_with(features_with(""), unknown), fault);
  EXPECT_NO_THROW(read_with(features_with("crs: EPSG:25832"), unknown));
  EXPECT_NO_THROW(read_with(features_with("crs: EPSG:4326"),
                            R"({"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:OGC:1.3:CRS84"}},"features":[]})"));
}

TEST(drafts, a_place_that_is_lost_is_said_to_be_lost) {
  auto const r = read_with(features_with(""), R"({"features":[
    {"type":"Feature","id":"1","geometry":{"type":"Point","coordinates":[376217,5705713]},"properties":{}},
    {"type":"Feature","id":"2","geometry":null,"properties":{}}]})");
  EXPECT_EQ("urn:t:1 name=\"1\"\nurn:t:2 name=\"2\"\n", r.written());
  EXPECT_EQ(1u, r.counts.places_lost);
  EXPECT_TRUE(r.told().starts_with("1 geometry: the place is lost: ")) << r.told();
  EXPECT_EQ(1u, r.problems.size());
}

TEST(drafts, the_hour_that_exists_twice_is_told_apart_in_files_that_descend) {
  EXPECT_EQ(
      "urn:s:A no2=8 GQ @2025-10-26T02:30:00Z\n"
      "urn:s:A no2=6 GQ @2025-10-26T01:45:00Z\n"
      "urn:s:A no2=5 GQ @2025-10-26T01:30:00Z\n"
      "urn:s:A no2=4 GQ @2025-10-26T00:45:00Z\n"
      "urn:s:A no2=3 GQ @2025-10-26T00:30:00Z\n"
      "urn:s:A no2=2 GQ @2025-10-25T23:30:00Z\n",
      read_with(hourly,
                "s;t;v\nA;26.10.2025 03:30;8\nA;26.10.2025 02:45;6\nA;26.10.2025 02:30;5\nA;26.10.2025 02:45;4\n"
                "A;26.10.2025 02:30;3\nA;26.10.2025 01:30;2\n")
          .written());
  // As far as the file goes.
  EXPECT_EQ(
      "urn:s:A no2=6 GQ @2025-10-26T01:45:00Z\nurn:s:A no2=5 GQ @2025-10-26T01:30:00Z\n"
      "urn:s:A no2=4 GQ @2025-10-26T00:45:00Z\nurn:s:A no2=3 GQ @2025-10-26T00:30:00Z\n",
      read_with(hourly, "s;t;v\nA;26.10.2025 02:45;6\nA;26.10.2025 02:30;5\nA;26.10.2025 02:45;4\nA;26.10.2025 02:30;3\n")
          .written());
  // Each hour of several stations at a time.
  EXPECT_EQ(
      "urn:s:A no2=7 GQ @2025-10-26T01:00:00Z\nurn:s:B no2=6 GQ @2025-10-26T01:00:00Z\n"
      "urn:s:A no2=5 GQ @2025-10-26T00:00:00Z\nurn:s:B no2=4 GQ @2025-10-26T00:00:00Z\n"
      "urn:s:A no2=3 GQ @2025-10-25T23:00:00Z\n",
      read_with(hourly, "s;t;v\nA;26.10.2025 02:00;7\nB;26.10.2025 02:00;6\nA;26.10.2025 02:00;5\nB;26.10.2025 02:00;4\n"
                        "A;26.10.2025 01:00;3\n")
          .written());
}

TEST(drafts, what_cannot_be_told_apart_is_said) {
  EXPECT_EQ(
      "2 t: \"26.10.2025 02:30\": this time exists twice on the day when clocks are put back; it is taken for the first "
      "(summer time)\n",
      read_with(hourly, "s;t;v\nA;26.10.2025 02:30;3\nA;26.10.2025 03:30;4\n").told());
  EXPECT_EQ("", read_with(hourly, "s;t;v\nA;26.10.2025 01:30;2\nA;26.10.2025 02:30;3\nA;26.10.2025 03:30;4\n").told());
}

TEST(drafts, a_time_that_no_clock_showed_is_reported) {
  auto const r = read_with(hourly, "s;t;v\nA;29.03.2026 01:30;1\nA;29.03.2026 02:30;2\nA;29.03.2026 03:30;3\n");
  EXPECT_EQ("urn:s:A no2=1 GQ @2026-03-29T00:30:00Z\nurn:s:A no2=3 GQ @2026-03-29T01:30:00Z\n", r.written());
  EXPECT_EQ(
      "3 t: \"29.03.2026 02:30\": this time does not exist: clocks were put forward then. Does the file keep winter time "
      "all year (time_zone: Etc/GMT-1)? (lost)\n",
      r.told());
  EXPECT_EQ(1u, r.counts.lost);
}

TEST(drafts, a_time_may_stand_in_several_columns_and_begin_its_century_where_declared) {
  auto const r = read_with(R"(
source: {format: csv}
time_zone: Europe/Berlin
entity: {type: T, id: "urn:t:{id}"}
observed_at: {text: "{Datum} {Uhrzeit}", format: "dd.MM.yy HH:mm", pivot: 30}
attributes: [{attribute: a, from: a, number: true}, {attribute: built, from: b, as: date, format: dd.MM.yy, pivot: 27}]
)",
                           "id;Datum;Uhrzeit;a;b\n1;01.12.26;14:15;5;31.12.45\n2;01.12.31;;6;01.01.26\n3;01.12.31;00:00;7;\n");
  EXPECT_EQ(
      "urn:t:1 a=5 @2026-12-01T13:15:00Z\nurn:t:1 built={\"@type\":\"Date\",\"@value\":\"1945-12-31\"} @2026-12-01T13:15:00Z\n"
      "urn:t:2 a=6\nurn:t:2 built={\"@type\":\"Date\",\"@value\":\"2026-01-01\"}\nurn:t:3 a=7 @1931-11-30T23:00:00Z\n",
      r.written());
  EXPECT_EQ("3 Datum: \"\" is no time written as dd.MM.yy HH:mm\n", r.told());
}

TEST(drafts, yes_and_no_are_written_in_many_ways) {
  auto const r = read_with(R"(
source: {format: csv}
entity: {type: T, id: "urn:t:{id}"}
attributes: [{attribute: a, from: a, as: boolean}]
)",
                           "id;a\n1;WAHR\n2;FALSCH\n3;Ja\n4;vielleicht\n");
  EXPECT_EQ("urn:t:1 a=true\nurn:t:2 a=false\nurn:t:3 a=true\n", r.written());
}

constexpr char const* gauge_tables = R"(
source: {format: csv, begins_at: Datum, ends_at: "", repeats: true, skip_rows: 1, headings: {gauge: Messstelle}, decimal: ","}
time_zone: Etc/GMT-1
entity: {type: T, id: "urn:t:{gauge|slug}"}
history: true
observed_at: {from: Datum, format: dd.MM.yyyy}
attributes: [{attribute: level, from: W, unit: CMT}]
)";

TEST(drafts, a_file_may_hold_several_tables_below_other_lines) {
  auto const r = read_with(gauge_tables,
                           "Export, Stand: \"heute\nMessstelle: Villigst\n\nDatum;W\n;cm\n01.01.2026;71,5\n02.01.2026;72\n\n"
                           "Messstelle;Hagen-Hohenlimburg;\nDatum;Q;W\n;m3/s;cm\n01.01.2026;5;80\n\nEnde;;;;;;\n");
  EXPECT_EQ(
      "urn:t:villigst level=71.5 CMT @2025-12-31T23:00:00Z\nurn:t:villigst level=72 CMT @2026-01-01T23:00:00Z\n"
      "urn:t:hagen-hohenlimburg level=80 CMT @2025-12-31T23:00:00Z\n",
      r.written());
  EXPECT_EQ("", r.told());
  EXPECT_EQ(3u, r.counts.records);
}

TEST(drafts, a_table_may_begin_in_line_65) {
  auto bytes = std::string();
  for (auto i = 1; i < 65; ++i) bytes += "# Zeile " + std::to_string(i) + ", mit \"allem, was so vorkommt\n";
  bytes += "id;a\n1;5\nx\n";
  auto const r = read_with(
      "{source: {format: csv, begins_at: 65, ends_at: x}, entity: {type: T, id: 'urn:{id}'}, attributes: [{attribute: a, from: a}]}",
      bytes);
  EXPECT_EQ("urn:1 a=\"5\"\n", r.written());
  EXPECT_EQ("", r.told());
  EXPECT_THROW(read_with("{source: {format: csv, begins_at: 65}, entity: {type: T, id: 'urn:{id}'}, attributes: [{attribute: a, "
                         "from: a}]}",
                         "id;a\n1;5\n"),
               fault);
}

TEST(drafts, columns_may_be_stations) {
  auto const yaml = std::string(R"(
source: {format: FORMAT}
time_zone: UTC
each_column: {name: garage, value: free, but: [time]}
entity: {type: T, id: "urn:t:{garage|slug}"}
history: true
observed_at: time
attributes: [{attribute: name, from: garage, observed_at: none}, {attribute: free, from: free, number: true}]
)");
  auto const with_format = [&](char const* format) {
    auto copy = yaml;
    return copy.replace(copy.find("FORMAT"), 6, format);
  };
  auto const expected =
      "urn:t:hansaplatz name=\"Hansaplatz\"\nurn:t:hansaplatz free=12 @2026-01-01T00:00:00Z\n"
      "urn:t:koenigswall name=\"Königswall\"\nurn:t:koenigswall free=7 @2026-01-01T00:10:00Z\n";
  auto const table = read_with(with_format("csv"), "time;Hansaplatz;Königswall\n2026-01-01 00:00;12;\n2026-01-01 00:10;x;7\n");
  EXPECT_EQ(std::string(expected), table.written());
  EXPECT_EQ("3 Hansaplatz: \"x\" is no number\n", table.told());
  EXPECT_EQ(3u, table.counts.records);
  EXPECT_EQ(std::string(expected),
            read_with(with_format("json"), R"([{"time":"2026-01-01 00:00","Hansaplatz":12,"Königswall":null},
                                               {"time":"2026-01-01 00:10","Königswall":7}])")
                .written());
  EXPECT_THROW(read_with("{source: {format: csv}, each_column: {name: n, value: v, of: [A, B]}, entity: {type: T, id: 'urn:{n}'}, "
                         "attributes: [{attribute: a, from: v}]}",
                         "A;C\n1;2\n"),
               fault);
}

TEST(drafts, what_the_door_of_ngsi_ld_refuses_is_refused_here) {
  auto const r = read_with(R"(
source: {format: json}
entity: {type: T, id: "urn:a:{id}", scope: "{s}"}
attributes: [{attribute: a, from: a}, {attribute: near, kind: relationship, from: r}, {attribute: border, kind: geo, from: g}]
)",
                           R"([{"id":1,"a":["b",null]}, {"id":2,"s":"1 x","a":1}, {"id":3,"s":"x","a":1,"r":"Nachbar"},
                               {"id":4,"a":2,"g":{"type":"Point","coordinates":[376217,5705713]}}, {"id":5,"a":"urn:ngsi-ld:null"}])");
  EXPECT_EQ("urn:a:3 a=1\nurn:a:4 a=2\n", r.written());
  EXPECT_EQ("/x", r.drafts.at(0).scope);
  EXPECT_EQ(
      "1 a: null is no value in NGSI-LD\n1 -: nothing of the record could be taken (lost)\n"
      "2 -: \"1 x\": a scope is a path like /District/Street: letters, digits and _, each level beginning with a letter (lost)\n"
      "3 r: a relationship points to a URI\n"
      "4 g: a longitude lies between -180 and 180, this is 376217.0\n"
      "5 a: there is nothing to remove in here\n5 -: nothing of the record could be taken (lost)\n",
      r.told());
}

TEST(mappings, what_is_not_understood_is_named) {
  struct row {
    char const* yaml;
    char const* member;
  };
  constexpr auto start = "source: {format: csv}\nentity: {type: T, id: 'urn:{a}'}\n";
  for (auto const& r :
       {row{"attributes: [{attribute: a, from: b, unit: Grad}]", "attributes[0].unit"},
        row{"attributes: [{attribute: a, form: b}]", "attributes[0].form"},
        row{"attributes: [{attribute: a}]", "attributes[0]"},
        row{"attributes: [{attribute: a, from: b, unit: CEL, unit_from: HUR}]", "attributes[0].unit_from"},
        row{"attributes: [{attribute: a, from: b, as: date, format: dd.MM}]", "attributes[0].format"},
        row{"attributes: [{attribute: a, from: b, observed_at: t}]", "time_zone"},
        row{"crs: Gauss\nattributes: [{attribute: a, from: b}]", "crs"},
        row{"time_zone: Berlin\nattributes: [{attribute: a, from: b}]", "time_zone"},
        row{"history: true\nattributes: [{attribute: a, from: b}]", "observed_at"},
        row{"attributes: [{attribute: 'a b', from: b}]", "attributes[0].attribute"},
        row{"attributes: [{attribute: observedAt, from: b}]", "attributes[0].attribute"},
        row{"attributes: [{attribute: id, from: b}]", "attributes[0].attribute"},
        row{"attributes: [{attribute: location, from: b}]", "attributes[0].attribute"},
        row{"attributes: [{attribute: a, kind: relationship, from: b, unit: CEL}]", "attributes[0].unit"},
        row{"attributes: [{attribute: a, from: b, as: text, scale: 2}]", "attributes[0].scale"},
        row{"attributes: [{attribute: a, from: b, as: date, format: dd.MM.yyyy, pivot: 30}]", "attributes[0].pivot"},
        row{"attributes: [{attribute: a, from: b, as: date, format: dd.MM.yy, pivot: 300}]", "attributes[0].pivot"},
        row{"observed_at: {from: a, text: '{b}'}\nattributes: [{attribute: a, from: b}]", "observed_at"},
        row{"each_column: {name: n, value: v}\nattributes: [{attribute: a, from: v}]", "each_column"},
        row{"each_column: {name: n, value: v, all: [x]}\nattributes: [{attribute: a, from: v}]", "each_column.all"},
        row{"location: {x: a}\n", "location"}, row{"location: geometry\n", "location"}, row{"sorce: 1\n", "sorce"},
        row{"", "attributes"}}) {
    try {
      parse_mapping(parse_yaml(std::string(start) + r.yaml));
      ADD_FAILURE() << r.yaml;
    } catch (fault const& f) {
      EXPECT_EQ(r.member, f.member) << r.yaml << f.detail;
      EXPECT_EQ(fault_kind::invalid, f.kind);
    }
  }
}

TEST(mappings, words_about_the_table_are_checked) {
  for (auto const& [source, member] : std::vector<std::pair<std::string, std::string>>{
           {"{format: json, begins_at: 3}", "source.begins_at"},
           {"{format: csv, begins_at: 0}", "source.begins_at"},
           {"{format: csv, begins_at: 3, repeats: true}", "source.repeats"},
           {"{format: csv, headings: {a: ''}}", "source.headings.a"},
           {"{format: csv, skip_rows: -1}", "source.skip_rows"},
           {"{format: csv, decimal: none}", "source.decimal"},
           {"{format: csv, decimal: ',', thousands: ','}", "source.thousands"},
           {"{format: csv, encoding: ebcdic}", "source.encoding"},
           {"{format: ndjson, encoding: utf-16}", "source.encoding"}}) {
    try {
      parse_mapping(parse_yaml("source: " + source + "\nentity: {type: T, id: 'urn:{a}'}\nattributes: [{attribute: a, from: b}]"));
      ADD_FAILURE() << source;
    } catch (fault const& f) {
      EXPECT_EQ(member, f.member) << f.detail;
    }
  }
  EXPECT_THROW(parse_mapping(parse_yaml("source: {format: csv}\nentity: {type: 'two words', id: 'urn:{a}'}\nattributes: [{attribute: a, from: b}]")),
               fault);
}

}  // namespace
}  // namespace dos::files
