#include "standard/sensorthings/options.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos::sensorthings {
namespace {

query_options options(std::string_view name, std::string_view value, kind of = kind::thing) {
  auto q = http::query_map();
  q.add(std::string(name), std::string(value));
  return parse_options(q, of, limits());
}
std::vector<std::string> names(std::vector<expansion> const& all) {
  auto found = std::vector<std::string>();
  for (auto const& e : all) found.emplace_back(e.to->name);
  return found;
}

TEST(query_options, expand_by_path_and_by_parentheses_alike) {
  for (auto const text :
       {"Datastreams/Observations,Datastreams/Sensor,Locations", "Datastreams($expand=Observations,Sensor),Locations",
        "Datastreams,Locations,Datastreams($expand=Observations;$expand=Sensor)"}) {
    auto const o = options("$expand", text);
    EXPECT_EQ(names(o.expand), (std::vector<std::string>{"Datastreams", "Locations"})) << text;
    EXPECT_EQ(names(o.expand[0].options->expand), (std::vector<std::string>{"Observations", "Sensor"})) << text;
  }
}

TEST(query_options, of_an_expansion_are_its_own) {
  auto const o =
      options("$expand",
              "Datastreams($top=2;$skip=1;$count=true;$select=name,unitOfMeasurement/symbol;"
              "$filter=name eq 'a;b)' and id gt 1;$orderby=name desc,id;$expand=Observations($top=0)),Locations");
  auto const& inner = *o.expand[0].options;
  EXPECT_FALSE(o.top || o.filter || o.count);
  EXPECT_EQ(inner.top, 2u);
  EXPECT_EQ(inner.skip, 1u);
  EXPECT_TRUE(inner.count && inner.filter);
  EXPECT_EQ(inner.select[1], (std::vector<std::string>{"unitOfMeasurement", "symbol"}));
  EXPECT_EQ(inner.order.size(), 2u);
  EXPECT_EQ(inner.expand[0].options->top, 0u);
}

TEST(query_options, that_go_round_in_circles_end_at_a_depth) {
  auto text = std::string("Datastreams");
  for (auto i = 0; i < 3; ++i) text += "/Thing/Datastreams";
  EXPECT_NO_THROW(options("$expand", text));
  for (auto i = 0; i < 100; ++i) text += "/Thing/Datastreams";
  EXPECT_THROW(options("$expand", text), fault);
  auto nested = std::string("Datastreams");
  for (auto i = 0; i < 2'000; ++i) nested = "Datastreams($expand=Thing($expand=" + nested + "))";
  EXPECT_THROW(options("$expand", nested), fault);
  auto wide = std::string("Datastreams");
  for (auto i = 0; i < 200; ++i) wide += ",Datastreams";
  EXPECT_THROW(options("$expand", wide), fault);
}

TEST(query_options, that_are_wrong_are_refused) {
  for (auto const& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"$top", "-1"},
                                                        {"$top", "ten"},
                                                        {"$top", "99999999999999999999"},
                                                        {"$top", ""},
                                                        {"$skip", "-1"},
                                                        {"$count", "yes"},
                                                        {"$count", ""},
                                                        {"$expand", "Nothing"},
                                                        {"$expand", ""},
                                                        {"$expand", ","},
                                                        {"$expand", "Datastreams("},
                                                        {"$expand", "Datastreams)"},
                                                        {"$expand", "Datastreams($top)"},
                                                        {"$expand", "Datastreams($top=-1)"},
                                                        {"$expand", "Datastreams()x"},
                                                        {"$expand", "Datastreams/"},
                                                        {"$expand", "Observations"},
                                                        {"$expand", "Datastreams($frob=1)"},
                                                        {"$expand", "Datastreams($filter=name eq 'a)"},
                                                        {"$select", "nothing"},
                                                        {"$select", ""},
                                                        {"$frob", "1"},
                                                        {"$orderby", ""},
                                                        {"$filter",
                                                         "Datastreams"
                                                         "/x eq 1"}}) {
    EXPECT_THROW(options(name, value), fault) << name << '=' << value;
  }
}

TEST(query_options, that_begin_with_no_dollar_are_somebody_elses) { EXPECT_FALSE(options("top", "-1").top); }

TEST(query_options, may_be_encoded_with_their_equals_sign) { EXPECT_EQ(options("$top=7", "").top, 7u); }

}  // namespace
}  // namespace dos::sensorthings
