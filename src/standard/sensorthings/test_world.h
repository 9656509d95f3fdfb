// A city of its own for the tests of this module: empty as made, gone afterwards.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "base/id.h"
#include "kernel/city/city.h"
#include "standard/sensorthings/lister.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {

struct stepping_clock final : clock {
  timestamp now() const override { return {++us_}; }
  mutable std::atomic<std::int64_t> us_{1'700'000'000'000'000};
};

class test_world : public testing::Test {
 protected:
  test_world() : directory_(std::filesystem::temp_directory_path() / ("dos-sensorthings-" + new_uuid())) {
    city_ = city::open("test", directory_, clock_);
  }
  ~test_world() override {
    city_.reset();
    std::filesystem::remove_all(directory_);
  }

  session own() const { return session(city_, principal{.name = "test", .role = role::admin, .source = "test"}); }
  reader read() const { return reader(own(), own(), around_); }

  std::uint64_t create(kind k, json::value const& body) {
    auto id = std::uint64_t(0);
    own().apply([&](transaction& t) { id = writer(t, own(), words_).create(k, body); });
    return id;
  }
  void change(kind k, std::uint64_t id, json::value const& body) {
    auto const i = read().find(k, id);
    ASSERT_TRUE(i);
    auto const c = find_consequences(*i, read());
    own().apply([&](transaction& t) { writer(t, own(), words_).change(*i, body, false, c); });
  }
  void remove(kind k, std::uint64_t id) {
    auto const i = read().find(k, id);
    ASSERT_TRUE(i);
    auto const c = find_consequences(*i, read());
    own().apply([&](transaction& t) { writer(t, own(), words_).remove(*i, c); });
  }
  // As another standard writes it.
  void put(entity e) {
    own().apply([&](transaction& t) { t.put(e); });
  }

  stepping_clock clock_;
  std::filesystem::path directory_;
  std::shared_ptr<city> city_;
  vocabulary words_{terms(), load_terms(DOS_SOURCE_DIR "/contexts/dos-context.json")};
  mounts devices_;
  surroundings around_{words_, devices_, clock_};
};

}  // namespace dos::sensorthings
