// The connection of an MQTT client: made, kept alive, read, written, and made again.
#include <algorithm>

#include "base/log.h"
#include "net/mqtt_client_core.h"

namespace dos::net {

void mqtt_client::core::connect() {
  if (stopped) return;
  auto const l = current = std::make_shared<link>(lane->context);
  timer.expires_after(options.connect_ms_max);
  timer.async_wait(still(l, [this, l](error_code error) {
    if (!error && !l->is_ready) lost(l, "the broker did not answer in time");
  }));
  l->resolver.resolve(options.broker.host, options.broker.port,
                      still(l, [this, l](error_code error, std::vector<tcp::endpoint> endpoints) {
                        if (error) return lost(l, "the name of the broker cannot be resolved: " + error.message());
                        std::erase_if(endpoints, [&](tcp::endpoint const& e) {
                          return options.may_reach && !options.may_reach(to_ip(e.address()));
                        });
                        if (endpoints.empty()) return lost(l, "addresses within private networks are not allowed");
                        connect_to(l, std::move(endpoints), 0);
                      }));
}

void mqtt_client::core::connect_to(std::shared_ptr<link> l, std::vector<tcp::endpoint> endpoints, std::size_t i) {
  auto ignored = error_code();
  l->socket.close(ignored);
  auto const endpoint = endpoints[i];
  l->socket.async_connect(endpoint, still(l, [this, l, endpoints = std::move(endpoints), i](error_code error) {
                            if (error && i + 1 < endpoints.size()) return connect_to(l, endpoints, i + 1);
                            if (error) return lost(l, "cannot connect: " + error.message());
                            auto no_matter = error_code();
                            l->socket.set_option(tcp::no_delay(true), no_matter);
                            if (!http::is_tls(options.broker)) return greet(l);
                            l->tls.emplace(l->socket, tls);
                            auto const& host = options.broker.host;
                            if (!parse_ip(host)) SSL_set_tlsext_host_name(l->tls->native_handle(), host.c_str());
                            l->tls->set_verify_callback(asio::ssl::host_name_verification(host));
                            l->tls->async_handshake(asio::ssl::stream_base::client, still(l, [this, l](error_code e) {
                                                      if (e)
                                                        return lost(l, "no trusted TLS connection: " + e.message());
                                                      greet(l);
                                                    }));
                          }));
}

void mqtt_client::core::greet(std::shared_ptr<link> const& l) {
  auto c = mqtt::connect();
  c.version = options.version;
  c.client_id = options.client_id;
  c.clean_start = options.clean_start;
  c.keep_alive_s = keep_alive_s = options.keep_alive_s;
  if (!options.broker.user.empty()) c.user = options.broker.user;
  if (!options.broker.password.empty()) c.password = options.broker.password;
  if (options.version == mqtt::version::v5) {
    if (!options.clean_start) c.properties.session_expiry_s = 0xffff'ffff;  // never
    c.properties.receive_max = std::uint16_t(std::clamp<std::size_t>(options.unacknowledged_max, 1, 65'535));
    c.properties.packet_bytes_max = std::uint32_t(options.packet_bytes_max);
  }
  write(l, c);
  read(l);
}

void mqtt_client::core::lost(std::shared_ptr<link> const& l, std::string reason) {
  if (current != l) return;
  current.reset();
  auto ignored = error_code();
  l->resolver.cancel();
  l->socket.close(ignored);
  for (auto const* waiting : {&l->written_with, &l->sent_with}) {
    for (auto const& done : *waiting) done(fault(fault_kind::unavailable, "the connection to the broker ended"));
  }
  if (stopped) return;
  if (options.publish_ms_max.count() > 0) give_up_all(fault(fault_kind::unavailable, reason));
  log::warning("no connection to an MQTT broker", {{"broker", http::authority(options.broker)}, {"reason", reason}});
  set_state(false, std::move(reason));
  timer.expires_after(retry_ms);
  retry_ms = std::min(retry_ms * 2, options.retry_ms_max);
  timer.async_wait([self = shared_from_this()](error_code error) {
    if (!error && !self->current) self->connect();
  });
}

void mqtt_client::core::read(std::shared_ptr<link> const& l) {
  if (l->is_reading || l->owed_acks.size() >= options.unacknowledged_max) return;
  l->is_reading = true;
  auto then = still(l, [this, l](error_code error, std::size_t n) {
    l->is_reading = false;
    if (error) return lost(l, "the connection ended: " + error.message());
    last_heard = std::chrono::steady_clock::now();
    l->in.commit(n);
    parse(l);
  });
  if (l->tls) {
    l->tls->async_read_some(l->in.prepare(16 * 1024), std::move(then));
  } else {
    l->socket.async_read_some(l->in.prepare(16 * 1024), std::move(then));
  }
}

void mqtt_client::core::parse(std::shared_ptr<link> const& l) {
  try {
    while (current == l && l->owed_acks.size() < options.unacknowledged_max) {
      auto next = mqtt::parse_packet(l->in.view(), options.version, options.packet_bytes_max);
      if (!next) break;
      l->in.consume(next->bytes);
      take(l, std::move(next->packet));
    }
  } catch (fault const& f) {
    return lost(l, f.detail);
  }
  if (current == l) read(l);
}

// Sends a ping whenever a third of the time has passed and gives up when nothing was heard for one and a half.
void mqtt_client::core::watch(std::shared_ptr<link> const& l) {
  if (keep_alive_s == 0) return;
  timer.expires_after(std::chrono::milliseconds(1000 * keep_alive_s / 3));
  timer.async_wait(still(l, [this, l](error_code error) {
    if (error) return;
    // While we do not read, because too much is unacknowledged, silence is our own.
    auto const silent = std::chrono::steady_clock::now() - last_heard;
    if (l->is_reading && silent > std::chrono::milliseconds(1500 * keep_alive_s))
      return lost(l, "the broker fell silent");
    write(l, mqtt::ping_request());
    watch(l);
  }));
}

void mqtt_client::core::write(std::shared_ptr<link> const& l, mqtt::packet const& p) {
  mqtt::write_packet(l->out, p, options.version);
  flush(l);
}

void mqtt_client::core::flush(std::shared_ptr<link> const& l) {
  if (l->is_writing || l->out.empty()) return;
  l->is_writing = true;
  std::swap(l->writing, l->out);
  l->out.clear();
  l->written_with = std::exchange(l->sent_with, {});
  auto then = still(l, [this, l](error_code error, std::size_t) {
    l->is_writing = false;
    if (error) return lost(l, "the connection ended: " + error.message());
    for (auto const& done : std::exchange(l->written_with, {})) done(std::nullopt);
    flush(l);
  });
  if (l->tls) {
    asio::async_write(*l->tls, asio::buffer(l->writing), std::move(then));
  } else {
    asio::async_write(l->socket, asio::buffer(l->writing), std::move(then));
  }
}

}  // namespace dos::net
