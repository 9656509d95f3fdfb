#include "capability/applications/free.h"

#include <algorithm>

#include "base/text.h"
#include "capability/applications/free_time.h"
#include "kernel/city/city.h"

namespace dos::applications {
namespace {

struct rule_of_times {
  model::type const* type = nullptr;
  model::constraint const* rule = nullptr;
};

// What takes the time of such a resource.
rule_of_times find_rule_of_times(model::registry const* models, entity const& resource, std::string_view type) {
  if (!models) return {};
  for (auto const& t : models->types()) {
    if (!type.empty() && t->term != type) continue;
    for (auto const& c : t->constraints) {
      if (c.what != model::constraint::kind::no_overlap) continue;
      auto const* const of = t->find(c.of);
      auto const leads_here = !of || of->to.empty() || std::any_of(of->to.begin(), of->to.end(), [&](symbol s) { return resource.has_type(s); });
      if (leads_here) return {t.get(), &c};
    }
  }
  return {};
}

timestamp read_time(http::request const& r, std::string_view name, timestamp otherwise) {
  auto const given = r.query.text_or(name, "");
  if (given.empty()) return otherwise;
  auto const t = parse_timestamp(given);
  require(t.has_value(), fault_kind::malformed, std::string(name) + " is a moment like 2026-11-30T10:00:00Z", name);
  return *t;
}

std::int64_t read_count(http::request const& r, std::string_view name) {
  auto const given = r.query.text_or(name, "");
  if (given.empty()) return 0;
  auto const n = text::to_int(given);
  require(n && *n >= 0 && *n <= 1'000'000, fault_kind::malformed, std::string(name) + " is a whole number from 0 on", name);
  return *n;
}

}  // namespace

void tell_free::operator()(session s, http::request r, http::reply answer) const {
  auto const id = std::string(r.param("id"));
  auto const resource = s.get(id);
  auto const models = s.city().models();
  auto const by = find_rule_of_times(models.get(), *resource, r.query.text_or("type", ""));
  if (!by.rule) throw fault(fault_kind::not_found, "nothing is booked of " + id, "id");
  auto const from = read_time(r, "from", with_->n.clock.now());
  auto const to = read_time(r, "to", from + 7ll * 86'400 * us_per_second);
  require(from < to, fault_kind::malformed, "to is later than from", "to");
  require(to - from <= free_us_max, fault_kind::too_large, "an answer looks at no more than 400 days", "to");
  auto const minutes = read_count(r, "minutes"), wanted = read_count(r, "places");
  auto const times = s.city().times_of(by.type->iri, id, from, to);
  auto items = json::array();
  for (auto const& span : free_time(from, to, times)) {
    if (span.to - span.from < minutes * 60 * us_per_second || std::int64_t(span.places) < wanted) continue;
    items.push_back(json::object{{"from", to_string(span.from)}, {"to", to_string(span.to)}, {"places", span.places}});
  }
  auto const o = json::object{{"resource", id}, {"type", by.type->term}, {"from", to_string(from)}, {"to", to_string(to)}, {"capacity", times.capacity},
                              {"items", std::move(items)}};
  answer(http::json(200, json::to_string(o)));
}

}  // namespace dos::applications
