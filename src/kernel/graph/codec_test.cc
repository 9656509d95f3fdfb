#include "kernel/graph/codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "kernel/graph/random_entity.h"

namespace dos {
namespace {

// Equal bit by bit: == would take 1 for 1.0 and 0.0 for -0.0.
void expect_same(json::value const& a, json::value const& b) {
  ASSERT_EQ(int(a.kind()), int(b.kind()));
  if (a.kind() == json::kind::real) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a.as_double()), std::bit_cast<std::uint64_t>(b.as_double()));
  } else if (a.is_array()) {
    ASSERT_EQ(a.as_array().size(), b.as_array().size());
    for (auto i = std::size_t(0); i < a.as_array().size(); ++i) expect_same(a.as_array()[i], b.as_array()[i]);
  } else if (a.is_object()) {
    ASSERT_EQ(a.as_object().size(), b.as_object().size());
    for (auto x = a.as_object().begin(), y = b.as_object().begin(); x != a.as_object().end(); ++x, ++y) {
      EXPECT_EQ(x->key, y->key);
      expect_same(x->value, y->value);
    }
  } else {
    EXPECT_EQ(a, b);
  }
}

void expect_same(attribute const& a, attribute const& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.dataset, b.dataset);
  EXPECT_EQ(a.unit, b.unit);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.provenance, b.provenance);
  EXPECT_EQ(a.series, b.series);
  EXPECT_EQ(a.observed_at, b.observed_at);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.modified_at, b.modified_at);
  expect_same(a.value, b.value);
  expect_same(a.more, b.more);
  ASSERT_EQ(a.attributes.size(), b.attributes.size());
  for (auto i = std::size_t(0); i < a.attributes.size(); ++i) expect_same(*a.attributes[i], *b.attributes[i]);
}

void expect_same(entity const& a, entity const& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.types, b.types);
  EXPECT_EQ(a.scopes, b.scopes);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.modified_at, b.modified_at);
  EXPECT_EQ(a.deleted_at, b.deleted_at);
  expect_same(a.more, b.more);
  ASSERT_EQ(a.attributes.size(), b.attributes.size());
  for (auto i = std::size_t(0); i < a.attributes.size(); ++i) expect_same(*a.attributes[i], *b.attributes[i]);
}

std::string bytes_of(json::value const& v) {
  auto bytes = std::string();
  auto out = byte_writer(bytes);
  encode(out, v);
  return bytes;
}

std::string bytes_of(entity const& e, name_table& names) {
  auto bytes = std::string();
  auto out = byte_writer(bytes);
  encode(out, e, names);
  return bytes;
}

json::value nested(int depth) {
  auto v = json::value(1);
  for (auto i = 0; i < depth; ++i) {
    auto level = json::array();
    level.push_back(std::move(v));
    v = std::move(level);
  }
  return v;
}

TEST(codec, values_come_back_bit_by_bit) {
  auto random = std::mt19937_64(1);
  auto values = std::vector<json::value>{nullptr, true, false, 0, 127, 128, -1, std::numeric_limits<std::int64_t>::min(),
                                         std::numeric_limits<std::int64_t>::max(), 0.0, -0.0, 1.0, 0.1, 51.514227, -7.4652,
                                         1e300, 5e-324, std::nan(""), std::numeric_limits<double>::infinity(), "",
                                         std::string(63, 'x'), std::string(64, 'x'), "größer", nested(json::depth_max)};
  for (auto i = 0; i < 20'000; ++i) values.push_back(std::bit_cast<double>(random()));
  for (auto i = 0; i < 20'000; ++i) values.push_back(double(std::int64_t(random() >> 20) - (1ll << 43)) / std::pow(10, i % 9));
  for (auto const& v : values) {
    auto const bytes = bytes_of(v);
    auto in = byte_reader(bytes);
    expect_same(v, decode_json(in));
    EXPECT_TRUE(in.at_end());
  }
}

TEST(codec, usual_values_are_small) {
  EXPECT_LE(bytes_of(21).size(), 1u);
  EXPECT_LE(bytes_of(21.5).size(), 3u);
  EXPECT_LE(bytes_of(json::parse(R"({"type":"Point","coordinates":[7.465298,51.513587]})")).size(), 24u);
}

TEST(codec, entities_come_back_as_they_were) {
  auto world = random_world(7);
  auto names = name_table();
  auto all = std::string();
  auto entities = std::vector<entity>();
  for (auto i = 0; i < 2'000; ++i) {
    entities.push_back(world.make_entity());
    all += bytes_of(entities.back(), names);
  }
  auto in = byte_reader(all);
  for (auto const& e : entities) expect_same(e, decode_entity(in, names));
  EXPECT_TRUE(in.at_end());
}

TEST(codec, an_attribute_comes_back_alone) {
  auto a = attribute();
  a.name = symbol("https://example.org/level");
  a.unit = symbol("CMT");
  a.provenance = provenance::measured;
  a.series = 1ull << 60;
  a.value = 12.5;
  a.more = json::parse(R"({"objectType":"Gauge"})");
  a.observed_at = timestamp{1};
  a.modified_at = timestamp_max;
  auto sub = attribute();
  sub.name = symbol("https://example.org/accuracy");
  sub.created_at = timestamp_min;
  a.attributes.push_back(make_attribute(sub));
  auto names = name_table();
  auto bytes = std::string();
  auto out = byte_writer(bytes);
  encode(out, a, names);
  auto in = byte_reader(bytes);
  expect_same(a, *decode_attribute(in, names));
}

TEST(codec, what_is_too_deep_to_be_read_is_not_written) {
  EXPECT_THROW(bytes_of(nested(json::depth_max + 1)), fault);
  auto deep = std::string();
  for (auto i = 0; i <= json::depth_max; ++i) deep += std::string("\6\1");
  auto in = byte_reader(deep);
  EXPECT_THROW(decode_json(in), fault);
}

TEST(codec, damaged_bytes_are_malformed_and_nothing_worse) {
  auto world = random_world(3);
  auto names = name_table();
  auto random = std::mt19937(5);
  for (auto i = 0; i < 3'000; ++i) {
    auto bytes = bytes_of(world.make_entity(), names);
    for (auto k = random() % 4; k > 0; --k) bytes[random() % bytes.size()] = char(random());
    bytes.resize(bytes.size() - random() % std::min<std::size_t>(bytes.size(), 8));
    try {
      auto in = byte_reader(bytes);
      decode_entity(in, names);
    } catch (fault const& f) {
      EXPECT_EQ(f.kind, fault_kind::malformed) << f.detail;
    }
  }
}

TEST(name_table, forgets_the_names_of_a_refused_write) {
  auto names = name_table();
  auto const a = names.number_of(symbol("name-table-a"));
  auto const before = names.size();
  EXPECT_EQ(names.number_of(symbol("name-table-b")), a + 1);
  ASSERT_EQ(names.names_since(before).size(), 1u);
  EXPECT_EQ(names.names_since(before)[0], symbol("name-table-b"));
  names.rollback_to(before);
  EXPECT_EQ(names.number_of(symbol("name-table-c")), a + 1);
  EXPECT_EQ(names.symbol_of(a + 1), symbol("name-table-c"));
  EXPECT_EQ(names.number_of(symbol("name-table-a")), a);
  EXPECT_EQ(names.symbol_of(0), symbol());
  EXPECT_THROW(names.symbol_of(a + 2), fault);
}

}  // namespace
}  // namespace dos
