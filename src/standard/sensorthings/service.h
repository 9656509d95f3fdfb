// What every handler of this module shares, and the answer to one request.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "standard/sensorthings/address.h"
#include "standard/sensorthings/render.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {

class topic_feed;

struct service {
  explicit service(node& n);

  node& program;
  mounts devices;
  sensorthings::limits limits;
  std::shared_ptr<topic_feed> topics;  // told of every write through this module
  std::string public_url;              // as configured; empty: as the client calls us

  // As the city's own default context calls things.
  vocabulary const& words_of(city const& c) const;
  session own(session const& s) const { return program.as_source(s.shared_city(), "sensorthings"); }

 private:
  std::map<std::string, vocabulary, std::less<>> words_;  // by city
};
using service_ptr = std::shared_ptr<service>;

// What was asked, without the way to us: "Things(1)/Datastreams", and how the client calls us.
struct target {
  std::string base;                           // "https://host/dortmund/v1.1"
  std::span<std::string const> segments;  // behind it; of the request
};
target target_of(service const& s, http::request const& r);

// A reader with what it needs, for one request.
struct reading {
  reading(service const& s, session const& who, std::string base);

  surroundings around;
  reader read;
  lister list;
  renderer render;
};

// One write, ready to be decided; `answer` is asked afterwards.
struct prepared_write {
  std::function<void(writer&)> decide;
  std::function<http::response(std::string const& base)> answer;
};
// Faults: everything that is wrong before the write.
prepared_write prepare(service const& s, session const& who, http::request const& r, target const& t);
prepared_write prepare_unlinking(http::request const& r, address const& a, reader const& reading);
// Of a batch: also to what an earlier request of the same change set makes ("$1", "$1/Datastreams"); `name`: how later
// ones call what this one makes.
prepared_write prepare_in_change_set(service const& s, session const& who, http::request const& r, target const& t,
                                     std::string name);
// One write in its turn; subscribers are told, then `done` is called on the sequencer's thread.
void submit(service_ptr const& s, session const& who, prepared_write w,
            std::function<void(outcome, prepared_write const&)> done);
// Several as one, all or nothing. Waits: not on a network thread. Subscribers are told.
void apply(service const& s, session const& who, std::vector<prepared_write> const& all);
http::response perform(service const& s, session const& who, http::request const& r);
http::response read(service const& s, session const& who, http::request const& r, target const& t);
http::response create_observations(service const& s, session const& who, http::request const& r);

// To be called when a write of this module is committed, with the datastreams it made or changed.
void tell_subscribers(service const& s, session const& who, std::vector<std::pair<kind, std::uint64_t>> datastreams);

http::response fault_response(fault const& f);  // {"code", "type", "message"}, as FROST's clients read it
http::response json_response(int status, std::string body);
std::string property_name(std::vector<std::string> const& path);  // as its value is called in an answer
http::response created(std::string const& base, kind k, std::uint64_t id);

// What a method asks of a caller, at a route of its own and within a batch.
need need_of(std::string_view method);
// Below /v1.1 and /sensorthings/v1.1 of each city, and of the root.
void add_route(offer& o, std::string method, std::string const& path, need needs, city_handler handle,
               thread_use use = thread_use::slow);

// The rooms of the interface.
void add_batch(offer& o, service_ptr s);
void add_observations(offer& o, service_ptr s);
http::response landing_page(service const& s, session const& who, std::string const& base);
json::value openapi();  // our part of /openapi.json; what its schemas share stands in openapi/sensorthings.yaml

}  // namespace dos::sensorthings
