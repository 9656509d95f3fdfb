#include "capability/demo/network_door.h"

#include <future>

#include "base/fault.h"
#include "base/log.h"

namespace dos::demo {
namespace {

constexpr auto name = "demo";

http::request make_request(std::string method, std::string const& target, json::value const& body) {
  auto r = http::request();
  r.method = std::move(method);
  http::set_target(r, std::string(target));
  r.peer = name;
  if (body.is_null()) return r;
  r.headers.set("Content-Type", "application/json");
  r.body = json::to_string(body);
  return r;
}

bool is_success(int status) { return status / 100 == 2 && status != 207; }

}  // namespace

network_door::answer network_door::ask(std::string method, std::string const& target, json::value const& body) const {
  auto const told = std::make_shared<std::promise<http::response>>();
  auto coming = told->get_future();
  node_.request(name, make_request(std::move(method), target, body), [told](http::response r) { told->set_value(std::move(r)); });
  require(coming.wait_for(std::chrono::seconds(30)) == std::future_status::ready, fault_kind::unavailable, "no answer from " + target);
  auto const r = coming.get();
  return {.status = r.status, .body = r.body.empty() ? json::value() : json::parse(r.body)};
}

json::value network_door::get_success(std::string method, std::string const& target, json::value const& body) const {
  auto a = ask(std::move(method), target, body);
  require(is_success(a.status), fault_kind::internal, target + " answered " + std::to_string(a.status) + ": " + json::to_string(a.body));
  return std::move(a.body);
}

void network_door::send(std::string const& target, json::value const& body, std::string const& secret) {
  auto r = make_request("POST", target, body);
  if (!secret.empty()) r.headers.set("Authorization", "Bearer " + secret);
  {
    auto const lock = std::lock_guard(sent_->mutex);
    ++sent_->open;
  }
  node_.request(name, std::move(r), [sent = sent_, target](http::response answer) {
    auto const lock = std::lock_guard(sent->mutex);
    if (!is_success(answer.status) && !sent->has_complained) {
      sent->has_complained = true;
      log::warning("the demonstration was refused", {{"path", target}, {"status", answer.status}, {"answer", answer.body.substr(0, 300)}});
    }
    --sent->open;
    sent->answered.notify_all();
  });
}

void network_door::wait() const {
  auto lock = std::unique_lock(sent_->mutex);
  sent_->answered.wait_for(lock, std::chrono::seconds(10), [&] { return sent_->open == 0; });
}

}  // namespace dos::demo
