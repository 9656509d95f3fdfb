#include "net/http_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>

#include "net/http_server.h"
#include "net/test_certificate.h"

namespace dos::net {
namespace {

using namespace std::chrono_literals;

struct two_sides {
  explicit two_sides(http::handler h, http_client_options co = {.allow_private_addresses = true},
                     http_server_options so = {})
      : server(io, std::move(so), std::move(h)), client(io, std::move(co)) {}

  http::url at(std::string const& path, std::string const& host = "127.0.0.1",
               std::string const& scheme = "http") const {
    return http::parse_url(scheme + "://" + host + ":" + std::to_string(server.port()) + path);
  }
  http::response get(std::string const& path) { return client.send_and_wait({.url = at(path)}); }

  io_threads io{2};
  http_server server;
  http_client client;
};

fault_kind kind_of_failure(auto&& f) {
  try {
    f();
  } catch (fault const& problem) {
    return problem.kind;
  }
  return fault_kind::internal;
}

void tell(http::request r, http::reply answer) {
  auto told = r.method + " " + r.target + " body=" + r.body;
  for (auto const name : {"User-Agent", "X-Mine", "Authorization", "Content-Length"}) {
    if (auto const text = r.headers.find(name)) told += std::string(" ") + name + "=" + std::string(*text);
  }
  answer(http::text(200, told));
}

TEST(a_client, sends_what_it_is_told_and_keeps_its_connection) {
  two_sides w(tell);
  auto const post =
      outbound_request{.method = "POST", .url = w.at("/x?y"), .headers = {{"X-Mine", "1"}}, .body = "abc"};
  EXPECT_EQ("POST /x?y body=abc User-Agent=dos X-Mine=1 Content-Length=3", w.client.send_and_wait(post).body);
  EXPECT_EQ("GET / body= User-Agent=dos", w.get("/").body);
  EXPECT_EQ("", w.client.send_and_wait({.method = "HEAD", .url = w.at("/")}).body);
  EXPECT_EQ("GET / body= User-Agent=dos Authorization=Basic dTpw",
            w.client.send_and_wait({.url = w.at("/", "u:p@127.0.0.1")}).body);
  EXPECT_EQ(1u, w.server.counts().connections_accepted);
}

TEST(a_client, does_not_reach_into_our_own_network) {
  auto asked = std::atomic<int>(0);
  auto const count = [&](http::request r, http::reply answer) {
    ++asked;
    tell(std::move(r), std::move(answer));
  };
  two_sides w(count, {});
  for (auto const host : {"127.0.0.1", "localhost", "city.localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254",
                          "127.1", "0x7f.1", "2130706433", "[64:ff9b::7f00:1]"}) {
    SCOPED_TRACE(host);
    EXPECT_EQ(fault_kind::forbidden, kind_of_failure([&] { w.client.send_and_wait({.url = w.at("/", host)}); }));
  }
  EXPECT_EQ(0, asked);
  two_sides allowed(tell, {.allowed_ranges = {"127.0.0.0/8"}});
  EXPECT_EQ(200, allowed.get("/").status);
  EXPECT_EQ(fault_kind::forbidden,
            kind_of_failure([&] { allowed.client.send_and_wait({.url = allowed.at("/", "10.0.0.1")}); }));
}

TEST(a_redirect, is_followed_only_when_asked_only_so_often_and_never_into_our_network) {
  two_sides w(
      [](http::request r, http::reply answer) {
        if (r.path == "/away") return answer(http::redirect("http://10.0.0.1/secret", 302));
        if (r.path == "/round") return answer(http::redirect("/round", 307));
        if (r.path == "/see") return answer(http::redirect("other", 303));
        tell(std::move(r), answer);
      },
      {.allowed_ranges = {"127.0.0.0/8"}});
  EXPECT_EQ(303, w.get("/see").status);
  auto const see = outbound_request{.method = "POST", .url = w.at("/see"), .body = "abc", .redirects_max = 1};
  EXPECT_EQ("GET /other body= User-Agent=dos", w.client.send_and_wait(see).body);
  EXPECT_EQ(307, w.client.send_and_wait({.url = w.at("/round"), .redirects_max = 99}).status);
  EXPECT_EQ(fault_kind::forbidden,
            kind_of_failure([&] { w.client.send_and_wait({.url = w.at("/away"), .redirects_max = 1}); }));
}

TEST(an_answer, that_is_too_large_or_too_late_is_a_fault_and_the_next_one_works) {
  auto held = std::vector<http::reply>();
  two_sides w([&](http::request r, http::reply answer) {
    if (r.path == "/never") return held.push_back(std::move(answer));
    if (r.path == "/large") return answer(http::text(200, std::string(1001, 'x')));
    tell(std::move(r), answer);
  });
  EXPECT_EQ(fault_kind::too_large,
            kind_of_failure([&] { w.client.send_and_wait({.url = w.at("/large"), .response_bytes_max = 1000}); }));
  EXPECT_EQ(fault_kind::unavailable,
            kind_of_failure([&] { w.client.send_and_wait({.url = w.at("/never"), .timeout = 50ms}); }));
  EXPECT_EQ(200, w.get("/").status);
  held.clear();
}

TEST(a_server_that_is_not_there, is_a_bad_gateway) {
  auto url = http::url();
  {
    two_sides gone(tell);
    url = gone.at("/");
  }
  two_sides w(tell);
  EXPECT_EQ(fault_kind::bad_gateway, kind_of_failure([&] { w.client.send_and_wait({.url = url}); }));
}

TEST(one_origin, gets_only_so_many_requests_at_a_time_and_the_others_wait_or_are_refused) {
  auto mutex = std::mutex();
  auto held = std::vector<http::reply>();
  auto came = std::promise<void>();
  two_sides w(
      [&](http::request, http::reply answer) {
        auto const lock = std::lock_guard(mutex);
        held.push_back(std::move(answer));
        if (held.size() == 2) came.set_value();
      },
      {.allow_private_addresses = true, .requests_per_origin_max = 2, .waiting_per_origin_max = 1});
  auto results = std::vector<std::promise<outbound_result>>(4);
  for (auto& r : results) w.client.send({.url = w.at("/")}, [&r](outbound_result got) { r.set_value(std::move(got)); });
  EXPECT_EQ(fault_kind::too_many, std::get<fault>(results[3].get_future().get()).kind);
  came.get_future().wait();
  EXPECT_EQ(2u, w.server.counts().connections_open);
  while (true) {  // answers the two, then the third
    auto const lock = std::lock_guard(mutex);
    for (auto& answer : std::exchange(held, {})) answer(http::no_content());
    if (w.server.counts().responses[2] == 3) break;
  }
  for (auto i = 0; i < 3; ++i) EXPECT_EQ(204, std::get<http::response>(results[i].get_future().get()).status);
}

TEST(a_kept_connection, that_the_server_closed_in_the_meantime_hurts_nobody) {
  two_sides w(tell, {.allow_private_addresses = true}, {.keep_alive_ms_max = 20ms});
  EXPECT_EQ(200, w.get("/").status);
  while (w.server.counts().connections_open > 0) std::this_thread::yield();
  EXPECT_EQ(200, w.client.send_and_wait({.method = "POST", .url = w.at("/"), .body = "x"}).status);
}

TEST(tls, is_spoken_with_servers_whose_name_is_proven) {
  auto const certificate = test_certificate("localhost");
  auto const files =
      http_server_options{.certificate_file = certificate.certificate_file, .key_file = certificate.key_file};
  auto const secure = [](http::request r, http::reply answer) {
    answer(http::text(r.secure ? 200 : 400, std::string(300'000, 'x') + r.body));
  };
  two_sides w(secure, {.allow_private_addresses = true, .ca_file = certificate.certificate_file}, files);
  auto const large = std::string(300'000, 'y');
  for (auto i = 0; i < 2; ++i) {
    auto const r = w.client.send_and_wait({.method = "POST", .url = w.at("/", "localhost", "https"), .body = large});
    EXPECT_EQ(200, r.status);
    EXPECT_EQ(std::string(300'000, 'x') + large, r.body);
  }
  EXPECT_EQ(1u, w.server.counts().connections_accepted);
  EXPECT_EQ(fault_kind::bad_gateway,
            kind_of_failure([&] { w.client.send_and_wait({.url = w.at("/", "127.0.0.1", "https")}); }));
  two_sides unknown(secure, {.allow_private_addresses = true}, files);
  EXPECT_EQ(fault_kind::bad_gateway,
            kind_of_failure([&] { unknown.client.send_and_wait({.url = unknown.at("/", "localhost", "https")}); }));
}

TEST(a_proxy, is_asked_for_whole_urls) {
  io_threads io(1);
  http_server proxy(io, {}, [](http::request r, http::reply answer) {
    answer(http::text(200, r.method + " " + r.target + " " + std::string(r.headers.text_or("Host", "")) + " " +
                               std::string(r.headers.text_or("Proxy-Authorization", ""))));
  });
  http_client client(io, {.proxy = "http://u:p@127.0.0.1:" + std::to_string(proxy.port())});
  EXPECT_EQ("GET http://example.org/x?y example.org Basic dTpw",
            client.send_and_wait({.url = http::parse_url("http://example.org/x?y")}).body);
  EXPECT_EQ(fault_kind::forbidden,
            kind_of_failure([&] { client.send_and_wait({.url = http::parse_url("http://10.0.0.1")}); }));
}

// Each is a request to the proxy that did not guard it.
TEST(a_proxy, is_not_sent_into_our_own_network_by_any_form_of_an_address_or_an_inside_name) {
  io_threads io(1);
  auto asked = std::atomic<int>(0);
  http_server proxy(io, {}, [&](http::request r, http::reply answer) {
    ++asked;
    if (r.target == "http://8.8.8.8/away") return answer(http::redirect("http://0x7f.1/secret", 302));
    answer(http::text(200, r.target));
  });
  auto const place = "http://127.0.0.1:" + std::to_string(proxy.port());
  http_client client(io, {.proxy = place});
  auto const ask = [](http_client& c, std::string const& url) {
    return kind_of_failure([&] { c.send_and_wait({.url = http::parse_url(url), .redirects_max = 1}); });
  };
  for (auto const host : {"10.0.0.1", "2130706433", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST.", "a.localhost", "[::1]",
                          "[::ffff:10.0.0.1]", "[64:ff9b::a00:1]", "169.254.169.254", "intranet", "vault.internal", "printer.local"}) {
    EXPECT_EQ(fault_kind::forbidden, ask(client, std::string("http://") + host + "/")) << host;
    EXPECT_EQ(fault_kind::forbidden, ask(client, std::string("https://") + host + "/")) << host;
  }
  EXPECT_EQ(fault_kind::invalid, ask(client, "http://1.2.3.4.5/"));
  EXPECT_EQ(0, asked);
  EXPECT_EQ(fault_kind::forbidden, ask(client, "http://8.8.8.8/away"));
  EXPECT_EQ(1, asked);
  http_client permitted(io, {.allowed_ranges = {"10.0.0.0/8"}, .proxy = place});
  EXPECT_EQ(200, permitted.send_and_wait({.url = http::parse_url("http://10.1.2.3/")}).status);
  http_client trusting(io, {.allow_private_addresses = true, .proxy = place});
  EXPECT_EQ(200, trusting.send_and_wait({.url = http::parse_url("http://intranet/")}).status);
}

TEST(a_header, that_would_smuggle_another_is_refused) {
  two_sides w(tell);
  EXPECT_EQ(fault_kind::invalid, kind_of_failure([&] {
              w.client.send_and_wait({.url = w.at("/"), .headers = {{"X-Mine", "1\r\nX-Evil: 2"}}});
            }));
}

TEST(a_client_that_goes, ends_what_runs) {
  auto held = http::reply();
  auto asked = std::promise<void>();
  auto result = std::promise<outbound_result>();
  {
    two_sides w([&](http::request, http::reply answer) {
      held = std::move(answer);
      asked.set_value();
    });
    w.client.send({.url = w.at("/")}, [&](outbound_result got) { result.set_value(std::move(got)); });
    asked.get_future().wait();
  }
  EXPECT_EQ(fault_kind::unavailable, std::get<fault>(result.get_future().get()).kind);
}

}  // namespace
}  // namespace dos::net
