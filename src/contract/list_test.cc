#include "contract/list.h"

#include <gtest/gtest.h>

#include <string>

#include "base/fault.h"

namespace dos {
namespace {

http::request asked(std::string const& query) {
  auto r = http::request();
  r.method = "GET";
  http::set_target(r, "/list" + (query.empty() ? query : "?" + query));
  return r;
}

json::array trees() {
  return {json::object{{"name", "Ulme"}, {"height", 30}, {"where", json::object{{"street", "Körnerstraße"}}}},
          json::object{{"name", "ahorn"}, {"height", 9}, {"where", json::object{{"street", "Ostwall"}}}},
          json::object{{"name", "Ähre"}, {"tags", json::array{"small", "no tree"}}},
          json::object{{"name", "Buche"}, {"height", 12.5}}};
}

std::string names(http::response const& r) {
  auto const body = json::parse(r.body);
  auto out = std::string();
  for (auto const& i : body.find("items")->as_array()) out += std::string(i.text_or("name", "?")) + ' ';
  return out;
}

std::string list(std::string const& query) { return names(list_response(trees(), read_list_page(asked(query)))); }

fault_kind refused(std::string const& query) {
  try {
    list(query);
  } catch (fault const& f) {
    return f.kind;
  }
  return fault_kind::internal;
}

TEST(List, IsCutIntoPagesThatFollowEachOther) {
  auto const first = json::parse(list_response(trees(), read_list_page(asked("limit=3"))).body);
  EXPECT_EQ(first.find("items")->as_array().size(), 3u);
  EXPECT_EQ(first.find("total")->as_int(), 4);
  auto const next = std::string(first.text_or("next", ""));
  EXPECT_EQ(list("limit=3&cursor=" + next), "Buche ");
  EXPECT_FALSE(json::parse(list_response(trees(), read_list_page(asked("limit=3&cursor=" + next))).body).find("next"));
  EXPECT_EQ(list("cursor=p99"), "");
  EXPECT_EQ(list("limit=1&offset=2"), "Ähre ");
}

TEST(List, IsCountedUnlessSaidOtherwise) {
  EXPECT_TRUE(json::parse(list_response(trees(), read_list_page(asked("count=true"))).body).find("total"));
  EXPECT_FALSE(json::parse(list_response(trees(), read_list_page(asked("count=false"))).body).find("total"));
  EXPECT_EQ(refused("count=perhaps"), fault_kind::malformed);
}

TEST(List, IsSearchedForAllWordsInAllTexts) {
  EXPECT_EQ(list("q=KOERNER"), "Ulme ");
  EXPECT_EQ(list("q=tree+small"), "Ähre ");
  EXPECT_EQ(list("q=small+ulme"), "");
  EXPECT_EQ(json::parse(list_response(trees(), read_list_page(asked("q=u&limit=1"))).body).find("total")->as_int(), 2);
}

TEST(List, IsSortedByAMemberAndThoseWithoutItComeLast) {
  EXPECT_EQ(list("sort=name"), "Ähre ahorn Buche Ulme ");
  EXPECT_EQ(list("sort=height"), "ahorn Buche Ulme Ähre ");
  EXPECT_EQ(list("sort=-height"), "Ulme Buche ahorn Ähre ");
  EXPECT_EQ(list("sort=where.street&limit=1"), "Ulme ");
  EXPECT_EQ(refused("sort=depth"), fault_kind::invalid);
}

TEST(List, RefusesWhatIsNoPage) {
  for (auto const* q : {"limit=x", "limit=-1", "offset=1.5", "cursor=5", "cursor=p-1"}) EXPECT_EQ(refused(q), fault_kind::malformed) << q;
}

TEST(List, MakesOnlyWhatIsShown) {
  auto made = 0;
  auto const item = [&](std::size_t i) { return ++made, json::value(i); };
  list_response(1'000'000, item, read_list_page(asked("limit=2&offset=10")));
  EXPECT_EQ(made, 2);
}

TEST(List, OfTextsIsSortedByThem) {
  auto const r = list_response(json::array{"b", "a"}, read_list_page(asked("sort=name")));
  EXPECT_EQ(json::to_string(*json::parse(r.body).find("items")), R"(["a","b"])");
}

}  // namespace
}  // namespace dos
