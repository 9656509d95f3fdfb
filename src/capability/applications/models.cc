#include "capability/applications/models.h"

#include "capability/applications/entity_form.h"
#include "capability/applications/fields.h"
#include "capability/applications/schema_form.h"
#include "contract/list.h"
#include "kernel/city/city.h"
#include "linked_data/entity_change.h"

namespace dos::applications {
namespace {

// By term or IRI, of those that the asker may know of.
model::type const& get_type(session const& s, model::registry const* models, std::string_view name) {
  auto const* t = models ? models->find_by_term(name) : nullptr;
  if (models && !t) t = models->find(symbol::find(name));
  if (!t || !shown_type(s, *t).is_known()) throw fault(fault_kind::not_found, "there is no type " + std::string(name), "type");
  return *t;
}

std::vector<json::object> read_entities(json::value const& body) {
  auto all = std::vector<json::object>();
  if (!body.is_array()) {
    require(body.is_object(), fault_kind::invalid, "the fields stand in an object: {\"name\": value, …}; several entities in an array of them");
    return {body.as_object()};
  }
  require(!body.as_array().empty() && body.as_array().size() <= made_at_once_max, fault_kind::invalid,
          "an array holds from 1 to " + std::to_string(made_at_once_max) + " entities");
  for (auto const& item : body.as_array()) {
    require(item.is_object(), fault_kind::invalid, "each entity is an object: {\"name\": value, …}");
    all.push_back(item.as_object());
  }
  return all;
}

void require_right_fields(model::type const& t, std::vector<json::object> const& all, std::vector<fault>& wrong) {
  for (auto i = std::size_t(0); i < all.size(); ++i) {
    for (auto& f : wrong_fields(t, all[i])) {
      if (all.size() > 1) f.member = '[' + std::to_string(i) + "]." + f.member;
      wrong.push_back(std::move(f));
    }
    if (wrong.size() >= 50) return;
  }
}

}  // namespace

void tell_me::operator()(session s, http::request, http::reply answer) const {
  auto const& who = s.who();
  auto o = json::object{{"name", who.name}, {"city", s.city().id()}, {"role", to_text(who.role)}};
  o.push("subject", who.subject.empty() ? json::value() : json::value(who.subject));
  o.push("organisations", json::array(who.organisations.begin(), who.organisations.end()));
  o.push("roles", json::array(who.roles.begin(), who.roles.end()));
  if (who.until != timestamp_max) o.push("until", to_string(who.until));
  answer(http::json(200, json::to_string(o)));
}

void list_models::operator()(session s, http::request r, http::reply answer) const {
  auto const models = s.city().models();
  auto const language = language_of(r);
  auto items = json::array();
  if (models) {
    for (auto const& t : models->types()) {
      auto const shown = shown_type(s, *t);
      if (!shown.is_known()) continue;
      auto const title = word_in(t->words, "title", language);
      auto o = json::object{{"type", t->term}, {"iri", t->iri.text()}, {"title", title.empty() ? std::string_view(t->term) : title}, {"package", t->package}};
      if (auto const text = word_in(t->words, "description", language); !text.empty()) o.push("description", text);
      o.push("mayCreate", shown.may_create());
      items.push_back(std::move(o));
    }
  }
  answer(list_response(std::move(items), read_list_page(r, list_items_max)));
}

void get_model::operator()(session s, http::request r, http::reply answer) const {
  auto const models = s.city().models();
  auto const& t = get_type(s, models.get(), r.param("type"));
  answer(http::with_body(200, "application/schema+json", json::to_string(schema_of(shown_type(s, t), language_of(r)))));
}

void require_may_create(session const& s, http::request const& r) {
  auto const models = s.city().models();
  auto const& t = get_type(s, models.get(), r.param("type"));
  if (shown_type(s, t).may_create()) return;
  if (s.who().role == role::anonymous) throw fault(fault_kind::unauthenticated, "making a " + t.term + " needs a token");
  throw fault(fault_kind::forbidden, "making a " + t.term + " is not granted to you");
}

void make_entities::operator()(session s, http::request r, http::reply answer) const {
  auto const models = s.city().models();
  auto const& t = get_type(s, models.get(), r.param("type"));
  auto const body = parse_body(r);
  auto const all = read_entities(body);
  auto const key = read_key(s, r, body);
  auto& kept = with_->answers_of(s);
  if (key) kept.require_room(*key);
  auto wrong = std::vector<fault>();
  require_right_fields(t, all, wrong);
  if (!wrong.empty() && !key) return answer(refusal_of_fields(wrong));
  auto entities = std::make_shared<std::vector<entity>>();
  for (auto const& fields : all) entities->push_back(made_of(t, fields));
  struct outcome_of_it {
    told said;
    bool is_new = false;
  };
  auto const what = std::make_shared<outcome_of_it>();
  auto const is_list = body.is_array();
  s.submit(
      [s, with = with_, models, entities, key, what, is_list, wrong](transaction& x) {
        if (auto const before = key ? find_answer(x, *key) : std::nullopt) {
          what->said = *before;
          return;
        }
        if (!wrong.empty()) throw wrong.front();
        auto made = json::array();
        for (auto const& e : *entities) {
          auto const id = e.id;
          linked_data::create(x, e);
          auto const seen = x.find(id);  // as its writer may see it
          made.push_back(seen ? plain_form(*seen, models.get(), with->words_of(s)) : json::object{{"id", id}});
        }
        what->said.status = 201;
        what->said.location = is_list ? std::string() : "/" + s.city().id() + "/ngsi-ld/v1/entities/" + entities->front().id;
        what->said.body = json::to_string(is_list ? json::value(json::object{{"items", std::move(made)}}) : std::move(made.front()));
        what->is_new = true;
        if (key) keep_answer(x, *key, what->said);
      },
      [s, answer = std::move(answer), entities, key, what, is_list, &kept](outcome const& o) {
        if (o.refused) return answer(refusal(*o.refused));
        if (key && what->is_new) kept.note(*key, what->said);
        auto said = to_response(what->said);
        if (!is_list && what->is_new) {
          if (auto const seen = s.find(entities->front().id)) said.headers.set("ETag", etag_of(*seen));
        }
        answer(std::move(said));
      },
      {.weight = all.size()});
}

}  // namespace dos::applications
