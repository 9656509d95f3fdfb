// How a command finds and asks the program that serves the same data directory.
#pragma once

#include <optional>
#include <string>

namespace dos::app {

// Told by the server at its start, taken back at its end.
void announce_server(std::string const& data, std::string const& url);
void withdraw_server(std::string const& data);
// Its address, when it is alive.
std::optional<std::string> find_running_server(std::string const& data);

struct sent_body {
  std::string content_type;
  std::string bytes;
};
// Throws fault bad_gateway with the server's words unless it answers 2xx.
std::string ask_running_server(std::string const& url, std::string const& method, std::string const& path, std::string const& token,
                               sent_body body = {});

}  // namespace dos::app
