#include "app/edge.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "app/answer_headers.h"
#include "base/id.h"
#include "http/problem.h"
#include "kernel/city/city.h"

namespace dos::app {
namespace {

constexpr auto key = "a key for tests";

struct standing_clock final : clock {
  timestamp now() const override { return {1'800'000'000'000'000}; }
};

class a_door : public testing::Test {
 protected:
  a_door() {
    n_.cities = {city::open("dortmund", directory_ / "dortmund", clock_), city::open("schwerte", directory_ / "schwerte", clock_)};
    auto o = offer();
    for (auto const needs : {need::nothing, need::reader, need::writer, need::editor, need::admin, need::own}) {
      o.city_routes.push_back({.method = "POST",
                               .pattern = "/" + std::string(to_text(needs)),
                               .needs = needs,
                               .handle = [this](session s, http::request, http::reply answer) {
                                 seen_ = s.who();
                                 answer(http::no_content());
                               },
                               .use = thread_use::quick,
                               .at_root = true,
                               .body_bytes_max = largest_body});
    }
    o.city_routes.push_back({"POST", "/small", need::writer, [](session, http::request, http::reply) {}, thread_use::quick});
    o.node_routes.push_back({"POST", "/node", need::editor, [](http::request, http::reply answer) { answer(http::no_content()); }, thread_use::quick});
    door_.add(o);
  }
  ~a_door() override {
    n_.cities.clear();
    std::filesystem::remove_all(directory_);
  }

  static http::request head(std::string target, std::string bearer = {}) {
    auto r = http::request();
    r.method = "POST";
    http::set_target(r, std::move(target));
    r.peer = "192.0.2.1";
    if (!bearer.empty()) r.headers.add("Authorization", "Bearer " + bearer);
    return r;
  }
  std::string token_for(role r, std::string city = "dortmund") const {
    return sign({.id = new_uuid(), .city = std::move(city), .role = r, .name = "test", .issued_at = clock_.now()}, key);
  }
  // 0: let in, else the status of the refusal.
  int refusal(http::request r) const {
    auto const said = door_.admit(r);
    auto const* const refused = std::get_if<http::refusal>(&said);
    return refused ? refused->answer.status : 0;
  }
  std::size_t body_limit(http::request r) const { return std::get<http::admission>(door_.admit(r)).body_bytes_max; }

  std::filesystem::path directory_ = std::filesystem::temp_directory_path() / ("dos-edge-" + new_uuid());
  standing_clock clock_;
  node n_{.clock = clock_, .outbound = {}, .outbound_mqtt = {}, .cities = {}, .profiles = {}, .configuration = {}, .public_url = {},
          .data_directory = {}, .resources_directory = {}, .version = {}, .render_entity = {}};
  workers pool_{1};
  edge door_{n_, pool_, {key, role::anonymous, 32 << 20, 3}};
  principal seen_;
};

TEST_F(a_door, lets_in_who_has_what_the_route_needs) {
  struct row {
    std::string path;
    std::vector<role> let_in;
  };
  for (auto const& r : {row{"/nothing", {role::viewer, role::device, role::editor, role::admin}},
                        row{"/reader", {role::viewer, role::editor, role::admin}},
                        row{"/writer", {role::device, role::editor, role::admin}},
                        row{"/editor", {role::editor, role::admin}},
                        row{"/admin", {role::admin}}}) {
    for (auto const who : {role::viewer, role::device, role::editor, role::admin}) {
      SCOPED_TRACE(r.path + " " + std::string(to_text(who)));
      auto const expected = std::find(r.let_in.begin(), r.let_in.end(), who) != r.let_in.end() ? 0 : 403;
      EXPECT_EQ(expected, refusal(head("/dortmund" + r.path, token_for(who))));
      EXPECT_EQ(expected, refusal(head(r.path, token_for(who))));
      EXPECT_EQ(403, refusal(head("/schwerte" + r.path, token_for(who))));
    }
    EXPECT_EQ(r.path == "/nothing" ? 0 : 401, refusal(head("/dortmund" + r.path)));
    EXPECT_EQ(401, refusal(head("/dortmund" + r.path, "dos.e30.forged")));
  }
  EXPECT_EQ(0, refusal(head("/dortmund/own", "dos.e30.forged")));
}

TEST_F(a_door, of_the_node_asks_as_well) {
  EXPECT_EQ(401, refusal(head("/node")));
  EXPECT_EQ(403, refusal(head("/node", token_for(role::viewer))));
  EXPECT_EQ(0, refusal(head("/node", token_for(role::editor))));
}

TEST_F(a_door, gives_large_bodies_only_to_who_may_write_and_where_the_route_says_so) {
  EXPECT_EQ(default_body, body_limit(head("/dortmund/nothing")));
  EXPECT_EQ(default_body, body_limit(head("/dortmund/nothing", token_for(role::viewer))));
  EXPECT_EQ(std::size_t(32 << 20), body_limit(head("/dortmund/nothing", token_for(role::editor))));
  EXPECT_EQ(default_body, body_limit(head("/dortmund/small", token_for(role::editor))));
}

TEST_F(a_door, wants_path_and_tenant_to_agree) {
  auto const asked = [&](std::string target, std::string tenant) {
    auto r = head(std::move(target));
    r.headers.add("NGSILD-Tenant", tenant);
    return refusal(std::move(r));
  };
  EXPECT_EQ(0, asked("/schwerte/nothing", "schwerte"));
  EXPECT_EQ(400, asked("/schwerte/nothing", "dortmund"));
  EXPECT_EQ(0, asked("/nothing", "schwerte"));
  EXPECT_EQ(404, asked("/nothing", "atlantis"));
}

TEST_F(a_door, takes_a_cookie_for_changes_only_from_our_own_pages) {
  auto r = head("/dortmund/editor");
  r.headers.add("Cookie", "a=b; dos_session=" + token_for(role::editor));
  EXPECT_EQ(403, refusal(r));
  r.headers.add("X-DOS-Request", "1");
  EXPECT_EQ(0, refusal(r));
}

TEST_F(a_door, gives_a_token_one_allowance_of_names_over_all_doors) {
  auto const t = token_for(role::editor);
  auto const call = [&] {
    auto got = 0;
    auto r = head("/dortmund/editor", t);
    door_(std::move(r), [&](http::response made) { got = made.status; });
    EXPECT_EQ(204, got);
    return seen_.names;
  };
  EXPECT_EQ(call(), call());
  EXPECT_EQ(call(), door_.identify(t, "mqtt", "192.0.2.1").who.names);
  EXPECT_NE(call(), door_.identify(token_for(role::editor), "mqtt", "192.0.2.1").who.names);
}

TEST_F(a_door, makes_answers_to_a_token_private) {
  auto r = head("/dortmund/nothing", token_for(role::viewer));
  auto said = door_.admit(r);
  auto made = http::json(200, "{}");
  std::get<http::admission>(said).dress(made);
  EXPECT_EQ("no-store", made.headers.find("Cache-Control"));
  auto strangers = head("/dortmund/nothing");
  EXPECT_FALSE(std::get<http::admission>(door_.admit(strangers)).dress);
}

TEST(every_answer, says_over_tls_to_come_back_over_tls) {
  auto made = http::json(200, "{}");
  answer_headers(nullptr, nullptr, true)(made);
  EXPECT_TRUE(made.headers.contains("Strict-Transport-Security"));
  auto plain = http::with_body(200, "text/html", "<p>");
  answer_headers(nullptr, nullptr, false)(plain);
  EXPECT_FALSE(plain.headers.contains("Strict-Transport-Security"));
  EXPECT_EQ("default-src 'none'; frame-ancestors 'none'", plain.headers.find("Content-Security-Policy"));
}

}  // namespace
}  // namespace dos::app
