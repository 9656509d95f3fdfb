#include "net/mqtt_packet.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos::net::mqtt {
namespace {

using namespace std::string_literals;

constexpr auto bytes_max = std::size_t{1000};

packet round_trip(packet const& p, version v) {
  auto bytes = std::string();
  write_packet(bytes, p, v);
  for (auto n = std::size_t{0}; n < bytes.size(); ++n) EXPECT_FALSE(parse_packet(bytes.substr(0, n), v, bytes_max));
  auto const got = parse_packet(bytes + "next", v, bytes_max);
  EXPECT_EQ(bytes.size(), got->bytes);
  return got->packet;
}

TEST(a_packet, survives_writing_and_reading_in_both_versions) {
  for (auto const v : {version::v3_1_1, version::v5}) {
    auto will = publish{.topic = "gone", .payload = "1", .qos = 1, .retain = true};
    auto hello = connect{.version = v, .client_id = "me", .clean_start = false, .keep_alive_s = 7, .will = will};
    hello.user = "u";
    hello.password = "p\0q"s;
    auto message =
        publish{.topic = "a/b", .payload = std::string(200, 'x'), .qos = 1, .retain = true, .repeated = true, .id = 9};
    auto list = subscribe{.id = 3, .subscriptions = {{.filter = "a/+"}, {.filter = "#", .qos = 2}}};
    if (v == version::v5) {
      hello.properties = {.session_expiry_s = 5, .receive_max = 6};
      message.properties = {.topic_alias = 1, .content_type = "text/plain", .user = {{"k", "v"}, {"k", "w"}}};
      list.subscriptions[0].retain_handling = 2;
    }
    for (auto const& p : std::vector<packet>{
             hello, connack{true, 5, {}}, message, publish{.topic = "t"}, ack{ack_kind::puback, 1, 0},
             ack{ack_kind::pubrec, 2, 0}, ack{ack_kind::pubrel, 3, 0}, ack{ack_kind::pubcomp, 4, 0}, list,
             suback{3, {1, 0x80}, false}, unsubscribe{4, {"a/+"}}, ping_request(), ping_response(), disconnect()}) {
      SCOPED_TRACE(p.index());
      EXPECT_EQ(p, round_trip(p, v));
    }
  }
  EXPECT_EQ((packet{ack{ack_kind::puback, 1, 0x87}}), round_trip(ack{ack_kind::puback, 1, 0x87}, version::v5));
}

TEST(a_packet, is_laid_out_as_the_standard_shows) {
  auto bytes = std::string();
  write_packet(bytes, publish{.topic = "a/b", .payload = "x", .qos = 1, .id = 10}, version::v3_1_1);
  EXPECT_EQ("\x32\x08\x00\x03"s + "a/b" + "\x00\x0a"s + "x", bytes);  // MQTT 3.1.1, 3.3.2.3
}

TEST(a_packet, that_the_standard_forbids_is_refused) {
  for (auto const& bad : {"\x00\x00"s,                             // no such packet
                          "\xf0\x00"s,                             // extended authentication, version 5 alone
                          "\x38\x03\x00\x01"s + "a"s,              // repeated with quality of service 0
                          "\x36\x05\x00\x01"s + "a\x00\x01"s,      // quality of service 3
                          "\x32\x05\x00\x01"s + "a\x00\x00"s,      // identifier 0
                          "\x30\x03\x00\x01+"s,                    // wildcard in a topic
                          "\x30\x02\x00\x00"s,                     // empty topic
                          "\x30\x03\x00\x01\xff"s,                 // no UTF-8
                          "\x30\x03\x00\x01\x00"s,                 // NUL
                          "\x30\x02\x00\x09"s,                     // text longer than the packet
                          "\x80\x06\x00\x01\x00\x01"s + "a\x00"s,  // SUBSCRIBE with wrong flags
                          "\x82\x02\x00\x01"s,                     // subscribes to nothing
                          "\x82\x08\x00\x01\x00\x03"s + "a#b\x00"s,
                          "\xc0\x01\x00"s,              // a ping with content
                          "\x30\xff\xff\xff\xff\x01"s,  // length of five bytes
                          "\xb0\x03\x00\x01\x00"s,      // UNSUBACK with a reason
                          "\x10\x08\x00\x04MQTT\x03\x00"s}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(parse_packet(bad, version::v3_1_1, 1'000'000'000), fault);
  }
}

TEST(a_packet, of_version_5_keeps_its_properties) {
  auto will = publish{.topic = "gone", .properties = {.message_expiry_s = 4, .will_delay_s = 5}};
  for (auto const& p : std::vector<packet>{
           connect{.version = version::v5, .will = will, .properties = {.authentication_method = "SCRAM"}},
           publish{.topic = "t", .properties = {.payload_is_text = 1, .subscription_ids = {1, 268'435'455}}},
           subscribe{.id = 1, .subscriptions = {{.filter = "$share/g/a/#"}}, .identifier = 300},
           disconnect{0x04, {.session_expiry_s = 9, .reason = "tired"}}, auth{0x18, {.authentication_method = "x"}}}) {
    SCOPED_TRACE(p.index());
    EXPECT_EQ(p, round_trip(p, version::v5));
  }
}

TEST(a_property, in_the_wrong_place_or_form_is_refused) {
  auto const publish_with = [](std::string const& properties) {
    return "\x30"s + char(4 + properties.size()) + "\x00\x01t"s + char(properties.size()) + properties;
  };
  EXPECT_TRUE(parse_packet(publish_with("\x01\x01"s), version::v5, bytes_max));
  for (auto const& bad : {"\x01\x02"s,                  // a flag is 0 or 1
                          "\x01\x01\x01\x01"s,          // twice
                          "\x11\x00\x00\x00\x01"s,      // of a session
                          "\x23\x00\x00"s,              // alias 0
                          "\x0b\x00"s,                  // subscription identifier 0
                          "\x08\x00\x01+"s,             // a response topic with a wildcard
                          "\x7f"s, "\x03\x00\x05x"s}) {
    SCOPED_TRACE(testing::PrintToString(bad));
    EXPECT_THROW(parse_packet(publish_with(bad), version::v5, bytes_max), fault);
  }
}

TEST(a_packet, that_is_too_large_is_refused_before_it_comes) {
  EXPECT_THROW(parse_packet("\x30\xff\x7f"s, version::v5, bytes_max), fault);
}

TEST(a_filter, matches_as_the_standard_says) {
  struct row {
    char const* filter;
    char const* topic;
    bool expected;
  };
  for (auto const& r :
       {row{"sport/tennis/player1/#", "sport/tennis/player1", true},
        row{"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true}, row{"sport/#", "sport", true},
        row{"#", "a/b", true}, row{"sport/tennis/+", "sport/tennis/player1", true},
        row{"sport/tennis/+", "sport/tennis/player1/ranking", false}, row{"sport/+", "sport", false},
        row{"sport/+", "sport/", true}, row{"+/+", "/finance", true}, row{"/+", "/finance", true},
        row{"+", "/finance", false}, row{"#", "$SYS/x", false}, row{"+/x", "$SYS/x", false},
        row{"$SYS/#", "$SYS/x", true}, row{"a/b", "a/b/c", false}, row{"a/b/c", "a/b", false}}) {
    SCOPED_TRACE(std::string(r.filter) + " " + r.topic);
    EXPECT_EQ(r.expected, matches(r.filter, r.topic));
  }
  for (auto const bad : {"", "a#", "#/a", "a+/b", "a/#/b", "$share/", "$share//a", "$share/g", "$share/g/", "$share/+/a"}) EXPECT_FALSE(is_topic_filter(bad));
  EXPECT_TRUE(is_topic_filter("$share/g/+/#"));
}

}  // namespace
}  // namespace dos::net::mqtt
