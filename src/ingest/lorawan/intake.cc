#include "ingest/lorawan/intake.h"

#include <algorithm>

#include "base/fault.h"
#include "devices/device_command.h"
#include "devices/input_source.h"
#include "devices/quarantine.h"
#include "devices/radio_state.h"
#include "kernel/city/city.h"

namespace dos::lorawan {
namespace {

std::int64_t seconds_or(json::value const& configuration, std::string_view member, std::int64_t otherwise_us) {
  auto const* section = configuration.find("lorawan");
  auto const* found = section ? section->find(member) : nullptr;
  return found && found->is_int() && found->as_int() >= 0 ? found->as_int() * us_per_second : otherwise_us;
}

clock_bounds bounds_of(json::value const& configuration) {
  auto const usual = clock_bounds();
  return {.past_us = seconds_or(configuration, "time_past_max_s", usual.past_us),
          .future_us = seconds_or(configuration, "time_future_max_s", usual.future_us)};
}

}  // namespace

intake::intake(node const& n, device_profiles const& profiles, city_names const& names)
    : node_(n), names_(names), prepare_{profiles, decoder_, bounds_of(n.configuration)}, workers_({}) {
  for (auto const& c : n.cities) {
    for (auto const collection : {radio_state_collection, quarantine_collection, quarantine_bounds_collection, input_source_collection,
                                  device_command_collection, device_command_waiting_collection})
      c->let_devices_note(collection);
  }
}

void intake::take(std::shared_ptr<city> c, message m, std::function<void(fate)> done) {
  auto const source = m.source;
  auto p = std::make_shared<prepared>(prepared{.message = std::move(m)});
  auto const queue = c->id() + "/" + source;
  auto const bytes = p->message.body.size();
  if (workers_.post(queue, [this, c, p, done = std::move(done)] { process(c, p, done); }, bytes)) return;
  give_back({c, source, 1});
  throw fault(fault_kind::too_many,
              "too many messages of " + source + " are waiting: slow down and send this one again");
}

void intake::give_back(refusal const& more) {
  auto const lock = std::lock_guard(refusals_mutex_);
  auto known = std::find_if(refusals_.begin(), refusals_.end(),
                            [&](refusal const& r) { return r.city == more.city && r.source == more.source; });
  if (known == refusals_.end()) refusals_.push_back(more);
  else known->n += more.n;
}

std::vector<intake::refusal> intake::take_refusals() {
  auto const lock = std::lock_guard(refusals_mutex_);
  return std::exchange(refusals_, {});
}

void intake::replay(std::shared_ptr<city> c, std::string const& key, std::function<void(fate)> done) {
  auto const record = node_.as_source(c, "replay").get_record(quarantine_collection, key);
  auto q = read_quarantined(*record);
  auto const from = parse_network(q.network);
  require(from.has_value(), fault_kind::conflict, "entries of " + q.network + " are not replayed here");
  require(!q.cut, fault_kind::conflict,
          "the message was too long and is not kept whole: it can't be replayed; let the network send it again");
  auto p = std::make_shared<prepared>(prepared{.message = {.source = q.source,
                                                           .network = *from,
                                                           .topic = q.event,
                                                           .body = q.body,
                                                           .received = q.time,
                                                           .provenance = q.provenance},
                                               .replayed_key = key,
                                               .frame_noted = q.frame_noted,
                                               .only = q.values_left});
  process(c, p, std::move(done));
}

void intake::process(std::shared_ptr<city> const& c, std::shared_ptr<prepared> p, std::function<void(fate)> done) {
  auto const refuse = [&](fault f) {
    done({.what = fate::kind::refused, .reason = {}, .detail = {}, .refused = std::move(f)});
  };
  try {
    auto const s = node_.as_input(c, p->message.source);
    prepare_(s, *p);
    auto const answer = std::make_shared<fate>();
    s.submit([&words = names_.of(*c), p, answer](transaction& t) { *answer = write(t, *p, words); },
             [answer, done](outcome o) {
               if (o.refused) *answer = {.what = fate::kind::refused, .reason = {}, .detail = {}, .refused = o.refused};
               done(std::move(*answer));
             });
  } catch (fault const& f) {
    refuse(f);
  } catch (std::exception const& e) {
    refuse(fault(fault_kind::internal, e.what()));
  }
}

}  // namespace dos::lorawan
