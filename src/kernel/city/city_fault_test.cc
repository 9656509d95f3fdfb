// A medium that fails, and what lies on it damaged: reads go on, writes are refused, the status names it, and the program goes
// on by itself when the medium is well again.
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "kernel/city/city_fixture.h"
#include "kernel/store/failing_medium.h"
#include "kernel/store/sqlite.h"

namespace dos {
namespace {

class city_on_bad_medium : public city_test {
 protected:
  void reopen() {
    city_.reset();
    open();
  }
  std::optional<fault> try_set(json::value v) {
    try {
      set("urn:a", "urn:n", std::move(v));
      return std::nullopt;
    } catch (fault const& f) {
      return f;
    }
  }
  json::value value() { return who().get("urn:a")->find(symbol("urn:n"))->value; }
};

TEST_F(city_on_bad_medium, whose_syncs_fail_writes_are_refused_until_it_is_well) {
  auto medium = store::failing_medium();
  reopen();
  set("urn:a", "urn:n", 1);
  medium.syncs_left = 0;
  for (auto i = 0; i < 5; ++i) {
    auto const f = try_set(100 + i);
    ASSERT_TRUE(f);
    EXPECT_EQ(fault_kind::unavailable, f->kind);
    EXPECT_EQ(json::value(1), value());
    EXPECT_FALSE(city_->status().writable);
    EXPECT_FALSE(city_->status().trouble.empty());
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  medium.syncs_left = medium.never;
  auto f = try_set(2);
  for (auto i = 0; i < 100 && f; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    f = try_set(2);
  }
  EXPECT_FALSE(f);
  EXPECT_EQ(json::value(2), value());
  EXPECT_TRUE(city_->status().writable);
  city_->checkpoint();
  crash();
  EXPECT_EQ(json::value(2), value());
}

TEST_F(city_on_bad_medium, whose_checkpoints_fail_is_written_to_no_further_than_a_restart_can_read) {
  auto medium = store::failing_medium();
  medium.of_file = "state.db";
  options_.lag_bytes_max = 64 << 10;
  options_.checkpoint_us = 20'000;
  reopen();
  set("urn:a", "urn:n", 1);
  city_->checkpoint();
  medium.syncs_left = 0;
  auto refused = std::optional<fault>();
  for (auto i = 0; i < 4'000 && !refused; ++i) refused = try_set(std::string(1'000, 'x'));
  ASSERT_TRUE(refused) << "the bound was lifted: " << city_->status().lag_bytes;
  EXPECT_EQ(fault_kind::unavailable, refused->kind);
  EXPECT_FALSE(city_->status().writable);
  EXPECT_NE(city_->status().trouble.find("saved"), std::string::npos) << city_->status().trouble;
  EXPECT_EQ(json::value(std::string(1'000, 'x')), value());
  EXPECT_LT(city_->status().lag_bytes, 2u * options_.lag_bytes_max);
  medium.syncs_left = medium.never;
  auto f = try_set(2);
  for (auto i = 0; i < 300 && f; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    f = try_set(2);
  }
  EXPECT_FALSE(f) << f->detail;
  city_->checkpoint();
  EXPECT_TRUE(city_->status().trouble.empty()) << city_->status().trouble;
  auto const n = history_of("urn:a", "urn:n").size();
  crash();
  EXPECT_EQ(n, history_of("urn:a", "urn:n").size());  // nothing is there twice
}

TEST_F(city_on_bad_medium, whose_log_is_damaged_opens_reads_and_refuses_to_write) {
  set("urn:a", "urn:n", 1);
  city_->checkpoint();
  set("urn:a", "urn:n", 2);
  set("urn:a", "urn:n", 3);
  auto const damaged = city_->status().position;
  crash([&](std::filesystem::path const& home) {
    store::connection(home / "log.db", store::connection::access::read_write)
        .execute(("UPDATE log SET batch = x'00' WHERE position = " + std::to_string(damaged)).c_str());
  });
  EXPECT_EQ(json::value(2), value());
  EXPECT_FALSE(city_->status().writable);
  EXPECT_NE(city_->status().trouble.find("damaged at position " + std::to_string(damaged)), std::string::npos);
  auto const f = try_set(4);
  ASSERT_TRUE(f);
  EXPECT_EQ(fault_kind::unavailable, f->kind);
  EXPECT_EQ(json::value(2), value());
}

TEST_F(city_on_bad_medium, one_damaged_chunk_is_the_trouble_of_its_series_alone) {
  for (auto i = 0; i < 300; ++i) set(std::vector<std::string>{"urn:a", "urn:b"}, "urn:n", i);
  city_->checkpoint();
  auto const series = who().series_of("urn:a").at(0).series;
  crash([&](std::filesystem::path const& home) {
    store::connection(home / "state.db", store::connection::access::read_write)
        .execute(("UPDATE chunk_data SET bytes = zeroblob(40) WHERE id IN (SELECT data FROM chunk WHERE series = " +
                  std::to_string(series) + ")").c_str());
  });
  EXPECT_THROW(history_of("urn:a", "urn:n"), fault);
  EXPECT_EQ(300u, history_of("urn:b", "urn:n").size());
  EXPECT_NE(city_->status().trouble.find("series " + std::to_string(series)), std::string::npos) << city_->status().trouble;
  EXPECT_TRUE(city_->status().writable);
  for (auto i = 0; i < 300; ++i) set(std::vector<std::string>{"urn:a", "urn:b"}, "urn:n", i);
  city_->checkpoint();  // is not held up
  EXPECT_EQ(city_->status().position, city_->status().checkpoint);
  EXPECT_EQ(600u, history_of("urn:b", "urn:n").size());
  crash();
  EXPECT_EQ(300u, history_of("urn:a", "urn:n").size());  // what is new
  EXPECT_NE(city_->status().trouble.find("series " + std::to_string(series)), std::string::npos);
}

TEST_F(city_test, the_log_is_kept_as_long_as_it_says_over_restarts) {
  constexpr auto day = std::int64_t(86'400) * us_per_second;
  options_.log_retention_us = 14 * day;
  city_.reset();
  open();
  set("urn:a", "urn:n", 1);
  set("urn:a", "urn:n", 2);
  city_->checkpoint();
  clock_.us_ += 10 * day;
  crash();
  set("urn:a", "urn:n", 3);
  city_->checkpoint();
  EXPECT_EQ(1u, city_->status().log_first);
  auto const kept = city_->status().position;
  clock_.us_ += 5 * day;
  crash();
  set("urn:a", "urn:n", 4);
  city_->checkpoint();
  EXPECT_EQ(kept, city_->status().log_first);
}

}  // namespace
}  // namespace dos
