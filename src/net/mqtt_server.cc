#include "net/mqtt_server.h"

#include <future>

#include "base/fault.h"
#include "base/log.h"
#include "http/problem.h"
#include "net/listen.h"
#include "net/mqtt_server_core.h"

namespace dos::net {
namespace {

constexpr auto mqtt_read_bytes = std::size_t{16 * 1024};
constexpr auto linger_max = std::chrono::seconds(5);
constexpr std::uint8_t server_shutting_down = 0x8b;

// A client's own socket.
class socket_carrier final : public mqtt_carrier, public std::enable_shared_from_this<socket_carrier> {
 public:
  struct stream final : byte_stream {
    stream(std::shared_ptr<lane> l, tcp::socket s) : home(std::move(l)), socket(std::move(s)) {}

    void read_some(asio::mutable_buffer buffer, then done) override {
      if (tls) tls->async_read_some(buffer, std::move(done));
      else socket.async_read_some(buffer, std::move(done));
    }
    void write_some(asio::const_buffer buffer, then done) override {
      if (tls) tls->async_write_some(buffer, std::move(done));
      else socket.async_write_some(buffer, std::move(done));
    }
    void close() override {
      auto ignored = error_code();
      socket.shutdown(tcp::socket::shutdown_both, ignored);
      socket.close(ignored);
    }
    asio::io_context& context() override { return home->context; }

    std::shared_ptr<lane> home;
    tcp::socket socket;
    std::optional<asio::ssl::stream<tcp::socket&>> tls;
  };

  socket_carrier(std::shared_ptr<stream> s, std::chrono::milliseconds write_idle_max)
      : stream_(std::move(s)), write_idle_max_(write_idle_max), writer_(std::make_shared<stream_writer>(stream_)) {}

  void begin(std::shared_ptr<mqtt_connection> c) {
    connection_ = std::move(c);
    writer_->begin(
        [self = shared_from_this()] {
          if (self->finishing_since_ != 0) return self->linger();
          if (auto const keep = self->connection_) keep->drained();
        },
        [self = shared_from_this()](error_code) { self->end(); });
    connection_->begin(shared_from_this());
    read();
  }

  void send(std::string_view bytes) override {
    writer_->send([&](std::string& out) { out += bytes; });
  }
  std::size_t unsent_bytes() const override { return writer_->unsent_bytes(); }
  void pause(bool paused) override {
    paused_ = paused;
    if (!paused) post([self = shared_from_this()] { self->read(); });
  }
  void finish() override {
    finishing_since_ = std::chrono::steady_clock::now().time_since_epoch().count();
    post([self = shared_from_this()] {
      if (!self->writer_->stalled_since()) self->linger();  // else the writer does, at its end
    });
  }
  void abort() override {
    post([self = shared_from_this()] { self->end(); });
  }
  void post(std::function<void()> f) override { asio::post(stream_->context(), std::move(f)); }
  bool is_stuck(steady_time now) const override {
    auto const since = writer_->stalled_since();
    auto const finishing = finishing_since_.load();
    return (since && now - *since > write_idle_max_) ||
           (finishing && now - steady_time(steady_time::duration(finishing)) > linger_max);
  }

 private:
  void read() {
    if (reading_ || paused_ || !connection_) return;
    reading_ = true;
    stream_->read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code error, std::size_t n) {
      self->reading_ = false;
      if (error) return self->end();
      if (auto const keep = self->connection_) keep->received({self->buffer_.data(), n});
      self->read();
    });
  }
  // Closing a socket with unread bytes would make the peer's system throw our last words away.
  void linger() {
    auto ignored = error_code();
    if (stream_->tls) return end();
    stream_->socket.shutdown(tcp::socket::shutdown_send, ignored);
    if (ignored) end();
  }
  void end() {
    stream_->close();
    writer_->end();
    if (auto const c = std::exchange(connection_, nullptr)) c->ended();
  }

  std::shared_ptr<stream> const stream_;
  std::chrono::milliseconds const write_idle_max_;
  std::shared_ptr<stream_writer> const writer_;
  std::shared_ptr<mqtt_connection> connection_;  // the lane's
  std::array<char, mqtt_read_bytes> buffer_;
  bool reading_ = false;
  std::atomic<bool> paused_{false};
  std::atomic<steady_time::duration::rep> finishing_since_{0};
};

// A client behind a WebSocket: its packets may stand across messages in any way. MQTT 5.0, 6
class websocket_carrier final : public mqtt_carrier {
 public:
  explicit websocket_carrier(std::shared_ptr<http::websocket> w) : socket_(std::move(w)) {}

  void send(std::string_view bytes) override { socket_->send(bytes, http::websocket::kind::binary); }
  std::size_t unsent_bytes() const override { return socket_->unsent_bytes(); }
  void pause(bool paused) override { socket_->pause(paused); }
  void finish() override { socket_->close(1000, {}); }
  void abort() override { finish(); }
  void post(std::function<void()> f) override { socket_->post(std::move(f)); }
  bool is_stuck(steady_time) const override { return false; }  // the WebSocket looks after itself

 private:
  std::shared_ptr<http::websocket> const socket_;
};

struct websocket_client final : http::websocket_handler {
  websocket_client(std::shared_ptr<mqtt_server::core> s, std::string const& peer)
      : server(std::move(s)), connection(std::make_shared<mqtt_connection>(server, peer)) {}

  void opened(std::shared_ptr<http::websocket> w) override {
    if (!server->take_place(connection->address())) return w->close(1013, "too many MQTT clients are connected");
    socket = w;
    connection->begin(std::make_shared<websocket_carrier>(std::move(w)));
  }
  void message(std::string_view bytes, http::websocket::kind k) override {
    if (!socket) return;
    if (k != http::websocket::kind::binary) return socket->close(1003, "MQTT comes in binary messages");
    connection->received(bytes);
  }
  void drained() override {
    if (socket) connection->drained();
  }
  void closed() override {
    if (socket) connection->ended();
    socket.reset();
  }

  std::shared_ptr<mqtt_server::core> server;
  std::shared_ptr<mqtt_connection> connection;
  std::shared_ptr<http::websocket> socket;  // none: not let in
};

template <typename Function>
void run_and_wait_in(asio::io_context& context, Function f) {
  auto done = std::promise<void>();
  asio::post(context, [&] {
    f();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace

void mqtt_server::core::listen_at(door& d) {
  auto const l = io->next_lane();
  d.acceptor.async_accept(l->context, [self = shared_from_this(), &d, l](error_code error, tcp::socket socket) {
    if (self->stopping || error == asio::error::operation_aborted) return;
    if (error) {  // most likely no file descriptor is left: others must close first
      log::warning("cannot accept an MQTT client", {{"reason", error.message()}});
      auto pause = std::make_shared<asio::steady_timer>(self->home->context, std::chrono::milliseconds(100));
      return pause->async_wait([self, &d, pause](error_code) {
        if (!self->stopping) self->listen_at(d);
      });
    }
    if (auto const peer = socket.remote_endpoint(error); !error) {
      if (auto const address = to_text(to_ip(peer.address())); self->take_place(address))
        asio::post(l->context, [self, l, s = std::make_shared<tcp::socket>(std::move(socket)), address, &d] {
          self->accepted(l, std::move(*s), address, d.secure);
        });
    }
    self->listen_at(d);
  });
}

void mqtt_server::core::accepted(std::shared_ptr<lane> l, tcp::socket socket, std::string const& address, bool secure) {
  auto ignored = error_code();
  socket.set_option(tcp::no_delay(true), ignored);
  auto const stream = std::make_shared<socket_carrier::stream>(l, std::move(socket));
  auto const begin = [self = shared_from_this(), stream, address] {
    auto const carrier = std::make_shared<socket_carrier>(stream, self->options.write_idle_ms_max);
    carrier->begin(std::make_shared<mqtt_connection>(self, address));
  };
  if (!secure) return begin();
  stream->tls.emplace(stream->socket, *tls);
  auto const limit = std::make_shared<asio::steady_timer>(l->context, options.connect_ms_max);
  limit->async_wait([stream](error_code e) {
    if (!e) stream->close();
  });
  stream->tls->async_handshake(asio::ssl::stream_base::server,
                               [self = shared_from_this(), stream, begin, address, limit](error_code e) {
                                 limit->cancel();
                                 if (!e) return begin();
                                 stream->close();
                                 self->free_place(address);
                               });
}

bool mqtt_server::core::take_place(std::string const& peer) {
  auto const lock = std::lock_guard(mutex);
  auto const address = shared_address(peer);
  auto& mine = open_by_peer[address];
  if (stopping || open >= options.connections_max || mine >= options.connections_per_peer_max) {
    if (mine == 0) open_by_peer.erase(address);
    ++counts.refused;
    return false;
  }
  ++mine;
  ++open;
  ++counts.accepted;
  return true;
}

void mqtt_server::core::free_place(std::string const& peer) {
  auto const lock = std::lock_guard(mutex);
  if (auto const it = open_by_peer.find(shared_address(peer)); it != open_by_peer.end() && --it->second == 0) open_by_peer.erase(it);
  --open;
  changed.notify_all();
}

void mqtt_server::core::add(std::shared_ptr<mqtt_connection> c) {
  {
    auto const lock = std::lock_guard(mutex);
    connections.insert(c);
  }
  if (stopping) c->close(server_shutting_down);
}

void mqtt_server::core::remove(std::shared_ptr<mqtt_connection> const& c) {
  {
    auto const lock = std::lock_guard(mutex);
    connections.erase(c);
  }
  free_place(c->address());
}

void mqtt_server::core::look_after() {
  auto all = std::vector<std::shared_ptr<mqtt_connection>>();
  {
    auto const lock = std::lock_guard(mutex);
    all.assign(connections.begin(), connections.end());
  }
  auto const now = std::chrono::steady_clock::now();
  for (auto const& c : all) c->check(now);
  tick->expires_after(tick_every);
  tick->async_wait([self = shared_from_this()](error_code error) {
    if (!error) self->look_after();
  });
}

mqtt_server::mqtt_server(io_threads& io, mqtt_server_options options, mqtt_accept accept)
    : core_(std::make_shared<core>()) {
  auto& c = *core_;
  c.io = &io.get();
  c.home = c.io->next_lane();
  c.options = std::move(options);
  c.accept = std::move(accept);
  auto const& o = c.options;
  if (o.tls_port) c.tls = server_tls(o.certificate_file, o.key_file);
  auto const open = [&](std::optional<std::uint16_t> port, bool secure) {
    if (!port) return;
    c.doors.push_back(std::make_unique<core::door>(core::door{listen(c.home->context, o.address, *port), secure}));
  };
  open(o.port, false);
  open(o.tls_port, true);
  c.tick.emplace(c.home->context);
  c.tick_every = std::clamp(std::min(o.connect_ms_max, o.write_idle_ms_max) / 4, std::chrono::milliseconds(5),
                            std::chrono::milliseconds(250));
  asio::post(c.home->context, [self = core_] {
    for (auto const& d : self->doors) self->listen_at(*d);
    self->look_after();
  });
}

mqtt_server::~mqtt_server() { stop(); }

std::optional<std::uint16_t> mqtt_server::port() const {
  for (auto const& d : core_->doors) {
    if (!d->secure) return d->acceptor.local_endpoint().port();
  }
  return std::nullopt;
}

std::optional<std::uint16_t> mqtt_server::tls_port() const {
  for (auto const& d : core_->doors) {
    if (d->secure) return d->acceptor.local_endpoint().port();
  }
  return std::nullopt;
}

mqtt_server_counts mqtt_server::counts() const {
  auto const& c = core_->counts;
  auto result = mqtt_server_counts{.connections_accepted = c.accepted,
                                   .connections_refused = c.refused,
                                   .connections_dropped = c.dropped,
                                   .packets_received = c.packets_received,
                                   .packets_sent = c.packets_sent};
  auto const lock = std::lock_guard(core_->mutex);
  result.connections_open = core_->connections.size();
  return result;
}

http::response mqtt_server::accept(http::request const& r) {
  return http::open_websocket(r, {.handler = std::make_shared<websocket_client>(core_, r.peer),
                                  .subprotocol = "mqtt",
                                  .message_bytes_max = core_->options.packet_bytes_max + 1024});
}

void mqtt_server::stop() {
  auto& c = *core_;
  if (c.stopping.exchange(true)) return;
  run_and_wait_in(c.home->context, [&] {
    auto ignored = error_code();
    for (auto const& d : c.doors) d->acceptor.close(ignored);
    c.tick->cancel();
  });
  auto const all = [&] {
    auto const lock = std::lock_guard(c.mutex);
    return c.connections;
  };
  for (auto const& connection : all()) connection->close(server_shutting_down);
  auto lock = std::unique_lock(c.mutex);
  if (c.changed.wait_for(lock, std::chrono::seconds(1), [&] { return c.connections.empty(); })) return;
  lock.unlock();
  for (auto const& connection : all()) connection->abort();
  lock.lock();
  c.changed.wait_for(lock, std::chrono::seconds(5), [&] { return c.connections.empty(); });
}

}  // namespace dos::net
