#include "standard/mqtt/client.h"

#include "base/fault.h"
#include "kernel/access/token.h"
#include "kernel/city/city.h"
#include "standard/mqtt/broker.h"

namespace dos::broker {

city_broker& listener::home(std::string const& city, std::string const& user) const {
  if (auto const it = brokers.find(city == "*" ? user : city); it != brokers.end()) return *it->second;
  return *brokers.at(n->cities.front()->id());
}

void client::received(net::mqtt::packet p) {
  if (auto* const hello = std::get_if<net::mqtt::connect>(&p)) return open(std::move(*hello));
  if (!broker_ || goodbye_) return;
  if (auto* const m = std::get_if<net::mqtt::publish>(&p)) return broker_->publish(shared_from_this(), std::move(*m));
  if (auto const* const a = std::get_if<net::mqtt::ack>(&p)) return broker_->acknowledge(*this, *a);
  if (auto const* const s = std::get_if<net::mqtt::subscribe>(&p)) return broker_->subscribe(shared_from_this(), *s);
  if (auto const* const u = std::get_if<net::mqtt::unsubscribe>(&p)) return broker_->unsubscribe(shared_from_this(), *u);
  if (auto const* const d = std::get_if<net::mqtt::disconnect>(&p)) {
    goodbye_ = true;
    broker_->end(*this, *d);
    peer->close(0);
  }
}

void client::drained() {
  if (broker_) broker_->drained(*this);
}

void client::closed() {
  if (broker_) broker_->end(*this, std::nullopt);
}

void client::refuse(reason r) {
  auto answer = net::mqtt::connack();
  answer.reason = r;
  if (!is_v5()) answer.reason = in_version_3(r);
  peer->send(answer);
  peer->close(0);
}

void client::open(net::mqtt::connect hello) {
  version = hello.version;
  if (!hello.properties.authentication_method.empty()) return refuse(bad_authentication_method);
  auto const user = hello.user.value_or(std::string());
  auto token = hello.password.value_or(std::string());
  if (token.empty() && user.starts_with(token_prefix)) token = user;
  auto found = caller();
  try {
    found = listener_->n->identify(token, "mqtt", peer->address());
  } catch (fault const&) {
    return refuse(bad_user_or_password);
  }
  who = std::move(found.who);
  has_token = !token.empty();
  if (!has_token) who.role = std::max(who.role, listener_->settings.anonymous);
  auto& home = listener_->home(found.city, user);
  if (home.is_over(who)) return refuse(bad_user_or_password);  // revoked in this city
  broker_ = &home;
  broker_->connect(shared_from_this(), std::move(hello));
}

}  // namespace dos::broker
