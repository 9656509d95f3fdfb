#include "capability/applications/acting.h"

#include <algorithm>
#include <set>

#include "capability/applications/entity_form.h"
#include "capability/applications/fields.h"
#include "capability/applications/schema_form.h"
#include "http/etag.h"
#include "http/problem.h"
#include "kernel/city/city.h"

namespace dos::applications {
namespace {

// What an act says of itself beside the fields that the action asks for.
struct wish {
  json::object fields;
  acting how;
};

std::string take_text(json::object& fields, std::string_view name, model::type const* t, model::action const* a) {
  auto const* const rule = t && a ? find_rule(*t, name) : nullptr;
  auto const is_asked = rule && std::any_of(a->asks.begin(), a->asks.end(), [&](auto const& q) { return q.attribute == rule->name; });
  auto const* const v = fields.find(name);
  if (is_asked || !v) return {};
  require(v->is_string() && v->as_string().size() <= 2'000, fault_kind::invalid, std::string(name) + " is a text of up to 2,000 bytes", name);
  auto text = std::string(v->as_string());
  fields.erase(name);
  return text;
}

wish read_wish(json::object fields, model::type const* t, model::action const* a) {
  auto w = wish();
  w.how.reason = take_text(fields, "reason", t, a);
  w.how.via = take_text(fields, "via", t, a);
  w.fields = std::move(fields);
  return w;
}

json::object read_body(http::request const& r) {
  if (r.body.empty()) return {};
  auto v = json::parse(r.body);
  require(v.is_object(), fault_kind::invalid, "the fields stand in an object: {\"name\": value, …}");
  return v.as_object();
}

// The entity as the asker sees it after the write, as an answer. Within a decision, find() shows what its writer may see.
told shown_after(session const& s, shared_tools const& with, model::registry const* models, entity_ptr const& seen) {
  if (!seen || seen->deleted_at != no_time) return {.status = 204, .body = {}, .location = {}};
  return {.status = 200, .body = json::to_string(plain_form(*seen, models, with.words_of(s))), .location = {}};
}

void require_version(std::string const& if_match, entity_ptr const& seen) {
  if (if_match.empty() || !seen) return;  // what is not there is refused for that
  require(http::names_etag_strongly(if_match, etag_of(*seen)), fault_kind::precondition_failed, "it has changed since; read it again", "If-Match");
}

struct known_action {
  model::registry_ptr models;
  model::type const* type = nullptr;
  model::action const* action = nullptr;
};

known_action find_action(session const& s, entity const& e, std::string_view name) {
  auto k = known_action{s.city().models(), nullptr, nullptr};
  k.type = k.models ? k.models->model_of(e.types) : nullptr;
  k.action = k.type ? k.type->find_action(name) : nullptr;
  return k;
}

http::response with_etag(session const& s, std::string const& id, told const& t) {
  auto r = to_response(t);
  if (t.status != 200) return r;
  if (auto const seen = s.find(id)) r.headers.set("ETag", etag_of(*seen));
  return r;
}

}  // namespace

void list_actions::operator()(session s, http::request r, http::reply answer) const {
  auto const id = std::string(r.param("id"));
  auto const seen = s.get(id);
  auto const models = s.city().models();
  auto const* const t = models ? models->model_of(seen->types) : nullptr;
  auto items = json::array();
  if (t) {
    auto const shown = shown_type(s, *t);
    auto const language = language_of(r);
    for (auto const* const a : s.possible_actions(*models, id)) {
      auto const title = word_in(a->words, "title", language);
      auto o = json::object{{"name", a->name}, {"title", title.empty() ? std::string_view(a->name) : title}, {"schema", schema_of(*a, shown, language)}};
      if (auto const help = word_in(a->words, "help", language); !help.empty()) o.push("description", help);
      if (a->is_for_many) o.push("forMany", true);
      items.push_back(std::move(o));
    }
  }
  auto said = http::json(200, json::to_string(items));
  said.headers.set("ETag", etag_of(*seen));  // what If-Match wants to hear
  answer(std::move(said));
}

void require_seen(session const& s, http::request const& r) {
  if (!r.headers.contains("Idempotency-Key")) s.get(r.param("id"));
}

void perform_action::operator()(session s, http::request r, http::reply answer) const {
  auto const id = std::string(r.param("id")), name = std::string(r.param("name"));
  auto const body = read_body(r);
  auto const seen = s.find(id);
  auto const known = seen ? find_action(s, *seen, name) : known_action();
  auto const w = read_wish(body, known.type, known.action);
  auto const key = read_key(s, r, body);
  auto const if_match = std::string(r.headers.text_or("If-Match", ""));
  auto& kept = with_->answers_of(s);
  if (key) kept.require_room(*key);
  // All that is wrong with the fields is told at once, to who could go on without it.
  if (known.action && !key) {
    auto const possible = s.possible_actions(*known.models, id);
    auto const wrong = std::find(possible.begin(), possible.end(), known.action) == possible.end() ? std::vector<fault>()
                                                                                                 : wrong_fields(*known.type, *known.action, w.fields, *seen);
    if (!wrong.empty()) {
      require_version(if_match, seen);
      return answer(refusal_of_fields(wrong));
    }
  }
  struct outcome_of_it {
    told said;
    bool is_new = false;
  };
  auto const what = std::make_shared<outcome_of_it>();
  submit_and_reply(
      s,
      [s, with = with_, id, name, w, key, if_match, what](transaction& t) {
        if (auto const before = key ? find_answer(t, *key) : std::nullopt) {
          what->said = *before;
          return;
        }
        require_version(if_match, t.find(id));
        t.act(id, name, w.fields, w.how);
        what->said = shown_after(s, *with, s.city().models().get(), t.find(id));
        what->is_new = true;
        if (key) keep_answer(t, *key, what->said);
      },
      std::move(answer),
      [s, id, key, what, &kept](outcome const&) {
        if (key && what->is_new) kept.note(*key, what->said);
        return with_etag(s, id, what->said);
      },
      refusal);
}

namespace {

std::vector<std::string> read_ids(json::object& body) {
  auto const* const v = body.find("ids");
  require(v && v->is_array() && !v->as_array().empty(), fault_kind::invalid, "say of which entities: {\"ids\": [\"urn:…\"], …}", "ids");
  require(v->as_array().size() <= acts_at_once_max, fault_kind::too_large, "one request acts on at most " + std::to_string(acts_at_once_max) + " entities");
  auto ids = std::vector<std::string>();
  auto seen = std::set<std::string_view>();
  for (auto const& id : v->as_array()) {
    require(id.is_string() && seen.insert(id.as_string()).second, fault_kind::invalid, "ids are texts, each once", "ids");
    ids.emplace_back(id.as_string());
  }
  body.erase("ids");
  return ids;
}

json::value body_of(http::response const& r) { return json::parse(r.body); }

struct act_of_many {
  std::vector<std::string> ids;
  bool is_all_or_nothing = false;
  wish what;
};

act_of_many read_many(session const& s, json::object body, std::string_view name) {
  auto m = act_of_many();
  m.ids = read_ids(body);
  auto first = known_action();
  auto all = true, any = false;
  for (auto const& id : m.ids) {
    auto const seen = s.find(id);
    auto const known = seen ? find_action(s, *seen, name) : known_action();
    if (!known.action) continue;
    if (!first.action) first = known;
    all = all && known.action->is_for_many;
    any = true;
  }
  m.is_all_or_nothing = any && all;
  m.what = read_wish(std::move(body), first.type, first.action);
  return m;
}

}  // namespace

void perform_on_many::operator()(session s, http::request r, http::reply answer) const {
  auto const name = std::string(r.param("name"));
  auto const body = read_body(r);
  auto const m = std::make_shared<act_of_many const>(read_many(s, body, name));
  auto const key = read_key(s, r, body);
  auto& kept = with_->answers_of(s);
  if (key) kept.require_room(*key);
  struct outcome_of_it {
    told said;
    bool is_new = false;
  };
  auto const what = std::make_shared<outcome_of_it>();
  auto const decide = [s, with = with_, name, m, key, what](transaction& t) {
    if (auto const before = key ? find_answer(t, *key) : std::nullopt) {
      what->said = *before;
      return;
    }
    auto results = json::array();
    auto const models = s.city().models();
    auto const act = [&](std::string const& id) {
      t.act(id, name, m->what.fields, m->what.how);
      auto const one = shown_after(s, *with, models.get(), t.find(id));
      auto o = json::object{{"id", id}, {"status", one.status}};
      if (!one.body.empty()) o.push("entity", json::parse(one.body));
      results.push_back(std::move(o));
    };
    for (auto const& id : m->ids) {
      if (m->is_all_or_nothing) {
        try {
          act(id);
        } catch (fault& f) {  // of those that the caller named, which one
          f.detail = id + ": " + f.detail;
          throw;
        }
      } else if (auto const f = t.attempt([&] { act(id); })) {
        auto const said = refusal(*f);
        results.push_back(json::object{{"id", id}, {"status", said.status}, {"problem", body_of(said)}});
      }
    }
    what->said = {.status = 207, .body = json::to_string(json::object{{"items", std::move(results)}}), .location = {}};
    what->is_new = true;
    if (key) keep_answer(t, *key, what->said);
  };
  s.submit(
      decide,
      [answer = std::move(answer), key, what, &kept](outcome const& o) {
        if (o.refused) return answer(refusal(*o.refused));
        if (key && what->is_new) kept.note(*key, what->said);
        answer(to_response(what->said));
      },
      {.weight = m->ids.size()});
}

}  // namespace dos::applications
