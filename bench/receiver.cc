// Takes notifications, counts the entities in them and forgets them: `receiver PORT`. GET /count tells.
#include <atomic>
#include <csignal>
#include <cstdlib>

#include "http/response.h"
#include "net/http_server.h"

int main(int argc, char** argv) {
  using namespace dos;
  if (argc < 2) return 2;
  auto set = sigset_t();
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  auto entities = std::atomic<std::uint64_t>(0);
  auto requests = std::atomic<std::uint64_t>(0);
  auto io = net::io_threads(1);
  auto options = net::http_server_options();
  options.port = std::uint16_t(std::strtol(argv[1], nullptr, 10));
  auto server = net::http_server(io, options, [&](http::request r, http::reply answer) {
    if (r.method == "GET") {
      return answer(http::json(200, "{\"entities\":" + std::to_string(entities) + ",\"requests\":" + std::to_string(requests) + "}"));
    }
    auto const mark = std::string_view("\"urn:ngsi-ld:Bench:");
    for (auto at = r.body.find(mark); at != r.body.npos; at = r.body.find(mark, at + mark.size())) ++entities;
    ++requests;
    answer(http::no_content());
  });
  auto received = 0;
  sigwait(&set, &received);
}
