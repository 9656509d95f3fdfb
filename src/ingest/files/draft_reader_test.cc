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
  EXPECT_EQ("\"a\", \"b\" is no pair of coordinates", r.problems[1].message);
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
      "2 -: a latitude (the second number) lies between -90 and 90, this is 511.0\n2 -: nothing of the record could be "
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
attributes: [{attribute: state, from: s, values: {frei: free, belegt: occupied}}, {attribute: id, from: id}]
)",
                           "id,s\n1,frei\n2,kaputt\n");
  EXPECT_EQ("urn:t:1 state=\"free\"\nurn:t:1 id=\"1\"\nurn:t:2 id=\"2\"\n", r.written());
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

}  // namespace
}  // namespace dos::files
