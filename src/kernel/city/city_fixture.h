// A city in a directory of its own, for tests: opened, killed, opened again.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/id.h"
#include "kernel/city/city.h"
#include "kernel/history/history.h"

namespace dos {

struct stepping_clock final : clock {
  timestamp now() const override { return {++us_}; }
  mutable std::atomic<std::int64_t> us_{1'700'000'000'000'000};
};

class city_test : public testing::Test {
 protected:
  city_test() : directory_(std::filesystem::temp_directory_path() / ("dos-city-" + new_uuid())) { open(); }
  ~city_test() override {
    city_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open() {
    city_ = city::open("test", directory_, clock_, options_);
    for (auto const& k : kinds_) city_->register_kind(k);
    city_->start_sending();
  }
  // As after kill -9: what the files hold at this moment, opened elsewhere.
  void crash(std::function<void(std::filesystem::path const&)> const& damage = {}) {
    auto const elsewhere = std::filesystem::path(directory_.string() + "-after");
    std::filesystem::copy(directory_, elsewhere, std::filesystem::copy_options::recursive);
    city_.reset();
    std::filesystem::remove_all(directory_);
    std::filesystem::rename(elsewhere, directory_);
    if (damage) damage(directory_);
    open();
  }
  session who(role r = role::admin) { return session(city_, principal{.name = "test", .role = r, .source = "test"}); }
  void set(std::string const& id, std::string const& name, json::value v) { set(std::vector{id}, name, v); }
  // All in one write.
  void set(std::vector<std::string> const& ids, std::string const& name, json::value const& v) {
    who().apply([&](transaction& t) {
      for (auto const& id : ids) {
        auto const before = t.find(id);
        auto e = before && before->deleted_at == no_time ? entity(*before) : entity();
        e.id = id;
        if (e.types.empty()) e.types = {symbol("urn:T")};
        auto a = attribute();
        a.name = symbol(name);
        a.value = v;
        e.set(make_attribute(std::move(a)));
        t.put(std::move(e));
      }
    });
  }
  std::vector<json::value> history_of(std::string const& id, std::string const& name) {
    auto values = std::vector<json::value>();
    for (auto const& s : who().series_of(id)) {
      if (s.attribute != symbol(name)) continue;
      for (auto const& o : who().history().range(s.series, {})) values.push_back(o.value);
    }
    return values;
  }

  stepping_clock clock_;
  city_options options_;
  std::filesystem::path directory_;
  std::vector<subscription_kind> kinds_;
  std::shared_ptr<city> city_;
};

}  // namespace dos
