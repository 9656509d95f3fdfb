// What every handler of this module shares, and the answer to one request.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "standard/sensorthings/address.h"
#include "standard/sensorthings/render.h"
#include "standard/sensorthings/writer.h"

namespace dos::sensorthings {

struct service {
  explicit service(node& n);

  node& program;
  vocabulary words;
  mounts devices;
  sensorthings::limits limits;
  std::string public_url;  // as configured; empty: as the client calls us

  session own(session const& s) const { return program.as_source(s.shared_city(), "sensorthings"); }
};
using service_ptr = std::shared_ptr<service>;

// What was asked, without the way to us: "Things(1)/Datastreams", and how the client calls us.
struct target {
  std::string base;                   // "https://host/dortmund/v1.1"
  std::vector<std::string> segments;  // behind it
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

// One write, ready to be decided; `done` afterwards makes its answer.
struct prepared_write {
  std::function<void(transaction&, references&)> decide;
  std::function<http::response(std::string const& base)> answer;
};
// Faults: everything that is wrong before the write.
prepared_write prepare(service const& s, session const& who, http::request const& r, target const& t);
// For addresses such as "$1/Datastreams" of a batch, too. Waits: not on a network thread.
http::response perform(service const& s, session const& who, http::request const& r);
http::response read(service const& s, session const& who, http::request const& r, target const& t);

http::response fault_response(fault const& f);  // {"code", "type", "message"}, as FROST's clients read it
http::response json_response(int status, std::string body);

// The rooms of the interface.
void add_batch(offer& o, service_ptr s);
void add_data_arrays(offer& o, service_ptr s);
void add_observations(offer& o, service_ptr s);
http::response landing_page(service const& s, session const& who, std::string const& base);
json::value openapi_paths();

}  // namespace dos::sensorthings
