// Durable appends by size of batch, against a bare SQLite table that takes the same bytes with the same settings.
// Prints "name value unit" lines. log_bench DIRECTORY
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "kernel/store/commit_log.h"
#include "kernel/store/sqlite.h"

namespace {

using namespace dos;

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

constexpr auto rounds = 20;

// Milliseconds of each append. The two take turns, so that whatever else the disk does meets both.
struct series {
  std::vector<double> times_ms;

  double per_second() const {
    auto sum = 0.0;
    for (auto const t : times_ms) sum += t;
    return double(times_ms.size()) / sum * 1e3;
  }
  double percentile(double share) {
    std::sort(times_ms.begin(), times_ms.end());
    return times_ms[std::size_t(double(times_ms.size() - 1) * share)];
  }
  template <typename Append>
  void run(int count, Append const& append) {
    for (auto i = 0; i != count; ++i) {
      auto const before = now_s();
      append();
      times_ms.push_back((now_s() - before) * 1e3);
    }
  }
};

void print(std::string const& name, series& s) {
  std::printf("%s %.6g appends/s\n", name.c_str(), s.per_second());
  std::printf("%s_p50 %.6g ms\n", name.c_str(), s.percentile(0.5));
  std::printf("%s_p99 %.6g ms\n", name.c_str(), s.percentile(0.99));
}

void compare(std::filesystem::path const& dir, std::size_t bytes, int count) {
  auto const batch = std::string(bytes, 'x');
  auto const log = store::open_log(dir);
  auto bare = store::connection(dir / "bare.db", store::connection::access::read_write);
  bare.execute("PRAGMA journal_mode=WAL");
  bare.execute("PRAGMA synchronous=FULL");
  bare.execute("PRAGMA wal_autocheckpoint=4096");
  bare.execute("CREATE TABLE bare(id INTEGER PRIMARY KEY, bytes BLOB)");
  auto ours = series();
  auto theirs = series();
  for (auto round = 0; round != rounds; ++round) {
    theirs.run(count / rounds, [&] { bare("INSERT INTO bare(bytes) VALUES(?)").with(batch).run(); });
    ours.run(count / rounds, [&] { log->append(log->last() + 1, {}, batch); });
  }
  auto const name = "log.append_" + std::to_string(bytes >> 10) + "k";
  print(name, ours);
  print(name + "_bare", theirs);
  std::printf("%s_ratio %.3g ratio\n", name.c_str(), ours.per_second() / theirs.per_second());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "log_bench DIRECTORY\n"), 2;
  auto const dir = std::filesystem::path(argv[1]) / "log_bench";
  for (auto const& [bytes, count] : {std::pair(1 << 10, 1000), std::pair(64 << 10, 500), std::pair(1 << 20, 100)}) {
    std::filesystem::remove_all(dir);
    compare(dir, std::size_t(bytes), count);
  }
  std::filesystem::remove_all(dir);
}
