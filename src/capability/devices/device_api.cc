#include "capability/devices/device_api.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/fault.h"
#include "base/text.h"
#include "base/text_cut.h"
#include "capability/devices/device_import.h"
#include "capability/devices/device_register.h"
#include "capability/devices/device_view.h"
#include "capability/devices/register_writes.h"
#include "contract/list.h"
#include "contract/rights.h"

namespace dos::devices {
namespace {

// Of a body as POST /devices takes it.
std::string_view id_in(json::value const& body) { return body.text_or("devEui", body.text_or("deviceId", "")); }

profile_ptr get_profile(session const& s, tools const& with, std::string const& id) {
  auto p = with->profiles.find(s, id);
  require(p != nullptr, fault_kind::invalid, "there is no device profile \"" + std::string(text::cut(id, 80)) + "\"",
          "profile");
  return p;
}

edit edit_of(session const& s, transaction const& t) { return {.by = s.who().name, .at = t.now()}; }

// Where a device is to be mounted, as a body says it.
struct mount_wish {
  std::string existing;
  std::optional<new_point> fresh;
  timestamp from = no_time;  // no_time: now
  timestamp to = no_time;
};

std::optional<mount_wish> read_mount_wish(session const& s, tools const& with, json::value const& body,
                                          device_profile const& p) {
  auto const existing = body.text_or("measuringPoint", "");
  auto const* fresh = body.find("measuringPointNew");
  if (existing.empty() && (!fresh || fresh->is_null())) return std::nullopt;
  auto wish = mount_wish();
  wish.existing = existing;
  if (existing.empty()) {
    wish.fresh = read_new_point(*fresh, p.entity_type);
    require_in_city(with, s, *wish.fresh);
    wish.fresh->interval_s = p.interval_s;
  }
  wish.from = read_time(body, "from", no_time);
  wish.to = read_time(body, "to", no_time);
  return wish;
}

void mount(transaction& t, device& d, mount_wish const& wish, device_profile const& p, terms const& words) {
  auto const id = wish.fresh ? put_point(t, *wish.fresh, words) : wish.existing;
  auto const from = wish.from == no_time ? t.now() : wish.from;
  mount_device(d, {.measuring_point = id, .from = from, .to = wish.to});
  use_as_point(t, id, d, p, words);
}

// What is mounted at once is active, unless the body says otherwise.
device make_device(transaction& t, json::value const& body, edit const& e, mount_wish const* wish,
                   device_profile const& p, terms const& words) {
  auto d = read_new_device(body, e);
  auto const state = d.state;
  if (wish) mount(t, d, *wish, p, words);
  if (body.find("state")) d.state = state;
  return d;
}

void put_new_device(transaction& t, device const& d, terms const& words) {
  require(!t.find_record(device_collection, d.id), fault_kind::conflict,
          "a device with the " + std::string(id_member(d.id)) + " " + d.id + " is registered already", id_member(d.id));
  put_device(t, d, words);
}

http::response shown_device(session const& s, tools const& with, std::string const& id, int status) {
  auto const d = read_device(*s.get_record(device_collection, id));
  auto const p = with->profiles.find(s, d.profile);
  auto body = json::to_string(show_device(s, d, p.get(), with->clock.now()));
  return status == 201 ? http::created("devices/" + id, std::move(body)) : http::json(200, std::move(body));
}

// Applies a change to a stored device and answers what it has become.
void change_and_show(session const& s, tools const& with, std::string const& id,
                     std::function<void(transaction&, device&)> change, http::reply answer) {
  submit_and_reply(
      s,
      [s, with, id, change = std::move(change)](transaction& t) {
        auto d = get_device(t, id);
        change(t, d);
        put_device(t, d, with->words(s));
      },
      std::move(answer), [s, with, id](outcome const&) { return shown_device(s, with, id, 200); });
}

struct device_filter {
  std::string q;  // folded
  std::string state, profile;

  bool holds(session const& s, device const& d) const {
    if (!state.empty() && to_text(d.state) != state) return false;
    if (!profile.empty() && d.profile != profile) return false;
    if (q.empty()) return true;
    auto const has = [&](std::string_view text) { return text::folded(text).find(q) != std::string::npos; };
    if (has(d.name) || has(d.id) || has(d.profile)) return true;
    return std::any_of(d.mounts.begin(), d.mounts.end(), [&](device_mount const& m) {
      auto const point = s.find_record(measuring_point_collection, m.measuring_point);
      return has(m.measuring_point) || (point && has(point->text_or("name", "")));
    });
  }
};

}  // namespace

void list_devices::operator()(session s, http::request r, http::reply answer) const {
  auto page = read_list_page(r);
  auto const text = [&](std::string_view name) { return r.query.text_or(name, ""); };
  auto const filter = device_filter{.q = std::exchange(page.q, {}),
                                    .state = std::string(text("state")),
                                    .profile = std::string(text("profile"))};
  auto found = std::vector<std::pair<std::string, device>>();  // by what they are sorted
  s.for_each_record(device_collection, "", [&](std::string_view, record_ptr const& record) {
    auto d = read_device(*record);
    if (filter.holds(s, d)) found.emplace_back(text::folded(d.name), std::move(d));
    return true;
  });
  std::sort(found.begin(), found.end(), [](auto const& a, auto const& b) {
    return std::tie(a.first, a.second.id) < std::tie(b.first, b.second.id);
  });
  auto const shown = [&](std::size_t i) {
    auto const& d = found[i].second;
    auto const p = with_->profiles.find(s, d.profile);
    return show_device(s, d, p.get(), with_->clock.now());
  };
  answer(list_response(found.size(), shown, page));
}

void get_one_device::operator()(session s, http::request r, http::reply answer) const {
  auto const id = device_id_in_path(r.param("id"));
  auto const d = read_device(*s.get_record(device_collection, id));
  auto const p = with_->profiles.find(s, d.profile);
  auto o = show_device(s, d, p.get(), with_->clock.now());
  o["health"].as_object().push("history", show_health_history(s, id, with_->words(s)));
  answer(http::json(200, json::to_string(o)));
}

void create_device::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  auto const probe = read_new_device(body, {.by = s.who().name, .at = with_->clock.now()});
  auto const p = get_profile(s, with_, probe.profile);
  auto const wish = read_mount_wish(s, with_, body, *p);
  submit_and_reply(
      s,
      [s, with = with_, body, p, wish](transaction& t) {
        auto const d = make_device(t, body, edit_of(s, t), wish ? &*wish : nullptr, *p, with->words(s));
        require_calibratable(d, *p, t.now());
        put_new_device(t, d, with->words(s));
      },
      std::move(answer),
      [s, with = with_, id = probe.id](outcome const&) { return shown_device(s, with, id, 201); });
}

void patch_device::operator()(session s, http::request r, http::reply answer) const {
  auto const patch = parse_body(r);
  if (patch.find("profile")) get_profile(s, with_, std::string(patch.text_or("profile", "")));
  change_and_show(
      s, with_, device_id_in_path(r.param("id")),
      [s, with = with_, patch](transaction& t, device& d) {
        change_device(d, patch, edit_of(s, t));
        if (auto const p = patch.find("calibration") ? with->profiles.find(s, d.profile) : nullptr)
          require_calibratable(d, *p, t.now());
        if (!patch.find("mounts")) return;
        for (auto const& m : d.mounts) {
          auto const p = with->profiles.find(s, d.profile);
          use_as_point(t, m.measuring_point, d, p ? *p : device_profile(), with->words(s));
        }
      },
      std::move(answer));
}

void delete_device::operator()(session s, http::request r, http::reply answer) const {
  submit_and_reply(
      s, [id = device_id_in_path(r.param("id"))](transaction& t) { remove_device(t, id); }, std::move(answer),
      [](outcome const&) { return http::no_content(); });
}

void create_mount::operator()(session s, http::request r, http::reply answer) const {
  auto const id = device_id_in_path(r.param("id"));
  auto const d = read_device(*s.get_record(device_collection, id));
  auto const p = get_profile(s, with_, d.profile);
  auto const wish = read_mount_wish(s, with_, parse_body(r), *p);
  require(wish.has_value(), fault_kind::invalid, "say where: measuringPoint, or measuringPointNew {name, location}",
          "measuringPoint");
  change_and_show(
      s, with_, id, [s, with = with_, p, wish](transaction& t, device& d) { mount(t, d, *wish, *p, with->words(s)); },
      std::move(answer));
}

namespace {

// The measuring point that a row names, by id or by name.
std::string find_point(session const& s, std::string const& named) {
  if (s.find(named)) return named;
  auto found = std::string();
  s.for_each_record(measuring_point_collection, "", [&](std::string_view id, record_ptr const& record) {
    if (record->text_or("name", "") == named) found = id;
    return found.empty();
  });
  return found;
}

struct checked_row {
  import_row row;
  profile_ptr profile;
  std::optional<mount_wish> wish;
};

void check_mount(session const& s, tools const& with, bool may_lie_outside, checked_row& c) {
  auto const& row = c.row;
  if (!row.has_point() || !c.profile) return;
  auto wish = mount_wish();
  wish.from = row.from.value_or(no_time);
  if (!row.measuring_point.empty()) wish.existing = find_point(s, row.measuring_point);
  if (wish.existing.empty()) {
    if (!row.latitude) {
      c.row.errors.push_back("there is no measuring point \"" + row.measuring_point +
                             "\"; with latitude and longitude it would be made");
      return;
    }
    auto const name = !row.point_name.empty()        ? row.point_name
                      : !row.measuring_point.empty() ? row.measuring_point
                                                     : std::string(json::value(row.device).text_or("name", ""));
    auto const point = json::array{*row.longitude, *row.latitude};
    wish.fresh = new_point{.name = name.empty() ? std::string(id_in(json::value(row.device))) : name,
                           .type = c.profile->entity_type,
                           .location = json::object{{"type", "Point"}, {"coordinates", point}},
                           .interval_s = c.profile->interval_s,
                           .may_lie_outside = may_lie_outside};
    try {
      require_in_city(with, s, *wish.fresh);
    } catch (fault const& f) {
      c.row.errors.push_back(f.detail);
    }
  }
  c.wish = wish;
}

checked_row check_row(session const& s, tools const& with, bool may_lie_outside, import_row row) {
  auto c = checked_row{.row = std::move(row), .profile = {}, .wish = {}};
  auto const body = json::value(c.row.device);
  auto const named = body.text_or("profile", "");
  if (!named.empty()) {
    c.profile = with->profiles.find(s, named);
    if (!c.profile) c.row.errors.push_back("there is no device profile \"" + std::string(named) + "\"");
  }
  if (s.find_record(device_collection, id_in(body))) {
    c.row.errors.push_back("this device is registered already");
  }
  if (c.row.errors.empty()) {
    try {
      read_new_device(body, {.by = s.who().name, .at = with->clock.now()});
    } catch (fault const& f) {
      c.row.errors.push_back(f.detail);
    }
  }
  check_mount(s, with, may_lie_outside, c);
  return c;
}

// Each row is a write of its own; all are on their way before the first is waited for.
void write_rows(session const& s, tools const& with, std::vector<checked_row>& rows) {
  auto mutex = std::mutex();
  auto change = std::condition_variable();
  auto running = std::size_t(0);
  for (auto& c : rows) {
    if (!c.row.errors.empty()) continue;
    {
      auto const lock = std::lock_guard(mutex);
      ++running;
    }
    auto const end = [&mutex, &change, &running, &c](std::optional<fault> const& refused) {
      auto const lock = std::lock_guard(mutex);
      if (refused) c.row.errors.push_back(refused->detail);
      --running;
      change.notify_all();
    };
    try {
      s.submit(
          [&s, &with, &c](transaction& t) {
            auto const* wish = c.wish ? &*c.wish : nullptr;
            auto const d = make_device(t, c.row.device, edit_of(s, t), wish, *c.profile, with->words(s));
            put_new_device(t, d, with->words(s));
          },
          [end](outcome o) { end(o.refused); });
    } catch (fault const& f) {
      end(f);
    }
  }
  auto lock = std::unique_lock(mutex);
  change.wait(lock, [&] { return running == 0; });
}

json::object shown_row(checked_row const& c) {
  auto errors = json::array();
  for (auto const& e : c.row.errors) errors.push_back(e);
  auto d = c.row.device;
  if (c.wish) {
    auto const& w = *c.wish;
    auto point = json::object{{"measuringPoint", w.fresh ? w.fresh->name : w.existing}, {"isNew", w.fresh.has_value()}};
    if (w.from != no_time) point.push("from", to_string(w.from));
    d.push("mounts", json::array{std::move(point)});
  }
  return {{"line", c.row.line}, {"ok", c.row.errors.empty()}, {"errors", std::move(errors)}, {"device", std::move(d)}};
}

}  // namespace

void import_devices::operator()(session s, http::request r, http::reply answer) const {
  auto const is_asked = [&](std::string_view name) {
    auto const text = r.query.text_or(name, "false");
    require(text == "true" || text == "false", fault_kind::malformed, std::string(name) + " is true or false", name);
    return text == "true";
  };
  auto const is_preview = is_asked("preview"), may_lie_outside = is_asked("outsideCity");
  auto rows = std::vector<checked_row>();
  auto const table = read_import(r.body);
  for (auto& row : table.rows) rows.push_back(check_row(s, with_, may_lie_outside, std::move(row)));
  if (!is_preview) write_rows(s, with_, rows);
  auto shown = json::array();
  auto accepted = std::size_t(0);
  for (auto const& c : rows) {
    if (c.row.errors.empty()) ++accepted;
    shown.push_back(shown_row(c));
  }
  auto const told = json::object{{"rows", std::move(shown)},
                                 {"accepted", accepted},
                                 {"rejected", rows.size() - accepted},
                                 {"encoding", to_string(table.encoding)},
                                 {"preview", is_preview}};
  answer(http::json(200, json::to_string(told)));
}

}  // namespace dos::devices
