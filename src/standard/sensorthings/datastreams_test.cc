#include "standard/sensorthings/test_world.h"

namespace dos::sensorthings {
namespace {

class a_datastream : public test_world {
 protected:
  std::uint64_t create_called(char const* name) {
    return create(kind::datastream,
                  json::object{{"name", name},
                               {"unitOfMeasurement", json::object{{"symbol", "°C"}}},
                               {"Thing", json::object{{"name", "T"}}},
                               {"Sensor", json::object{{"name", "S"}, {"encodingType", "x"}, {"metadata", "m"}}},
                               {"ObservedProperty", json::object{{"name", "P"}, {"definition", "d"}}}});
  }
  std::vector<std::uint64_t> called(std::string const& name) {
    auto const r = read();
    auto const filter = parse_filter("name eq '" + name + "'", kind::datastream);
    return candidates(r, 100).find(kind::datastream, *filter).value_or(std::vector<std::uint64_t>{0});
  }
};

TEST_F(a_datastream, is_found_by_the_name_that_it_has_now) {
  auto const first = create_called("A"), second = create_called("B");
  EXPECT_EQ(called("A"), std::vector{first});
  change(kind::datastream, first, json::object{{"name", "B"}});
  EXPECT_EQ(called("A"), std::vector<std::uint64_t>());
  EXPECT_EQ(called("B"), (std::vector{first, second}));
  remove(kind::datastream, first);
  EXPECT_EQ(called("B"), std::vector{second});
  EXPECT_EQ(own().record_count(datastream_name_collection), 1u);
}

TEST_F(a_datastream, that_is_older_than_the_directory_of_names_gets_into_it) {
  auto const id = create_called("A");
  own().apply([&](transaction& t) {
    t.erase_record(datastream_name_collection, datastream_name_key("A", std::to_string(id)));
  });
  EXPECT_EQ(called("A"), std::vector<std::uint64_t>());
  name_datastreams(own());
  EXPECT_EQ(called("A"), std::vector{id});
}

}  // namespace
}  // namespace dos::sensorthings
