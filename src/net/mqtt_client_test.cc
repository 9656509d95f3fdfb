#include "net/mqtt_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <mutex>

#include "net/mqtt_publisher.h"

namespace dos::net {
namespace {

using namespace std::chrono_literals;

// Debian's broker on a free port of this machine, as long as this lives.
struct broker {
  static std::string program() {
    for (auto const path : {"/usr/sbin/mosquitto", "/usr/bin/mosquitto"}) {
      if (std::filesystem::exists(path)) return path;
    }
    return {};
  }

  broker() : port(free_port()) { start(); }
  ~broker() { end(); }

  void start() {
    process = ::fork();
    if (process != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // when the test crashes
    auto const nothing = ::open("/dev/null", O_WRONLY);
    ::dup2(nothing, STDERR_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    ::execl(program().c_str(), "mosquitto", "-p", std::to_string(port).c_str(), nullptr);
    ::_exit(1);
  }
  void end() {
    if (process == 0) return;
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    process = 0;
  }
  static int free_port() {
    auto const s = ::socket(AF_INET, SOCK_STREAM, 0);
    auto address = sockaddr_in();
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto size = socklen_t(sizeof address);
    ::bind(s, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(s);
    return ntohs(address.sin_port);
  }

  int port;
  pid_t process = 0;
};

// Keeps what comes until the test takes it.
struct inbox {
  struct item {
    mqtt_message message;
    mqtt_client::acknowledge acknowledge;
  };

  mqtt_client::message_handler handler() {
    return [this](mqtt_message m, mqtt_client::acknowledge a) {
      auto const lock = std::lock_guard(mutex);
      items.push_back({std::move(m), std::move(a)});
      changed.notify_all();
    };
  }
  std::optional<item> take() {
    auto lock = std::unique_lock(mutex);
    if (!changed.wait_for(lock, 10s, [&] { return !items.empty(); })) return std::nullopt;
    auto result = std::move(items.front());
    items.pop_front();
    return result;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<item> items;
};

class at_a_broker : public testing::TestWithParam<mqtt::version> {
 protected:
  void SetUp() override {
    if (broker::program().empty()) GTEST_SKIP() << "mosquitto is not installed";
    server = std::make_unique<broker>();
  }

  mqtt_client_options options(std::string client_id, std::vector<std::string> topics = {}) const {
    return {.broker = http::parse_url("mqtt://127.0.0.1:" + std::to_string(server->port)),
            .client_id = std::move(client_id),
            .version = GetParam(),
            .topics = std::move(topics),
            .retry_ms_min = 20ms,
            .retry_ms_max = 100ms};
  }
  // QoS 1: returns when the broker has it.
  void tell(mqtt_client& c, std::string topic, std::string payload) {
    auto done = std::promise<std::optional<fault>>();
    c.publish({.topic = std::move(topic), .payload = std::move(payload), .qos = 1}, [&](auto f) { done.set_value(f); });
    auto const f = done.get_future().get();
    EXPECT_FALSE(f) << f->detail;
  }
  static void wait_until_connected(mqtt_client const& c) {
    while (!c.state().connected) std::this_thread::yield();
  }

  io_threads io{2};
  std::unique_ptr<broker> server;
};

TEST_P(at_a_broker, a_message_comes_again_until_it_is_acknowledged) {
  inbox nobody, first, second, third;
  mqtt_client sender(io, options("sender"), nobody.handler());
  {
    mqtt_client c(io, options("us", {"a/#"}), first.handler());
    wait_until_connected(c);
    for (auto const text : {"1", "2", "3"}) tell(sender, "a/b", text);
    auto const one = first.take();
    EXPECT_EQ("1", one->message.payload);
    EXPECT_EQ("a/b", one->message.topic);
    EXPECT_FALSE(one->message.repeated);
    EXPECT_EQ("2", first.take()->message.payload);
    EXPECT_EQ("3", first.take()->message.payload);
    one->acknowledge();
    while (c.state().acknowledged < 1) std::this_thread::yield();
  }
  tell(sender, "a/b", "4");  // while we are away
  {
    mqtt_client c(io, options("us", {"a/#"}), second.handler());
    for (auto const text : {"2", "3", "4"}) {
      auto const again = second.take();
      ASSERT_TRUE(again);
      EXPECT_EQ(text, again->message.payload);
      // The broker may have tried to send "4" before it noticed that we were gone.
      EXPECT_TRUE(again->message.repeated || text == std::string("4"));
      again->acknowledge();
    }
    while (c.state().acknowledged < 3) std::this_thread::yield();
  }
  mqtt_client c(io, options("us", {"a/#"}), third.handler());
  wait_until_connected(c);
  tell(sender, "a/b", "5");
  EXPECT_EQ("5", third.take()->message.payload);
}

TEST_P(at_a_broker, acknowledgements_may_come_in_any_order_and_much_later) {
  inbox box, nobody;
  auto o = options("us", {"#"});
  o.unacknowledged_max = 10;
  mqtt_client c(io, o, box.handler());
  mqtt_client sender(io, options("sender"), nobody.handler());
  wait_until_connected(c);
  for (auto i = 0; i < 30; ++i) tell(sender, "t", std::to_string(i));
  for (auto round = 0; round < 3; ++round) {
    auto items = std::vector<inbox::item>();
    for (auto i = 0; i < 10; ++i) items.push_back(*box.take());
    EXPECT_TRUE(box.items.empty());
    std::reverse(items.begin(), items.end());
    for (auto const& i : items) {
      i.acknowledge();
      i.acknowledge();  // a second time changes nothing
    }
  }
  while (c.state().acknowledged < 30) std::this_thread::yield();
}

TEST_P(at_a_broker, a_client_comes_back_by_itself_and_sends_what_waited) {
  inbox box, nobody;
  mqtt_client c(io, options("us", {"t"}), box.handler());
  wait_until_connected(c);
  server->end();
  while (c.state().connected) std::this_thread::yield();
  EXPECT_NE("", c.state().last_error);
  auto waiting = std::promise<std::optional<fault>>();
  auto refused = std::promise<std::optional<fault>>();
  c.publish({.topic = "t", .payload = "late", .qos = 1}, [&](auto f) { waiting.set_value(f); });
  c.publish({.topic = "t", .payload = "lost"}, [&](auto f) { refused.set_value(f); });
  EXPECT_EQ(fault_kind::unavailable, refused.get_future().get()->kind);
  server->start();
  EXPECT_FALSE(waiting.get_future().get());
  EXPECT_EQ("late", box.take()->message.payload);
  EXPECT_EQ(2u, c.state().connections);
}

TEST_P(at_a_broker, a_message_that_is_too_large_ends_the_connection_with_a_reason) {
  if (GetParam() == mqtt::version::v5) GTEST_SKIP() << "the broker knows our limit and keeps it to itself";
  inbox box, nobody;
  auto o = options("us", {"#"});
  o.packet_bytes_max = 1000;
  mqtt_client c(io, o, box.handler());
  mqtt_client sender(io, options("sender"), nobody.handler());
  wait_until_connected(c);
  tell(sender, "t", std::string(2000, 'x'));
  while (c.state().last_error.empty()) std::this_thread::yield();
  EXPECT_EQ("an MQTT packet is over the limit of 1000 bytes", c.state().last_error);
}

TEST_P(at_a_broker, what_the_broker_never_took_fails_in_time_where_the_sender_keeps_it) {
  inbox nobody;
  server->end();
  auto o = options("us");
  o.publish_ms_max = 50ms;
  mqtt_client c(io, o, nobody.handler());
  for (auto const qos : {0, 1, 2}) {
    auto done = std::promise<std::optional<fault>>();
    c.publish({.topic = "t", .payload = "p", .qos = std::uint8_t(qos)}, [&](auto f) { done.set_value(f); });
    auto const f = done.get_future().get();
    ASSERT_TRUE(f);
    EXPECT_EQ(fault_kind::unavailable, f->kind);
  }
}

TEST_P(at_a_broker, a_publisher_tells_every_broker_over_one_connection) {
  inbox box;
  mqtt_client reader(io, options("reader", {"a"}), box.handler());
  wait_until_connected(reader);
  mqtt_publisher publisher(io, {.allow_private_addresses = true});
  for (auto const qos : {0, 1, 2}) {
    auto done = std::promise<std::optional<fault>>();
    publisher.publish(options("").broker, GetParam(), {.topic = "a", .payload = std::to_string(qos), .qos = std::uint8_t(qos)},
                      [&](auto f) { done.set_value(f); });
    auto const f = done.get_future().get();
    EXPECT_FALSE(f) << f->detail;
    auto const got = box.take();
    EXPECT_EQ(std::to_string(qos), got->message.payload);
    got->acknowledge();
  }
}

TEST_P(at_a_broker, a_publisher_reaches_no_inside_address_unless_allowed) {
  mqtt_publisher publisher(io, {});
  auto done = std::promise<std::optional<fault>>();
  publisher.publish(options("").broker, GetParam(), {.topic = "a", .payload = "x", .qos = 1}, [&](auto f) { done.set_value(f); });
  auto const f = done.get_future().get();
  ASSERT_TRUE(f);
  EXPECT_EQ("addresses within private networks are not allowed", f->detail);
}

INSTANTIATE_TEST_SUITE_P(version, at_a_broker, testing::Values(mqtt::version::v3_1_1, mqtt::version::v5),
                         [](auto const& v) { return v.param == mqtt::version::v5 ? "v5" : "v3_1_1"; });

TEST(an_mqtt_client, without_a_name_or_with_a_wrong_topic_is_refused) {
  io_threads io(1);
  auto const url = http::parse_url("mqtt://127.0.0.1");
  EXPECT_THROW(mqtt_client(io, {.broker = url}, {}), fault);
  EXPECT_THROW(mqtt_client(io, {.broker = url, .client_id = "x", .topics = {"a#"}}, {}), fault);
  EXPECT_THROW(mqtt_client(io, {.broker = http::parse_url("http://x"), .client_id = "x"}, {}), fault);
}

}  // namespace
}  // namespace dos::net
