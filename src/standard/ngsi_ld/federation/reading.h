// What reading at context sources has in common: entities, their evolution, types. ETSI GS CIM 009, 4.3.6, 6.3.17
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "standard/ngsi_ld/federation/distributed.h"
#include "standard/ngsi_ld/federation/federation.h"
#include "standard/ngsi_ld/federation/merge.h"

namespace dos::ngsi_ld {

// Filters as the client wrote them, for sources that have whole entities. Where entities may be spread over several sources, and
// from a source that has registered but some attributes, everything comes and is filtered here. 5.7.2.4
struct filter_texts {
  std::vector<std::pair<std::string, std::string>> params;
};

// A read on its way at several sources.
struct reading {
  call_ptr c;
  std::string alias;
  source_list sources;
  federation::wires wires;
  filter_texts filters;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  std::mutex lock;
  std::map<std::string, std::vector<entity_part>> parts;  // by id
  std::set<std::string> unfiltered;                       // of them
  warnings missing;
  std::atomic<std::size_t> left = 1;
  std::function<void(reading&)> done;

  // Who may not read everything is told no names of partners.
  void warn(std::string text) {
    if (!c->who.who().may_read_all()) return;
    auto const held = std::lock_guard(lock);
    missing.push_back(std::move(text));
  }
  void warn(source const& s, std::string_view code, std::string_view text) {
    warn(std::string(code) + " " + alias + " \"" + s.id + " (" + s.endpoint + "): " + std::string(text) + "\"");
  }
  void finish() {
    if (--left == 0) answer_faults(*c, [&] { done(*this); });
  }
};
using reading_ptr = std::shared_ptr<reading>;

reading_ptr begin_reading(call_ptr const& c);
// The body of a good answer; what is wrong with any other is told. 4.3.6.8
std::optional<json::value> hear(reading& r, heard const& h);

std::vector<subject> subjects_of(call const& c, query::query const& q);
// One question about one entity: all that the source has registered of it.
question united(std::vector<question> const& questions, std::string_view id);
// ?type=…&id=…&idPattern=…&attrs=…&options=sysAttrs
void add_question(std::string& target, source const& s, question const& q, context const& names, bool names_ids);
void add_param(std::string& target, std::string_view name, std::string_view value);
std::vector<symbol> asked_attributes(call const& c);

}  // namespace dos::ngsi_ld
