// Beast's HTTP parser, filling our own request or response. For the .cc files of net/ only.
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "net/asio.h"

namespace dos::net {

namespace beast_http = boost::beast::http;

struct message_limits {
  std::size_t header_bytes_max;
  std::size_t header_fields_max;
  std::size_t body_bytes_max;
};

// Over a limit: error header_limit or body_limit.
template <bool IsRequest>
class http_parser final : public beast_http::basic_parser<IsRequest> {
 public:
  explicit http_parser(message_limits const& limits) : limits(limits) {
    this->body_limit(boost::none);  // counted here, because it is known only after the head
    this->header_limit(std::uint32_t(limits.header_bytes_max));
  }

  message_limits limits;
  std::string method;
  std::string target;
  int status = 0;
  int version = 11;
  http::headers headers;
  std::string body;
  bool drops_body = false;  // it is read, so that the next message is found, and thrown away

 private:
  using string_view = boost::beast::string_view;

  void on_request_impl(beast_http::verb, string_view m, string_view t, int v, error_code&) override {
    version = v;
    method.assign(m.data(), m.size());
    target.assign(t.data(), t.size());
    headers.reserve(8);  // a usual request's
  }
  void on_response_impl(int code, string_view, int v, error_code&) override {
    version = v;
    status = code;
  }
  void on_field_impl(beast_http::field, string_view name, string_view value, error_code& error) override {
    header_bytes_ += name.size() + value.size() + 4;
    if (header_bytes_ > limits.header_bytes_max || ++header_fields_ > limits.header_fields_max) {
      error = beast_http::error::header_limit;
    } else if (!head_done_) {  // trailers are counted and left out
      headers.add({name.data(), name.size()}, {value.data(), value.size()});
    }
  }
  void on_header_impl(error_code&) override { head_done_ = true; }
  void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& error) override {
    if (!length) return;
    if (*length > limits.body_bytes_max) {
      error = beast_http::error::body_limit;
    } else {
      body.reserve(std::min<std::size_t>(*length, 1024 * 1024));  // more only when it really comes
    }
  }
  std::size_t on_body_impl(string_view piece, error_code& error) override {
    if (body.size() + piece.size() > limits.body_bytes_max) {
      error = beast_http::error::body_limit;
      return 0;
    }
    if (!drops_body) body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t size, string_view, error_code& error) override {
    if (size > limits.body_bytes_max - std::min(limits.body_bytes_max, body.size()))
      error = beast_http::error::body_limit;
  }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& error) override {
    return on_body_impl(piece, error);
  }
  void on_finish_impl(error_code&) override {}

  std::size_t header_bytes_ = 0;
  std::size_t header_fields_ = 0;
  bool head_done_ = false;
};

// Bytes received and not yet understood.
class input_buffer {
 public:
  char const* data() const { return bytes_.data() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  std::string_view view() const { return {data(), size()}; }
  void consume(std::size_t n) {
    begin_ += n;
    if (begin_ == end_) begin_ = end_ = 0;
  }
  // Room for at least `n` more.
  asio::mutable_buffer prepare(std::size_t n) {
    if (bytes_.size() - end_ < n && begin_ > 0) {
      std::copy(bytes_.begin() + long(begin_), bytes_.begin() + long(end_), bytes_.begin());
      end_ -= begin_;
      begin_ = 0;
    }
    if (bytes_.size() - end_ < n) bytes_.resize(end_ + n);
    return {bytes_.data() + end_, bytes_.size() - end_};
  }
  void commit(std::size_t n) { end_ += n; }

 private:
  std::vector<char> bytes_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace dos::net
