#include "kernel/history/chunk.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "base/fault.h"

namespace dos {
namespace {

using random_source = std::mt19937_64;

json::value random_json(random_source& r, int depth = 0) {
  switch (r() % (depth > 3 ? 6 : 8)) {
    case 0:
      return nullptr;
    case 1:
      return r() % 2 == 0;
    case 2:
      return std::int64_t(r());
    case 3:
      return std::bit_cast<double>(r());
    case 4:
      return std::string(r() % 30, char(r()));
    case 5:
      return double(std::int64_t(r() % 1000)) / 10;
    case 6: {
      auto a = json::array();
      for (auto n = r() % 4; n != 0; --n) a.push_back(random_json(r, depth + 1));
      return a;
    }
    default: {
      auto o = json::object();
      for (auto n = r() % 4; n != 0; --n) o.push("k" + std::to_string(n), random_json(r, depth + 1));
      return o;
    }
  }
}

struct value_family {
  char const* name;
  json::value (*make)(random_source&, double& walk);
};

double step(random_source& r, double& walk) { return walk += double(std::int64_t(r() % 21) - 10); }

value_family const families[] = {
    {"one decimal", [](random_source& r, double& w) { return json::value(step(r, w) / 10); }},
    {"integers", [](random_source& r, double& w) { return json::value(std::int64_t(step(r, w))); }},
    {"integers where whole",
     [](random_source& r, double& w) {
       auto const d = step(r, w) / 10;
       return d == std::floor(d) ? json::value(std::int64_t(d)) : json::value(d);
     }},
    {"integers and reals at random",
     [](random_source& r, double& w) {
       auto const d = step(r, w);
       return r() % 2 == 0 ? json::value(std::int64_t(d)) : json::value(d);
     }},
    {"any integer", [](random_source& r, double&) { return json::value(std::int64_t(r())); }},
    {"any bits", [](random_source& r, double&) { return json::value(std::bit_cast<double>(r())); }},
    {"zeros of both signs", [](random_source& r, double&) { return json::value(r() % 2 == 0 ? 0.0 : -0.0); }},
    {"rounded to minus zero",
     [](random_source& r, double&) {
       return json::value(std::round(double(std::int64_t(r() % 200) - 100) / 100 * 10) / 10);
     }},
    {"special reals",
     [](random_source& r, double&) {
       double const values[] = {NAN, -NAN, INFINITY, -INFINITY, 1e300, 5e-324, 9007199254740993.0, -0.0, 0.1 + 0.2};
       return json::value(values[r() % std::size(values)]);
     }},
    {"limits of integers",
     [](random_source& r, double&) {
       std::int64_t const values[] = {INT64_MIN, INT64_MAX, 0, -1, 1ll << 53, (1ll << 53) + 1};
       return r() % 3 == 0 ? json::value(0.5) : json::value(values[r() % std::size(values)]);
     }},
    {"booleans", [](random_source& r, double&) { return json::value(r() % 3 == 0); }},
    {"few words", [](random_source& r, double&) { return json::value("state " + std::to_string(r() % 3)); }},
    {"many words", [](random_source& r, double&) { return json::value(std::to_string(r())); }},
    {"anything", [](random_source& r, double&) { return random_json(r); }},
};

timestamp next_time(random_source& r, timestamp before, unsigned rhythm) {
  switch (rhythm) {
    case 0:
      return before + 60 * us_per_second;
    case 1:
      return before + std::int64_t(r() % 3) * us_per_second;  // several at one time
    case 2:
      return before + std::int64_t(r() % 1'000'000);
    default:
      return before + std::int64_t(r() >> (r() % 40 + 20));
  }
}

void add_extras(random_source& r, observation& o, unsigned habit) {
  if (habit == 0) return;
  if (habit == 1) return set_extra(o, extra::provenance, "recorded");
  if (r() % 2 == 0) set_extra(o, extra::result_time, o.time + std::int64_t(r() % 5'000'000));
  if (r() % 3 == 0) set_extra(o, extra::quality, std::int64_t(r() % 3));
  if (habit == 3) set_extra(o, "x" + std::to_string(r() % 4), random_json(r));
}

std::vector<observation> random_series(random_source& r, value_family const& family, std::size_t n) {
  auto points = std::vector<observation>();
  auto time = timestamp{std::int64_t(r() % 2'000'000'000) * us_per_second};
  auto number = observation_number(r() % (1ull << 50));
  auto walk = 200.0;
  auto const rhythm = unsigned(r() % 4);
  auto const habit = unsigned(r() % 4);
  for (auto i = std::size_t(0); i != n; ++i) {
    auto o = observation{.number = number, .time = time, .value = family.make(r, walk), .extras = {}};
    add_extras(r, o, habit);
    points.push_back(std::move(o));
    time = next_time(r, time, rhythm);
    number += 1 + r() % 30'000;
  }
  return points;
}

TEST(a_part_of_a_chunk, is_what_the_whole_holds_there) {
  auto points = std::vector<observation>();
  for (auto i = 0; i < 200; ++i) {
    auto o = observation{.number = std::uint64_t(1000 + i), .time = {i / 2 * us_per_second}, .value = i, .extras = {}};
    if (i % 3 == 0) o.value = "text " + std::to_string(i % 7);
    if (i % 5 == 0) o.value = i % 2 == 0;
    if (i % 11 == 0) o.value = json::object{{"i", i}};
    if (i % 4 == 0) set_extra(o, extra::modified_at, o.time + i);
    if (i % 7 == 0) set_extra(o, extra::unit, "CEL");
    points.push_back(std::move(o));
  }
  auto const bytes = encode_chunk(points, true);
  auto const expect = [&](chunk_part part, std::size_t first, std::size_t last) {
    auto found = std::vector<observation>();
    decode_chunk(bytes, found, part);
    ASSERT_EQ(last - first, found.size());
    for (auto i = first; i != last; ++i) EXPECT_TRUE(identical(points[i], found[i - first])) << i;
  };
  expect({}, 0, 200);
  expect({.from = {10 * us_per_second}, .to = {20 * us_per_second}}, 20, 40);
  expect({.from = {10 * us_per_second}, .to = {90 * us_per_second}, .most = 7}, 20, 27);
  expect({.most = 16, .newest = true}, 184, 200);
  expect({.from = {90 * us_per_second}, .to = {10 * us_per_second}}, 180, 180);
}

TEST(a_chunk, gives_every_bit_back_whatever_the_values_are) {
  auto r = random_source(7);
  for (auto const& family : families) {
    for (auto round = 0; round != 40; ++round) {
      SCOPED_TRACE(std::string(family.name) + ", round " + std::to_string(round));
      auto const points = random_series(r, family, 1 + r() % (round % 4 == 0 ? 1000 : 20));
      auto decoded = std::vector<observation>();
      decode_chunk(encode_chunk(points, round % 2 == 0), decoded);
      ASSERT_EQ(points.size(), decoded.size());
      for (auto i = std::size_t(0); i != points.size(); ++i)
        ASSERT_TRUE(identical(points[i], decoded[i])) << "point " << i;
    }
  }
}

TEST(a_chunk, gives_its_numbers_alone_as_well) {
  auto r = random_source(8);
  for (auto const& family : families) {
    auto const points = random_series(r, family, 300);
    auto decoded = std::vector<numeric_point>();
    EXPECT_EQ(300u, decode_numbers(encode_chunk(points, true), decoded));
    auto expected = decoded.begin();
    for (auto const& p : points) {
      auto const d = numeric_value(p.value);
      if (!d) continue;
      ASSERT_NE(decoded.end(), expected);
      ASSERT_EQ(p.time, expected->time);
      ASSERT_EQ(std::bit_cast<std::uint64_t>(*d), std::bit_cast<std::uint64_t>(expected->value)) << family.name;
      ++expected;
    }
    EXPECT_EQ(decoded.end(), expected);
  }
}

TEST(a_chunk, holds_times_of_the_whole_range) {
  auto const points = std::vector<observation>{{.number = 3, .time = {INT64_MIN}, .value = 1, .extras = {}},
                                               {.number = 2, .time = timestamp_min, .value = 2, .extras = {}},
                                               {.number = 1, .time = timestamp_max, .value = 3, .extras = {}},
                                               {.number = 9, .time = {INT64_MAX}, .value = 4, .extras = {}}};
  auto decoded = std::vector<observation>();
  decode_chunk(encode_chunk(points, false), decoded);
  for (auto i = std::size_t(0); i != 4; ++i) EXPECT_TRUE(identical(points[i], decoded[i]));
}

TEST(a_chunk, of_a_regular_sensor_takes_less_than_three_bytes_a_point) {
  auto r = random_source(9);
  auto points = std::vector<observation>();
  auto walk = 200.0;
  for (auto i = 0; i != 1000; ++i) {
    auto o = observation{.number = observation_number(5'000'000 + 333 * i),
                         .time = {60'000'000ll * i},
                         .value = (walk += double(std::int64_t(r() % 7) - 3)) / 10,
                         .extras = {}};
    set_extra(o, extra::provenance, "measured");
    points.push_back(std::move(o));
  }
  EXPECT_LT(encode_chunk(points, true).size(), 1500u);
  EXPECT_LT(encode_chunk(points, false).size(), 3200u);
}

TEST(a_chunk, that_is_damaged_anywhere_is_a_fault) {
  auto r = random_source(10);
  auto const good = encode_chunk(random_series(r, families[0], 50), true);
  for (auto i = std::size_t(0); i != good.size(); ++i) {
    auto bad = good;
    bad[i] = char(bad[i] ^ (1 << (r() % 8)));
    auto points = std::vector<observation>();
    EXPECT_THROW(decode_chunk(bad, points), fault) << "byte " << i;
    EXPECT_THROW(decode_chunk(std::string_view(good).substr(0, i), points), fault);
  }
}

TEST(statistics_of_values, are_those_of_adding_one_by_one) {
  auto all = value_statistics();
  auto early = value_statistics();
  auto late = value_statistics();
  for (auto const d : {3.0, 1.0, 4.0}) all.add(d), early.add(d);
  for (auto const d : {1.0, 5.0}) all.add(d), late.add(d);
  early.add(late);
  EXPECT_EQ(14.0, early.sum);
  EXPECT_EQ(52.0, early.sum_of_squares);
  EXPECT_EQ(1.0, early.min);
  EXPECT_EQ(5.0, early.max);
  EXPECT_EQ(3.0, early.first);
  EXPECT_EQ(5.0, early.last);
  EXPECT_EQ(all.mean(), early.mean());
}

}  // namespace
}  // namespace dos
