#include "capability/applications/entity_form.h"

#include "http/etag.h"
#include "kernel/graph/path.h"

namespace dos::applications {

std::string etag_of(entity const& seen) { return http::make_etag(std::to_string(seen.version)); }

json::value plain_value(attribute const& a) { return query::unwrapped(a.value); }

std::string term_of(symbol attribute, model::type const* t, terms const& words) {
  if (auto const* const rule = t ? t->find(attribute) : nullptr) return rule->term;
  return words.term(attribute.text());
}

json::object plain_form(entity const& e, model::registry const* models, terms const& words) {
  auto const* const t = models ? models->model_of(e.types) : nullptr;
  auto o = json::object{{"id", e.id}};
  if (t && e.types.size() == 1) {
    o.push("type", t->term);
  } else {
    auto types = json::array();
    for (auto const type : e.types) types.push_back(words.term(type.text()));
    o.push("type", types.size() == 1 ? types.front() : json::value(std::move(types)));
  }
  for (auto const& a : e.attributes) {
    if (!a->dataset) o[term_of(a->name, t, words)] = plain_value(*a);  // others are told by NGSI-LD
  }
  return o;
}

}  // namespace dos::applications
