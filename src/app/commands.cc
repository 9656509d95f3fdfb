#include "app/commands.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/data_directory.h"
#include "app/running_server.h"
#include "app/server.h"
#include "base/id.h"
#include "base/text.h"
#include "ingest/lorawan/brokers.h"
#include "kernel/access/token.h"
#include "kernel/history/history.h"
#include "kernel/store/commit_log.h"
#include "kernel/store/state_db.h"
#include "standard/mqtt/settings.h"

namespace dos::app {
namespace {

constexpr std::int64_t us_per_day = 86'400 * us_per_second;

void require_existing(options const& o) {
  require(std::filesystem::exists(o.data + "/format"), fault_kind::invalid, "there is no data directory at " + o.data);
}

struct examination {
  int concerns = 0;
  void good(std::string const& what) { std::printf("  ok         %s\n", what.c_str()); }
  void concern(std::string const& what) {
    ++concerns;
    std::printf("  ATTENTION  %s\n", what.c_str());
  }
};

void examine_city(examination& e, data_directory const& data, city_profile const& p) {
  auto const directory = data.city_path(p.id);
  try {
    auto const log = store::open_log(directory);
    auto state = store::state_db(directory);
    auto batches = std::uint64_t(0);
    for (auto from = log->first(); from <= log->last();) {
      from = log->read(from, 16 << 20, [&](store::log_batch const&) {
        ++batches;
        return true;
      });
    }
    e.good(p.id + ": log " + std::to_string(log->first()) + " to " + std::to_string(log->last()) + ", " + std::to_string(batches) +
           " entries read, checkpoint at " + std::to_string(state.cursor()));
    for (auto const& damage : state.damages()) e.concern(p.id + ": " + damage);
    for (auto const& damage : history(state).damages()) e.concern(p.id + ": " + damage);
  } catch (fault const& f) {
    e.concern(p.id + ": " + f.detail);
  }
}

json::value separated(std::string_view separated_by_commas) {
  auto out = json::array();
  for (auto const one : text::split(separated_by_commas, ',')) {
    if (!one.empty()) out.emplace_back(one);
  }
  return out;
}

}  // namespace

void print_token(options const& o) {
  require_existing(o);
  auto const data = data_directory(o.data, o.keys);
  auto const cities = data.cities();
  auto const known = std::any_of(cities.begin(), cities.end(), [&](auto const& p) { return p.id == o.city; });
  require(known || o.city == "*", fault_kind::invalid, "say for which city: --city dortmund, or --city '*' for all", "city");
  auto t = token{.id = new_uuid(), .city = o.city, .role = o.role, .name = o.name, .issued_at = system_clock().now()};
  // A device is known by its name: one without is alone with what it brings.
  if (t.name.empty()) t.name = o.role == role::device ? "device " + t.id.substr(0, 8) : "command line";
  auto const brings = separated(o.brings), organisations = separated(o.organisations), roles = separated(o.roles);
  if (!brings.as_array().empty()) t.brings = read_brings(&brings, t.role);
  t.subject = o.subject;
  t.organisations = read_names(&organisations, "organisations");
  t.roles = read_names(&roles, "roles");
  if (o.days) t.expires_at = t.issued_at + o.days * us_per_day;
  data.note_issued(t);
  std::printf("%s\n", sign(t, data.token_key()).c_str());
}

void rotate_keys(options const& o) {
  require_existing(o);
  auto data = data_directory(o.data, o.keys);
  data.lock();  // a running server would go on with the old key
  data.replace_token_key(system_clock().now());
  std::printf(
      "the key that signs tokens and sessions is new: every token and every session made so far has ended.\n"
      "  - the next start prints a new one-time link for the administration\n"
      "  - make new tokens for devices and programs: dos token, or the page of tokens\n"
      "  - what was kept here for others and may have been read, change there: secrets of webhooks, receivers' keys in\n"
      "    subscriptions and registrations, passwords of brokers in the configuration, the TLS key\n");
}

void make_backup(options const& o) {
  require_existing(o);
  require(!o.to.empty(), fault_kind::invalid, "say where the copy goes: --to DIR");
  namespace fs = std::filesystem;
  auto const data = data_directory(o.data, o.keys);
  auto copy = data_directory(o.to);
  for (auto const& p : data.cities()) {
    copy.add_city(data.city_path(p.id) + "/city.yaml");
    auto const log = store::open_log(data.city_path(p.id));
    auto const state = store::state_db(data.city_path(p.id));
    store::backup(*log, state, copy.city_path(p.id));
    std::printf("%s: up to position %llu\n", p.id.c_str(), static_cast<unsigned long long>(log->last()));
  }
  if (fs::exists(o.data + "/vault")) fs::copy_file(o.data + "/vault", o.to + "/vault", fs::copy_options::overwrite_existing);
  fs::copy(o.data + "/keys", o.to + "/keys", fs::copy_options::overwrite_existing | fs::copy_options::recursive);
}

void copy_keys(options const& o) {
  require_existing(o);
  require(!o.to.empty(), fault_kind::invalid, "say where the copy goes: --to DIR");
  auto const data = data_directory(o.data, o.keys);
  data.open_vault()->copy_to(o.to, system_clock().now());
  std::printf("the keys of people are in %s: keep them apart from backups, and no longer than %d days\n", o.to.c_str(), vault::key_backup_days_max);
}

void restore_keys(options const& o) {
  require_existing(o);
  require(!o.from.empty() && !o.erased.empty(), fault_kind::invalid, "say where the copy is and the newest list of erasures: --from DIR --erased FILE");
  auto const data = data_directory(o.data, o.keys);
  vault::restore(o.from, o.erased, data.keys_path(), system_clock().now());
  data.open_vault();
  std::printf("the keys of people are in %s again, without what was erased since\n", data.keys_path().c_str());
}

int examine(options const& o) {
  require_existing(o);
  auto e = examination();
  auto data = data_directory(o.data, o.keys);
  auto const running = find_running_server(o.data);
  if (running) {
    e.good("the server is running at " + *running + "; what it holds open is not read now (see /healthz)");
  } else {
    data.lock();
    for (auto const& p : data.cities()) examine_city(e, data, p);
  }
  if (data.cities().empty()) e.concern("there is no city yet");
  if (!running) {
    try {
      auto const keys = data.open_vault();
      e.good("keys of people in " + data.keys_path() + ", " + std::to_string(keys->last_erasure().number) + " erasures");
    } catch (fault const& f) {
      e.concern(f.detail);
    }
  }
  auto error = std::error_code();
  auto const space = std::filesystem::space(o.data, error);
  if (!error) {
    auto const free = "free on the disk: " + std::to_string(space.available >> 20) + " MiB";
    if (space.available < (1ull << 30)) e.concern(free + "; make room");
    else e.good(free);
  }
  if (!o.config.empty()) {
    try {
      auto const c = read_configuration(o.config);
      broker::read_settings(c);
      for (auto const& source : c.find("mqtt_sources")->as_array()) lorawan::read_broker(source);
      e.good("configuration " + o.config);
    } catch (fault const& f) {
      e.concern(f.detail);
    }
  }
  std::printf("%s\n", e.concerns ? (std::to_string(e.concerns) + " point(s) want care").c_str() : "everything is in order");
  return e.concerns;
}

void remove_demo(options const& o) {
  require_existing(o);
  auto const running = find_running_server(o.data);
  require(running.has_value(), fault_kind::unavailable, "start the server first: dos serve --data " + o.data);
  auto const data = data_directory(o.data, o.keys);
  auto const t = token{.id = new_uuid(), .city = "*", .role = role::admin, .name = "command line", .issued_at = system_clock().now(),
                       .expires_at = system_clock().now() + us_per_day};
  for (auto const& p : data.cities()) {
    ask_running_server(*running, "DELETE", "/" + p.id + "/platform/v1/demo", sign(t, data.token_key()));
  }
  std::printf("the demonstration data are gone; start without --demo from now on, or they come back\n");
}

}  // namespace dos::app
