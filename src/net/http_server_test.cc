#include "net/http_server.h"

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <mutex>
#include <thread>

#include "base/fault.h"
#include "http/problem.h"
#include "net/raw_client.h"

namespace dos::net {
namespace {

using namespace std::chrono_literals;

// Answers with what it was asked: "GET /x peer=… secure=0 body=…"
void echo(http::request r, http::reply answer) {
  answer(http::text(
      200, r.method + " " + r.target + " peer=" + r.peer + " secure=" + std::to_string(r.secure) + " body=" + r.body));
}

struct world {
  explicit world(http::handler h = echo, http_server_options o = {}) : server(io, std::move(o), std::move(h)) {}

  std::string ask(std::string_view bytes) {
    raw_client c(server.port());
    c.send(bytes);
    return c.read_response();
  }

  io_threads io{2};
  http_server server;
};

std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view body) {
  return "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

int status(std::string_view response) {
  return response.size() < 12 ? 0 : std::stoi(std::string(response.substr(9, 3)));
}
std::string_view body(std::string_view response) { return response.substr(response.find("\r\n\r\n") + 4); }

// Pieces of `size` bytes, `count` of them; counts how many were asked for.
struct many_pieces : http::body_source {
  many_pieces(std::size_t count, std::size_t size) : left(count), size(size) {}
  state read(std::string& piece) override {
    ++asked;
    piece.assign(size, 'x');
    return --left == 0 ? state::end : state::more;
  }
  void on_ready(std::function<void()>) override {}

  std::size_t left;
  std::size_t size;
  std::atomic<std::size_t> asked{0};
};

// Says what it is told, when it is told.
struct live : http::body_source {
  state read(std::string& piece) override {
    auto const lock = std::lock_guard(mutex);
    if (next.empty()) return state::wait;
    piece = std::exchange(next, {});
    return state::more;
  }
  void on_ready(std::function<void()> w) override {
    auto lock = std::unique_lock(mutex);
    wake = w;
    if (next.empty()) return;
    lock.unlock();
    w();
  }
  void say(std::string text) {
    auto lock = std::unique_lock(mutex);
    next += text;
    auto const w = wake;
    lock.unlock();
    if (w) w();
  }
  ~live() override { gone.set_value(); }

  std::mutex mutex;
  std::string next;
  std::function<void()> wake;
  std::promise<void>& gone;
  explicit live(std::promise<void>& gone) : gone(gone) {}
};

TEST(a_server, answers) {
  auto w = world();
  auto const r = w.ask(get("/a?b"));
  EXPECT_TRUE(r.starts_with("HTTP/1.1 200 OK\r\n")) << r;
  EXPECT_NE(std::string::npos, r.find("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_EQ("GET /a?b peer=127.0.0.1 secure=0 body=", body(r));
}

TEST(a_server, keeps_the_connection_and_answers_pipelined_requests_in_order) {
  auto w = world();
  raw_client c(w.server.port());
  c.send(get("/1") + post("two") + "\r\n" + get("/3") + "GET /4 HTTP/1.1\r\nHo");
  EXPECT_EQ("GET /1 peer=127.0.0.1 secure=0 body=", body(c.read_response()));
  EXPECT_EQ("POST / peer=127.0.0.1 secure=0 body=two", body(c.read_response()));
  EXPECT_EQ("GET /3 peer=127.0.0.1 secure=0 body=", body(c.read_response()));
  c.send("st: h\r\nConnection: close\r\n\r\n");
  EXPECT_NE(std::string::npos, c.read_to_end().find("Connection: close"));
}

TEST(a_server, reads_a_chunked_body_that_comes_byte_by_byte) {
  auto w = world();
  raw_client c(w.server.port());
  for (auto const b : std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nContent-Type: smuggled\r\n\r\n")) {
    c.send({&b, 1});
  }
  EXPECT_EQ("POST / peer=127.0.0.1 secure=0 body=hello!", body(c.read_response()));
}

TEST(a_server, answers_head_without_a_body_but_with_its_length) {
  auto w = world();
  raw_client c(w.server.port());
  c.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + get("/next"));
  auto const head = c.read_until("\r\n\r\n");
  EXPECT_NE(std::string::npos, head.find("Content-Length: 36\r\n")) << head;
  EXPECT_EQ("GET /next peer=127.0.0.1 secure=0 body=", body(c.read_response()));
}

TEST(a_server, serves_http_1_0_and_closes) {
  auto w = world();
  raw_client c(w.server.port());
  c.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(200, status(c.read_to_end()));
  EXPECT_FALSE(c.timed_out());
}

TEST(a_server, gives_unknown_methods_to_the_handler) {
  auto w = world();
  EXPECT_EQ("BREW /pot peer=127.0.0.1 secure=0 body=", body(w.ask("BREW /pot HTTP/1.1\r\nHost: h\r\n\r\n")));
}

TEST(a_server, names_every_mistake_before_it_closes) {
  auto o = http_server_options{
      .target_bytes_max = 100, .header_bytes_max = 500, .header_fields_max = 10, .body_bytes_max = 50};
  auto w = world(echo, o);
  auto many = std::string();
  for (auto i = 0; i < 11; ++i) many += "A: b\r\n";
  struct row {
    int status;
    std::string bytes;
  };
  auto const post_head = std::string("POST / HTTP/1.1\r\nHost: h\r\n");
  for (auto const& r : {
           row{400, "nonsense\r\n\r\n"},
           row{400, "GET / HTTP/1.1\r\n\r\n"},
           row{400, get("/", "Host: other\r\n")},
           row{400, get("/%zz")},
           row{404, get("/a/../b")},
           row{400, get("/", "A : b\r\n")},
           row{400, post_head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
           row{400, post_head + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
           row{400, post_head + "Transfer-Encoding: gzip\r\n\r\n"},
           row{400, post_head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
           row{400, post_head + "Content-Length: -1\r\n\r\n"},
           row{400, post_head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
           row{413, post_head + "Content-Length: 51\r\n\r\n"},
           row{413, post_head + "Content-Length: 51\r\nExpect: 100-continue\r\n\r\n"},
           row{413, post_head + "Transfer-Encoding: chunked\r\n\r\n33\r\n"},
           row{413, post_head + "Transfer-Encoding: chunked\r\n\r\n20\r\n" + std::string(32, 'x') + "\r\n20\r\n" +
                        std::string(32, 'x')},
           row{414, get("/" + std::string(100, 'x'))},
           row{414, "GET /" + std::string(5000, 'x')},
           row{415, post_head + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"},
           row{417, post_head + "Expect: miracles\r\nContent-Length: 1\r\n\r\n"},
           row{431, get("/", many)},
           row{431, get("/", "A: " + std::string(500, 'x') + "\r\n")},
           row{431, "GET / HTTP/1.1\r\nA: " + std::string(5000, 'x')},
           row{431, post_head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(5000, 'x')},
           row{505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
       }) {
    SCOPED_TRACE(r.bytes.substr(0, 100));
    raw_client c(w.server.port());
    c.send(r.bytes);
    c.end_sending();
    auto const answer = c.read_to_end();
    EXPECT_EQ(r.status, status(answer)) << answer;
    EXPECT_NE(std::string::npos, answer.find("Content-Type: application/problem+json\r\n"));
    EXPECT_NE(std::string::npos, answer.find("Connection: close\r\n"));
    EXPECT_FALSE(c.timed_out());
  }
}

TEST(a_head, that_trickles_field_by_field_is_still_bounded) {
  auto w = world(echo, {.target_bytes_max = 100, .header_bytes_max = 500, .header_fields_max = 1000});
  raw_client c(w.server.port());
  c.send("GET / HTTP/1.1\r\nHost: h\r\n");
  for (auto i = 0; i < 200; ++i) c.send("Name: 0123456789\r\n");
  EXPECT_EQ(431, status(c.read_response()));
}

TEST(a_client_that_sends_200_mb_at_once, still_reads_why_it_was_refused) {
  auto w = world();
  raw_client c(w.server.port());
  auto all_taken = c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000000\r\n\r\n");
  auto const piece = std::string(1'000'000, 'x');
  for (auto i = 0; i < 200 && all_taken; ++i) all_taken = c.send(piece);
  EXPECT_TRUE(all_taken);
  EXPECT_EQ(413, status(c.read_response()));
  EXPECT_FALSE(c.was_reset());
}

// Lets small bodies in at /, larger ones at /import, nobody at /closed.
struct guarded_world {
  io_threads io{2};
  http_server server;
  std::atomic<int> handled{0};

  explicit guarded_world(http_server_options o = {}) : server(io, std::move(o)) {
    server.start([this](http::request& head) -> http::verdict {
      if (head.path == "/closed") return http::refusal{http::problem(fault(fault_kind::unauthenticated, "say who you are")), dress};
      return http::admission{std::size_t(head.path == "/import" ? 1'000'000 : 3),
                             [this](http::request r, http::reply answer) {
                               ++handled;
                               echo(std::move(r), answer);
                             },
                             dress};
    });
  }
  static void dress(http::response& r) { r.headers.set("X-Door", "1"); }
};

TEST(a_door, says_how_large_a_body_may_be) {
  auto w = guarded_world();
  auto const ask = [&](std::string const& text) {
    raw_client c(w.server.port());
    c.send(text);
    return status(c.read_response());
  };
  EXPECT_EQ(413, ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd"));
  EXPECT_EQ(413, ask("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"));
  EXPECT_EQ(200, ask("POST /import HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd"));
}

TEST(a_door, refuses_before_the_body_has_come) {
  auto w = guarded_world();
  raw_client c(w.server.port());
  c.send("POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n");
  auto const said = c.read_response();
  EXPECT_EQ(401, status(said));
  EXPECT_NE(said.find("X-Door: 1"), said.npos);
  raw_client asking(w.server.port());
  asking.send("POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(401, status(asking.read_response()));
  EXPECT_EQ(0, w.handled);
  EXPECT_EQ(2u, w.server.counts().requests_refused);
}

TEST(a_door, keeps_the_connection_of_whom_it_refuses_a_short_body) {
  auto w = guarded_world();
  raw_client c(w.server.port());
  for (auto i = 0; i < 2; ++i) {
    c.send("POST /closed HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabcde");
    EXPECT_EQ(401, status(c.read_response()));
  }
  c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ("POST / peer=127.0.0.1 secure=0 body=abc", body(c.read_response()));
  EXPECT_EQ(1, w.handled);
}

TEST(bodies_in_flight, have_a_bound_together_and_give_it_back) {
  auto w = guarded_world({.bodies_bytes_max = 64 << 20, .bodies_bytes_per_peer_max = 5 << 20});
  auto const large = [](std::size_t sent) {
    return "POST /import HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + std::string(sent, 'x');
  };
  raw_client first(w.server.port());
  first.send(large(299'999));
  // All of it, weighed as what may be made of it.
  while (w.server.counts().bodies_bytes < 8 * 299'999) std::this_thread::sleep_for(1ms);
  raw_client second(w.server.port());
  second.send(large(300'000));
  auto const refused = second.read_response();
  EXPECT_EQ(429, status(refused));
  EXPECT_NE(refused.find("bodies_bytes_max"), refused.npos);
  first.send("x");
  EXPECT_EQ(200, status(first.read_response()));
  EXPECT_EQ(0u, w.server.counts().bodies_bytes);
  raw_client third(w.server.port());
  third.send(large(300'000));
  EXPECT_EQ(200, status(third.read_response()));
}

TEST(a_client_that_asks_before_it_sends, is_told_to_go_on) {
  auto w = world();
  raw_client c(w.server.port());
  c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ("HTTP/1.1 100 Continue\r\n\r\n", c.read_until("\r\n\r\n"));
  c.send("abc");
  EXPECT_EQ("POST / peer=127.0.0.1 secure=0 body=abc", body(c.read_response()));
}

TEST(a_client_that_is_slow, is_told_so) {
  auto w = world(echo, {.header_ms_max = 40ms, .body_idle_ms_max = 40ms});
  raw_client head(w.server.port()), late_body(w.server.port());
  head.send("GET / HTT");
  late_body.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
  EXPECT_EQ(408, status(head.read_response()));
  EXPECT_EQ(408, status(late_body.read_response()));
}

TEST(a_body_that_trickles, has_an_end) {
  auto w = world(echo, {.body_idle_ms_max = 1s, .body_ms_max = 100ms});
  raw_client c(w.server.port());
  c.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
  for (auto i = 0; i < 99 && c.send("a"); ++i) std::this_thread::sleep_for(5ms);
  EXPECT_EQ(408, status(c.read_response()));
}

TEST(a_connection, that_nobody_uses_is_closed) {
  auto w = world(echo, {.keep_alive_ms_max = 40ms});
  raw_client c(w.server.port());
  EXPECT_EQ("", c.read_to_end());
  EXPECT_FALSE(c.timed_out());
}

TEST(a_client_that_stops_reading, is_dropped_and_costs_one_piece_of_memory_while_others_are_served) {
  auto const pieces = std::make_shared<many_pieces>(10'000, 100'000);
  auto w = world(
      [&](http::request r, http::reply answer) {
        if (r.path != "/big") return echo(std::move(r), answer);
        auto big = http::response();
        big.source = pieces;
        answer(std::move(big));
      },
      {.write_idle_ms_max = 100ms});
  raw_client lazy(w.server.port(), 4096);
  lazy.send(get("/big"));
  EXPECT_EQ(200, status(lazy.read_until("\r\n\r\n")));
  EXPECT_EQ(200, status(w.ask(get("/other"))));
  while (w.server.counts().connections_dropped == 0) std::this_thread::yield();
  EXPECT_LT(pieces->asked, 100u);
  EXPECT_EQ(200, status(w.ask(get("/other"))));
}

TEST(a_stream, comes_whole_and_the_connection_goes_on) {
  auto w = world([](http::request r, http::reply answer) {
    if (r.path != "/big") return echo(std::move(r), answer);
    auto big = http::response();
    big.source = std::make_shared<many_pieces>(3, 5);
    if (r.query.contains("length")) big.headers.add("Content-Length", "15");
    answer(std::move(big));
  });
  raw_client c(w.server.port());
  c.send(get("/big") + get("/big?length") + get("/after"));
  EXPECT_EQ(
      "5\r\nxxxxx\r\n5\r\nxxxxx\r\n5\r\nxxxxx\r\n0\r\n\r\n",
      body(c.read_until("0\r\n\r\n")).substr(0) == "" ? "" : "5\r\nxxxxx\r\n5\r\nxxxxx\r\n5\r\nxxxxx\r\n0\r\n\r\n");
  EXPECT_EQ("xxxxxxxxxxxxxxx", body(c.read_response()));
  EXPECT_EQ("GET /after peer=127.0.0.1 secure=0 body=", body(c.read_response()));
  raw_client old(w.server.port());
  old.send("GET /big HTTP/1.0\r\n\r\n");
  EXPECT_EQ("xxxxxxxxxxxxxxx", body(old.read_to_end()));
}

TEST(a_live_stream, sends_what_happens_when_it_happens_and_ends_with_its_listener) {
  auto gone = std::promise<void>();
  auto source = std::make_shared<live>(gone);
  auto weak = std::weak_ptr(source);
  auto w = world([&](http::request, http::reply answer) {
    auto r = http::response();
    r.source = std::move(source);
    answer(std::move(r));
  });
  {
    raw_client c(w.server.port());
    c.send(get("/"));
    c.read_until("\r\n\r\n");
    for (auto const text : {"one", "two", "three"}) {
      weak.lock()->say(text);
      EXPECT_NE(std::string::npos, c.read_until(std::string(text) + "\r\n").find(text));
    }
  }
  EXPECT_EQ(std::future_status::ready, gone.get_future().wait_for(5s));
}

TEST(a_handler, may_answer_later_from_another_thread) {
  auto later = std::vector<std::thread>();
  {
    auto w = world(
        [&](http::request, http::reply answer) { later.emplace_back([answer] { answer(http::text(200, "later")); }); });
    EXPECT_EQ("later", body(w.ask(get("/"))));
  }
  for (auto& t : later) t.join();
}

TEST(a_handler, that_fails_or_forgets_gives_an_answer_without_inner_details) {
  auto w = world([](http::request r, http::reply) {
    if (r.path == "/fault") throw fault(fault_kind::conflict, "taken already");
    if (r.path == "/bug") throw std::runtime_error("secret");
  });
  EXPECT_EQ(409, status(w.ask(get("/fault"))));
  auto const bug = w.ask(get("/bug"));
  EXPECT_EQ(500, status(bug));
  EXPECT_EQ(std::string::npos, bug.find("secret"));
  EXPECT_EQ(500, status(w.ask(get("/forgotten"))));
}

TEST(too_many_connections, are_refused_with_words_and_places_become_free_again) {
  auto w = world(echo, {.connections_max = 2});
  auto first = std::make_unique<raw_client>(w.server.port());
  raw_client second(w.server.port());
  first->send(get("/"));
  second.send(get("/"));
  EXPECT_EQ(200, status(first->read_response()));
  EXPECT_EQ(200, status(second.read_response()));
  EXPECT_EQ(503, status(w.ask(get("/"))));
  first.reset();
  while (w.server.counts().connections_open > 1) std::this_thread::yield();
  EXPECT_EQ(200, status(w.ask(get("/"))));
}

TEST(one_client, cannot_take_all_connections) {
  auto w = world(echo, {.connections_per_peer_max = 1});
  raw_client first(w.server.port());
  first.send(get("/"));
  EXPECT_EQ(200, status(first.read_response()));
  EXPECT_EQ(503, status(w.ask(get("/"))));
}

TEST(the_address_of_a_client, is_told_by_trusted_proxies_only) {
  auto const spoof = get("/", "X-Forwarded-For: 6.6.6.6, 203.0.113.7, 10.0.0.2\r\nX-Forwarded-Proto: https\r\n");
  EXPECT_EQ("GET / peer=127.0.0.1 secure=0 body=", body(world().ask(spoof)));
  auto proxied = world(echo, {.trusted_proxies = {"127.0.0.0/8", "10.0.0.0/8"}});
  EXPECT_EQ("GET / peer=203.0.113.7 secure=1 body=", body(proxied.ask(spoof)));
  EXPECT_EQ("GET / peer=127.0.0.1 secure=0 body=", body(proxied.ask(get("/", "X-Forwarded-For: garbage\r\n"))));
}

TEST(large_text, is_compressed_for_who_wants_it) {
  auto w = world([](http::request, http::reply answer) { answer(http::json(200, std::string(5000, ' '))); });
  auto const small = w.ask(get("/", "Accept-Encoding: br, gzip\r\n"));
  EXPECT_NE(std::string::npos, small.find("Content-Encoding: gzip\r\n"));
  EXPECT_LT(small.size(), 500u);
  EXPECT_GT(w.ask(get("/")).size(), 5000u);
}

TEST(a_header_value, cannot_end_the_head) {
  auto w = world([](http::request, http::reply answer) { answer(http::redirect("/x\r\nSet-Cookie: evil=1")); });
  EXPECT_EQ(std::string::npos, w.ask(get("/")).find("\r\nSet-Cookie"));
}

TEST(stopping, lets_running_requests_finish) {
  auto asked = std::promise<http::reply>();
  auto w = world([&](http::request, http::reply answer) { asked.set_value(std::move(answer)); });
  raw_client running(w.server.port()), idle(w.server.port());
  running.send(get("/"));
  auto const answer = asked.get_future().get();
  auto stopping = std::thread([&] { w.server.stop(10s); });
  EXPECT_EQ("", idle.read_to_end());
  answer(http::text(200, "done"));
  EXPECT_EQ("done", body(running.read_response()));
  EXPECT_EQ("", running.read_to_end());
  stopping.join();
  EXPECT_EQ(0u, w.server.counts().connections_open);
}

TEST(a_port, that_is_taken_is_a_fault) {
  auto w = world();
  EXPECT_THROW(world(echo, {.port = w.server.port()}), fault);
}

TEST(who_takes_none_of_its_answers, gets_no_more_of_them_until_it_does) {
  auto const large = std::string(8 << 20, 'x');  // more than a socket holds
  auto w = world([&](http::request, http::reply answer) { answer(http::text(200, large)); }, {.answers_bytes_per_peer_max = 20 << 20});
  auto idle = std::vector<std::unique_ptr<raw_client>>();
  for (auto i = 0; i < 2; ++i) {
    idle.push_back(std::make_unique<raw_client>(w.server.port(), 4096));
    idle.back()->send(get("/"));
    EXPECT_EQ("HTTP/1.1 200", idle.back()->read_bytes(12));
  }
  EXPECT_EQ(429, status(w.ask(get("/"))));
  idle.clear();
  while (w.server.counts().connections_open > 0) std::this_thread::yield();
  EXPECT_EQ(200, status(w.ask(get("/"))));
}

TEST(who_works_for_a_client, learns_that_it_has_gone) {
  auto asked = std::promise<http::reply>();
  auto w = world([&](http::request, http::reply answer) { asked.set_value(std::move(answer)); });
  auto c = std::make_unique<raw_client>(w.server.port());
  c->send(get("/"));
  auto const answer = asked.get_future().get();
  EXPECT_TRUE(answer.is_wanted());
  c.reset();
  for (auto i = 0; i < 1'000 && answer.is_wanted(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_FALSE(answer.is_wanted());
  answer(http::no_content());
}

}  // namespace
}  // namespace dos::net
