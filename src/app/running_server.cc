#include "app/running_server.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fault.h"
#include "net/http_client.h"

namespace dos::app {

void announce_server(std::string const& data, std::string const& url) { std::ofstream(data + "/serving") << url << '\n'; }

void withdraw_server(std::string const& data) {
  auto error = std::error_code();
  std::filesystem::remove(data + "/serving", error);
}

std::optional<std::string> find_running_server(std::string const& data) {
  // The lock, not the note, says whether it lives: a killed program leaves its note behind.
  auto const lock = ::open((data + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0) return std::nullopt;
  auto const free = ::flock(lock, LOCK_EX | LOCK_NB) == 0;
  ::close(lock);
  auto url = std::string();
  if (free || !std::getline(std::ifstream(data + "/serving"), url)) return std::nullopt;
  return url;
}

std::string ask_running_server(std::string const& url, std::string const& method, std::string const& path, std::string const& token,
                               sent_body body) {
  auto io = net::io_threads(1);
  auto options = net::http_client_options();
  options.allow_private_addresses = true;  // the address is our own
  auto client = net::http_client(io, options);
  auto request = net::outbound_request();
  request.method = method;
  request.url = http::parse_url(url + path);
  request.headers.set("Authorization", "Bearer " + token);
  request.timeout = std::chrono::minutes(10);
  if (!body.content_type.empty()) request.headers.set("Content-Type", body.content_type);
  request.body = std::move(body.bytes);
  auto answer = client.send_and_wait(std::move(request));
  if (answer.status / 100 != 2) throw fault(fault_kind::bad_gateway, "the server answered " + std::to_string(answer.status) + ": " + answer.body);
  return std::move(answer.body);
}

}  // namespace dos::app
