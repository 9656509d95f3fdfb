#include "app/configuration.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/setting.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"

namespace dos::app {
namespace {

constexpr auto century_days = std::int64_t(36'500);
constexpr auto century_s = century_days * 86'400;

std::vector<setting> configuration_keys() {
  auto const clock = section({{"time_past_max_s", {}, whole_number(0, century_s)},  // which times of messages are believed
                              {"time_future_max_s", {}, whole_number(0, century_s)}});
  auto const all_words = [](std::initializer_list<char const*> keys) {
    auto all = std::vector<setting>();
    for (auto const* const k : keys) all.push_back({k, {}, words()});
    return all;
  };
  auto of_broker = all_words({"city", "name", "url", "user", "password_file", "ca", "client_id", "network", "provenance"});
  of_broker.push_back({"topics", {}, list_of(words())});
  auto const broker = section(std::move(of_broker));
  auto const server = section(all_words({"city", "name", "url", "network", "api_key_file", "ca", "application"}));
  return {{"public_url", "", web_address()},                       // as browsers see this server; empty: http://localhost:PORT
          {"trusted_proxies", json::array(), list_of(address_ranges())},  // whose X-Forwarded-* headers are believed
          {"allow_private_addresses", false, either(yes_or_no(), list_of(address_ranges()))},  // may outgoing requests reach them
          {"outbound_proxy", "", web_address()},                   // http://proxy:3128
          {"outbound_ca", "", words()},                            // PEM file
          {"tls_certificate", "", words()},                        // PEM file; with tls_key the server speaks HTTPS itself
          {"tls_key", "", words()},
          {"contexts", json::object(), table_of(words())},         // JSON-LD context: URL -> file
          {"default_context", "", words()},                        // file or name below contexts/; empty: the standard's core context
          {"fetch_contexts", true, yes_or_no()},                   // get unknown contexts from their address
          {"page_max", 1000, whole_number(1, 100'000)},            // entities in one answer
          {"source_timeout_ms", 5'000, whole_number(1, 600'000)},  // how long a registered context source is waited for
          {"split_entities", false, yes_or_no()},                  // queries put entities together before they filter
          {"temporal_page_max", 10'000, whole_number(1, 1'000'000)},  // values in one answer
          {"body_bytes_max", 33'554'432, whole_number(1'024, 1 << 30)},
          {"bodies_bytes_max", 1'073'741'824, whole_number(1 << 20, std::int64_t(1) << 40)},  // memory for all that are not answered; one address: half
          {"names_per_source_max", 200'000, whole_number(100, 10'000'000)},  // new names (attributes, types …) that one token may bring
          {"request_processor_ms_max", 10'000, whole_number(100, 3'600'000)},  // that one request may use
          {"answer_bytes_max", 64 << 20, whole_number(1 << 20, std::int64_t(4) << 30)},  // of one answer
          {"read_origins", json::array{"*"}, list_of(words())},    // whose pages may read the doors of standards in a browser
          {"write_origins", json::array(), list_of(words())},      // and write there, with a token of their own
          {"log_days", 14, whole_number(0, century_days)},         // how long the commit log is kept
          {"history_days", 0, whole_number(0, century_days)},      // how long history is kept; 0: for ever
          {"time_future_max_s", 300, whole_number(0, century_s)},  // what is observed later than that from now is history alone
          {"time_future_max_s_of", json::object(), table_of(whole_number(0, century_s))},  // the same by source: a line of the ledger, or source/token
          {"mqtt", json::object(), any_section()},                 // the program's own listener: standard/mqtt/settings.h
          {"mqtt_url", "", words()},                               // where programs reach it, as SensorThings tells them
          {"mqtt_sources", json::array(), list_of(broker)},        // brokers of LoRaWAN networks
          {"lorawan_servers", json::array(), list_of(server)},  // where commands for devices are handed over
          {"lorawan", json::object(), clock}};
}

std::vector<setting> city_keys() {
  auto const longitude = real_number(-180, 180);
  auto const latitude = real_number(-90, 90);
  auto const name = either(words(), table_of(words()));
  auto const numbers = [](std::string wanted, std::vector<setting_rule> each) -> setting_rule {
    return [wanted = std::move(wanted), each = std::move(each)](std::string const& key, json::value const& v) {
      require(v.is_array() && v.as_array().size() == each.size(), fault_kind::invalid, key + " wants " + wanted + ", not " + json::to_string(v));
      for (auto i = std::size_t(0); i < each.size(); ++i) each[i](key, v.as_array()[i]);
    };
  };
  return {{"id", {}, words()},
          {"name", {}, name},  // or one for each language
          {"ags", {}, words()},
          {"center", {}, numbers("[longitude, latitude]", {longitude, latitude})},
          {"bbox", {}, numbers("[west, south, east, north]", {longitude, latitude, longitude, latitude})},
          {"time_zone", {}, words()},
          {"color", {}, words()},
          {"contact", {}, any_section()},
          {"logo", {}, words()},      // files beside this one
          {"boundary", {}, words()},  //
          {"default_context", {}, words()},
          {"packages", {}, any_section()}};  // which it uses, and its values: {booking: {}, ID: {values: {…}}}
}

int to_number(std::string const& word, std::string const& text, int least, int most) {
  auto const n = text::to_int(text);
  require(n && *n >= least && *n <= most, fault_kind::invalid,
          word + " wants a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not \"" + text + "\"");
  return int(*n);
}

timestamp to_moment(std::string const& word, std::string const& text) {
  auto const t = text == "now" ? system_clock().now() : parse_timestamp(text);
  require(t.has_value(), fault_kind::invalid, word + " wants a moment like 2026-11-30T10:00:00Z or the word now, not \"" + text + "\"");
  return *t;
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
    else if (word == "--keys") o.keys = value;
    else if (word == "--from") o.from = value;
    else if (word == "--erased") o.erased = value;
    else if (word == "--address") o.address = value;
    else if (word == "--port") o.port = to_number(word, value, 0, 65'535);
    else if (word == "--mqtt-port") o.mqtt_port = to_number(word, value, 0, 65'535);
    else if (word == "--config") o.config = value;
    else if (word == "--city") o.city = value;
    else if (word == "--test-clock") o.test_clock = to_moment(word, value);
    else if (word == "--anonymous") o.anonymous = parse_role(value);
    else if (word == "--role") o.role = parse_role(value);
    else if (word == "--name") o.name = value;
    else if (word == "--brings") o.brings = value;
    else if (word == "--subject") o.subject = value;
    else if (word == "--organisations") o.organisations = value;
    else if (word == "--roles") o.roles = value;
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
            [--test-clock MOMENT]   the clock begins there and POST /test/clock turns it; on loopback only, for tests
  dos token --data DIR --city ID --role ROLE [--name WHO] [--days N] [--brings ID,ID*]
            [--subject ID] [--organisations ID,ID] [--roles NAME,NAME]
            prints a bearer token; ROLE: admin, editor, viewer, device; city * is every city
  dos backup-keys --data DIR --to DIR  a copy of the keys of people, to be kept apart from backups and no longer than 30 days
  dos restore-keys --data DIR --from COPY --erased FILE  puts such a copy in place, without what the newest erased.jsonl says was erased since
  dos rotate-keys --data DIR        ends every token and session, when a key may have been read; the server must not run
  dos demo remove --data DIR        takes the demonstration data away
                                    (all with --keys DIR, where the keys are not in DATA.keys)
  dos backup --data DIR --to DIR    a consistent copy, also while the server runs
  dos doctor --data DIR             checks data, disk, configuration; says what to do

  dos check [PACKAGE]               what is wrong with one package (folder or id), or with all: file, line and member
  dos new-measure ID [--to DIR]     the folder of a new measure, to begin with
  dos pack PACKAGE [--to FILE]      one file of it, for another city
  dos adopt FILE --data DIR --city ID   a running city takes a packed one over, or a folder
)";
}

json::value read_configuration(std::string const& file) {
  auto const given = file.empty() ? json::value() : parse_yaml(read_existing_file(file));
  return read_settings(file, configuration_keys(), given.is_null() ? json::object() : given);
}

city_profile read_city(std::string const& file) {
  auto const given = parse_yaml(read_existing_file(file));
  read_settings(file, city_keys(), given);
  auto const id = given.text_or("id", {});
  auto const is_plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  require(!id.empty() && id.size() <= 40 && std::all_of(id.begin(), id.end(), is_plain), fault_kind::invalid,
          file + ": id must be a short word of small letters, digits and hyphens, for example \"schwerte\"", "id");
  auto const reserved = {"ngsi-ld", "sensorthings", "platform", "api", "region",
                         "app", "workplace", "metrics", "healthz", "en", "mqtt", "application", "v3", "device"};
  require(std::find(reserved.begin(), reserved.end(), id) == reserved.end(), fault_kind::invalid,
          file + ": the id \"" + std::string(id) + "\" is a path of the program itself", "id");
  auto const* const name = given.find("name");
  require(name && (name->is_string() || name->is_object()), fault_kind::invalid, file + ": name is missing", "name");
  return {std::string(id), given};
}

std::string resources_directory() {
  if (auto const* const home = std::getenv("DOS_HOME")) return home;
  auto const program = std::filesystem::read_symlink("/proc/self/exe");
  for (auto directory = program.parent_path(); directory.has_relative_path(); directory = directory.parent_path()) {
    if (std::filesystem::exists(directory / "modules") && std::filesystem::exists(directory / "contexts")) return directory;
  }
  if (auto const share = program.parent_path().parent_path() / "share" / "dos"; std::filesystem::exists(share / "contexts")) return share;
  throw fault(fault_kind::invalid, "cannot find the program's own files; set DOS_HOME to the folder that holds modules/ and contexts/");
}

}  // namespace dos::app
