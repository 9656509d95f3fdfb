#include "ingest/lorawan/lorawan.h"

#include "contract/city_names.h"
#include "contract/list.h"
#include "contract/rights.h"
#include "devices/device_profile.h"
#include "devices/input_source.h"
#include "ingest/lorawan/brokers.h"
#include "ingest/lorawan/command_api.h"
#include "ingest/lorawan/downlinks.h"
#include "ingest/lorawan/intake.h"
#include "ingest/lorawan/published_events.h"
#include "ingest/lorawan/quarantine_api.h"
#include "ingest/lorawan/webhooks.h"

namespace dos::lorawan {
namespace {

using namespace std::chrono_literals;

// Everything that lives as long as the module does.
struct parts {
  explicit parts(node const& n)
      : profiles(n),
        names(n),
        in(n, profiles, names),
        brokers(n, in),
        downlinks(n, brokers),
        tools{n.clock, profiles, encoders, downlinks} {}

  device_profiles profiles;
  city_names names;
  intake in;
  lorawan::brokers brokers;
  decoder encoders;
  lorawan::downlinks downlinks;
  command_tools tools;
};

// GET /platform/v1/sources
struct list_sources {
  void operator()(session s, http::request r, http::reply answer) const {
    auto items = json::array();
    s.for_each_record(input_source_collection, "", [&](std::string_view, record_ptr const& record) {
      items.push_back(*record);
      return true;
    });
    answer(list_response(std::move(items), read_list_page(r, list_items_max)));
  }
};

// What a full queue turned away never reached a write; the ledger hears of it here.
void write_refusals(node const& n, intake& in) {
  for (auto const& r : in.take_refusals()) {
    try {
      n.as_input(r.city, r.source).apply([&](transaction& t) {
        t.count(r.source, tally::received, r.n);
        t.count(r.source, tally::rejected, r.n, "queue_full");
      });
    } catch (fault const&) {
      in.give_back(r);  // counted when it can be written
    }
  }
}

}  // namespace

offer offer_lorawan(node const& n) {
  auto const all = std::make_shared<parts>(n);
  auto const slow = thread_use::slow, quick = thread_use::quick;
  auto const in = std::shared_ptr<intake>(all, &all->in);  // an endpoint keeps all of it alive
  auto const webhook = [&](std::string path, network from) {
    return city_route{.method = "POST",
                      .pattern = "/lorawan/" + std::move(path),
                      .needs = need::own,
                      .handle = receive_webhook{n, in, from},
                      .use = quick,
                      .ask = [from](session const& s, http::request const& r) { check_sender(s, r, from); }};
  };
  auto const tools = command_tools_ptr(all, &all->tools);
  auto o = offer();
  o.name = "lorawan";
  o.city_routes = {
      webhook("chirpstack", network::chirpstack),
      webhook("ttn", network::things_stack),
      // The Things Stack may give each kind of message a path of its own.
      webhook("ttn/{kind...}", network::things_stack),
      webhook("loriot", network::loriot),
      webhook("actility", network::actility),
      {"GET", "/platform/v1/webhooks", need::reader, list_webhooks{n}, slow},
      {"POST", "/platform/v1/webhooks", need::admin, create_webhook{n}, quick},
      {"DELETE", "/platform/v1/webhooks/{id}", need::admin, delete_webhook{}, quick},
      {"GET", "/platform/v1/sources", need::reader, list_sources{}, slow},
      {"GET", "/platform/v1/quarantine", need::reader, list_quarantine{}, slow},
      {"POST", "/platform/v1/quarantine/replay", need::editor, replay_many{in}, slow},
      {"POST", "/platform/v1/quarantine/{id}/replay", need::editor, replay_one{in}, slow},
      {"DELETE", "/platform/v1/quarantine/{id}", need::editor, delete_quarantined{}, quick},
      {"GET", "/platform/v1/devices/{id}/commands", need::reader, list_commands{}, slow},
      {"POST", "/platform/v1/devices/{id}/commands", need::editor, create_command{tools}, slow},
      {"GET", "/platform/v1/devices/{id}/commands/{command}", need::reader, get_command{}, slow},
      {"DELETE", "/platform/v1/devices/{id}/commands/{command}", need::editor, cancel_command{}, quick},
  };
  o.topic_spaces = published_events(n, in);
  o.jobs = {{.name = "lorawan refusals", .every = 10s, .run = [&n, all] { write_refusals(n, all->in); }},
            {.name = "lorawan brokers", .every = 1s, .run = [all] { all->brokers.look_after(); }},
            {.name = "lorawan downlinks", .every = 500ms, .run = [all] { all->downlinks.look_after(); }}};
  o.metrics = [all] {
    return "# TYPE dos_lorawan_waiting gauge\ndos_lorawan_waiting " + std::to_string(all->in.waiting()) + "\n";
  };
  o.start = [all] { all->brokers.start(); };
  o.stop = [all] {
    all->downlinks.stop();
    all->brokers.stop();
    all->in.stop();
  };
  return o;
}

}  // namespace dos::lorawan
