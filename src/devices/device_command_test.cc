#include "devices/device_command.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos {
namespace {

auto const sunset = *parse_timestamp("2026-11-21T15:40:00Z");
using report = command_report::kind;

device_commands one(bool confirmed) {
  auto c = device_commands();
  c.add({.id = "a", .bytes = "\x01", .f_port = 7, .confirmed = confirmed, .created_at = sunset});
  return c;
}

TEST(a_command, goes_from_queued_to_acknowledged) {
  auto c = one(true);
  EXPECT_TRUE(c.has_waiting());
  c.note_sent(c.all[0], "n1", sunset + 1);
  EXPECT_EQ(command_state::sent, c.all[0].state);
  EXPECT_FALSE(c.has_waiting());
  EXPECT_TRUE(c.take({.what = report::transmitted, .network_id = "n1", .at = sunset + 2}));
  EXPECT_EQ(command_state::sent, c.all[0].state) << "the device was asked to confirm";
  EXPECT_TRUE(c.take({.what = report::acknowledged, .network_id = "n1", .at = sunset + 3}));
  EXPECT_EQ(command_state::acknowledged, c.all[0].state);
  EXPECT_EQ(sunset + 2, c.all[0].transmitted_at);
  EXPECT_EQ(sunset + 3, c.all[0].acknowledged_at);
}

TEST(a_command_without_confirmation, ends_when_a_gateway_has_sent_it) {
  auto c = one(false);
  c.note_sent(c.all[0], "n1", sunset);
  c.take({.what = report::transmitted, .network_id = "n1", .at = sunset + 2});
  EXPECT_EQ(command_state::acknowledged, c.all[0].state);
}

TEST(a_report, may_come_before_the_answer_that_tells_the_networks_id) {
  auto c = one(false);
  c.all[0].handing_since = sunset;
  EXPECT_TRUE(c.take({.what = report::transmitted, .network_id = "n1", .at = sunset + 1}));
  EXPECT_EQ(command_state::queued, c.all[0].state);
  c.note_sent(c.all[0], "n1", sunset + 2);
  EXPECT_EQ(command_state::acknowledged, c.all[0].state);
  EXPECT_TRUE(c.early.empty());
}

TEST(a_report, of_what_nobody_here_asked_for_is_nobodys) {
  auto c = one(false);
  EXPECT_FALSE(c.take({.what = report::transmitted, .network_id = "n9", .at = sunset}));
  EXPECT_FALSE(c.take({.what = report::transmitted, .id = "b", .at = sunset}));
}

TEST(a_handover_in_doubt, is_cleared_by_what_the_network_tells_later) {
  auto c = one(true);
  c.all[0].state = command_state::failed;
  c.all[0].reason = "handover_unknown";
  c.take({.what = report::transmitted, .id = "a", .at = sunset});
  EXPECT_EQ(command_state::sent, c.all[0].state);
  EXPECT_EQ("", c.all[0].reason);
  c.take({.what = report::not_acknowledged, .id = "a", .at = sunset});
  EXPECT_EQ("not_acknowledged", c.all[0].reason);
}

TEST(commands, are_kept_so_many_and_wait_so_many) {
  auto c = device_commands();
  for (auto i = 0; i < 20; ++i) c.add({.id = std::to_string(i)});
  EXPECT_THROW(c.add({.id = "more"}), fault);
  for (auto& command : c.all) command.state = command_state::acknowledged;
  EXPECT_THROW(c.add({.id = "3"}), fault) << "the id is known";
  for (auto i = 20; i < 100; ++i) {
    c.add({.id = std::to_string(i)});
    c.all.back().state = command_state::failed;
  }
  EXPECT_EQ(commands_kept_max, c.all.size());
  EXPECT_EQ("99", c.all.back().id);
}

}  // namespace
}  // namespace dos
