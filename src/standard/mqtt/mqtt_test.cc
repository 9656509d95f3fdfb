#include <gtest/gtest.h>

#include <set>

#include "base/fault.h"
#include "standard/mqtt/message.h"
#include "standard/mqtt/session_state.h"
#include "standard/mqtt/settings.h"
#include "standard/mqtt/topic_tree.h"

namespace dos::broker {
namespace {

using namespace std::string_literals;

topic_tree::entry first_of(std::vector<topic_tree::entry> const& members) { return members.front(); }

std::set<std::string> found(topic_tree const& tree, std::string const& topic) {
  auto result = std::set<std::string>();
  tree.match(topic, [&](auto const& e) { result.insert(e.what->filter); }, first_of);
  return result;
}

TEST(a_topic_tree, finds_what_matching_one_by_one_finds) {
  auto const filters = {"#",   "+",     "a",       "a/#",   "a/+",   "a/b",  "+/b",    "+/+",  "a/+/c", "a/b/#",
                        "/",   "/+",    "+/",      "a//b",  "a/+/b", "$x/#", "$x/a",   "+/a",  "b/#",   "a/b/c/d",
                        "/#",  "a/b/+", "+/+/+/+", "//",    "+//",   "$x",   "$x/+",   "c",    "c/#"};
  auto who = client_session();
  auto all = std::vector<subscription>();
  for (auto const f : filters) all.push_back({.filter = f});
  auto tree = topic_tree();
  for (auto const& s : all) tree.add(s.filter, {}, {&who, &s});
  for (auto const topic : {"a", "b", "c", "a/b", "a/b/c", "a/b/c/d", "/", "//", "/a", "a/", "a//b", "$x", "$x/a", "$x/a/b", "d/e/f/g/h"}) {
    SCOPED_TRACE(topic);
    auto expected = std::set<std::string>();
    for (auto const f : filters) {
      if (net::mqtt::matches(f, topic)) expected.insert(f);
    }
    EXPECT_EQ(expected, found(tree, topic));
  }
  for (auto const& s : all) tree.remove(s.filter, {}, &who);
  EXPECT_TRUE(tree.is_empty());
}

TEST(a_topic_tree, gives_a_group_one_member) {
  auto a = client_session(), b = client_session();
  auto const one = subscription{.filter = "$share/g/x/#"}, other = subscription{.filter = "x/y"};
  auto tree = topic_tree();
  tree.add("x/#", "g", {&a, &one});
  tree.add("x/#", "g", {&b, &one});
  tree.add("x/y", {}, {&a, &other});
  auto seen = std::vector<client_session const*>();
  tree.match("x/y", [&](auto const& e) { seen.push_back(e.who); }, [](auto const& members) { return members.back(); });
  EXPECT_EQ((std::vector<client_session const*>{&b, &a}), seen);
  tree.remove("x/#", "g", &a);
  tree.remove("x/#", "g", &b);
  EXPECT_EQ(std::set<std::string>{"x/y"}, found(tree, "x/y"));
}

TEST(a_message, is_the_same_after_it_was_stored) {
  auto const now = timestamp{1'000'000};
  for (auto const& payload : {"text"s, "\xff\0binary"s, ""s}) {
    auto const m = make_message({.topic = "a/b",
                                 .payload = payload,
                                 .qos = 2,
                                 .retain = true,
                                 .properties = {.message_expiry_s = 60,
                                                .payload_is_text = 0,
                                                .content_type = "x",
                                                .response_topic = "r",
                                                .correlation_data = "\x01\xff",
                                                .user = {{"k", "v"}, {"k", "w"}}}},
                                "me", now);
    auto const again = read_message(json::parse(json::to_string(to_json(m))));
    EXPECT_EQ(to_packet(m, now + 10 * us_per_second), to_packet(again, now + 10 * us_per_second));
    EXPECT_EQ(50u, to_packet(again, now + 10 * us_per_second).properties.message_expiry_s);
    EXPECT_EQ("me", again.from);
  }
}

TEST(settings, with_a_word_that_nobody_knows_are_refused) {
  auto const read = [](char const* text) { return read_settings(json::object({{"mqtt", json::parse(text)}})); };
  EXPECT_EQ(1883, read(R"({"port": 1883, "session_days_max": 2})").server.port);
  EXPECT_EQ(2 * 86'400, read(R"({"session_days_max": 2})").session_s_max);
  EXPECT_EQ(role::editor, read(R"({"anonymous": "editor"})").anonymous);
  for (auto const bad : {R"({"prot": 1883})", R"({"port": 70000})", R"({"tls_port": 8883})", R"({"publish_only": ["a#"]})",
                         R"({"anonymous": "god"})"}) {
    SCOPED_TRACE(bad);
    EXPECT_THROW(read(bad), fault);
  }
}

}  // namespace
}  // namespace dos::broker
