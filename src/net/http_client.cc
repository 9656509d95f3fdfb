#include "net/http_client.h"

#include <algorithm>
#include <deque>
#include <future>
#include <map>
#include <optional>

#include "base/text.h"
#include "net/http_parser.h"

namespace dos::net {
namespace {

constexpr auto redirects_followed_max = 5;

// Header names and values of ours must not end a line; the URL was checked when it was parsed.
void require_clean(http::headers const& headers) {
  for (auto const& [name, text] : headers) {
    require((name + text).find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, fault_kind::invalid,
            "a header of an outbound request contains a line break", name);
  }
}

std::string basic_credentials(http::url const& u) { return "Basic " + text::to_base64(u.user + ':' + u.password); }

bool is_idempotent(std::string_view method) { return method != "POST" && method != "PATCH"; }

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

// One request of a caller until its callback was called.
struct outbound_job {
  outbound_request request;
  std::function<void(outbound_result)> done;
  asio::steady_timer timer;
  std::string pool;  // its place among the origins
  int redirects_left = 0;
  bool retried = false;
  std::weak_ptr<class outbound_connection> connection = {};
};

// One connection to an origin, used by one job after the other.
class outbound_connection : public std::enable_shared_from_this<outbound_connection> {
 public:
  explicit outbound_connection(std::shared_ptr<http_client::core> core);

  void run(std::shared_ptr<outbound_job> job);
  bool is_still_open();
  void rest();  // until it is used again, or the other side or the clock ends it
  void close();
  void fail(fault f);

  bool used = false;
  std::string pool;

 private:
  void connect();
  bool guard(std::vector<tcp::endpoint>& endpoints);
  void connect_to(std::vector<tcp::endpoint> endpoints, std::size_t i);
  void connected();
  void open_tunnel();
  void handshake();
  void write();
  void read();
  void received(error_code error, std::size_t n);
  void finished();
  void failed(std::string_view what, error_code error);
  std::string request_head() const;

  template <typename Then>
  auto still(Then then) {  // runs `then` only if the same job is still on
    return [self = shared_from_this(), j = job_, then](error_code error, auto&&... rest) {
      if (self->job_ == j) then(error, std::forward<decltype(rest)>(rest)...);
    };
  }
  template <typename Buffer, typename Then>
  void read_some(Buffer buffer, Then then) {
    if (tls_) {
      tls_->async_read_some(buffer, std::move(then));
    } else {
      socket_.async_read_some(buffer, std::move(then));
    }
  }

  std::shared_ptr<http_client::core> core_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer idle_;
  std::shared_ptr<outbound_job> job_;
  std::optional<http_parser<false>> parser_;
  input_buffer in_;
  std::string out_;
  std::size_t written_ = 0;
  bool in_tunnel_setup_ = false;
  bool got_something_ = false;
};

struct http_client::core : std::enable_shared_from_this<http_client::core> {
  struct pool {
    std::size_t active = 0;
    std::deque<std::shared_ptr<outbound_job>> waiting;
    std::vector<std::shared_ptr<outbound_connection>> idle;
  };

  core(std::shared_ptr<net::lane> l, http_client_options o)
      : lane(std::move(l)),
        options(std::move(o)),
        tls(asio::ssl::context::tls_client),
        allowed(parse_ip_ranges(options.allowed_ranges)) {
    if (!options.proxy.empty()) proxy = http::parse_url(options.proxy);
    auto error = error_code();
    if (options.ca_file.empty()) {
      tls.set_default_verify_paths(error);
    } else {
      tls.load_verify_file(options.ca_file, error);
    }
    require(!error, fault_kind::invalid, "the certificates to trust cannot be read: " + options.ca_file);
    tls.set_verify_mode(asio::ssl::verify_peer);
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  }

  void start(std::shared_ptr<outbound_job> job);
  void begin(std::shared_ptr<outbound_job> job);
  void finish(std::shared_ptr<outbound_job> job, outbound_result result);
  void released(std::string const& pool_name, std::shared_ptr<outbound_connection> reusable);
  void expired(std::shared_ptr<outbound_job> const& job);
  void forget_idle(outbound_connection const* c);
  void stop();
  bool may_reach(ip_address const& a) const {
    return options.allow_private_addresses || is_public(a) || contains(allowed, a);
  }

  std::shared_ptr<net::lane> lane;
  http_client_options options;
  asio::ssl::context tls;
  std::vector<ip_range> allowed;
  std::optional<http::url> proxy;
  std::map<std::string, pool> pools;
  std::vector<std::shared_ptr<outbound_connection>> running;
  bool stopped = false;
};

void http_client::core::start(std::shared_ptr<outbound_job> job) {
  if (stopped) return finish(job, fault(fault_kind::unavailable, "the server stops"));
  job->pool = http::origin(job->request.url);
  auto& p = pools[job->pool];
  if (p.active < options.requests_per_origin_max) return begin(std::move(job));
  if (p.waiting.size() >= options.waiting_per_origin_max)
    return finish(job, fault(fault_kind::too_many, "too many requests wait for " + job->pool));
  p.waiting.push_back(std::move(job));
}

void http_client::core::begin(std::shared_ptr<outbound_job> job) {
  auto& p = pools[job->pool];
  ++p.active;
  auto connection = std::shared_ptr<outbound_connection>();
  while (!connection && !p.idle.empty()) {
    connection = std::move(p.idle.back());
    p.idle.pop_back();
    if (!connection->is_still_open()) {
      connection->close();
      connection.reset();
    }
  }
  if (!connection) connection = std::make_shared<outbound_connection>(shared_from_this());
  connection->pool = job->pool;
  running.push_back(connection);
  job->connection = connection;
  connection->run(std::move(job));
}

void http_client::core::finish(std::shared_ptr<outbound_job> job, outbound_result result) {
  job->timer.cancel();
  if (!job->done) return;
  auto const done = std::exchange(job->done, nullptr);
  done(std::move(result));
}

void http_client::core::released(std::string const& pool_name, std::shared_ptr<outbound_connection> reusable) {
  auto const it = pools.find(pool_name);
  if (it == pools.end()) return;
  auto& p = it->second;
  --p.active;
  if (reusable && !stopped) {
    p.idle.push_back(reusable);
    reusable->rest();
  }
  if (!p.waiting.empty()) {
    auto job = std::move(p.waiting.front());
    p.waiting.pop_front();
    return begin(std::move(job));
  }
  if (p.active == 0 && p.idle.empty()) pools.erase(it);
}

void http_client::core::expired(std::shared_ptr<outbound_job> const& job) {
  auto const late = fault(fault_kind::unavailable, http::origin(job->request.url) + " did not answer within " +
                                                       std::to_string(job->request.timeout.count()) + " ms");
  if (auto const it = pools.find(job->pool); it != pools.end()) std::erase(it->second.waiting, job);
  if (auto const connection = job->connection.lock()) return connection->fail(late);
  finish(job, late);
}

void http_client::core::forget_idle(outbound_connection const* c) {
  auto const it = pools.find(c->pool);
  if (it == pools.end()) return;
  std::erase_if(it->second.idle, [&](auto const& idle) { return idle.get() == c; });
  if (it->second.active == 0 && it->second.idle.empty() && it->second.waiting.empty()) pools.erase(it);
}

void http_client::core::stop() {
  stopped = true;
  auto const reason = fault(fault_kind::unavailable, "the server stops");
  for (auto& [name, p] : pools) {
    for (auto const& job : std::exchange(p.waiting, {})) finish(job, reason);
    for (auto const& idle : std::exchange(p.idle, {})) idle->close();
  }
  for (auto const& connection : std::vector(running)) connection->fail(reason);
}

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

void outbound_connection::connect() {
  auto const& target = core_->proxy ? *core_->proxy : job_->request.url;
  if (core_->proxy) {
    auto const address = parse_ip(job_->request.url.host);
    if ((address && !core_->may_reach(*address)) ||
        (job_->request.url.host == "localhost" && !core_->options.allow_private_addresses))
      return fail(fault(fault_kind::forbidden, "addresses within private networks are not allowed", "url"));
  }
  resolver_.async_resolve(target.host, std::to_string(target.port),
                          still([this](error_code error, tcp::resolver::results_type const& results) {
                            if (error) return failed("the name cannot be resolved", error);
                            auto endpoints = std::vector<tcp::endpoint>();
                            for (auto const& r : results) endpoints.push_back(r.endpoint());
                            if (guard(endpoints)) connect_to(std::move(endpoints), 0);
                          }));
}

// What was resolved is what is connected to, so that a name cannot change its mind in between.
bool outbound_connection::guard(std::vector<tcp::endpoint>& endpoints) {
  if (core_->proxy) return true;
  std::erase_if(endpoints, [&](tcp::endpoint const& e) { return !core_->may_reach(to_ip(e.address())); });
  if (!endpoints.empty()) return true;
  fail(fault(fault_kind::forbidden, "addresses within private networks are not allowed", "url"));
  return false;
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
    auto const is_framing = text::equal_ignoring_case(name, "Content-Length") || text::equal_ignoring_case(name, "Transfer-Encoding") ||
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

  auto const location = response.headers.find("Location");
  if (!is_redirect(response.status) || !location || job->redirects_left == 0)
    return core_->finish(std::move(job), std::move(response));
  try {
    auto& r = job->request;
    auto const next = http::resolve(r.url, *location);
    require(next.scheme == "https" || next.scheme == r.url.scheme, fault_kind::bad_gateway,
            http::origin(r.url) + " redirects to an address without encryption");
    if (http::origin(next) != http::origin(r.url)) {
      r.headers.erase("Authorization");
      r.headers.erase("Cookie");
    }
    if (response.status == 303 || (response.status < 303 && r.method == "POST")) {
      if (r.method != "HEAD") r.method = "GET";
      r.body.clear();
      r.headers.erase("Content-Type");
    }
    r.url = next;
  } catch (fault const& f) {
    return core_->finish(std::move(job), fault(fault_kind::bad_gateway, f.detail));
  }
  --job->redirects_left;
  job->retried = false;
  job->connection.reset();
  core_->start(std::move(job));
}

http_client::http_client(io_threads& io, http_client_options options)
    : core_(std::make_shared<core>(io.get().next_lane(), std::move(options))) {}

http_client::~http_client() {
  auto stopped = std::promise<void>();
  asio::post(core_->lane->context, [&] {
    core_->stop();
    stopped.set_value();
  });
  stopped.get_future().wait();
}

void http_client::send(outbound_request r, std::function<void(outbound_result)> done) {
  auto const job = std::make_shared<outbound_job>(
      outbound_job{std::move(r), std::move(done), asio::steady_timer(core_->lane->context), {}});
  job->redirects_left = std::min(job->request.redirects_max, redirects_followed_max);
  asio::post(core_->lane->context, [c = core_, job] {
    try {
      require_clean(job->request.headers);
      require(job->request.url.scheme.starts_with("http"), fault_kind::invalid, "http or https is expected", "url");
    } catch (fault const& f) {
      return c->finish(job, f);
    }
    job->timer.expires_after(job->request.timeout);
    job->timer.async_wait([c, job](error_code error) {
      if (!error && job->done) c->expired(job);
    });
    c->start(job);
  });
}

http::response http_client::send_and_wait(outbound_request r) {
  auto result = std::promise<outbound_result>();
  send(std::move(r), [&](outbound_result got) { result.set_value(std::move(got)); });
  auto got = result.get_future().get();
  if (auto const failure = std::get_if<fault>(&got)) throw *failure;
  return std::get<http::response>(std::move(got));
}

}  // namespace dos::net
