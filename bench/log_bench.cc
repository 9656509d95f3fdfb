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

double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct timed {
  double per_second;
  double p99_ms;
};

template <typename Append>
timed run(int count, Append const& append) {
  auto times = std::vector<double>();
  auto const start = now_s();
  for (auto i = 1; i <= count; ++i) {
    auto const before = now_s();
    append(i);
    times.push_back((now_s() - before) * 1e3);
  }
  auto const total = now_s() - start;
  std::sort(times.begin(), times.end());
  return {count / total, times[times.size() * 99 / 100]};
}

timed run_bare(std::filesystem::path const& dir, std::string const& batch, int count) {
  std::filesystem::create_directories(dir);
  auto db = store::connection(dir / "bare.db", store::connection::access::read_write);
  db.execute("PRAGMA journal_mode=WAL");
  db.execute("PRAGMA synchronous=FULL");
  db.execute("PRAGMA wal_autocheckpoint=4096");
  db.execute("CREATE TABLE bare(id INTEGER PRIMARY KEY, bytes BLOB)");
  return run(count, [&](int i) { db("INSERT INTO bare VALUES(?, ?)").with(i, batch).run(); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "log_bench DIRECTORY\n"), 2;
  auto const dir = std::filesystem::path(argv[1]) / "log_bench";
  for (auto const& [bytes, count] : {std::pair(1 << 10, 1000), std::pair(64 << 10, 500), std::pair(1 << 20, 100)}) {
    std::filesystem::remove_all(dir);
    auto const batch = std::string(std::size_t(bytes), 'x');
    auto const bare = run_bare(dir, batch, count);
    auto const log = store::open_log(dir);
    auto const ours = run(count, [&](int i) { log->append(store::position(i), {}, batch); });
    auto const name = "log.append_" + std::to_string(bytes >> 10) + "k";
    std::printf("%s %.6g appends/s\n", name.c_str(), ours.per_second);
    std::printf("%s_p99 %.6g ms\n", name.c_str(), ours.p99_ms);
    std::printf("%s_bare %.6g appends/s\n", name.c_str(), bare.per_second);
    std::printf("%s_bare_p99 %.6g ms\n", name.c_str(), bare.p99_ms);
    std::printf("%s_ratio %.3g ratio\n", name.c_str(), ours.per_second / bare.per_second);
    std::fflush(stdout);
  }
  std::filesystem::remove_all(dir);
}
