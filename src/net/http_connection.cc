#include "net/http_connection.h"

#include <poll.h>

#include <charconv>

#include "base/log.h"
#include "base/text.h"
#include "http/media.h"
#include "http/problem.h"
#include "net/gzip.h"
#include "net/http_writer.h"
#include "net/websocket_connection.h"

namespace dos::net {
namespace {

constexpr auto read_bytes = std::size_t{4 * 1024};
constexpr auto body_read_bytes = std::size_t{64 * 1024};
// A refused body this short is read to its end, which spares the client a new connection.
constexpr auto dropped_body_bytes_max = std::uint64_t{64 * 1024};
constexpr auto gone_look_every = std::chrono::seconds(1);
constexpr auto held_answer_bytes_min = std::size_t{64 * 1024};  // smaller ones are bounded by the number of connections
constexpr auto gzip_bytes_min = std::size_t{1024};

using beast_error = beast_http::error;

// Which address a request came from, seen through proxies we trust: the rightmost one that is none of them.
ip_address client_behind(ip_address nearest, std::string_view forwarded_for, std::vector<ip_range> const& trusted) {
  auto hops = http::list_elements(forwarded_for);
  auto client = nearest;
  while (!hops.empty() && contains(trusted, client)) {
    auto const hop = parse_ip(hops.back());
    if (!hop) break;
    client = *hop;
    hops.pop_back();
  }
  return client;
}

}  // namespace

// The promise of one answer. Whoever drops it unanswered has made a mistake that the client must not wait for.
struct http_connection::pending_answer final : lane::parcel,
                                               http::reply::receiver,
                                               std::enable_shared_from_this<pending_answer> {
  pending_answer(std::shared_ptr<http_connection> c, std::uint64_t n) : connection(std::move(c)), request_number(n) {}

  std::shared_ptr<http_connection> connection;
  std::uint64_t request_number;
  std::atomic<bool> done{false};
  std::atomic<bool> gone{false};
  http::response response;
  body_budget::share share;  // of the body, which whoever answers has in hand until then

  void give(http::response r) {
    if (done.exchange(true)) return;
    response = std::move(r);
    share.give_back();
    auto& l = *connection->keep_lane_;
    if (l.context.get_executor().running_in_this_thread()) return open();
    connection->compress(response);  // here, where it holds up nobody else
    l.hand_over(shared_from_this());
  }
  void take(http::response r) override { give(std::move(r)); }
  bool is_wanted() const override { return !gone; }
  void open() override {
    auto const c = std::move(connection);
    if (c->request_number_ == request_number && c->phase_ == phase::handling) c->answer(std::move(response));
  }
  ~pending_answer() override {
    if (done) return;
    auto forgotten = http::problem(fault(fault_kind::internal, "the server forgot to answer"));
    std::make_shared<pending_answer>(std::move(connection), request_number)->give(std::move(forgotten));
  }
};

http_connection::http_connection(std::shared_ptr<http_server::core> core, server_lane& l, tcp::socket socket,
                                 ip_address peer)
    : counted_as(net::contains(core->trusted_proxies, peer) ? std::string() : shared_address(peer)),
      core_(std::move(core)),
      lane_(l),
      keep_lane_(l.io),
      socket_(std::move(socket)),
      peer_(peer),
      peer_text_(to_text(peer)) {}

http_connection::~http_connection() = default;

void http_connection::start() {
  if (!core_->tls) return enter(phase::idle), read();
  tls_.emplace(socket_, *core_->tls);
  enter(phase::handshake);
  tls_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code error) {
    if (error || self->phase_ == phase::closed) return self->close();
    self->enter(phase::idle);
    self->read();
  });
}

void http_connection::start_refused() {
  if (core_->tls) return close();  // a handshake would be the very work that is too much
  body_unread_ = true;
  refuse(http::problem(fault(fault_kind::unavailable, "too many connections are open; try again later")));
}

void http_connection::enter(phase p) {
  auto const& o = core_->options;
  phase_ = p;
  switch (p) {
    case phase::handshake:
    case phase::head:
      deadline_ = std::chrono::steady_clock::now() + o.header_ms_max;
      break;
    case phase::idle:
      deadline_ = std::chrono::steady_clock::now() + o.keep_alive_ms_max;
      break;
    case phase::body:
      deadline_ = std::min(std::chrono::steady_clock::now() + o.body_idle_ms_max, body_until_);
      break;
    case phase::writing:
      deadline_ = std::chrono::steady_clock::now() + o.write_idle_ms_max;
      break;
    case phase::lingering:
      deadline_ = std::chrono::steady_clock::now() + o.linger_ms_max;
      break;
    case phase::handling:
      deadline_ = std::chrono::steady_clock::now() + gone_look_every;
      break;
    case phase::waiting:
    case phase::closed:
      deadline_ = steady_time::max();
      break;
    case phase::upgraded:
      deadline_ = std::chrono::steady_clock::now();  // it is asked at every tick
      break;
  }
}

void http_connection::check_deadline(steady_time now) {
  if (now < deadline_) return;
  switch (phase_) {
    case phase::head:
      return refuse(http::problem(408, "the head of the request did not come within " +
                                           std::to_string(core_->options.header_ms_max.count()) + " ms"));
    case phase::body:
      return refuse(http::problem(
          408, "the body did not come: a pause over " + std::to_string(core_->options.body_idle_ms_max.count()) + " ms, or over " +
                   std::to_string(core_->options.body_ms_max.count()) + " ms in all"));
    case phase::writing:
      ++core_->counts.dropped;
      break;
    case phase::handling:
      if (auto const asked = asked_.lock(); asked && has_hung_up()) asked->gone = true;
      return enter(phase::handling);
    case phase::upgraded:
      if (websocket_->is_alive(now, core_->options)) return;
      ++core_->counts.dropped;
      break;
    default:
      break;
  }
  close();
}

void http_connection::finish_soon() {
  close_after_ = true;
  if (phase_ == phase::handshake || phase_ == phase::idle || phase_ == phase::waiting) close();
  if (phase_ == phase::upgraded) websocket_->close(1001, "the server stops");
}

// Nothing is read while a request is worked on, so the socket is asked. Who has closed but the sending half looks the same:
// an answer that takes this long is worked for only while the connection is whole.
bool http_connection::has_hung_up() {
  auto p = pollfd{socket_.native_handle(), POLLRDHUP, 0};
  return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

void http_connection::close() {
  if (phase_ == phase::closed) return;
  if (auto const asked = asked_.lock()) asked->gone = true;
  enter(phase::closed);
  auto ignored = error_code();
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  source_.reset();
  if (auto const w = std::exchange(websocket_, nullptr)) w->ended();
  let_go_of_answer();
  core_->free_place(counted_as);
  lane_.connections.erase(place);  // keeps nothing but the handlers that still run
}

template <typename Buffers, typename Then>
void http_connection::write_some(Buffers const& buffers, Then then) {
  if (tls_) {
    tls_->async_write_some(buffers, std::move(then));
  } else {
    socket_.async_write_some(buffers, std::move(then));
  }
}

template <typename Then>
void http_connection::read_some(asio::mutable_buffer buffer, Then then) {
  reading_ = true;
  if (tls_) {
    tls_->async_read_some(buffer, std::move(then));
  } else {
    socket_.async_read_some(buffer, std::move(then));
  }
}

// An upgraded connection is read and written by whoever took it over.
struct http_connection::raw_stream final : byte_stream {
  explicit raw_stream(std::shared_ptr<http_connection> c) : c(std::move(c)) {}

  void read_some(asio::mutable_buffer buffer, then done) override {
    auto& in = c->in_;
    if (in.size() == 0) return c->read_some(buffer, counting(&http_server::core::counters::received, std::move(done)));
    // What came with the request.
    auto const n = asio::buffer_copy(buffer, asio::const_buffer(in.data(), in.size()));
    in.consume(n);
    asio::post(c->lane_.io->context, [done = std::move(done), n] { done({}, n); });
  }
  void write_some(asio::const_buffer buffer, then done) override {
    c->write_some(buffer, counting(&http_server::core::counters::sent, std::move(done)));
  }
  void close() override { c->close(); }
  asio::io_context& context() override { return c->lane_.io->context; }

  then counting(std::atomic<std::uint64_t> http_server::core::counters::*what, then done) {
    return [c = c, what, done = std::move(done)](error_code error, std::size_t n) {
      (c->core_->counts.*what).fetch_add(n, std::memory_order_relaxed);
      done(error, n);
    };
  }

  std::shared_ptr<http_connection> c;
};

std::shared_ptr<byte_stream> http_connection::stream() { return std::make_shared<raw_stream>(shared_from_this()); }

void http_connection::upgrade() {
  enter(phase::upgraded);
  websocket_ = std::make_shared<websocket_connection>(stream(), std::move(*std::exchange(upgrade_, nullptr)));
  if (close_after_) return close();
  websocket_->start();
}

void http_connection::read() {
  if (reading_) return;  // watch_for_end still reads; what it gets goes the same way
  read_some(in_.prepare(phase_ == phase::body ? body_read_bytes : read_bytes),
            [self = shared_from_this()](error_code error, std::size_t n) { self->received(error, n); });
}

void http_connection::received(error_code error, std::size_t n) {
  reading_ = false;
  if (phase_ == phase::closed) return;
  in_.commit(n);
  core_->counts.received.fetch_add(n, std::memory_order_relaxed);
  if (phase_ == phase::lingering) return error ? close() : (in_.consume(in_.size()), linger());
  // A client that ends its half while it waits for a stream has gone; while it waits for an answer it may just be done.
  if (phase_ == phase::handling || phase_ == phase::writing || phase_ == phase::waiting) {
    if (error) close_after_ = true;
    if (error && (phase_ == phase::waiting || error != asio::error::eof)) close();
    return;
  }
  if (error) return close();
  if (phase_ == phase::body) enter(phase::body);
  parse();
}

void http_connection::parse() {
  while (phase_ == phase::idle || phase_ == phase::head || phase_ == phase::body) {
    if (!parser_) {
      while (in_.size() > 0 && (*in_.data() == '\r' || *in_.data() == '\n')) in_.consume(1);  // RFC 9112, 2.2
      if (in_.size() == 0) return read();
      enter(phase::head);
      is_head_ = is_http_1_0_ = accepts_gzip_ = false;
      auto const& o = core_->options;
      // The request line has a limit of its own, so the parser's must not strike before.
      parser_.emplace(message_limits{o.header_bytes_max, o.header_fields_max, o.body_bytes_max});
      parser_->header_limit(std::uint32_t(o.header_bytes_max + o.target_bytes_max + 256));
    }
    if (in_.size() == 0) return read();
    auto error = error_code();
    in_.consume(parser_->put(asio::const_buffer(in_.data(), in_.size()), error));
    if (error && error != beast_error::need_more) return refuse(error);
    if (parser_->is_header_done() && !head_accepted_ && !accept_head()) return;
    if (!hold_body()) return;
    if (parser_->is_done()) return handle();
    // An unfinished chunk head or trailer is all that may lie here for long.
    if (error && in_.size() > core_->options.header_bytes_max + core_->options.target_bytes_max + 256)
      return refuse(make_error_code(beast_error::header_limit));
    if (error) return read();
  }
}

// What can be judged from the head alone. False: refused, or goes on by itself.
bool http_connection::accept_head() {
  head_accepted_ = true;
  auto& p = *parser_;
  request_ = http::request();
  request_.method = std::move(p.method);
  request_.headers = std::move(p.headers);
  is_head_ = request_.method == "HEAD";
  is_http_1_0_ = p.version < 11;
  close_after_ = close_after_ || !p.keep_alive();
  auto const& h = request_.headers;
  accepts_gzip_ = core_->options.gzip && http::accepts_coding(http::joined(h, "Accept-Encoding"), "gzip");
  if (p.target.size() > core_->options.target_bytes_max)
    return refuse(http::problem(
               414, "the request target is longer than " + std::to_string(core_->options.target_bytes_max) + " bytes")),
           false;
  try {
    http::set_target(request_, std::move(p.target));
    auto const hosts = h.count("Host");
    require(hosts == 1 || (hosts == 0 && is_http_1_0_), fault_kind::malformed, "exactly one Host is expected", "Host");
    auto const is_chunked = text::equal_ignoring_case(h.text_or("Transfer-Encoding", {}), "chunked") && p.chunked();
    require(!h.contains("Transfer-Encoding") || (is_chunked && !is_http_1_0_), fault_kind::malformed,
            "chunked is the only transfer coding read here", "Transfer-Encoding");
    auto const coding = h.text_or("Content-Encoding", "identity");
    require(text::equal_ignoring_case(coding, "identity"), fault_kind::unsupported_media,
            "send the body without a content coding", "Content-Encoding");
    set_origin(request_);
    if (!ask_door()) return false;
  } catch (fault const& f) {
    return refuse(http::problem(f)), false;
  } catch (std::exception const& e) {
    log::error("the door failed", {{"reason", e.what()}});
    return refuse(http::problem(fault(fault_kind::internal, "an error was logged at the server"))), false;
  }
  if (p.is_done()) return true;
  if (auto const length = p.content_length(); length && *length > p.limits.body_bytes_max)
    return refuse(make_error_code(beast_error::body_limit)), false;
  p.eager(true);
  body_until_ = std::chrono::steady_clock::now() + core_->options.body_ms_max;
  enter(phase::body);
  auto const expectation = h.find("Expect");
  if (!expectation || is_http_1_0_) return true;
  if (!text::equal_ignoring_case(*expectation, "100-continue"))
    return refuse(http::problem(417, "only 100-continue can be expected")), false;
  if (in_.size() > 0) return true;  // the body is here already
  write_some(asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), [self = shared_from_this()](error_code e, std::size_t) {
    if (e) return self->close();
    self->parse();
  });
  return false;
}

// Whoever the door turns away has sent a body for nothing: a short one is dropped as it comes, else the connection ends.
bool http_connection::ask_door() {
  auto& p = *parser_;
  auto said = core_->door(request_);
  if (auto* const admitted = std::get_if<http::admission>(&said)) {
    handler_ = std::move(admitted->handle);
    dress_ = std::move(admitted->dress);
    p.limits.body_bytes_max = std::min(core_->options.body_bytes_max, admitted->body_bytes_max);
    share_ = body_budget::share(core_->bodies, shared_address(request_.peer));
    return true;
  }
  auto& refusal = std::get<http::refusal>(said);
  dress_ = std::move(refusal.dress);
  auto const length = p.content_length();
  auto const is_short = p.is_done() || (length && *length <= dropped_body_bytes_max && !request_.headers.contains("Expect"));
  if (!is_short) return refuse(std::move(refusal.answer)), false;
  p.drops_body = true;
  p.limits.body_bytes_max = dropped_body_bytes_max;
  refused_ = std::move(refusal.answer);
  return true;
}

// Takes what the body has grown by out of the memory for bodies. False: refused.
bool http_connection::hold_body() {
  try {
    share_.grow_to(parser_->body.size());
    return true;
  } catch (fault const& f) {
    return refuse(http::problem(f)), false;
  }
}

void http_connection::set_origin(http::request& r) {
  r.peer = peer_text_;
  r.secure = tls_.has_value();
  if (core_->trusted_proxies.empty() || !contains(core_->trusted_proxies, peer_)) return;
  r.peer = to_text(client_behind(peer_, http::joined(r.headers, "X-Forwarded-For"), core_->trusted_proxies));
  auto const protocols = http::joined(r.headers, "X-Forwarded-Proto");
  if (auto const hops = http::list_elements(protocols); !hops.empty())
    r.secure = text::equal_ignoring_case(hops.back(), "https");
}

void http_connection::handle() {
  request_.body = std::move(parser_->body);
  parser_.reset();
  enter(phase::handling);
  if (refused_) {
    core_->counts.requests_refused.fetch_add(1, std::memory_order_relaxed);
    ++request_number_;
    return answer(*std::exchange(refused_, std::nullopt));
  }
  auto const promise = std::make_shared<pending_answer>(shared_from_this(), ++request_number_);
  promise->share = std::move(share_);
  auto const handler = std::exchange(handler_, nullptr);
  asked_ = promise;
  try {
    handler(std::move(request_), http::reply(promise));
  } catch (fault const& f) {
    promise->give(http::problem(f));
  } catch (std::exception const& e) {
    log::error("a handler failed", {{"reason", e.what()}});
    promise->give(http::problem(fault(fault_kind::internal, "an error was logged at the server")));
  }
}

void http_connection::refuse(http::response r) {
  core_->counts.requests_refused.fetch_add(1, std::memory_order_relaxed);
  ++request_number_;
  close_after_ = true;
  body_unread_ = true;
  parser_.reset();
  handler_ = nullptr;
  refused_.reset();
  share_.give_back();
  answer(std::move(r));
}

void http_connection::refuse(error_code error) {
  auto const& o = core_->options;
  if (error == beast_error::body_limit)
    return refuse(
        http::problem(fault(fault_kind::too_large, "the body is over the limit of " +
                                                       std::to_string(parser_->limits.body_bytes_max) + " bytes")));
  if (error == beast_error::header_limit) {
    auto const line_too_long = !head_accepted_ && parser_->method.empty() &&
                               in_.view().substr(0, o.target_bytes_max).find('\n') == std::string_view::npos;
    if (line_too_long && in_.size() > o.target_bytes_max)
      return refuse(
          http::problem(414, "the request target is longer than " + std::to_string(o.target_bytes_max) + " bytes"));
    return refuse(http::problem(431, "the limit is " + std::to_string(o.header_bytes_max) + " bytes of headers in " +
                                         std::to_string(o.header_fields_max) + " fields"));
  }
  if (error == beast_error::bad_version) return refuse(http::problem(505, "HTTP/1.1 is spoken here"));
  refuse(http::problem(fault(fault_kind::malformed, "this is not HTTP/1.1: " + error.message())));
}

// Any thread, while the request is being worked on.
void http_connection::compress(http::response& r) const {
  if (!accepts_gzip_ || r.source || r.body.size() < gzip_bytes_min || r.headers.contains("Content-Encoding") ||
      r.headers.contains("ETag") || !is_compressible(r.headers.text_or("Content-Type", {}))) {
    return;
  }
  r.body = gzipped(r.body);
  r.headers.add("Content-Encoding", "gzip");
  r.headers.add("Vary", "Accept-Encoding");
}

// Who asks for much and takes nothing has so many bytes of answers waiting.
void http_connection::hold_answer(http::response& r) {
  if (counted_as.empty() || r.body.size() < held_answer_bytes_min) return;
  if (core_->hold_answer(counted_as, r.body.size())) {
    held_bytes_ = r.body.size();
  } else {
    r = http::problem(fault(fault_kind::too_many, "more than " + std::to_string(core_->options.answers_bytes_per_peer_max) +
                                                      " bytes of answers wait for you to take them"));
  }
}

void http_connection::let_go_of_answer() {
  if (auto const n = std::exchange(held_bytes_, 0); n > 0) core_->let_go_of_answer(counted_as, n);
}

void http_connection::answer(http::response r) {
  hold_answer(r);
  core_->counts.responses[r.status / 100 < 6 ? r.status / 100 : 5].fetch_add(1, std::memory_order_relaxed);
  if (r.status == 101 && is_http_1_0_) r = http::problem(426, "HTTP/1.0 has no WebSockets");
  if (auto const dress = std::exchange(dress_, nullptr)) dress(r);
  upgrade_ = r.status == 101 ? std::move(r.upgrade) : nullptr;
  auto const bodyless = r.status < 200 || r.status == 204 || r.status == 304;
  source_ = bodyless ? nullptr : std::move(r.source);
  auto facts = head_facts{.date = lane_.date};
  auto const stated_length = r.headers.find("Content-Length");
  if (source_) {
    auto length = std::size_t{0};
    if (stated_length &&
        std::from_chars(stated_length->data(), stated_length->data() + stated_length->size(), length).ec == std::errc())
      facts.content_length = length;
    chunked_ = facts.chunked = !facts.content_length && !is_http_1_0_;
    if (!chunked_ && !facts.content_length) close_after_ = true;  // the end of the connection is the end of the body
  } else if (!bodyless) {
    compress(r);
    facts.content_length = r.body.size();
  }
  if (core_->stopping) close_after_ = true;
  facts.close = close_after_;
  facts.upgrade = upgrade_ != nullptr;
  facts.keep_alive = is_http_1_0_ && !close_after_;
  head_.clear();
  write_head(head_, r, facts);
  body_ = bodyless || is_head_ ? std::string() : std::move(r.body);
  if (is_head_) source_.reset();
  written_ = 0;
  enter(phase::writing);
  write();
}

void http_connection::write() {
  auto const head = asio::buffer(head_) + std::min(written_, head_.size());
  auto const body = asio::buffer(body_) + (written_ - std::min(written_, head_.size()));
  write_some(std::array<asio::const_buffer, 2>{head, body},
             [self = shared_from_this()](error_code error, std::size_t n) { self->written(error, n); });
}

void http_connection::written(error_code error, std::size_t n) {
  core_->counts.sent.fetch_add(n, std::memory_order_relaxed);
  if (phase_ == phase::closed) return;
  if (error) return close();
  written_ += n;
  enter(phase::writing);
  if (written_ < head_.size() + body_.size()) return write();
  if (source_) return write_next_piece();
  end_of_response();
}

void http_connection::write_next_piece() {
  body_.clear();
  auto state = http::body_source::state::end;
  try {
    state = source_->read(body_);
  } catch (std::exception const& e) {
    log::error("a stream failed", {{"reason", e.what()}});
    return close();  // without its end, so that the client knows that something is missing
  }
  if (state == http::body_source::state::wait) {
    enter(phase::waiting);
    watch_for_end();
    auto woken = std::make_shared<std::atomic<bool>>(false);
    source_->on_ready([weak = weak_from_this(), l = keep_lane_, woken] {
      if (woken->exchange(true)) return;
      asio::post(l->context, [weak] {
        auto const self = weak.lock();
        if (self && self->phase_ == phase::waiting) self->write_next_piece();
      });
    });
    return;
  }
  auto const last = state == http::body_source::state::end;
  if (last) source_.reset();
  head_.clear();
  if (chunked_ && !body_.empty()) {
    char size[20];
    auto const end = std::to_chars(size, size + sizeof size, body_.size(), 16).ptr;
    head_.append(size, end).append("\r\n");
    body_ += "\r\n";
  }
  if (chunked_ && last) body_ += "0\r\n\r\n";
  written_ = 0;
  enter(phase::writing);
  if (!body_.empty()) return write();
  if (last) return end_of_response();
  // An empty piece is no progress; ask again, but let others have their turn.
  asio::post(lane_.io->context, [self = shared_from_this()] {
    if (self->phase_ == phase::writing) self->write_next_piece();
  });
}

void http_connection::end_of_response() {
  std::string().swap(body_);
  let_go_of_answer();
  head_accepted_ = false;
  if (upgrade_) return upgrade();
  if (close_after_) {
    if (!body_unread_ && in_.size() == 0) return close();
    linger_until_ = std::chrono::steady_clock::now() + core_->options.linger_ms_max;
    enter(phase::lingering);
    auto ignored = error_code();
    if (!tls_) socket_.shutdown(tcp::socket::shutdown_send, ignored);
    in_.consume(in_.size());
    return linger();
  }
  enter(phase::idle);
  if (in_.size() == 0) return read();
  parse();
}

// Closing a socket with unread bytes would make the peer's system throw our answer away: so they are read first.
void http_connection::linger() {
  if (std::chrono::steady_clock::now() > linger_until_) return close();
  if (reading_) return;
  read_some(in_.prepare(body_read_bytes),
            [self = shared_from_this()](error_code error, std::size_t n) { self->received(error, n); });
}

void http_connection::watch_for_end() {
  // What comes now belongs to a later request; beyond this the socket's buffer holds it.
  if (in_.size() >= read_bytes) return;
  read();
}

}  // namespace dos::net
