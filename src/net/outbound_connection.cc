#include "net/outbound_connection.h"

#include <algorithm>

#include "base/text.h"

namespace dos::net {
namespace {

std::string basic_credentials(http::url const& u) { return "Basic " + text::to_base64(u.user + ':' + u.password); }

bool is_idempotent(std::string_view method) { return method != "POST" && method != "PATCH"; }

}  // namespace

outbound_connection::outbound_connection(std::shared_ptr<http_client::core> core)
    : core_(std::move(core)),
      resolver_(core_->lane->context),
      socket_(core_->lane->context),
      idle_(core_->lane->context) {}

void outbound_connection::run(std::shared_ptr<outbound_job> job) {
  job_ = std::move(job);
  idle_.cancel();
  got_something_ = false;
  if (used) return write();
  connect();
}

bool outbound_connection::is_still_open() {
  char byte;
  auto const n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void outbound_connection::rest() {
  auto const give_up = [weak = weak_from_this()](error_code error) {
    auto const self = weak.lock();
    if (!self || self->job_ || error == asio::error::operation_aborted) return;
    self->core_->forget_idle(self.get());
    self->close();
  };
  idle_.expires_after(core_->options.idle_ms_max);
  idle_.async_wait(give_up);
}

void outbound_connection::close() {
  auto ignored = error_code();
  idle_.cancel();
  resolver_.cancel();
  socket_.close(ignored);
}

void outbound_connection::fail(fault f) {
  if (!job_) return;
  auto const job = std::exchange(job_, nullptr);
  auto const self = shared_from_this();
  std::erase(core_->running, self);
  close();
  core_->finish(job, std::move(f));
  core_->released(pool, nullptr);
}

void outbound_connection::failed(std::string_view what, error_code error) {
  // A kept connection may have been closed by the other side at this very moment: that is nobody's failure.
  if (used && !got_something_ && !job_->retried && is_idempotent(job_->request.method)) {
    auto job = std::exchange(job_, nullptr);
    auto const self = shared_from_this();
    std::erase(core_->running, self);
    close();
    job->retried = true;
    job->connection.reset();
    core_->released(pool, nullptr);
    return core_->start(std::move(job));
  }
  fail(fault(fault_kind::bad_gateway,
             http::origin(job_->request.url) + ": " + std::string(what) + ": " + error.message()));
}

void outbound_connection::refuse() {
  fail(fault(fault_kind::forbidden, "addresses within private networks are not allowed", "url"));
}

void outbound_connection::connect() {
  auto const& target = job_->request.url;
  if (core_->proxy && core_->options.allow_private_addresses) return connect_to_proxy();
  resolver_.resolve(target.host, target.port, still([this](error_code error, std::vector<tcp::endpoint> endpoints) {
                      auto const is_inside = [&](tcp::endpoint const& e) { return !core_->may_reach(to_ip(e.address())); };
                      if (core_->proxy) {
                        // The proxy asks for itself and picks any of them. What is unknown here it may know; a name that
                        // can only be its own network's is none of ours.
                        auto const refused = error ? is_inside_name(job_->request.url.host)
                                                   : std::any_of(endpoints.begin(), endpoints.end(), is_inside);
                        return refused ? refuse() : connect_to_proxy();
                      }
                      if (error) return failed("the name cannot be resolved", error);
                      // What was resolved is what is connected to, so that a name cannot change its mind in between.
                      std::erase_if(endpoints, is_inside);
                      if (endpoints.empty()) return refuse();
                      connect_to(std::move(endpoints), 0);
                    }));
}

void outbound_connection::connect_to_proxy() {
  resolver_.resolve(core_->proxy->host, core_->proxy->port, still([this](error_code error, std::vector<tcp::endpoint> endpoints) {
                      if (error) return failed("the name of the proxy cannot be resolved", error);
                      connect_to(std::move(endpoints), 0);
                    }));
}

void outbound_connection::connect_to(std::vector<tcp::endpoint> endpoints, std::size_t i) {
  auto ignored = error_code();
  socket_.close(ignored);
  auto const endpoint = endpoints[i];
  socket_.async_connect(endpoint, still([this, endpoints = std::move(endpoints), i](error_code error) {
                          if (!error) return connected();
                          if (i + 1 < endpoints.size()) return connect_to(endpoints, i + 1);
                          failed("cannot connect", error);
                        }));
}

void outbound_connection::connected() {
  auto ignored = error_code();
  socket_.set_option(tcp::no_delay(true), ignored);
  if (!http::is_tls(job_->request.url)) return write();
  if (core_->proxy) return open_tunnel();
  handshake();
}

void outbound_connection::open_tunnel() {
  in_tunnel_setup_ = true;
  auto const& u = job_->request.url;
  auto const host = u.host.find(':') == std::string::npos ? u.host : '[' + u.host + ']';
  auto const place = host + ':' + std::to_string(u.port);
  out_ = "CONNECT " + place + " HTTP/1.1\r\nHost: " + place + "\r\n";
  if (!core_->proxy->user.empty()) out_ += "Proxy-Authorization: " + basic_credentials(*core_->proxy) + "\r\n";
  out_ += "\r\n";
  written_ = 0;
  write();
}

void outbound_connection::handshake() {
  in_tunnel_setup_ = false;
  tls_.emplace(socket_, core_->tls);
  auto const& host = job_->request.url.host;
  if (!parse_ip(host)) SSL_set_tlsext_host_name(tls_->native_handle(), host.c_str());
  tls_->set_verify_callback(asio::ssl::host_name_verification(host));
  tls_->async_handshake(asio::ssl::stream_base::client, still([this](error_code error) {
                          if (error) return failed("no trusted TLS connection", error);
                          write();
                        }));
}

std::string outbound_connection::request_head() const {
  auto const& r = job_->request;
  auto const absolute = core_->proxy && !http::is_tls(r.url);
  auto head = r.method + ' ' + (absolute ? http::origin(r.url) : "") + http::request_target(r.url) +
              " HTTP/1.1\r\nHost: " + http::authority(r.url) + "\r\n";
  for (auto const& [name, value] : r.headers) {
    // Two ideas of where a request ends would let a header smuggle a second request in.
    auto const is_framing = text::equal_ignoring_case(name, "Content-Length") ||
                            text::equal_ignoring_case(name, "Transfer-Encoding") ||
                            text::equal_ignoring_case(name, "Host");
    if (!is_framing) head += name + ": " + value + "\r\n";
  }
  if (!r.headers.contains("User-Agent")) head += "User-Agent: " + core_->options.user_agent + "\r\n";
  if (!r.url.user.empty() && !r.headers.contains("Authorization"))
    head += "Authorization: " + basic_credentials(r.url) + "\r\n";
  if (absolute && !core_->proxy->user.empty())
    head += "Proxy-Authorization: " + basic_credentials(*core_->proxy) + "\r\n";
  if (!r.body.empty() || !is_idempotent(r.method) || r.method == "PUT")
    head += "Content-Length: " + std::to_string(r.body.size()) + "\r\n";
  return head + "\r\n";
}

void outbound_connection::write() {
  if (written_ == 0 && !in_tunnel_setup_) out_ = request_head() + job_->request.body;
  auto const rest = asio::buffer(out_) + written_;
  auto then = still([this](error_code error, std::size_t n) {
    if (error) return failed("the request was not taken", error);
    written_ += n;
    if (written_ < out_.size()) return write();
    written_ = 0;
    std::string().swap(out_);
    parser_.emplace(message_limits{core_->options.header_bytes_max, 1'000, job_->request.response_bytes_max});
    parser_->eager(true);
    parser_->skip(in_tunnel_setup_ || job_->request.method == "HEAD");
    read();
  });
  if (tls_) {
    tls_->async_write_some(rest, std::move(then));
  } else {
    socket_.async_write_some(rest, std::move(then));
  }
}

void outbound_connection::read() {
  read_some(in_.prepare(16 * 1024), still([this](error_code error, std::size_t n) { received(error, n); }));
}

void outbound_connection::received(error_code error, std::size_t n) {
  in_.commit(n);
  got_something_ = got_something_ || n > 0;
  auto parse_error = error_code();
  while (in_.size() > 0 && !parser_->is_done() && !parse_error)
    in_.consume(parser_->put(asio::const_buffer(in_.data(), in_.size()), parse_error));
  if (parse_error == beast_http::error::body_limit)
    return fail(fault(fault_kind::too_large, http::origin(job_->request.url) + " answered with more than " +
                                                 std::to_string(job_->request.response_bytes_max) + " bytes"));
  if (parse_error && parse_error != beast_http::error::need_more) return failed("no HTTP answer", parse_error);
  auto const ended = error == asio::error::eof || error == asio::ssl::error::stream_truncated;
  if (ended && parser_->got_some() && !parser_->is_done()) {
    auto eof_error = error_code();
    parser_->put_eof(eof_error);
    if (eof_error) return failed("the answer is cut off", eof_error);
  }
  if (parser_->is_done()) return finished();
  if (error) return failed("no answer", error);
  // More than one head's worth that cannot be understood is no head.
  if (in_.size() > 2 * core_->options.header_bytes_max + 16 * 1024)
    return failed("no HTTP answer", make_error_code(beast_http::error::header_limit));
  read();
}

void outbound_connection::finished() {
  if (parser_->status >= 100 && parser_->status < 200 && parser_->status != 101) {  // only news on the way
    parser_.emplace(message_limits{core_->options.header_bytes_max, 1'000, job_->request.response_bytes_max});
    parser_->eager(true);
    parser_->skip(job_->request.method == "HEAD");
    return received({}, 0);
  }
  if (in_tunnel_setup_) {
    if (parser_->status / 100 == 2 && in_.size() == 0) return handshake();
    return fail(fault(fault_kind::bad_gateway, "the proxy refused with status " + std::to_string(parser_->status)));
  }
  auto response = http::response();
  response.status = parser_->status;
  response.headers = std::move(parser_->headers);
  response.body = std::move(parser_->body);
  auto const reusable = parser_->keep_alive() && !parser_->need_eof() && in_.size() == 0;
  auto job = std::exchange(job_, nullptr);
  auto const self = shared_from_this();
  std::erase(core_->running, self);
  used = true;
  if (!reusable) close();
  core_->released(pool, reusable ? self : nullptr);
  core_->answered(std::move(job), std::move(response));
}

}  // namespace dos::net
