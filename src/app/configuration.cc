#include "app/configuration.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/fault.h"
#include "base/text.h"
#include "base/yaml.h"

namespace dos::app {
namespace {

std::string read_file(std::string const& file) {
  auto in = std::ifstream(file, std::ios::binary);
  require(bool(in), fault_kind::invalid, "cannot read the file " + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Keys of the configuration file with their defaults.
json::object defaults() {
  return {{"public_url", ""},               // as browsers see this server; empty: http://localhost:PORT
          {"trusted_proxies", json::array()},   // addresses or ranges whose X-Forwarded-* headers are believed
          {"allow_private_addresses", false},   // true, or a list of ranges that outgoing requests may reach
          {"outbound_proxy", ""},               // http://proxy:3128
          {"outbound_ca", ""},                  // PEM file
          {"tls_certificate", ""},              // PEM file; with tls_key the server speaks HTTPS itself
          {"tls_key", ""},
          {"contexts", json::object()},         // JSON-LD context: URL -> file
          {"default_context", ""},              // file or name below contexts/; empty: the standard's core context
          {"fetch_contexts", true},             // get unknown contexts from their address
          {"page_max", 1000},                   // entities in one answer
          {"source_timeout_ms", 5'000},         // how long a registered context source is waited for
          {"split_entities", false},            // queries put entities together before they filter
          {"temporal_page_max", 10'000},        // values in one answer
          {"body_bytes_max", 33'554'432},       // of one request, where a route takes so much
          {"bodies_bytes_max", 1'073'741'824},  // memory for all bodies that are not answered yet; one address: half of it
          {"names_per_source_max", 200'000},    // new names (attributes, types, units, dataset ids) that one token may bring
          {"read_origins", json::array{"*"}},   // whose pages may read the doors of standards in a browser
          {"write_origins", json::array()},     // and write there, with a token of their own
          {"log_days", 14},                     // how long the commit log is kept
          {"history_days", 0},                  // how long history is kept; 0: for ever
          {"time_future_max_s", 300},           // what is observed later than that from now is history alone
          {"time_future_max_s_of", json::object()},  // the same by source: a line of the ledger, or source/token
          {"mqtt", json::object()},             // the program's own listener, see docs
          {"mqtt_sources", json::array()},      // brokers of LoRaWAN networks, see docs
          {"lorawan_servers", json::array()},   // where commands for devices are handed over, see docs
          {"lorawan", json::object()}};         // time_past_max_s, time_future_max_s: which times are believed
}

int to_number(std::string const& word, std::string const& text, int least, int most) {
  auto const n = text::to_int(text);
  require(n && *n >= least && *n <= most, fault_kind::invalid,
          word + " wants a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not \"" + text + "\"");
  return int(*n);
}

}  // namespace

options parse_command_line(std::vector<std::string> const& words) {
  auto o = options();
  o.command = words.empty() ? "help" : words[0];
  for (auto i = std::size_t(1); i < words.size(); ++i) {
    auto const& word = words[i];
    if (!word.starts_with("--")) {
      o.rest.push_back(word);
      continue;
    }
    if (word == "--demo") {
      o.demo = true;
      continue;
    }
    if (word == "--help") {
      o.command = "help";
      continue;
    }
    require(i + 1 < words.size(), fault_kind::invalid, word + " wants a value behind it");
    auto const& value = words[++i];
    if (word == "--data") o.data = value;
    else if (word == "--address") o.address = value;
    else if (word == "--port") o.port = to_number(word, value, 0, 65'535);
    else if (word == "--mqtt-port") o.mqtt_port = to_number(word, value, 0, 65'535);
    else if (word == "--config") o.config = value;
    else if (word == "--city") o.city = value;
    else if (word == "--anonymous") o.anonymous = parse_role(value);
    else if (word == "--role") o.role = parse_role(value);
    else if (word == "--name") o.name = value;
    else if (word == "--brings") o.brings = value;
    else if (word == "--days") o.days = to_number(word, value, 1, 36'500);
    else if (word == "--to") o.to = value;
    else throw fault(fault_kind::invalid, "unknown option " + word);
  }
  return o;
}

std::string help() {
  return R"(dos - the digital operating system for cities

  dos serve --data DIR [--port 8030] [--address 127.0.0.1] [--demo] [--config FILE] [--city FILE] [--mqtt-port N]
            [--anonymous ROLE]      ROLE for callers without a token; on loopback only, for tests
  dos token --data DIR --city ID --role ROLE [--name WHO] [--days N] [--brings ID,ID*]
            prints a bearer token; ROLE: admin, editor, viewer, device; city * is every city
  dos rotate-keys --data DIR        ends every token and session, when a key may have been read; the server must not run
  dos demo remove --data DIR        takes the demonstration data away
  dos backup --data DIR --to DIR    a consistent copy, also while the server runs
  dos doctor --data DIR             checks data, disk, configuration; says what to do
)";
}

json::value read_configuration(std::string const& file) {
  auto all = defaults();
  if (file.empty()) return all;
  auto const given = parse_yaml(read_file(file));
  require(given.is_object(), fault_kind::invalid, file + " must hold keys and values");
  for (auto const& m : given.as_object()) {
    auto* const known = all.find(m.key);
    if (!known) {
      auto names = std::string();
      for (auto const& d : all) names += (names.empty() ? "" : ", ") + d.key;
      throw fault(fault_kind::invalid, file + ": unknown key \"" + m.key + "\"; there are " + names, m.key);
    }
    // A list may stand where a switch does: allow_private_addresses.
    auto const fits = known->kind() == m.value.kind() || known->is_bool();
    require(fits, fault_kind::invalid, file + ": " + m.key + " has the wrong kind of value", m.key);
    *known = m.value;
  }
  return all;
}

city_profile read_city(std::string const& file) {
  auto const words = parse_yaml(read_file(file));
  require(words.is_object(), fault_kind::invalid, file + " must hold keys and values");
  auto const id = words.text_or("id", {});
  auto const is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  require(!id.empty() && id.size() <= 40 && std::all_of(id.begin(), id.end(), is_plain), fault_kind::invalid,
          file + ": id must be a short word of small letters, digits and hyphens, for example \"schwerte\"", "id");
  auto const reserved = {"ngsi-ld", "sensorthings", "platform", "api", "region",
                         "app", "workplace", "metrics", "healthz", "en", "mqtt", "application", "v3", "device"};
  require(std::find(reserved.begin(), reserved.end(), id) == reserved.end(), fault_kind::invalid,
          file + ": the id \"" + std::string(id) + "\" is a path of the program itself", "id");
  auto const* const name = words.find("name");
  require(name && (name->is_string() || name->is_object()), fault_kind::invalid, file + ": name is missing", "name");
  return {std::string(id), words};
}

std::string resources_directory() {
  if (auto const* const home = std::getenv("DOS_HOME")) return home;
  auto const program = std::filesystem::read_symlink("/proc/self/exe");
  for (auto directory = program.parent_path(); directory.has_relative_path(); directory = directory.parent_path()) {
    if (std::filesystem::exists(directory / "codecs") && std::filesystem::exists(directory / "contexts")) return directory;
  }
  throw fault(fault_kind::invalid, "cannot find the program's own files; set DOS_HOME to the folder that holds codecs/ and contexts/");
}

}  // namespace dos::app
