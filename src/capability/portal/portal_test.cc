#include "capability/portal/portal.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "base/id.h"
#include "capability/portal/live_stream.h"
#include "capability/portal/names.h"
#include "capability/portal/page_renderer.h"
#include "capability/portal/rhythm.h"
#include "kernel/city/city.h"

namespace dos::portal {
namespace {

constexpr auto noise = "https://smartdatamodels.org/NoiseLevelObserved";
constexpr auto level = "https://smartdatamodels.org/LAeq";

struct stepping_clock final : clock {
  timestamp now() const override { return {++us_}; }
  mutable std::atomic<std::int64_t> us_{1'700'000'000'000'000};
};

// A city with one noise meter, closed to citizens as long as nobody opens its type.
class a_portal : public testing::Test {
 protected:
  a_portal() : directory_(std::filesystem::temp_directory_path() / ("dos-portal-" + new_uuid())) {
    city_ = city::open("test", directory_, clock_);
    city_->start_sending();
    node_.cities.push_back(city_);
    node_.on_worker = [](auto const&...) {};  // nothing is read for streams here
  }
  ~a_portal() override {
    node_.cities.clear();
    city_.reset();
    std::filesystem::remove_all(directory_);
  }

  session own() const { return session(city_, principal{.name = "test", .role = role::admin, .source = "test"}); }
  session citizen() const { return session(city_, principal{}); }

  void set_open(bool open) {
    own().apply([&](transaction& t) {
      if (open) t.put_record(open_types_collection, noise, json::object({{"type", noise}}));
      else t.erase_record(open_types_collection, noise);
    });
  }
  void measure(timestamp at, double value) {
    own().apply([&](transaction& t) {
      auto e = entity();
      e.id = "urn:ngsi-ld:NoiseLevelObserved:1";
      e.types = {symbol(noise)};
      auto a = attribute();
      a.name = symbol(level);
      a.value = value;
      a.observed_at = at;
      e.set(make_attribute(std::move(a)));
      t.put(std::move(e));
    });
  }
  json::value items(session const& s, http::request const& r = {}) const { return *json::parse(rhythms(s, r).body).find("items"); }

  // What a stream has to say now.
  static std::string said(http::response const& r) {
    auto all = std::string(), piece = std::string();
    while (r.source->read(piece) == http::body_source::state::more) all += std::exchange(piece, {});
    return all;
  }

  stepping_clock clock_;
  std::filesystem::path directory_;
  std::shared_ptr<city> city_;
  node node_{.clock = clock_,
             .outbound = {},
             .outbound_mqtt = {},
             .cities = {},
             .profiles = {},
             .configuration = {},
             .public_url = {},
             .data_directory = {},
             .resources_directory = {},
             .version = "test",
             .render_entity = [](std::string& out, city const&, entity const& e) { json::write_string(out, e.id); }};
};

timestamp minute(int m) { return {1'600'000'000'000'000 + m * 60 * us_per_second}; }

TEST(a_rhythm, is_the_longest_distance_but_one_so_that_an_outage_does_not_count) {
  auto times = std::vector<timestamp>();
  for (auto i = 0; i < 10; ++i) times.push_back(minute(600 - 5 * i));
  EXPECT_EQ(300.0, usual_distance_s(times));
  times.push_back(minute(0));  // it was silent for nine hours
  EXPECT_EQ(300.0, usual_distance_s(times));
  times.resize(8);
  EXPECT_EQ(std::nullopt, usual_distance_s(times));
  EXPECT_EQ(std::nullopt, usual_distance_s({}));
}

TEST(a_short_name, is_the_last_part_of_an_iri) {
  EXPECT_EQ("LAeq", short_name(level));
  EXPECT_EQ("x", short_name("urn:a:x"));
  EXPECT_EQ("LAeq", short_name("LAeq"));
}

TEST_F(a_portal, says_how_often_a_series_reports_to_those_who_may_see_it) {
  for (auto i = 0; i < 12; ++i) measure(minute(10 * i), 50 + i);
  auto const expected = json::parse(R"({"urn:ngsi-ld:NoiseLevelObserved:1": {"LAeq": 600.0}})");
  EXPECT_EQ(json::to_string(expected), json::to_string(items(own())));
  EXPECT_EQ("{}", json::to_string(items(citizen())));
  set_open(true);
  EXPECT_EQ(json::to_string(expected), json::to_string(items(citizen())));
}

TEST_F(a_portal, does_not_say_that_something_withdrawn_is_there) {
  measure(minute(0), 50);
  auto r = http::request();
  r.query.add("id", "urn:ngsi-ld:NoiseLevelObserved:1");
  EXPECT_THROW(rhythms(citizen(), r), fault);
}

TEST_F(a_portal, tells_open_pages_at_once_that_a_type_was_opened_or_withdrawn) {
  auto streams = live_streams(node_);
  streams.tell_opened_and_withdrawn();
  auto const page = streams.open(citizen(), {});
  EXPECT_NE(std::string::npos, said(page).find("event: open"));
  for (auto const open : {true, false}) {
    set_open(open);
    auto woken = false;
    page.source->on_ready([&] { woken = true; });
    streams.tell_opened_and_withdrawn();
    EXPECT_TRUE(woken);
    EXPECT_NE(std::string::npos, said(page).find("event: types\n"));
  }
  streams.tell_opened_and_withdrawn();
  EXPECT_EQ(std::string::npos, said(page).find("event: types\n"));
}

// Instead of the components: a page that lists the ids it was given.
constexpr auto bundle = std::string_view(R"(
globalThis.answer = (text) => {
  const asked = JSON.parse(text);
  if (asked.types) return JSON.stringify(asked.types);
  const shown = asked.facts.snapshots?.test.entities ?? ['none'];
  return JSON.stringify({title: asked.path, body: `<p>${shown}</p>`});
};
export {};
)");
constexpr auto shell = std::string_view(
    "<head><title>built</title></head><body><div class=\"app\">loading<script>boot</script></div></body>");

TEST_F(a_portal, writes_into_the_first_page_what_a_citizen_may_see) {
  auto pages = page_renderer(node_, bundle);
  measure(minute(0), 50);
  auto const closed = pages.render("/", shell);
  ASSERT_TRUE(closed);
  EXPECT_EQ(std::string::npos, closed->find("NoiseLevelObserved"));
  EXPECT_NE(std::string::npos, closed->find("<title>/</title>"));
  EXPECT_NE(std::string::npos, closed->find("</script><div class=\"app\"><p></p><script>boot</script>"));
  EXPECT_EQ(closed, pages.find("/"));
  set_open(true);
  EXPECT_FALSE(pages.find("/")) << "a page from before a type was opened or withdrawn is no page any more";
  EXPECT_NE(std::string::npos, pages.render("/", shell)->find("<p>urn:ngsi-ld:NoiseLevelObserved:1</p>"));
  set_open(false);
  EXPECT_EQ(std::string::npos, pages.render("/", shell)->find("NoiseLevelObserved"));
}

TEST_F(a_portal, makes_a_statement_once_and_values_anew) {
  auto pages = page_renderer(node_, bundle);
  auto const imprint = pages.render("/en/impressum/", shell);
  ASSERT_TRUE(imprint);
  EXPECT_NE(std::string::npos, imprint->find("<p>none</p>"));
  pages.render("/", shell);
  clock_.us_ += 11 * us_per_second;
  EXPECT_EQ(imprint, pages.find("/en/impressum/"));
  EXPECT_FALSE(pages.find("/"));
}

TEST_F(a_portal, serves_pages_as_they_were_built_where_nothing_can_be_written_into_them) {
  EXPECT_FALSE(page_renderer(node_, "").is_rendered("/"));
  EXPECT_FALSE(page_renderer(node_, "globalThis.answer = ").is_rendered("/"));
  EXPECT_FALSE(page_renderer(node_, "globalThis.answer = () => { throw new Error('no'); }").render("/", shell));
  EXPECT_FALSE(page_renderer(node_, "globalThis.answer = () => { for (;;); }").render("/impressum/", shell));
  EXPECT_FALSE(page_renderer(node_, bundle).is_rendered("/workplace/"));
}

TEST_F(a_portal, sends_the_data_of_the_map_packed_and_once) {
  node_.resources_directory = DOS_SOURCE_DIR;
  node_.demo = true;
  auto const o = offer_portal(node_);
  auto const route = std::find_if(o.node_routes.begin(), o.node_routes.end(), [](auto const& r) { return r.pattern == "/demo-map/{file}"; });
  ASSERT_NE(o.node_routes.end(), route);
  auto const ask = [&](http::request r) {
    auto got = http::response();
    r.params.set("file", "stops.geojson");
    route->handle(std::move(r), [&](http::response a) { got = std::move(a); });
    return got;
  };
  auto r = http::request();
  auto const plain = ask(r);
  r.headers.set("Accept-Encoding", "br, gzip");
  auto const packed = ask(r);
  EXPECT_EQ("gzip", packed.headers.text_or("Content-Encoding", {}));
  EXPECT_LT(packed.body.size(), plain.body.size() / 3);
  EXPECT_EQ("public, max-age=86400", packed.headers.text_or("Cache-Control", {}));
  r.headers.set("If-None-Match", std::string(packed.headers.text_or("ETag", {})));
  EXPECT_EQ(304, ask(r).status);
}

TEST_F(a_portal, offers_its_pages_to_everybody) {
  auto const o = offer_portal(node_);
  auto const has = [](auto const& routes, std::string_view method, std::string_view pattern) {
    return std::any_of(routes.begin(), routes.end(), [&](auto const& r) { return r.method == method && r.pattern == pattern; });
  };
  EXPECT_TRUE(has(o.node_routes, "GET", "/"));
  EXPECT_TRUE(has(o.city_routes, "GET", "/platform/v1/live"));
  EXPECT_TRUE(has(o.city_routes, "DELETE", "/platform/v1/open-types/{type}"));
}

}  // namespace
}  // namespace dos::portal
