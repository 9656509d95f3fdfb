#include "http/websocket.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "base/fault.h"
#include "http/problem.h"
#include "net/http_server.h"
#include "net/raw_client.h"
#include "net/websocket_frames.h"

namespace dos::net::ws {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;

// As a client sends it.
std::string masked(int first, std::string const& payload, std::string const& length = {}) {
  auto const mask = "\x01\x02\x03\x04"s;
  auto out = std::string(1, char(first));
  if (!length.empty()) {
    out += length;
  } else if (payload.size() < 126) {
    out += char(0x80 | payload.size());
  } else {
    out += "\xfe"s + char(payload.size() >> 8) + char(payload.size());
  }
  out += mask;
  for (auto i = std::size_t{0}; i < payload.size(); ++i) out += char(payload[i] ^ mask[i % 4]);
  return out;
}

std::optional<message> read_one(std::string const& bytes, std::size_t max = 1000) {
  auto rest = std::string_view(bytes);
  return reader(max).next(rest);
}

TEST(a_websocket_reader, puts_fragments_together_and_lets_control_frames_pass) {
  auto const bytes = masked(0x01, "Grü"s.substr(0, 3)) + masked(0x89, "are you there") + masked(0x80, "\xbc"s + "n") +
                     masked(0x82, "");
  auto r = reader(1000);
  auto got = std::vector<message>();
  auto waiting = std::string();
  for (auto const c : bytes) {  // one by one
    waiting += c;
    auto rest = std::string_view(waiting);
    while (auto m = r.next(rest)) got.push_back(*m);
    waiting = std::string(rest);
  }
  ASSERT_EQ(3u, got.size());
  EXPECT_EQ("are you there", got[0].payload);
  EXPECT_EQ("Grün", got[1].payload);
  EXPECT_EQ(opcode::text, got[1].kind);
  EXPECT_EQ("", got[2].payload);
  EXPECT_EQ(opcode::binary, got[2].kind);
  EXPECT_EQ(1001, read_one(masked(0x88, "\x03\xe9"s + "bye"))->close_code);
}

TEST(a_websocket_reader, refuses_what_the_standard_forbids) {
  for (auto const& bad : {"\x81\x01x"s,                                      // not masked
                          masked(0xc1, "x"),                                 // an extension's bit
                          masked(0x83, "x"), masked(0x8b, "x"),              // unknown kinds
                          masked(0x09, "x"),                                 // a ping in pieces
                          masked(0x89, std::string(126, 'x')),               // a long ping
                          masked(0x80, "x"),                                 // goes on with nothing
                          masked(0x01, "x") + masked(0x01, "y"),             // begins anew
                          masked(0x81, "x", "\xfe\x00\x01"s),                // length not as short as possible
                          masked(0x81, "x", "\xff\x80\0\0\0\0\0\0\x01"s),    // length with the highest bit
                          masked(0x88, "x"), masked(0x88, "\x03\xed"s)}) {   // half a code, one that is none
    SCOPED_TRACE(testing::PrintToString(bad));
    auto rest = std::string_view(bad);
    auto r = reader(1000);
    try {
      while (r.next(rest)) continue;
      FAIL();
    } catch (fault const& f) {
      EXPECT_EQ(fault_kind::malformed, f.kind);
    }
  }
  EXPECT_THROW(read_one(masked(0x81, "\xff")), fault);
  EXPECT_THROW(read_one(masked(0x82, "", "\xfe\x10\x00"s), 1000), fault);  // known from its head
  auto r = reader(10);
  auto const pieces = masked(0x02, "12345678") + masked(0x00, "123");
  auto rest = std::string_view(pieces);
  EXPECT_THROW(r.next(rest), fault);
}

// Echoes, and remembers how it ended.
struct echo : http::websocket_handler {
  void opened(std::shared_ptr<http::websocket> w) override { socket = std::move(w); }
  void message(std::string_view bytes, http::websocket::kind k) override {
    if (bytes == "stop") return socket->close(1000, "as you wish");
    if (bytes == "wait") socket->pause(true);
    socket->send(bytes, k);
  }
  void drained() override {}
  void closed() override {
    auto const lock = std::lock_guard(mutex);
    is_closed = true;
    changed.notify_all();
  }
  void wait_for_end() {
    auto lock = std::unique_lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return is_closed; }));
  }

  std::shared_ptr<http::websocket> socket;
  std::mutex mutex;
  std::condition_variable changed;
  bool is_closed = false;
};

struct a_websocket : testing::Test {
  a_websocket() {
    options.websocket_ping_ms = 60'000ms;
  }
  void begin() {
    server.emplace(io, options, [this](http::request r, http::reply answer) {
      answer(http::open_websocket(r, {.handler = handler, .subprotocol = "echo", .message_bytes_max = 1000}));
    });
  }
  std::string hello(std::string const& more = "Sec-WebSocket-Protocol: chat, echo\r\n") {
    return "GET /x HTTP/1.1\r\nHost: h\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
           "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + more + "\r\n";
  }
  std::string frame(opcode kind, std::string_view payload) {
    auto out = std::string();
    write_frame(out, kind, payload);
    return out;
  }

  io_threads io{2};
  http_server_options options;
  std::shared_ptr<echo> handler = std::make_shared<echo>();
  std::optional<http_server> server;
};

TEST_F(a_websocket, is_opened_as_the_standard_shows_and_speaks_both_ways) {
  begin();
  auto c = raw_client(server->port());
  c.send(hello() + masked(0x81, "early"));  // with the request, before the answer
  auto const head = c.read_until("\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 101 ")) << head;
  EXPECT_NE(head.npos, head.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) << head;  // RFC 6455, 1.3
  EXPECT_NE(head.npos, head.find("Sec-WebSocket-Protocol: echo\r\n"));
  EXPECT_NE(head.npos, head.find("Connection: Upgrade\r\n"));
  EXPECT_EQ(frame(opcode::text, "early"), c.read_bytes(7));
  c.send(masked(0x89, "ping") + masked(0x82, std::string(500, 'x')));
  EXPECT_EQ(frame(opcode::pong, "ping"), c.read_bytes(6));
  EXPECT_EQ(frame(opcode::binary, std::string(500, 'x')), c.read_bytes(504));
  c.send(masked(0x88, "\x03\xe8"s));
  EXPECT_EQ("\x88\x02\x03\xe8"s, c.read_to_end());
  handler->wait_for_end();
}

TEST_F(a_websocket, can_be_ended_by_the_server_and_ends_with_it) {
  begin();
  auto c = raw_client(server->port());
  c.send(hello() + masked(0x81, "stop"));
  c.read_until("\r\n\r\n");
  EXPECT_EQ("\x88\x0d\x03\xe8"s + "as you wish", c.read_bytes(15));
  c.send(masked(0x88, "\x03\xe8"s));
  EXPECT_EQ("", c.read_to_end());
  handler->wait_for_end();

  auto second = std::make_shared<echo>();
  handler = second;
  auto d = raw_client(server->port());
  d.send(hello() + masked(0x81, "here"));
  d.read_until("here");
  server->stop(0ms);
  second->wait_for_end();
}

TEST_F(a_websocket, that_breaks_the_protocol_is_told_so_and_closed) {
  begin();
  for (auto const& [bad, code] : {std::pair{"\x81\x01x"s, "\x03\xea"s}, std::pair{masked(0x81, "\xff"), "\x03\xef"s},
                                  std::pair{masked(0x82, std::string(1001, 'x')), "\x03\xf1"s}}) {
    auto c = raw_client(server->port());
    c.send(hello() + bad);
    c.read_until("\r\n\r\n");
    auto const said = c.read_to_end();
    EXPECT_EQ("\x88", said.substr(0, 1));
    EXPECT_EQ(code, said.substr(2, 2));
  }
}

TEST_F(a_websocket, that_is_paused_reads_on_when_it_is_let) {
  begin();
  auto c = raw_client(server->port());
  c.send(hello() + masked(0x81, "wait") + masked(0x81, "more"));
  c.read_until("wait");
  handler->socket->pause(false);
  EXPECT_EQ(frame(opcode::text, "more"), c.read_bytes(6));
}

TEST_F(a_websocket, that_falls_silent_is_asked_and_then_dropped) {
  options.websocket_ping_ms = 40ms;
  options.keep_alive_ms_max = 40ms;  // decides how often is looked
  begin();
  auto c = raw_client(server->port());
  c.send(hello());
  c.read_until("\r\n\r\n");
  EXPECT_EQ("\x89\x00"s, c.read_to_end());
  handler->wait_for_end();
}

TEST_F(a_websocket, is_refused_to_those_who_ask_wrongly) {
  begin();
  auto const answer = [&](std::string const& request) {
    auto c = raw_client(server->port());
    c.send(request);
    return c.read_response().substr(9, 3);
  };
  EXPECT_EQ("426", answer("GET /x HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_EQ("406", answer(hello("Sec-WebSocket-Protocol: chat\r\n")));
  EXPECT_EQ("406", answer(hello("")));
  auto wrong = hello();
  EXPECT_EQ("400", answer(wrong.replace(wrong.find("dGhl"), 4, "")));
  auto old = hello();
  EXPECT_EQ("426", answer(old.replace(old.find(": 13"), 4, ": 8")));
}

}  // namespace
}  // namespace dos::net::ws
