// A client for tests that sends exactly the bytes it is told and waits for as much as it is told.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

namespace dos::net {

class raw_client {
 public:
  explicit raw_client(std::uint16_t port, int receive_buffer = 0) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer) ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    auto const patience = timeval{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    auto address = sockaddr_in();
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~raw_client() { ::close(socket_); }
  raw_client(raw_client const&) = delete;
  raw_client& operator=(raw_client const&) = delete;

  bool connected() const { return connected_; }

  // False when the peer does not take it all.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      auto const n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(std::size_t(n));
    }
    return true;
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }

  // All until `what` has come (included), or until the end.
  std::string read_until(std::string_view what) {
    auto at = std::string::npos;
    while ((at = received_.find(what)) == std::string::npos && receive()) continue;
    auto const n = at == std::string::npos ? received_.size() : at + what.size();
    auto result = received_.substr(0, n);
    received_.erase(0, n);
    return result;
  }
  std::string read_bytes(std::size_t n) {
    while (received_.size() < n && receive()) continue;
    auto result = received_.substr(0, n);
    received_.erase(0, n);
    return result;
  }
  // A head and as much body as its Content-Length says.
  std::string read_response() {
    auto result = read_until("\r\n\r\n");
    auto const at = result.find("Content-Length: ");
    if (at != std::string::npos) result += read_bytes(std::stoul(result.substr(at + 16)));
    return result;
  }
  std::string read_to_end() {
    while (receive()) continue;
    return std::exchange(received_, {});
  }
  bool was_reset() const { return reset_; }
  bool timed_out() const { return timed_out_; }

 private:
  bool receive() {
    char bytes[65536];
    auto const n = ::recv(socket_, bytes, sizeof bytes, 0);
    if (n > 0) received_.append(bytes, std::size_t(n));
    if (n < 0 && errno == ECONNRESET) reset_ = true;
    if (n < 0 && errno == EAGAIN) timed_out_ = true;
    return n > 0;
  }

  int socket_;
  bool connected_ = false;
  bool reset_ = false;
  bool timed_out_ = false;
  std::string received_;
};

}  // namespace dos::net
