// A city with models, for tests: rooms in a tree, bookings of them, ballots, reports with deadlines.
#pragma once

#include <map>

#include "kernel/city/city_fixture.h"

namespace dos {

namespace model_world {

using model::action, model::attribute_rule, model::condition, model::constraint, model::deadline, model::registry, model::registry_ptr,
    model::type, model::value_kind, model::workflow;

inline symbol iri(std::string_view term) { return symbol("urn:" + std::string(term)); }

inline attribute_rule rule(std::string term, value_kind is, std::function<void(attribute_rule&)> const& more = {}) {
  auto r = attribute_rule();
  r.name = iri(term);
  r.term = std::move(term);
  r.is = is;
  if (more) more(r);
  return r;
}

inline condition is(std::string_view term, query::relation how, query::operand what) {
  auto p = query::path();
  p.attribute = iri(term);
  return condition(query::compare(std::move(p), how, std::move(what)));
}
inline query::variable now() { return {.what = query::variable::name::now, .offset_us = 0, .of_old = {}}; }

inline std::shared_ptr<type const> finished(type t) {
  t.finish();
  return std::make_shared<type const>(std::move(t));
}

inline type room_type() {
  auto t = type();
  t.iri = iri("Room");
  t.term = "Room";
  t.attributes = {rule("places", value_kind::integer, [](auto& r) { r.min = 0; }), rule("partOf", value_kind::relationship),
                  rule("temperature", value_kind::number, [](auto& r) { r.min = -40; r.max = 60; }), rule("word", value_kind::text)};
  return t;
}

inline type booking_type() {
  auto t = type();
  t.iri = iri("Booking");
  t.term = "Booking";
  t.attributes = {rule("startsAt", value_kind::time, [](auto& r) { r.required = true; }),
                  rule("endsAt", value_kind::time, [](auto& r) { r.required = true; }),
                  rule("resource", value_kind::relationship, [](auto& r) { r.required = true; r.to = {iri("Room")}; }),
                  rule("bookedBy", value_kind::person, [](auto& r) { r.is_fixed = true; r.by_default = "$me"; }),
                  rule("purpose", value_kind::text, [](auto& r) { r.length_max = 20; }),
                  rule("seats", value_kind::integer, [](auto& r) { r.min = 1; r.max = 10; }),
                  rule("reference", value_kind::text), rule("kind", value_kind::choice, [](auto& r) { r.choices = {"sport", "music"}; }),
                  rule("checkedBy", value_kind::person), rule("status", value_kind::text), rule("number", value_kind::text)};
  t.workflow = workflow{iri("status"), "held", {"held", "confirmed", "cancelled"}, {"cancelled"}};
  auto confirm = action();
  confirm.name = "confirm";
  confirm.from = {"held"};
  confirm.to = "confirmed";
  confirm.by = {"caretaker"};
  confirm.asks = {{iri("purpose"), true}};
  confirm.sets = {{iri("checkedBy"), "$me"}};
  auto cancel = action();
  cancel.name = "cancel";
  cancel.from = {"held", "confirmed"};
  cancel.to = "cancelled";
  cancel.by = {"caretaker", "bookedBy"};
  cancel.when = is("startsAt", query::relation::greater, now());
  auto lapse = action();
  lapse.name = "lapse";
  lapse.from = {"held"};
  lapse.to = "cancelled";
  lapse.by = {"timer"};
  auto drop = action();
  drop.name = "drop";
  drop.from = {"cancelled"};
  drop.by = {"caretaker"};
  drop.deletes = true;
  auto move = action();
  move.name = "move";
  move.by = {"caretaker"};
  move.asks = {{iri("resource"), false}, {iri("startsAt"), false}, {iri("endsAt"), false}};
  t.actions = {confirm, cancel, lapse, drop, move};
  auto held_too_long = deadline();
  held_too_long.in = "held";
  held_too_long.after_us = 3'600 * us_per_second;
  held_too_long.act = "lapse";
  t.deadlines = {held_too_long};
  auto overlap = constraint();
  overlap.what = constraint::kind::no_overlap;
  overlap.of = iri("resource");
  overlap.from = iri("startsAt");
  overlap.to = iri("endsAt");
  overlap.part_of = iri("partOf");
  overlap.capacity_of = iri("places");

  overlap.takes = iri("seats");
  overlap.only_while = is("status", query::relation::not_equal, json::value("cancelled"));
  overlap.text = "no_overlap: resource";
  auto unique = constraint();
  unique.what = constraint::kind::unique;
  unique.attributes = {iri("reference")};
  unique.text = "unique: reference";
  t.constraints = {overlap, unique};
  t.number = iri("number");
  t.number_pattern = "{CITY}-{year}-{n:4}";
  return t;
}

inline type ballot_type() {
  auto t = type();
  t.iri = iri("Ballot");
  t.term = "Ballot";
  t.attributes = {rule("credential", value_kind::text, [](auto& r) { r.required = true; }), rule("choice", value_kind::integer)};
  auto once = constraint();
  once.what = constraint::kind::once;
  once.attributes = {iri("credential")};
  once.text = "once: credential";
  t.constraints = {once};
  auto withdraw = action();
  withdraw.name = "withdraw";
  withdraw.by = {"editor"};
  withdraw.deletes = true;
  t.actions = {withdraw};
  return t;
}

inline registry_ptr registry_of(std::vector<type> types, std::uint32_t version = 1) {
  auto all = std::vector<std::shared_ptr<type const>>();
  for (auto& t : types) all.push_back(finished(std::move(t)));
  return std::make_shared<registry const>(version, "digest", std::move(all), std::vector<dos::model::role>());
}

}  // namespace model_world

class modelled_city : public city_test {
 protected:
  modelled_city() : modelled_city(model_world::registry_of({model_world::room_type(), model_world::booking_type(), model_world::ballot_type()})) {}
  explicit modelled_city(model::registry_ptr r) : models_(std::move(r)) {
    options_.clock_is_set_by_hand = true;
    reopen();
  }

  void reopen() {
    city_.reset();
    open();
    city_->begin_with(models_);
  }
  session person(std::string name, std::vector<std::string> roles = {}, role plain = role::editor) {
    return session(city_, principal{.name = name, .role = plain, .source = "test", .subject = name, .roles = std::move(roles)});
  }
  session caretaker() { return person("carl", {"caretaker"}); }
  session admin() { return session(city_, principal{.name = "root", .role = role::admin, .source = "test", .subject = "root"}); }

  static attribute_ptr value(std::string_view term, json::value v, attribute_kind k = attribute_kind::property) {
    auto a = attribute();
    a.name = model_world::iri(term);
    a.kind = k;
    a.value = std::move(v);
    return make_attribute(std::move(a));
  }
  static attribute_ptr link(std::string_view term, std::string_view id) { return value(term, id, attribute_kind::relationship); }
  static std::string at(int hour, int day = 1) { return to_string(timestamp{1'800'000'000'000'000 + (day * 24 + hour) * std::int64_t(3'600) * us_per_second}); }
  static entity made(std::string id, std::string_view type, std::vector<attribute_ptr> attributes) {
    auto e = entity();
    e.id = std::move(id);
    e.types = {model_world::iri(type)};
    e.attributes = std::move(attributes);
    return e;
  }
  static entity booking(std::string id, std::string_view room, int from, int to) {
    return made(std::move(id), "Booking", {value("startsAt", at(from)), value("endsAt", at(to)), link("resource", room)});
  }
  static void put(session const& s, entity e) {
    s.apply([&](transaction& t) { t.put(entity(e)); });
  }
  static void change(session const& s, std::string const& id, std::function<void(entity&)> const& how) {
    s.apply([&](transaction& t) {
      auto e = entity(*t.get(id));
      how(e);
      t.put(std::move(e));
    });
  }
  static void act(session const& s, std::string const& id, std::string const& action, json::object fields = {}, acting how = {}) {
    s.apply([&](transaction& t) { t.act(id, action, fields, how); });
  }
  std::string text(std::string const& id, std::string_view term) {
    auto const e = admin().find(id);
    auto const a = e ? e->find(model_world::iri(term)) : attribute_ptr();
    return !a ? "" : a->value.is_string() ? std::string(a->value.as_string()) : json::to_string(a->value);
  }
  // Nothing: it was done.
  static std::optional<fault> fault_of(std::function<void()> const& f) {
    try {
      f();
    } catch (fault const& refusal) {
      return refusal;
    }
    return std::nullopt;
  }
  static std::string outcome_of(std::function<void()> const& f) {
    auto const refusal = fault_of(f);
    if (!refusal) return "done";
    switch (refusal->kind) {
      case fault_kind::invalid: return "invalid";
      case fault_kind::conflict: return "conflict";
      case fault_kind::forbidden: return "forbidden";
      case fault_kind::not_found: return "not found";
      case fault_kind::precondition_failed: return "precondition failed";
      default: return refusal->detail;
    }
  }

  model::registry_ptr models_;
};

}  // namespace dos
