// Asks one HTTP server as fast as it answers: each connection sends its next request when it has the last answer
// (closed loop). Prints one JSON object with the rate and the latencies of what was answered with 2xx.
//
//   load PORT CONNECTIONS SECONDS METHOD TARGET [BODY] [FIELD: VALUE ...]
//
// In TARGET and BODY {id} becomes a random number below ENTITIES (environment, 100,000), {n} a number that counts on,
// {r:A:B} a random decimal from A to B, {t} a time that goes on by a second.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

std::atomic<std::uint64_t> next_number{0};

// So many seconds after the year began, in UTC.
std::string time_text(std::uint64_t seconds) {
  auto const t = std::time_t(1'767'225'600 + seconds);
  auto parts = std::tm();
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&t, &parts));
  return text;
}

// Text with places to fill in.
class pattern {
 public:
  explicit pattern(std::string_view text) {
    while (!text.empty()) {
      auto const open = text.find('{');
      auto const close = open == text.npos ? text.npos : text.find('}', open);
      auto const word = close == text.npos ? std::string_view() : text.substr(open + 1, close - open - 1);
      if (word == "id" || word == "n" || word == "t" || word.starts_with("r:")) {
        parts_.push_back({std::string(text.substr(0, open)), std::string(word)});
        text.remove_prefix(close + 1);
      } else {  // a brace of JSON
        auto const end = open == text.npos ? text.size() : open + 1;
        parts_.push_back({std::string(text.substr(0, end)), {}});
        text.remove_prefix(end);
      }
    }
  }

  std::string fill(std::mt19937_64& random, std::uint64_t entities) const {
    auto out = std::string();
    for (auto const& [text, word] : parts_) {
      out += text;
      if (word == "id")
        out += std::to_string(random() % entities);
      else if (word == "n")
        out += std::to_string(next_number.fetch_add(1));
      else if (word == "t")
        out += time_text(next_number.fetch_add(1));
      else if (!word.empty()) {
        auto const colon = word.find(':', 2);
        auto const from = std::strtod(word.c_str() + 2, nullptr);
        auto const to = std::strtod(word.c_str() + colon + 1, nullptr);
        char number[32];
        std::snprintf(number, sizeof number, "%.5f", std::uniform_real_distribution<double>(from, to)(random));
        out += number;
      }
    }
    return out;
  }

 private:
  struct part {
    std::string text, word;
  };
  std::vector<part> parts_;
};

struct plan {
  int port;
  int connections;
  double seconds;
  std::string method;
  pattern target, body;
  std::string fields;
  std::uint64_t entities;

  std::string request(std::mt19937_64& random) const {
    auto const b = body.fill(random, entities);
    auto r = method + " " + target.fill(random, entities) + " HTTP/1.1\r\nHost: localhost\r\n" + fields;
    if (!b.empty()) r += "Content-Type: application/json\r\nContent-Length: " + std::to_string(b.size()) + "\r\n";
    return r + "\r\n" + b;
  }
};

// The length of the answer at the front of `bytes`, 0 while it is not complete.
std::size_t complete(std::string_view bytes) {
  auto const end = bytes.find("\r\n\r\n");
  if (end == bytes.npos) return 0;
  auto const head = bytes.substr(0, end + 2);
  for (auto at = head.find("\r\n"); at + 2 < head.size(); at = head.find("\r\n", at + 2)) {
    auto const line = head.substr(at + 2);
    if (strncasecmp(line.data(), "Content-Length:", 15) == 0) {
      auto const n = end + 4 + std::strtoull(line.data() + 15, nullptr, 10);
      return bytes.size() < n ? 0 : n;
    }
    if (strncasecmp(line.data(), "Transfer-Encoding:", 18) == 0) {
      auto const last = bytes.find("\r\n0\r\n\r\n", end);
      return last == bytes.npos ? 0 : last + 7;
    }
  }
  return end + 4;
}

struct results {
  std::vector<std::uint32_t> us;
  std::map<int, std::uint64_t> by_status;
  std::uint64_t broken = 0;
};

struct connection {
  int socket = -1;
  std::string received;
  steady::time_point sent_at;
};

int connect_to(int port) {
  auto const s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = sockaddr_in();
  address.sin_family = AF_INET;
  address.sin_port = htons(std::uint16_t(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(s, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    std::perror("load: connect");
    std::exit(1);
  }
  auto const on = 1;
  ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return s;
}

void run(plan const& p, int connections, unsigned seed, results& r) {
  auto random = std::mt19937_64(seed);
  auto const poll = ::epoll_create1(EPOLL_CLOEXEC);
  auto all = std::vector<connection>(std::size_t(connections));
  auto const send_next = [&](connection& c) {
    auto const text = p.request(random);
    c.sent_at = steady::now();
    auto rest = std::string_view(text);
    while (!rest.empty()) {
      auto const n = ::send(c.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n <= 0) return;  // the end shows when reading
      rest.remove_prefix(std::size_t(n));
    }
  };
  auto const open = [&](connection& c) {
    c.socket = connect_to(p.port);
    c.received.clear();
    auto event = epoll_event{.events = EPOLLIN, .data = {.ptr = &c}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, c.socket, &event);
    send_next(c);
  };
  auto const end =
      steady::now() + std::chrono::duration_cast<steady::duration>(std::chrono::duration<double>(p.seconds));
  for (auto& c : all) open(c);
  auto running = connections;
  auto buffer = std::vector<char>(1 << 16);
  auto events = std::vector<epoll_event>(64);
  auto const patience = end + std::chrono::seconds(30);
  while (running > 0 && steady::now() < patience) {
    auto const ready = ::epoll_wait(poll, events.data(), int(events.size()), 1000);
    for (auto i = 0; i < ready; ++i) {
      auto& c = *static_cast<connection*>(events[std::size_t(i)].data.ptr);
      auto const n = ::recv(c.socket, buffer.data(), buffer.size(), 0);
      auto const now = steady::now();
      if (n <= 0) {
        ++r.broken;
        ::close(c.socket);
        if (now < end)
          open(c);
        else
          --running;
        continue;
      }
      c.received.append(buffer.data(), std::size_t(n));
      auto const length = complete(c.received);
      if (length == 0) continue;
      auto const status = int(std::strtol(c.received.c_str() + 9, nullptr, 10));
      ++r.by_status[status];
      if (status / 100 == 2)
        r.us.push_back(std::uint32_t(std::chrono::duration_cast<std::chrono::microseconds>(now - c.sent_at).count()));
      c.received.erase(0, length);
      if (now < end) {
        send_next(c);
      } else {
        ::close(c.socket);
        --running;
      }
    }
  }
  ::close(poll);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 6)
    return std::fprintf(stderr, "load PORT CONNECTIONS SECONDS METHOD TARGET [BODY] [FIELD: VALUE ...]\n"), 2;
  auto fields = std::string();
  for (auto i = 7; i < argc; ++i) fields.append(argv[i]).append("\r\n");
  auto const* const entities = std::getenv("ENTITIES");
  auto const p = plan{int(std::strtol(argv[1], nullptr, 10)),
                      int(std::strtol(argv[2], nullptr, 10)),
                      std::strtod(argv[3], nullptr),
                      argv[4],
                      pattern(argv[5]),
                      pattern(argc > 6 ? argv[6] : ""),
                      fields,
                      entities ? std::strtoull(entities, nullptr, 10) : 100'000};
  auto const threads = std::min(2, p.connections);
  auto parts = std::vector<results>(std::size_t(threads));
  auto const began = steady::now();
  {
    auto pool = std::vector<std::jthread>();
    for (auto t = 0; t < threads; ++t) {
      pool.emplace_back([&, t] {
        run(p, p.connections / threads + (t < p.connections % threads), std::random_device()(), parts[std::size_t(t)]);
      });
    }
  }
  auto const seconds = std::chrono::duration<double>(steady::now() - began).count();
  auto all = results();
  for (auto const& r : parts) {
    all.us.insert(all.us.end(), r.us.begin(), r.us.end());
    for (auto const& [status, n] : r.by_status) all.by_status[status] += n;
    all.broken += r.broken;
  }
  std::sort(all.us.begin(), all.us.end());
  auto const at = [&](double share) {
    return all.us.empty() ? 0 : all.us[std::size_t(share * double(all.us.size() - 1))] / 1e3;
  };
  std::printf(
      "{\"ok\":%zu,\"seconds\":%.3f,\"per_second\":%.1f,\"p50\":%.3f,\"p95\":%.3f,\"p99\":%.3f,\"p999\":%.3f,"
      "\"broken\":%llu,\"statuses\":{",
      all.us.size(), seconds, double(all.us.size()) / seconds, at(0.5), at(0.95), at(0.99), at(0.999),
      static_cast<unsigned long long>(all.broken));
  auto comma = "";
  for (auto const& [status, n] : all.by_status) {
    std::printf("%s\"%d\":%llu", comma, status, static_cast<unsigned long long>(n));
    comma = ",";
  }
  std::printf("}}\n");
}
