#include <gtest/gtest.h>

#include "base/fault.h"
#include "base/json.h"
#include "http/etag.h"
#include "http/link.h"
#include "http/media.h"
#include "http/percent.h"
#include "http/problem.h"
#include "http/request.h"
#include "http/response.h"

namespace dos::http {
namespace {

using texts = std::vector<std::string>;

request for_target(std::string_view target) {
  auto r = request();
  set_target(r, std::string(target));
  return r;
}

fault_kind kind_of_fault(auto&& f) {
  try {
    f();
  } catch (fault const& problem) {
    return problem.kind;
  }
  return fault_kind::internal;
}

TEST(a_target, is_split_before_it_is_decoded_so_that_a_slash_in_an_id_stays_in_the_id) {
  auto const r = for_target("/things/urn%3Aa%2Fb/x%20y/?q=a%3D1&flag&q=b+c&empty=&#top");
  EXPECT_EQ((texts{"things", "urn:a/b", "x y"}), r.segments);
  EXPECT_EQ("/things/urn%3Aa%2Fb/x%20y/", r.path);
  EXPECT_EQ("q=a%3D1&flag&q=b+c&empty=&", r.raw_query);
  EXPECT_EQ((query_map{{"q", "a=1"}, {"flag", ""}, {"q", "b c"}, {"empty", ""}}), r.query);
  EXPECT_EQ((std::vector<std::string_view>{"a=1", "b c"}), r.query.find_all("q"));
}

TEST(a_target, may_be_a_whole_url_or_a_star) {
  EXPECT_EQ((texts{"a"}), for_target("http://host:80/a?x").segments);
  EXPECT_EQ((texts{}), for_target("http://host").segments);
  EXPECT_EQ("/", for_target("http://host?x").path);
  EXPECT_EQ("*", for_target("*").path);
}

TEST(a_target, keeps_a_url_that_stands_within_the_path) {
  EXPECT_EQ((texts{"types", "https:", "", "uri.org", "x"}), for_target("/types/https://uri.org/x").segments);
}

TEST(a_target, that_hides_something_is_refused) {
  for (auto const bad : {"/%", "/%4", "/%zz", "/a%00b", "/%0a", "/%ff", "/%c0%af", "x", "",
                         "/?a=%00", "/?a=%f", "/?%ff=1", "/%ed%a0%80"}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(fault_kind::malformed, kind_of_fault([&] { for_target(bad); }));
  }
  for (auto const climbing : {"/..", "/a/%2e%2e/b", "/."}) {
    SCOPED_TRACE(climbing);
    EXPECT_EQ(fault_kind::not_found, kind_of_fault([&] { for_target(climbing); }));
  }
}

TEST(a_query, survives_writing_and_reading) {
  auto const q = query_map{{"a b", "1+1=2 & more"}, {"ü", "%"}, {"t", "2026-01-01T00:00:00+01:00"}};
  EXPECT_EQ("a%20b=1%2B1%3D2%20%26%20more&%C3%BC=%25&t=2026-01-01T00%3A00%3A00%2B01%3A00", to_query(q));
  EXPECT_EQ(q, parse_query(to_query(q)));
}

TEST(headers, ignore_the_case_of_names_and_join_lists) {
  auto h = headers{{"Accept", "text/html"}, {"accept", "*/*;q=0.1"}, {"Link", "<a,b>; rel=x"}};
  EXPECT_EQ("text/html", h.find("ACCEPT"));
  EXPECT_EQ("text/html, */*;q=0.1", joined(h, "Accept"));
  h.set("ACCEPT", "a/b");
  EXPECT_EQ("a/b", joined(h, "accept"));
  EXPECT_FALSE(h.find("Accep"));
}

TEST(list_elements, respect_quotes_and_links) {
  EXPECT_EQ((std::vector<std::string_view>{"<a,b>; t=\"x,\\\"y\"", "c"}), list_elements(" <a,b>; t=\"x,\\\"y\" ,, c "));
}

TEST(negotiation, takes_the_client_s_best_and_then_ours) {
  auto const offered = std::to_array<std::string_view>(
      {"application/json", "application/ld+json", "application/geo+json", "text/csv; header=present"});
  struct row {
    std::string_view accept;
    std::optional<std::size_t> chosen;
  };
  for (auto const& r :
       {row{"", 0}, row{"*/*", 0}, row{"application/ld+json", 1}, row{"application/*;q=0.5, application/geo+json", 2},
        row{"application/json;q=0.2, application/ld+json;q=0.8, */*;q=0.1", 1}, row{"application/json;q=0, */*", 1},
        row{"text/html", {}}, row{"text/html, */*;q=0", {}}, row{"APPLICATION/LD+JSON ; Q=1.0", 1},
        row{"application/json; charset=utf-8", 0}, row{"text/csv; header=absent", {}}, row{"text/csv", 3},
        row{"garbage, application/ld+json", 1}, row{"garbage", {}}, row{"application/json;q=1.x", 0}}) {
    SCOPED_TRACE(r.accept);
    EXPECT_EQ(r.chosen, negotiate(r.accept, offered));
  }
}

TEST(a_type_nobody_offers, is_refused_with_the_offers) {
  auto const h = headers{{"Accept", "image/png"}};
  try {
    get_acceptable(h, {"application/json", "text/csv"});
    FAIL();
  } catch (fault const& f) {
    EXPECT_EQ(fault_kind::not_acceptable, f.kind);
    EXPECT_EQ("offered here: application/json text/csv", f.detail);
  }
}

TEST(a_media_type, is_read_with_its_parameters) {
  auto const m = parse_media_type("Application/LD+JSON; Charset=\"utf-8\";profile=\"a;b\"");
  EXPECT_EQ((media_type{"application/ld+json", {{"charset", "utf-8"}, {"profile", "a;b"}}}), m);
  for (auto const bad : {"", "json", "a/b/c", "a/", "/b", "a/b; x", "a b/c"}) {
    SCOPED_TRACE(bad);
    EXPECT_EQ(fault_kind::malformed, kind_of_fault([&] { parse_media_type(bad); }));
  }
}

TEST(a_coding, may_be_refused) {
  EXPECT_TRUE(accepts_coding("gzip, br", "gzip"));
  EXPECT_TRUE(accepts_coding("*", "gzip"));
  EXPECT_FALSE(accepts_coding("gzip;q=0, *", "gzip"));
  EXPECT_FALSE(accepts_coding("br", "gzip"));
  EXPECT_FALSE(accepts_coding("", "gzip"));
  EXPECT_FALSE(accepts_coding(";, ;q=1", "gzip"));
}

TEST(links, are_read_and_written) {
  auto const text = "<https://e.org/a,b>; rel=\"next prev\"; title=\"a \\\"b\\\"\"";
  auto const links = parse_links(std::string(text) + ", </c>; rel=up; rel=ignored");
  ASSERT_EQ(2u, links.size());
  EXPECT_EQ((link{"https://e.org/a,b", "next prev", {{"title", "a \"b\""}}}), links[0]);
  EXPECT_EQ((link{"/c", "up", {}}), links[1]);
  EXPECT_EQ(text, to_text(links[0]));
  EXPECT_TRUE(has_rel(links[0], "PREV"));
  EXPECT_EQ(fault_kind::malformed, kind_of_fault([] { parse_links("no link"); }));
}

TEST(a_change, waits_for_nobody_who_has_not_read_the_latest) {
  auto r = request();
  require_if_match(r, "\"1\"");
  r.headers.add("If-Match", "\"0\", \"1\"");
  require_if_match(r, "\"1\"");
  EXPECT_EQ(fault_kind::precondition_failed, kind_of_fault([&] { require_if_match(r, "\"2\""); }));
  r.headers.set("If-Match", "*");
  EXPECT_EQ(fault_kind::precondition_failed, kind_of_fault([&] { require_if_match(r, ""); }));
  r.headers.set("If-Match", "W/\"1\"");
  EXPECT_EQ(fault_kind::precondition_failed, kind_of_fault([&] { require_if_match(r, "\"1\""); }));
}

TEST(a_read, is_saved_when_nothing_changed) {
  auto r = request();
  EXPECT_FALSE(is_not_modified(r, "\"1\""));
  r.headers.add("If-None-Match", "W/\"1\"");
  EXPECT_TRUE(is_not_modified(r, "\"1\""));
  EXPECT_FALSE(is_not_modified(r, "\"2\""));
}

TEST(a_fault, is_told_as_problem_details) {
  auto const r = problem(fault(fault_kind::not_found, "no \"bench\"", "id", "5.7.1"));
  EXPECT_EQ(404, r.status);
  EXPECT_EQ("application/problem+json", r.headers.find("Content-Type"));
  EXPECT_EQ(R"({"type":"/problems/not-found","title":"This does not exist","status":404,)"
            R"("detail":"no \"bench\"","member":"id","clause":"5.7.1"})",
            r.body);
  EXPECT_EQ("Bearer", problem(fault(fault_kind::unauthenticated, "")).headers.find("WWW-Authenticate"));
  EXPECT_EQ(R"({"type":"about:blank","title":"URI Too Long","status":414,"detail":"x"})", problem(414, "x").body);
}

}  // namespace
}  // namespace dos::http
