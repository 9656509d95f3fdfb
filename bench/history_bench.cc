// 20 million observations of 20,000 series (100 each minute, the others about each hour, 30 days), 5,000 in a
// checkpoint at most every 50 batches: how fast they are stored, how small they are, how fast they are read. Prints
// "name value unit" lines. history_bench DIRECTORY [POINTS]
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "kernel/history/history.h"
#include "kernel/store/sqlite.h"

namespace {

using namespace dos;

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }
double cpu_s() {
  rusage u;
  getrusage(RUSAGE_SELF, &u);
  return double(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + double(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}
void print(char const* name, double value, char const* unit) {
  std::printf("%s %.6g %s\n", name, value, unit);
  std::fflush(stdout);
}

constexpr auto series_count = 20'000;
constexpr auto fast_count = 100;
constexpr auto batch_points = 5'000;
constexpr auto batches_per_checkpoint = 50;
constexpr auto day_us = 86'400 * us_per_second;
constexpr auto start = timestamp{1'700'000'000 * us_per_second};

// 1 or 2 decimals walking, 10 % counters, 10 % full doubles.
struct simulated_series {
  double walk = 200;
  std::mt19937_64 random;

  json::value next(int series) {
    walk += double(std::int64_t(random() % 11) - 5);
    switch (series % 10) {
      case 0:
        return std::int64_t(walk += 20);
      case 1:
        return walk + double(random()) * 1e-19;
      default:
        return walk / (series % 2 == 0 ? 10 : 100);
    }
  }
};

double percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[std::size_t(double(values.size() - 1) * share)];
}

void fill(store::state_db& db, history& h, std::uint64_t points_wanted) {
  auto series = std::vector<simulated_series>(series_count);
  for (auto i = 0; i != series_count; ++i) series[std::size_t(i)].random.seed(std::uint64_t(i));
  auto number = observation_number(0);
  auto at = store::position(1);
  auto in_batch = 0;
  auto commits_ms = std::vector<double>();
  auto const checkpoint = [&] {
    auto const before = now_s();
    auto t = db.begin();
    h.flush(t, at);
    t.set_cursor(at);
    t.commit();
    h.flushed();
    commits_ms.push_back((now_s() - before) * 1e3);
  };
  auto const wall = now_s();
  auto const cpu = cpu_s();
  for (auto minute = 0; number < points_wanted; ++minute) {
    auto const time = start + minute * 60 * us_per_second;
    for (auto s = 0; s != series_count && number < points_wanted; ++s) {
      if (s >= fast_count && s % 55 != minute % 55) continue;
      auto o = observation{.number = ++number, .time = time, .value = series[std::size_t(s)].next(s), .extras = {}};
      h.add(at, series_id(s), std::move(o));
      if (++in_batch % batch_points == 0) {
        if (in_batch / batch_points % batches_per_checkpoint == 0) checkpoint();
        ++at;
      }
    }
  }
  checkpoint();
  print("history.store", double(number) / (now_s() - wall), "points/s");
  print("history.store_cpu", double(number) / (cpu_s() - cpu), "points/cpu-s");
  print("history.checkpoint_p50", percentile(commits_ms, 0.5), "ms");
  print("history.checkpoint_p99", percentile(commits_ms, 0.99), "ms");
  print("history.tail", double(h.tail_bytes()) / 1e6, "MB");
}

void measure_size(store::state_db& db, std::filesystem::path const& file, std::uint64_t points) {
  auto snapshot = db.read();
  auto row = snapshot.sql()("SELECT sum(length(bytes)), count(*) FROM chunk_data");
  row.step();
  print("history.payload", double(row.integer(0)) / double(points), "B/point");
  print("history.chunks", double(row.integer(1)), "chunks");
  print("history.file", double(std::filesystem::file_size(file)) / double(points), "B/point");
}

template <typename Action>
void measure(char const* name, int rounds, char const* unit, double scale, Action const& action) {
  auto times = std::vector<double>();
  for (auto i = 0; i != rounds; ++i) {
    auto const before = now_s();
    action(i);
    times.push_back((now_s() - before) * scale);
  }
  print((std::string(name) + "_p50").c_str(), percentile(times, 0.5), unit);
  print((std::string(name) + "_p99").c_str(), percentile(times, 0.99), unit);
}

void read(history const& h, timestamp end) {
  measure("history.last_value", 2'000, "ms", 1e3, [&](int i) { h.last(series_id(i * 7919 % series_count)); });
  auto points = std::size_t(0);
  measure("history.day_of_minutes", 500, "ms", 1e3, [&](int i) {
    auto const to = end - i % 28 * day_us;
    points += h.range(series_id(i % fast_count), {.from = to - day_us, .to = to, .after = {}}).size();
  });
  print("history.day_of_minutes_points", double(points) / 500, "points");
  auto hours = std::vector<timestamp>();
  for (auto t = end - 30 * day_us; t <= end; t = t + 3'600 * us_per_second) hours.push_back(t);
  auto days = std::vector<timestamp>{end - 30 * day_us, end - 20 * day_us, end - 10 * day_us, end};
  auto counted = std::uint64_t(0);
  measure("history.hourly_means_30d_100_series", 5, "ms", 1e3, [&](int) {
    for (auto s = series_id(0); s != fast_count; ++s) {
      for (auto const& period : h.aggregate(s, hours)) counted += period.count;
    }
  });
  print("history.hourly_means_points", double(counted) / 5, "points");
  measure("history.ten_day_means_100_series", 5, "ms", 1e3, [&](int) {
    for (auto s = series_id(0); s != fast_count; ++s) h.aggregate(s, days);
  });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "history_bench DIRECTORY [POINTS]\n"), 2;
  auto const dir = std::filesystem::path(argv[1]) / "history_bench";
  auto const points = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'000'000ull;
  std::filesystem::remove_all(dir);
  auto end = timestamp();
  {
    auto db = store::state_db(dir);
    auto h = history(db);
    fill(db, h, points);
    measure_size(db, dir / "state.db", points);
    end = h.last(0)->time + 1;
    read(h, end);
  }
  auto const before = now_s();
  auto db = store::state_db(dir);
  auto const h = history(db);
  print("history.open", (now_s() - before) * 1e3, "ms");
  std::filesystem::remove_all(dir);
}
