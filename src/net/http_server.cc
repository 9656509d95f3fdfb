#include "net/http_server.h"

#include <ctime>
#include <future>

#include "base/fault.h"
#include "base/log.h"
#include "net/http_connection.h"
#include "net/listen.h"

namespace dos::net {
namespace {

// What a byte of JSON may become: "0," is two bytes as text and a value of sixteen.
constexpr auto parsed_weight = std::size_t{8};
constexpr auto refusals_max = std::size_t{100};  // connections beyond connections_max that still get an answer

std::string http_date() {
  auto const now = std::time(nullptr);
  auto parts = std::tm();
  gmtime_r(&now, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::chrono::milliseconds tick_for(http_server_options const& o) {
  auto const shortest = std::min({o.header_ms_max, o.body_idle_ms_max, o.write_idle_ms_max, o.keep_alive_ms_max});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(500));
}

template <typename Executor, typename Function>
void run_and_wait(Executor const& executor, Function f) {
  auto done = std::promise<void>();
  asio::post(executor, [&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace

void http_server::core::accept() {
  auto& l = *lanes[next_lane++ % lanes.size()];
  acceptor->async_accept(l.io->context, [self = shared_from_this(), &l](error_code error, tcp::socket socket) {
    self->accepted(error, std::move(socket), l);
  });
}

void http_server::core::accepted(error_code error, tcp::socket socket, server_lane& l) {
  if (stopping) return;
  if (error) {  // most likely no file descriptor is left: others must close first
    if (error == asio::error::operation_aborted) return;
    log::warning("cannot accept a connection", {{"reason", error.message()}});
    accept_pause->expires_after(std::chrono::milliseconds(100));
    return accept_pause->async_wait([self = shared_from_this()](error_code e) {
      if (!e && !self->stopping) self->accept();
    });
  }
  counts.accepted.fetch_add(1, std::memory_order_relaxed);
  if (auto const endpoint = socket.remote_endpoint(error); !error) {
    socket.set_option(tcp::no_delay(true), error);
    auto const connection =
        std::make_shared<http_connection>(shared_from_this(), l, std::move(socket), to_ip(endpoint.address()));
    auto const got = take_place(connection->counted_as);
    if (got != admission::served) counts.refused.fetch_add(1, std::memory_order_relaxed);
    asio::post(l.io->context, [connection, got, &l, self = shared_from_this()] {
      connection->place = l.connections.insert(l.connections.end(), connection);
      if (self->stopping || got == admission::dropped) return connection->close();
      if (got == admission::served) return connection->start();
      connection->start_refused();
    });
  }
  accept();
}

http_server::core::admission http_server::core::take_place(std::string const& peer) {
  auto const lock = std::lock_guard(mutex);
  auto const peers = peer.empty() ? 0 : ++open_by_peer[peer];
  if (++open > options.connections_max + refusals_max) return admission::dropped;
  return open <= options.connections_max && peers <= options.connections_per_peer_max ? admission::served
                                                                                      : admission::refused;
}

void http_server::core::free_place(std::string const& peer) {
  auto const lock = std::lock_guard(mutex);
  if (auto const it = open_by_peer.find(peer); it != open_by_peer.end() && --it->second == 0) open_by_peer.erase(it);
  --open;
  changed.notify_all();
}

bool http_server::core::hold_answer(std::string const& peer, std::size_t bytes) {
  auto const lock = std::lock_guard(mutex);
  auto const it = untaken_by_peer.find(peer);
  if (it != untaken_by_peer.end() && it->second + bytes > options.answers_bytes_per_peer_max) return false;
  untaken_by_peer[peer] += bytes;
  return true;
}

void http_server::core::let_go_of_answer(std::string const& peer, std::size_t bytes) {
  auto const lock = std::lock_guard(mutex);
  auto const it = untaken_by_peer.find(peer);
  it->second -= bytes;
  if (it->second == 0) untaken_by_peer.erase(it);
}

void http_server::core::tick(server_lane& l) {
  l.date = http_date();
  auto const now = std::chrono::steady_clock::now();
  for (auto it = l.connections.begin(); it != l.connections.end();) {
    auto const connection = *it++;  // may erase itself
    connection->check_deadline(now);
  }
  if (stopping && l.connections.empty()) return;
  l.tick.expires_after(tick_every);
  l.tick.async_wait([self = shared_from_this(), &l](error_code error) {
    if (!error) self->tick(l);
  });
}

http_server::http_server(io_threads& io, http_server_options options) : core_(std::make_shared<core>()) {
  auto& c = *core_;
  c.trusted_proxies = parse_ip_ranges(options.trusted_proxies);
  if (!options.certificate_file.empty()) c.tls = server_tls(options.certificate_file, options.key_file);
  c.tick_every = tick_for(options);
  auto& accepting = io.get().next_lane()->context;
  c.acceptor = listen(accepting, options.address, options.port);
  c.accept_pause.emplace(accepting);
  c.port = c.acceptor->local_endpoint().port();
  c.bodies = std::make_shared<body_budget>(options.bodies_bytes_max, options.bodies_bytes_per_peer_max, parsed_weight);
  c.options = std::move(options);
  for (auto const& l : io.get().lanes) c.lanes.push_back(std::make_unique<server_lane>(l));
}

http_server::http_server(io_threads& io, http_server_options options, http::handler handler) : http_server(io, std::move(options)) {
  start(http::open_door(core_->options.body_bytes_max, std::move(handler)));
}

void http_server::start(http::door door) {
  core_->door = std::move(door);
  for (auto const& l : core_->lanes) asio::post(l->io->context, [self = core_, &l = *l] { self->tick(l); });
  asio::post(core_->acceptor->get_executor(), [self = core_] { self->accept(); });
}

http_server::~http_server() { stop(std::chrono::milliseconds(0)); }

std::uint16_t http_server::port() const { return core_->port; }

http_server_counts http_server::counts() const {
  auto result = http_server_counts();
  auto const& c = core_->counts;
  {
    auto const lock = std::lock_guard(core_->mutex);
    result.connections_open = core_->open;
  }
  result.connections_accepted = c.accepted;
  result.connections_refused = c.refused;
  result.connections_dropped = c.dropped;
  result.requests_refused = c.requests_refused;
  result.bodies_bytes = core_->bodies->held();
  for (auto i = 0; i < 6; ++i) result.responses[i] = c.responses[i];
  result.bytes_received = c.received;
  result.bytes_sent = c.sent;
  return result;
}

void http_server::stop(std::chrono::milliseconds patience) {
  if (core_->stopping.exchange(true)) return;
  run_and_wait(core_->acceptor->get_executor(), [&] {
    auto ignored = error_code();
    core_->acceptor->close(ignored);
    core_->accept_pause->cancel();
  });
  auto const for_each_connection = [&](void (http_connection::*call)()) {
    for (auto const& l : core_->lanes) {
      asio::post(l->io->context, [c = core_, &l = *l, call] {
        auto const connections = l.connections;
        for (auto const& connection : connections) (*connection.*call)();
      });
    }
  };
  auto const all_closed = [&] { return core_->open == 0; };
  for_each_connection(&http_connection::finish_soon);
  auto lock = std::unique_lock(core_->mutex);
  if (!core_->changed.wait_for(lock, patience, all_closed)) {
    lock.unlock();
    for_each_connection(&http_connection::close);
    lock.lock();
    core_->changed.wait(lock, all_closed);
  }
  lock.unlock();
  for (auto const& l : core_->lanes) run_and_wait(l->io->context.get_executor(), [&] { l->tick.cancel(); });
}

}  // namespace dos::net
