#include "net/mqtt_server.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/fault.h"
#include "net/raw_client.h"

namespace dos::net {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

// Accepts everybody and keeps what they send.
struct front_desk {
  struct visitor : mqtt_handler {
    visitor(front_desk& d, std::shared_ptr<mqtt_peer> p) : desk(d), peer(std::move(p)) {}

    void received(mqtt::packet p) override {
      if (std::holds_alternative<mqtt::connect>(p)) peer->send(mqtt::connack());
      auto const lock = std::lock_guard(desk.mutex);
      desk.packets.push_back(std::move(p));
      desk.last = peer;
      desk.changed.notify_all();
    }
    void drained() override {}
    void closed() override {
      auto const lock = std::lock_guard(desk.mutex);
      ++desk.ended;
      desk.changed.notify_all();
    }

    front_desk& desk;
    std::shared_ptr<mqtt_peer> peer;
  };

  mqtt_accept accept() {
    return [this](std::shared_ptr<mqtt_peer> p) { return std::make_shared<visitor>(*this, std::move(p)); };
  }
  mqtt::packet take() {
    auto lock = std::unique_lock(mutex);
    if (!changed.wait_for(lock, 10s, [&] { return !packets.empty(); })) return mqtt::ping_response();
    auto result = std::move(packets.front());
    packets.pop_front();
    return result;
  }
  bool wait_for_end(int n) {
    auto lock = std::unique_lock(mutex);
    return changed.wait_for(lock, 10s, [&] { return ended >= n; });
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<mqtt::packet> packets;
  std::shared_ptr<mqtt_peer> last;
  int ended = 0;
};

std::string bytes_of(mqtt::packet const& p, mqtt::version v = mqtt::version::v3_1_1) {
  auto out = std::string();
  mqtt::write_packet(out, p, v);
  return out;
}

struct an_mqtt_server : testing::Test {
  an_mqtt_server() { options.port = 0; }
  void begin() { server.emplace(io, options, desk.accept()); }

  io_threads io{2};
  front_desk desk;
  mqtt_server_options options;
  std::optional<mqtt_server> server;
};

TEST_F(an_mqtt_server, hands_packets_on_however_they_are_cut) {
  begin();
  auto c = raw_client(*server->port());
  auto const all = bytes_of(mqtt::connect{.client_id = "me"}) + bytes_of(mqtt::publish{.topic = "a", .payload = "x"}) +
                   bytes_of(mqtt::ping_request());
  for (auto const byte : all) c.send({&byte, 1});
  EXPECT_EQ("me", std::get<mqtt::connect>(desk.take()).client_id);
  EXPECT_EQ("x", std::get<mqtt::publish>(desk.take()).payload);
  EXPECT_EQ("\x20\x02\0\0\xd0\0"s, c.read_bytes(6));
}

TEST_F(an_mqtt_server, ends_those_who_never_say_hello_and_those_who_fall_silent) {
  options.connect_ms_max = 50ms;
  begin();
  EXPECT_EQ("", raw_client(*server->port()).read_to_end());
  {
    auto silent = raw_client(*server->port());
    silent.send(bytes_of(mqtt::connect{.version = mqtt::version::v5, .client_id = "me", .keep_alive_s = 1},
                         mqtt::version::v5));
    silent.read_bytes(13);  // CONNACK
    EXPECT_EQ("\xe0\x01\x8d"s, silent.read_to_end());
  }
  EXPECT_TRUE(desk.wait_for_end(2));
  EXPECT_EQ(2u, server->counts().connections_dropped);
}

TEST_F(an_mqtt_server, reads_nothing_more_while_paused) {
  begin();
  auto c = raw_client(*server->port());
  c.send(bytes_of(mqtt::connect{.client_id = "me"}));
  desk.take();
  desk.last->pause(true);
  c.send(bytes_of(mqtt::publish{.topic = "a", .payload = "x"}) + bytes_of(mqtt::ping_request()));
  EXPECT_EQ("\x20\x02\0\0"s, c.read_bytes(4));
  {
    auto const lock = std::lock_guard(desk.mutex);
    EXPECT_TRUE(desk.packets.empty());
  }
  desk.last->pause(false);
  EXPECT_EQ("x", std::get<mqtt::publish>(desk.take()).payload);
  EXPECT_EQ("\xd0\0"s, c.read_bytes(2));
}

TEST_F(an_mqtt_server, gives_up_on_those_who_take_nothing) {
  options.write_idle_ms_max = 100ms;
  begin();
  auto c = raw_client(*server->port(), 4096);
  c.send(bytes_of(mqtt::connect{.client_id = "me"}));
  desk.take();
  for (auto i = 0; i < 100; ++i) desk.last->send(mqtt::publish{.topic = "a", .payload = std::string(200'000, 'x')});
  EXPECT_TRUE(desk.wait_for_end(1));
}

TEST_F(an_mqtt_server, has_room_for_so_many_and_says_good_bye_at_the_end) {
  options.connections_per_peer_max = 2;
  begin();
  auto a = raw_client(*server->port()), b = raw_client(*server->port());
  a.send(bytes_of(mqtt::connect{.version = mqtt::version::v5, .client_id = "a"}, mqtt::version::v5));
  b.send(bytes_of(mqtt::connect{.client_id = "b"}));
  desk.take();
  desk.take();
  auto c = raw_client(*server->port());
  EXPECT_EQ("", c.read_to_end());
  EXPECT_EQ(1u, server->counts().connections_refused);
  server->stop();
  auto const said = a.read_to_end();
  EXPECT_EQ("\xe0\x01\x8b"s, said.substr(said.size() - 3));
  EXPECT_EQ("\x20\x02\0\0"s, b.read_to_end());
  EXPECT_EQ(2, desk.ended);
}

TEST_F(an_mqtt_server, with_an_unreadable_certificate_or_a_port_in_use_does_not_begin) {
  begin();
  auto second = options;
  second.port = server->port();
  EXPECT_THROW(mqtt_server(io, second, desk.accept()), fault);
  second.port = 0;
  second.tls_port = 0;
  second.certificate_file = "/nowhere";
  EXPECT_THROW(mqtt_server(io, second, desk.accept()), fault);
}

}  // namespace
}  // namespace dos::net
