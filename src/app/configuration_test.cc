#include "app/configuration.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fault.h"

namespace dos::app {
namespace {

struct written {
  explicit written(std::string const& text) : name(std::filesystem::temp_directory_path() / ("dos-configuration-" + std::to_string(::getpid()) + ".yaml")) {
    std::ofstream(name) << text;
  }
  ~written() { std::filesystem::remove(name); }
  std::string const name;
};

std::string refusal(auto const& read, std::string const& text) {
  auto const file = written(text);
  try {
    read(file.name);
  } catch (fault const& f) {
    EXPECT_EQ(fault_kind::invalid, f.kind) << text;
    return f.detail;
  }
  return "";
}

std::string refusal_of_configuration(std::string const& text) { return refusal(read_configuration, text); }
std::string refusal_of_city(std::string const& text) { return refusal(read_city, "id: elsewhere\nname: Elsewhere\n" + text); }

// `history_days: -1` deletes everything, if it is believed.
TEST(a_number_of_the_configuration, has_a_range_and_one_outside_is_refused_by_name) {
  for (auto const* const key : {"page_max", "source_timeout_ms", "temporal_page_max", "body_bytes_max", "log_days", "history_days"}) {
    for (auto const* const bad : {"-1", "9223372036854775807", "1.5", "many", "true", "[1]", "null"}) {
      auto const said = refusal_of_configuration(std::string(key) + ": " + bad + "\n");
      EXPECT_NE(std::string::npos, said.find(std::string(key) + " wants a whole number from")) << key << ' ' << bad << ": " << said;
    }
  }
  for (auto const* const key : {"page_max", "source_timeout_ms", "temporal_page_max", "body_bytes_max"}) {
    EXPECT_NE("", refusal_of_configuration(std::string(key) + ": 0\n")) << key;
  }
  for (auto const* const good : {"history_days: 0", "log_days: 14", "page_max: 1", "lorawan: {time_past_max_s: 0}"}) {
    EXPECT_EQ("", refusal_of_configuration(std::string(good) + "\n")) << good;
  }
}

TEST(a_number_within_a_section, has_a_range_and_is_named_with_its_section) {
  EXPECT_NE(std::string::npos, refusal_of_configuration("lorawan: {time_past_max_s: -5}\n").find("lorawan.time_past_max_s wants a whole number from 0"));
  EXPECT_NE(std::string::npos, refusal_of_configuration("mqtt_sources: [{city: x, nam: y}]\n").find("unknown key \"nam\"; there are city, name, url"));
  EXPECT_NE(std::string::npos, refusal_of_configuration("mqtt_sources: [{user: 5}]\n").find("user wants text"));
  EXPECT_NE(std::string::npos,
            refusal_of_configuration("lorawan: {time_past_max: 5}\n").find("lorawan: unknown key \"time_past_max\"; there are time_past_max_s"));
}

TEST(a_key_that_does_not_exist, is_named_with_those_that_do) {
  auto const said = refusal_of_configuration("histroy_days: 5\n");
  EXPECT_NE(std::string::npos, said.find("unknown key \"histroy_days\"; there are public_url")) << said;
  EXPECT_NE(std::string::npos, said.find("history_days"));
}

TEST(a_value_of_another_kind, is_refused_by_name) {
  for (auto const* const line : {"public_url: 5", "public_url: ftp://example.org", "trusted_proxies: [10]", "trusted_proxies: [10.0.0.0/99]",
                                 "allow_private_addresses: 7", "allow_private_addresses: [intranet]", "outbound_proxy: proxy:3128", "tls_key: [a]",
                                 "contexts: {\"http://a\": 5}", "fetch_contexts: 1", "read_origins: \"*\"", "write_origins: [{}]", "mqtt: 1883",
                                 "mqtt_sources: {}", "mqtt_sources: [a]", "lorawan: []"}) {
    auto const said = refusal_of_configuration(std::string(line) + "\n");
    EXPECT_NE(std::string::npos, said.find(std::string(line).substr(0, std::string_view(line).find(':')))) << line << ": " << said;
    EXPECT_NE(std::string::npos, said.find(" wants ")) << line << ": " << said;
  }
  EXPECT_EQ("", refusal_of_configuration("allow_private_addresses: [localhost, 10.0.0.0/8]\n"));
  EXPECT_EQ("", refusal_of_configuration("allow_private_addresses: true\n"));
}

TEST(what_is_left_out, has_its_default) {
  auto const file = written("page_max: 7\n");
  auto const c = read_configuration(file.name);
  EXPECT_EQ(7, c.find("page_max")->as_int());
  EXPECT_EQ(14, c.find("log_days")->as_int());
  EXPECT_TRUE(c.find("fetch_contexts")->as_bool());
  EXPECT_EQ(14, read_configuration("").find("log_days")->as_int());
  EXPECT_EQ("", refusal_of_configuration(""));
}

TEST(a_city_file, is_held_to_its_keys_and_ranges_in_the_same_way) {
  EXPECT_EQ("", refusal_of_city("center: [7.5, 51.4]\nbbox: [7, 51, 8, 52]\ncontact: {name: x}\n"));
  for (auto const* const line : {"center: [7.5]", "center: [51.4, 97.5]", "center: Rathaus", "bbox: [7, 51, 8]", "bbox: [7, 51, 8, 520]",
                                 "time_zone: 1", "color: 5"}) {
    EXPECT_NE(std::string::npos, refusal_of_city(std::string(line) + "\n").find(" wants ")) << line;
  }
  EXPECT_NE(std::string::npos, refusal_of_city("centre: [7.5, 51.4]\n").find("unknown key \"centre\"; there are id, name"));
}

TEST(a_number_of_the_command_line, has_a_range) {
  EXPECT_EQ(1883, *parse_command_line({"serve", "--mqtt-port", "1883"}).mqtt_port);
  using words = std::vector<std::string>;
  for (auto const& bad : {words{"serve", "--port", "-1"}, {"serve", "--port", "65536"}, {"token", "--days", "0"}, {"token", "--days", "x"}}) {
    EXPECT_THROW(parse_command_line(bad), fault) << bad[1] << bad[2];
  }
}

}  // namespace
}  // namespace dos::app
