#include "http/router.h"

#include <gtest/gtest.h>

#include "http/problem.h"

namespace dos::http {
namespace {

door answer_with(std::string name) {
  return open_door(0, [name](request r, reply answer) {
    auto told = name;
    for (auto const& [param, text] : r.params) told += " " + param + "=" + text;
    answer(text(200, told));
  });
}

router three_kinds() {
  auto r = router();
  r.add("GET", "/a/{id}", answer_with("by id"));
  r.add("DELETE", "/a/{id}", answer_with("delete"));
  r.add("GET", "/a/new", answer_with("new"));
  r.add("GET", "/a/{id}/b/{sub}", answer_with("sub"));
  r.add("GET", "/a/new/c", answer_with("new c"));
  r.add("GET", "/{file...}", answer_with("file"));
  r.add("GET", "/", answer_with("home"));
  r.add("POST", "/post", answer_with("post"));
  return r;
}

response ask(router const& routes, std::string method, std::string_view target) {
  auto r = request();
  r.method = std::move(method);
  set_target(r, std::string(target));
  auto said = routes(r);
  if (auto* const refused = std::get_if<refusal>(&said)) return std::move(refused->answer);
  auto got = response();
  std::get<admission>(said).handle(std::move(r), [&](response answered) { got = std::move(answered); });
  return got;
}

TEST(a_route, is_found_text_before_parameter_before_rest) {
  auto const routes = three_kinds();
  for (auto const& [target, expected] :
       std::vector<std::pair<std::string, std::string>>{{"/", "home"},
                                                        {"/a/new", "new"},
                                                        {"/a/7", "by id id=7"},
                                                        {"/a/x%2Fy/", "by id id=x/y"},
                                                        {"/a/new/b/2", "sub id=new sub=2"},
                                                        {"/a/new/c", "new c"},
                                                        {"/a/7/c", "file file=a/7/c"},
                                                        {"/a", "file file=a"},
                                                        {"/x/y/z", "file file=x/y/z"}}) {
    SCOPED_TRACE(target);
    EXPECT_EQ(expected, ask(routes, "GET", target).body);
  }
}

TEST(a_method, that_only_the_less_exact_pattern_has_is_found_there) {
  EXPECT_EQ("delete id=new", ask(three_kinds(), "DELETE", "/a/new").body);
}

TEST(a_wrong_method, is_told_the_right_ones) {
  auto const refused = ask(three_kinds(), "PUT", "/a/7");
  EXPECT_EQ(405, refused.status);
  EXPECT_EQ("DELETE, GET, HEAD, OPTIONS", refused.headers.find("Allow"));
  EXPECT_EQ("application/problem+json", refused.headers.find("Content-Type"));
  EXPECT_EQ(501, ask(three_kinds(), "BREW", "/a/7").status);
}

TEST(a_path_nobody_has, is_not_found) {
  auto r = router();
  r.add("GET", "/a", answer_with("a"));
  EXPECT_EQ(404, ask(r, "GET", "/b").status);
  EXPECT_EQ(404, ask(r, "OPTIONS", "/b").status);
  EXPECT_EQ(404, ask(r, "GET", "/a/b").status);
  EXPECT_EQ(404, ask(r, "GET", "//").status);
}

TEST(options, name_the_methods) {
  auto const told = ask(three_kinds(), "OPTIONS", "/post");
  EXPECT_EQ(204, told.status);
  EXPECT_EQ("GET, HEAD, OPTIONS, POST", told.headers.find("Allow"));
}

TEST(head, is_served_by_get) { EXPECT_EQ("new", ask(three_kinds(), "HEAD", "/a/new").body); }

TEST(a_fault, takes_the_form_of_its_part_of_the_tree) {
  auto r = router();
  auto const throws = [](request&) -> verdict { throw fault(fault_kind::conflict, "again"); };
  r.add("GET", "/{city}/std/x", throws);
  r.add("GET", "/{city}/x", throws);
  r.set_fault_form("/{city}/std", [](fault const& f) { return text(status_of(f.kind), "std: " + f.detail); });
  EXPECT_EQ("std: again", ask(r, "GET", "/c/std/x").body);
  EXPECT_EQ(409, ask(r, "GET", "/c/std/x").status);
  EXPECT_EQ("std: nothing is at /c/std/y/z", ask(r, "GET", "/c/std/y/z").body);
  EXPECT_EQ(405, ask(r, "PUT", "/c/std/x").status);
  EXPECT_EQ("application/problem+json", ask(r, "GET", "/c/x").headers.find("Content-Type"));
}

}  // namespace
}  // namespace dos::http
