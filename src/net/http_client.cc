#include "net/http_client.h"

#include <algorithm>
#include <future>

#include "net/outbound_connection.h"

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

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

}  // namespace

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

void http_client::core::answered(std::shared_ptr<outbound_job> job, http::response response) {
  auto const location = response.headers.find("Location");
  if (!is_redirect(response.status) || !location || job->redirects_left == 0)
    return finish(std::move(job), std::move(response));
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
    addresses_in(next.host);
    r.url = next;
  } catch (fault const& f) {
    return finish(std::move(job), fault(fault_kind::bad_gateway, f.detail));
  }
  --job->redirects_left;
  job->retried = false;
  job->connection.reset();
  start(std::move(job));
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
      addresses_in(job->request.url.host);  // is a fault for what only looks like one
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
