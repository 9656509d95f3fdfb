#include "engine/script/codec_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/fault.h"

namespace dos::script {
namespace {

std::string numbered(int n) {
  return "function decodeUplink(i) { return {data: {codec: " + std::to_string(n) + "}}; }";
}

fault_kind kind_of(codec_pool& p, codec_id const& id) {
  try {
    p.decode_uplink(id, {.bytes = "x", .f_port = 1, .received = {}, .variables = {}});
  } catch (fault const& f) {
    return f.kind;
  }
  return fault_kind::internal;
}

TEST(codec_pool, knows_a_source_by_its_content) {
  codec_pool pool;
  auto const id = pool.add(numbered(1));
  EXPECT_EQ(pool.add(numbered(1)), id);
  EXPECT_NE(pool.add(numbered(2)), id);
  EXPECT_THROW(pool.add("nonsense("), fault);
  pool.remove(id);
  EXPECT_EQ(kind_of(pool, id), fault_kind::not_found);
}

TEST(codec_pool, refuses_more_source_text_than_it_has_room_for) {
  codec_pool pool({.codec = {}, .instances_max = 2, .sources_bytes_max = 100});
  pool.add(numbered(1));
  EXPECT_THROW(pool.add(numbered(2)), fault);
}

TEST(codec_pool, gives_each_thread_the_right_codec_though_instances_are_few_and_some_codecs_hang) {
  codec_pool pool({.codec = {.time_ms_max = 5}, .instances_max = 3, .sources_bytes_max = 100'000});
  std::vector<codec_id> ids;
  for (auto i = 0; i < 6; ++i) ids.push_back(pool.add(numbered(i)));
  auto const endless = pool.add("function decodeUplink(i) { for (;;) {} }");
  std::atomic<int> right = 0, stopped = 0;
  std::vector<std::thread> threads;
  for (auto t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (auto i = 0; i < 60; ++i) {
        auto const n = (i + t) % 7;
        if (n == 6) {
          stopped += kind_of(pool, endless) == fault_kind::invalid;
        } else {
          auto const d =
              pool.decode_uplink(ids[std::size_t(n)], {.bytes = "x", .f_port = 1, .received = {}, .variables = {}});
          right += d.data.find("codec")->as_int() == n;
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(right + stopped, 240);
  EXPECT_GT(stopped, 30);
}

}  // namespace
}  // namespace dos::script
