#include "capability/devices/device_import.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/csv.h"
#include "base/fault.h"
#include "base/notation.h"
#include "base/text.h"
#include "devices/device.h"

namespace dos::devices {
namespace {

struct column {
  std::string_view member;
  std::array<std::string_view, 8> spellings;  // folded, letters and digits only
};
constexpr auto columns = std::array{
    column{"devEui", {"deveui", "eui", "geraeteeui", "deviceeui", "devui"}},
    column{"deviceId", {"deviceid", "geraeteid", "geraetekennung"}},
    column{"name", {"name", "bezeichnung", "geraetename", "devicename", "geraet"}},
    column{"profile", {"profile", "profil", "geraeteprofil", "deviceprofile", "geraetetyp", "typ", "type"}},
    column{"state", {"state", "status", "zustand"}},
    column{"source", {"source", "quelle"}},
    column{"joinEui", {"joineui", "appeui"}},
    column{"provenance", {"provenance", "herkunft"}},
    column{"measuringPoint", {"measuringpoint", "messstelle", "messpunkt"}},
    column{"pointName", {"pointname", "messstellenname", "standort", "measuringpointname", "location", "ort"}},
    column{"latitude", {"latitude", "lat", "breite", "breitengrad", "geobreite"}},
    column{"longitude", {"longitude", "lon", "lng", "laenge", "laengengrad", "geolaenge"}},
    column{"from", {"from", "ab", "von", "seit", "montiertab", "montiertseit", "mountedfrom"}},
};

struct german_state {
  std::string_view word;
  std::string_view state;
};
constexpr auto german_states = std::array{
    german_state{"geplant", "planned"},     german_state{"aktiv", "active"},
    german_state{"wartung", "maintenance"}, german_state{"inwartung", "maintenance"},
    german_state{"ersetzt", "replaced"},    german_state{"ausgemustert", "retired"},
    german_state{"stillgelegt", "retired"},
};

std::string bare(std::string_view text) {
  auto word = text::folded(text);
  std::erase_if(word, [](char c) { return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')); });
  return word;
}

std::string_view member_of(std::string_view heading) {
  auto const word = bare(heading);
  for (auto const& c : columns) {
    if (std::find(c.spellings.begin(), c.spellings.end(), word) != c.spellings.end() && !word.empty()) return c.member;
  }
  return {};
}

using header = std::map<std::string_view, std::size_t>;  // member -> field

header read_header(csv_row const& row) {
  auto h = header();
  for (auto i = std::size_t(0); i < row.fields.size(); ++i) {
    if (auto const member = member_of(row.fields[i]); !member.empty()) h.emplace(member, i);
  }
  auto const need = [&](bool is_there, std::string_view member) {
    require(is_there, fault_kind::malformed,
            "the first line names the columns, and " + std::string(member) + " is not among them", member);
  };
  need(h.contains("devEui") || h.contains("deviceId"), "devEui");
  need(h.contains("profile"), "profile");
  return h;
}

class row_reader {
 public:
  row_reader(header const& h, csv_row const& row) : header_(h), row_(row) { out_.line = row.line; }

  import_row read() {
    for (auto const& p : row_.problems) out_.errors.push_back(p.message);
    if (row_.is_lost) return std::move(out_);
    read_id();
    auto name = field("name");
    if (!name.empty()) out_.device.push("name", name);
    auto const profile = field("profile");
    if (profile.empty()) out_.errors.push_back("profile is missing");
    out_.device.push("profile", profile);
    read_state();
    for (auto const member : {"source", "provenance"}) {
      if (auto const text = field(member); !text.empty()) out_.device.push(member, text);
    }
    read_eui("joinEui", false);
    out_.measuring_point = field("measuringPoint");
    out_.point_name = field("pointName");
    read_place();
    read_from();
    return std::move(out_);
  }

 private:
  std::string field(std::string_view member) const {
    auto const found = header_.find(member);
    if (found == header_.end() || found->second >= row_.fields.size()) return {};
    return std::string(text::trim(row_.fields[found->second]));
  }

  // A device without DevEUI has a name that its network server gave it.
  void read_id() {
    auto const name = field("deviceId");
    if (name.empty() || !field("devEui").empty()) return read_eui("devEui", true);
    out_.device.push("deviceId", name);
  }

  void read_eui(std::string_view member, bool needed) {
    auto const text = field(member);
    if (text.empty() && !needed) return;
    auto const eui = parse_eui(text);
    if (!eui) out_.errors.push_back(std::string(member) + " has 16 hexadecimal digits, not \"" + text + "\"");
    out_.device.push(std::string(member), eui.value_or(text));
  }

  void read_state() {
    auto const text = field("state");
    if (text.empty()) return;
    auto state = text::lower(text);
    for (auto const& g : german_states) {
      if (bare(text) == g.word) state = g.state;
    }
    try {
      parse_device_state(state);
    } catch (fault const& f) {
      out_.errors.push_back(f.detail);
    }
    out_.device.push("state", state);
  }

  std::optional<double> degrees(std::string_view member, double max) {
    auto const text = field(member);
    if (text.empty()) return std::nullopt;
    auto number = parse_number(text);
    if (!number) number = parse_number(text, {.decimal = ',', .thousands = 0});
    if (number && std::abs(number->as_double()) <= max) return number->as_double();
    out_.errors.push_back(std::string(member) + " is in degrees, for example 51,5142, not \"" + text + "\"");
    return std::nullopt;
  }

  void read_place() {
    auto const before = out_.errors.size();
    out_.latitude = degrees("latitude", 90);
    out_.longitude = degrees("longitude", 180);
    if (out_.errors.size() == before && out_.latitude.has_value() != out_.longitude.has_value()) {
      out_.errors.push_back("latitude and longitude come together");
    }
    if (!out_.point_name.empty() && out_.measuring_point.empty() && !out_.latitude && out_.errors.size() == before) {
      out_.errors.push_back("a new measuring point needs latitude and longitude");
    }
  }

  void read_from() {
    auto const text = field("from");
    if (text.empty()) return;
    static auto const berlin = time_zone("Europe/Berlin");
    for (auto const* pattern : {"ISO", "dd.MM.yyyy?' 'HH:mm", "d.M.yyyy"}) {
      auto const read = date_pattern(pattern).parse(text);
      if (!read) continue;
      out_.from = read->offset_us ? timestamp{read->local_us - *read->offset_us} : berlin.to_utc(read->local_us);
      return;
    }
    out_.errors.push_back("from is a day or time such as 2026-11-21 or 21.11.2026, not \"" + text + "\"");
  }

  header const& header_;
  csv_row const& row_;
  import_row out_;
};

}  // namespace

import_table read_import(std::string_view csv) {
  require(csv.size() <= import_bytes_max, fault_kind::too_large, "a table of devices has at most 4 MiB");
  auto table =
      import_table{.encoding = encoding_of_mark(csv).value_or(text::is_utf8(csv) ? text_encoding::utf8 : text_encoding::windows1252),
                   .rows = {}};
  auto& rows = table.rows;
  auto head = std::optional<header>();
  auto seen = std::map<std::string, std::size_t>();
  auto const visit = [&](csv_row const& row) {
    if (!head) {
      head = read_header(row);
      return true;
    }
    require(rows.size() < import_rows_max, fault_kind::too_large, "a table of devices has at most 5,000 rows");
    auto r = row_reader(*head, row).read();
    auto const* eui = r.device.find("devEui");
    if (auto const* id = eui ? eui : r.device.find("deviceId")) {
      auto const [first, is_new] = seen.emplace(id->as_string(), r.line);
      if (!is_new) r.errors.push_back((eui ? "this DevEUI stands in line " : "this deviceId stands in line ") +
                                      std::to_string(first->second) + " already");
    }
    rows.push_back(std::move(r));
    return true;
  };
  auto reader = csv_reader({.encoding = table.encoding, .columns_max = 200, .row_bytes_max = 64 << 10});
  reader.feed(csv, visit);
  reader.finish(visit);
  require(head.has_value(), fault_kind::malformed, "the table is empty: its first line names the columns");
  return table;
}

}  // namespace dos::devices
