#include "standard/sensorthings/address.h"

#include "base/fault.h"
#include "standard/sensorthings/test_world.h"

namespace dos::sensorthings {
namespace {

class an_address : public test_world {
 protected:
  an_address() {
    auto const stream = [](char const* name) {
      return json::value(json::object{{"name", name},
                                      {"unitOfMeasurement", json::object{{"symbol", "°C"}}},
                                      {"Sensor", json::object{{"name", "S"}, {"encodingType", "x"}, {"metadata", "m"}}},
                                      {"ObservedProperty", json::object{{"name", "P"}, {"definition", "d"}}}});
    };
    thing_ = create(kind::thing, json::object{{"name", "Bench"},
                                              {"properties", json::object{{"a", json::array{1, 2}}}},
                                              {"Datastreams", json::array{stream("D")}}});
    other_ = create(kind::thing, json::object{{"name", "Tree"}, {"Datastreams", json::array{stream("E")}}});
    read().for_each(kind::datastream, 0, {},
                    [&](item const& i) { return streams_.push_back(std::to_string(i.id)), true; });
  }
  std::string text(std::uint64_t id) { return std::to_string(id); }
  address at(std::string const& path) {
    auto segments = std::vector<std::string>();
    for (auto from = std::size_t(0); from <= path.size();) {
      auto const end = std::min(path.find('/', from), path.size());
      segments.push_back(path.substr(from, end - from));
      from = end + 1;
    }
    return resolve(segments, read());
  }

  std::uint64_t thing_ = 0, other_ = 0;
  std::vector<std::string> streams_;
};

TEST_F(an_address, names_sets_entities_properties_and_links) {
  auto const t = "Things(" + text(thing_) + ")";
  EXPECT_EQ(at("Things").form, address::form::set);
  EXPECT_EQ(at(t).entity->id, thing_);
  EXPECT_EQ(at(t + "/Datastreams").collection.what, kind::datastream);
  EXPECT_EQ(text(at(t + "/Datastreams(" + streams_[0] + ")/Thing/Datastreams(" + streams_[0] + ")").entity->id),
            streams_[0]);
  EXPECT_EQ(at(t + "/properties/a[1]/$value").property, (std::vector<std::string>{"properties", "a", "1"}));
  EXPECT_TRUE(at(t + "/properties/a[1]/$value").value);
  EXPECT_TRUE(at(t + "/Datastreams/$ref").ref);
  EXPECT_TRUE(at("Things/$count").count);
}

TEST_F(an_address, whose_parts_do_not_belong_together_is_not_found) {
  auto const t = "Things(" + text(thing_) + ")";
  for (auto const& path : {t + "/Datastreams(" + streams_[1] + ")",
                           t + "/Datastreams(" + streams_[1] + ")/Observations",
                           std::string("Things(0)"),
                           std::string("Things(-1)"),
                           std::string("Things(x)"),
                           std::string("Things('1')"),
                           std::string("Things()"),
                           std::string("Things("),
                           std::string("Things(9223372036854775807)"),
                           std::string("Things(99999999999999999999)"),
                           std::string("Actuators"),
                           std::string(""),
                           t + "/Observations",
                           t + "/nothing",
                           t + "/Sensor",
                           std::string("Things/name"),
                           std::string("Things/$ref/$ref"),
                           t + "/Datastreams/x",
                           "Datastreams(" + streams_[0] + ")/Thing(" + text(thing_) + ")",
                           "Sensors(" + text(thing_) + ")/x",
                           "Locations(" + text(thing_) + ")",
                           "Observations(" + streams_[0] + ")",
                           "Datastreams(" + text(thing_) + ")"}) {
    EXPECT_THROW(at(path), fault) << path;
  }
}

}  // namespace
}  // namespace dos::sensorthings
