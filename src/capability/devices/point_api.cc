#include "capability/devices/point_api.h"

#include <map>
#include <utility>
#include <vector>

#include "base/fault.h"
#include "base/text.h"
#include "capability/devices/register_writes.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "kernel/city/city.h"

namespace dos::devices {
namespace {

// Which device is at which point now.
std::map<std::string, std::string> devices_at_points(session const& s, timestamp now) {
  auto found = std::map<std::string, std::string>();
  s.for_each_record(device_collection, "", [&](std::string_view eui, record_ptr const& record) {
    auto const d = read_device(*record);
    if (auto const* mount = d.mount_at(now)) found.emplace(mount->measuring_point, eui);
    return true;
  });
  return found;
}

timestamp last_observed(entity const& e) {
  auto last = no_time;
  for (auto const& a : e.attributes) last = std::max(last, a->observed_at);
  return last;
}

json::object shown_point(terms const& words, entity const& e, json::value const& record) {
  auto o = json::object{{"id", e.id}, {"name", record.text_or("name", e.id)}};
  o.push("type", words.term(e.types.front().text()));
  auto const value = [&](char const* member, std::string_view term) {
    auto const a = e.find(symbol::find(words.iri(term)));
    if (a) o.push(member, a->value);
  };
  value("location", "location");
  value("expectedInterval", "expectedInterval");
  if (auto const last = last_observed(e); last != no_time) o.push("lastSeen", to_string(last));
  return o;
}

}  // namespace

void require_in_city(tools const& with, session const& s, new_point const& p) {
  auto const box = with->boxes.find(s.city().id());
  if (p.may_lie_outside || p.location.is_null() || box == with->boxes.end()) return;
  auto const& at = p.location.find("coordinates")->as_array();
  auto const question = question_about(box->second, at[0].as_double(), at[1].as_double());
  if (!question) return;
  throw fault(fault_kind::conflict,
              *question + (question->ends_with('?') ? "" : ".") +
                  " If it is meant, say \"outsideCity\": true with it (?outsideCity=true for a table)",
              "location");
}

void list_points::operator()(session s, http::request r, http::reply answer) const {
  auto page = read_list_page(r);
  auto const q = std::exchange(page.q, {});
  auto const devices = devices_at_points(s, with_->clock.now());
  auto found = std::vector<std::pair<entity_ptr, record_ptr>>();
  s.for_each_record(measuring_point_collection, "", [&](std::string_view id, record_ptr const& record) {
    auto const e = s.find(id);
    auto const wanted = q.empty() || text::folded(record->text_or("name", "")).find(q) != std::string::npos ||
                        text::folded(id).find(q) != std::string::npos;
    if (e && wanted) found.emplace_back(e, record);
    return true;
  });
  auto const shown = [&](std::size_t i) {
    auto const& [e, record] = found[i];
    auto o = shown_point(with_->words(s), *e, *record);
    if (auto const at = devices.find(e->id); at != devices.end()) o.push("device", at->second);
    return o;
  };
  answer(list_response(found.size(), shown, page));
}

void create_point::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  auto p = read_new_point(body, "");
  require_in_city(with_, s, p);
  if (auto const* interval = body.find("expectedInterval"); interval && !interval->is_null()) {
    require(interval->is_number() && interval->as_double() > 0, fault_kind::invalid, "expectedInterval is in seconds",
            "expectedInterval");
    p.interval_s = interval->as_double();
  }
  auto const id = std::make_shared<std::string>();
  submit_and_reply(
      s, [s, with = with_, p, id](transaction& t) { *id = put_point(t, p, with->words(s)); }, std::move(answer),
      [s, with = with_, id](outcome const&) {
        auto const record = s.get_record(measuring_point_collection, *id);
        return http::created("measuring-points/" + *id, json::to_string(shown_point(with->words(s), *s.get(*id), *record)));
      });
}

}  // namespace dos::devices
