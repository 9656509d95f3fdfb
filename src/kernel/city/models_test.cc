// What holds of modelled entities at every door: shape, states, what is fixed, numbers, actions, deadlines.
#include "kernel/city/model_fixture.h"

namespace dos::model_world {
namespace {


class modelled : public modelled_city {
 protected:
  modelled() {
    put(admin(), made("urn:room", "Room", {}));
    put(person("ada"), booking("urn:b", "urn:room", 10, 12));
  }
  std::string changed(session const& s, std::function<void(entity&)> const& how, std::string const& id = "urn:b") {
    return outcome_of([&] { change(s, id, how); });
  }
  std::uint64_t series(std::string const& id, std::string_view term) {
    for (auto const& s : admin().series_of(id)) {
      if (s.attribute == iri(term)) return s.series;
    }
    return 0;
  }
  std::string export_of(std::string const& id) {
    auto const e = admin().find_with_history(id);
    auto out = json::array();
    for (auto const& a : e->attributes) out.push_back(json::array{a->name.text(), a->value, a->modified_at.us});
    for (auto const& s : admin().series_of(id)) {
      auto values = json::array();
      for (auto const& o : admin().history().range(s.series, {})) values.push_back(json::array{o.time.us, o.value});
      out.push_back(json::array{s.attribute.text(), s.dataset.text(), std::move(values)});
    }
    return json::to_string(out);
  }
};

TEST_F(modelled, give_a_new_entity_its_state_its_number_and_its_defaults) {
  EXPECT_EQ(text("urn:b", "status"), "held");
  EXPECT_EQ(text("urn:b", "bookedBy"), "ada");
  EXPECT_EQ(text("urn:b", "number"), "TEST-2023-0001");
  put(person("bob"), booking("urn:c", "urn:room", 12, 13));
  EXPECT_EQ(text("urn:c", "number"), "TEST-2023-0002");
}

TEST_F(modelled, leave_no_gap_in_the_numbers_of_what_was_refused) {
  EXPECT_EQ("conflict", outcome_of([&] { put(person("bob"), booking("urn:c", "urn:room", 11, 13)); }));
  person("bob").apply([](transaction& t) {
    EXPECT_TRUE(t.attempt([&] { t.put(booking("urn:d", "urn:room", 11, 13)); }));
    EXPECT_FALSE(t.attempt([&] { t.put(booking("urn:e", "urn:room", 13, 14)); }));
  });
  EXPECT_EQ(text("urn:e", "number"), "TEST-2023-0002");
  crash();
  city_->begin_with(models_);
  put(person("bob"), booking("urn:f", "urn:room", 14, 15));
  EXPECT_EQ(text("urn:f", "number"), "TEST-2023-0003");
}

TEST_F(modelled, refuse_what_is_of_another_shape_and_name_the_member) {
  struct wrong {
    char const* term;
    attribute_ptr a;
  };
  auto dataset = attribute(*value("reference", "x"));
  dataset.dataset = symbol("urn:d");
  for (auto const& w : std::vector<wrong>{{"startsAt", value("startsAt", "tomorrow")},
                                          {"startsAt", value("startsAt", 7)},
                                          {"resource", value("resource", "urn:room")},
                                          {"resource", link("resource", "urn:b")},
                                          {"purpose", value("purpose", std::string(21, 'x'))},
                                          {"purpose", value("purpose", json::array{"a", "b"})},
                                          {"purpose", value("purpose", json::object{{"a", 1}})},
                                          {"seats", value("seats", 2.5)},
                                          {"seats", value("seats", 0)},
                                          {"seats", value("seats", 11)},
                                          {"kind", value("kind", "opera")},
                                          {"reference", make_attribute(std::move(dataset))}}) {
    SCOPED_TRACE(w.term + json::to_string(w.a->value));
    auto const f = fault_of([&] { change(admin(), "urn:b", [&](entity& e) { e.set(w.a); }); });
    ASSERT_TRUE(f);
    EXPECT_TRUE(f->kind == fault_kind::invalid || f->kind == fault_kind::conflict) << f->detail;
    EXPECT_EQ(f->member, w.term) << f->detail;
    EXPECT_EQ(f->detail.find("urn:b"), std::string::npos) << f->detail;
  }
  EXPECT_EQ("invalid", changed(admin(), [&](entity& e) { e.set(value("other", 1)); }));
  EXPECT_EQ("invalid", outcome_of([&] { put(admin(), made("urn:x", "Booking", {value("startsAt", at(1)), value("endsAt", at(2))})); }));
  EXPECT_EQ("done", changed(person("ada"), [&](entity& e) { e.set(value("purpose", "Überraschung äöüß")); }));
}

TEST_F(modelled, change_a_state_by_an_action_alone) {
  for (auto const& s : {admin(), person("ada"), caretaker()}) {
    EXPECT_EQ("conflict", changed(s, [](entity& e) { e.set(value("status", "confirmed")); }));
    EXPECT_EQ("conflict", changed(s, [](entity& e) { e.remove(iri("status"), {}); }));
    EXPECT_EQ("conflict", changed(s, [](entity& e) { e.set(value("number", "TEST-2023-9999")); }));
    EXPECT_EQ("conflict", changed(s, [](entity& e) { e.remove(iri("number"), {}); }));
    EXPECT_EQ("conflict", changed(s, [](entity& e) { e.set(value("bookedBy", "eve")); }));
  }
  EXPECT_EQ("invalid", outcome_of([&] {
              auto e = booking("urn:c", "urn:room", 13, 14);
              e.set(value("number", "TEST-2023-9999"));
              put(admin(), std::move(e));
            }));
  EXPECT_EQ("conflict", outcome_of([&] {
              auto e = booking("urn:c", "urn:room", 13, 14);
              e.set(value("status", "confirmed"));
              put(admin(), std::move(e));
            }));
  EXPECT_EQ("done", changed(admin(), [](entity& e) { e.set(value("status", "held")); })) << "it is so already";
}

TEST_F(modelled, do_an_action_for_whom_it_is_from_where_it_may_begin) {
  EXPECT_EQ("forbidden", outcome_of([&] { act(admin(), "urn:b", "confirm", {{"purpose", "x"}}); }));
  EXPECT_EQ("invalid", outcome_of([&] { act(caretaker(), "urn:b", "confirm"); }));
  EXPECT_EQ("invalid", outcome_of([&] { act(caretaker(), "urn:b", "confirm", {{"purpose", std::string(21, 'x')}}); }));
  EXPECT_EQ("invalid", outcome_of([&] { act(caretaker(), "urn:b", "confirm", {{"purpose", "x"}, {"seats", 3}}); }));
  EXPECT_EQ("not found", outcome_of([&] { act(caretaker(), "urn:b", "explode"); }));
  EXPECT_EQ("not found", outcome_of([&] { act(caretaker(), "urn:nowhere", "confirm"); }));
  EXPECT_EQ("precondition failed", outcome_of([&] { act(caretaker(), "urn:b", "confirm", {{"purpose", "x"}}, {.if_version = 1}); }));
  act(caretaker(), "urn:b", "confirm", {{"purpose", "x"}});
  EXPECT_EQ(text("urn:b", "status"), "confirmed");
  EXPECT_EQ(text("urn:b", "purpose"), "x");
  EXPECT_EQ(text("urn:b", "checkedBy"), "carl");
  EXPECT_EQ("conflict", outcome_of([&] { act(caretaker(), "urn:b", "confirm", {{"purpose", "x"}}); }));
  EXPECT_EQ("forbidden", outcome_of([&] { act(person("eve"), "urn:b", "cancel"); }));
  act(person("ada", {}, role::member), "urn:b", "cancel");
  EXPECT_EQ(text("urn:b", "status"), "cancelled");
}

TEST_F(modelled, hold_conditions_of_actions_against_now) {
  clock_.us_ = 1'900'000'000'000'000;
  act(admin(), "urn:b", "override", {{"status", "confirmed"}}, {.reason = "test"});
  EXPECT_EQ("conflict", outcome_of([&] { act(person("ada"), "urn:b", "cancel"); }));
}

TEST_F(modelled, let_an_administrator_override_with_a_reason) {
  EXPECT_EQ("forbidden", outcome_of([&] { act(caretaker(), "urn:b", "override", {{"status", "confirmed"}}, {.reason = "x"}); }));
  EXPECT_EQ("invalid", outcome_of([&] { act(admin(), "urn:b", "override", {{"status", "confirmed"}}); }));
  EXPECT_EQ("invalid", outcome_of([&] { act(admin(), "urn:b", "override", {{"status", "gone"}}, {.reason = "x"}); }));
  put(person("bob"), booking("urn:c", "urn:room", 12, 13));
  EXPECT_EQ("conflict", outcome_of([&] { act(admin(), "urn:b", "override", {{"endsAt", at(13)}}, {.reason = "x"}); })) << "constraints hold";
  act(admin(), "urn:b", "override", {{"status", "confirmed"}}, {.reason = "x"});
  EXPECT_EQ(text("urn:b", "status"), "confirmed");
}

// The list of ways round: whoever tries, by whatever mutator, the export is what it was.
TEST_F(modelled, leave_what_is_finished_as_it_is_whatever_the_way) {
  act(person("ada"), "urn:b", "cancel");
  auto const was = export_of("urn:b");
  auto const status = series("urn:b", "status"), begins = series("urn:b", "startsAt"), purpose = series("urn:b", "number");
  auto const number = admin().history().last(status)->number;
  auto const seen = [](json::value v) {
    auto o = observation();
    o.time = {1'700'000'000'000'000};
    o.value = std::move(v);
    return o;
  };
  auto const again = [](transaction& t, std::function<void(entity&)> const& how) {
    auto e = entity(*t.get("urn:b"));
    how(e);
    t.put(std::move(e));
  };
  auto const dated = [](std::string_view term, json::value v, timestamp when, symbol dataset = {}) {
    auto a = attribute(*value(term, std::move(v)));
    a.observed_at = when;
    a.dataset = dataset;
    return make_attribute(std::move(a));
  };
  auto const ways = std::vector<std::function<void(transaction&)>>{
      [&](transaction& t) { again(t, [](entity& e) { e.set(value("status", "held")); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.set(value("startsAt", at(9))); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.set(value("purpose", "x")); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.remove(iri("status"), {}); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.remove(iri("endsAt"), {}); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.types = {symbol("urn:Other")}; }); },
      [&](transaction& t) { again(t, [](entity& e) { e.types.push_back(symbol("urn:Other")); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.types = {iri("Room")}; }); },
      [&](transaction& t) { again(t, [](entity& e) { e.types.push_back(iri("Room")); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.scopes.push_back(symbol("/a")); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.more = json::object{{"expiresAt", "2030-01-01T00:00:00Z"}}; }); },
      [&](transaction& t) { again(t, [&](entity& e) { e.set(dated("status", "held", {5}, symbol("urn:second"))); }); },
      [&](transaction& t) { again(t, [&](entity& e) { e.set(dated("startsAt", at(9), {5}, symbol("urn:second"))); }); },
      [&](transaction& t) { again(t, [&](entity& e) { e.set(dated("status", "held", t.now() + std::int64_t(10'000) * us_per_second * 3'600)); }); },
      [&](transaction& t) { again(t, [&](entity& e) { e.set(dated("purpose", "later", t.now() + std::int64_t(10'000) * us_per_second * 3'600)); }); },
      [&](transaction& t) { again(t, [](entity& e) { e.deleted_at = timestamp{1}; }); },
      [&](transaction& t) { t.put(booking("urn:b", "urn:room", 1, 2)); },
      [&](transaction& t) {
        auto e = entity(*t.get("urn:b"));
        e.set(value("status", "held"));
        t.put(std::move(e), transaction::keep::nothing);
      },
      [&](transaction& t) { t.erase("urn:b"); },
      [&](transaction& t) { t.forget("urn:b"); },
      [&](transaction& t) {
        t.erase("urn:b");
        t.put(booking("urn:b", "urn:room", 1, 2));
      },
      [&](transaction& t) { t.observe({"urn:b", iri("status"), {}, attribute_kind::property}, seen("held")); },
      [&](transaction& t) { t.observe({"urn:b", iri("startsAt"), {}, attribute_kind::property}, seen(at(1))); },
      [&](transaction& t) { t.observe({"urn:b", iri("purpose"), {}, attribute_kind::property}, seen("x")); },
      [&](transaction& t) { t.observe({"urn:b", iri("status"), symbol("urn:second"), attribute_kind::property}, seen("held")); },
      [&](transaction& t) { t.observe({"urn:b", symbol("urn:dos2030:act"), {}, attribute_kind::json_property}, seen("x")); },
      [&](transaction& t) { t.observe(status, {seen("held")}); },
      [&](transaction& t) { t.observe(begins, {seen(at(1))}); },
      [&](transaction& t) { t.start_series({"urn:b", iri("reference"), symbol("urn:second"), attribute_kind::property}); },
      [&](transaction& t) { t.change_observation(status, number, seen("held")); },
      [&](transaction& t) { t.remove_observation(status, number); },
      [&](transaction& t) { t.remove_series("urn:b", status); },
      [&](transaction& t) { t.remove_series("urn:b", begins); },
      [&](transaction& t) { t.remove_series("urn:room", purpose); },
      [&](transaction& t) { t.act("urn:b", "confirm", {{"purpose", "x"}}, {}); },
      [&](transaction& t) { t.act("urn:b", "lapse", {}, {}); },
      [&](transaction& t) { t.put_record("number", "urn:Booking|2023", json::object{{"n", 0}}); },
      [&](transaction& t) { t.erase_record("once", "x"); },
      [&](transaction& t) { t.put_record("timer", "urn:b|00000000000000000001|0", json::object()); },
  };
  for (auto const& s : {admin(), person("ada"), person("eve")}) {
    for (auto i = std::size_t(0); i < ways.size(); ++i) {
      SCOPED_TRACE(s.who().name + std::to_string(i));
      EXPECT_TRUE(fault_of([&] { s.apply(ways[i]); }));
      EXPECT_EQ(export_of("urn:b"), was);
      s.apply([&](transaction& t) { EXPECT_TRUE(t.attempt([&] { ways[i](t); })); });
      EXPECT_EQ(export_of("urn:b"), was);
    }
  }
}

TEST_F(modelled, leave_types_as_they_were_made) {
  put(admin(), made("urn:plain", "Plain", {value("level", 1)}));
  EXPECT_EQ("conflict", changed(admin(), [](entity& e) { e.types = {iri("Room")}; }, "urn:plain"));
  EXPECT_EQ("conflict", changed(admin(), [](entity& e) { e.types = {iri("Plain")}; }));
  EXPECT_NE("done", outcome_of([&] {
              auto e = booking("urn:x", "urn:room", 20, 21);
              e.types.push_back(iri("Room"));
              put(admin(), std::move(e));
            }));
  auto gone = booking("urn:y", "urn:room", 20, 21);
  gone.deleted_at = {5};
  EXPECT_NE("done", outcome_of([&] { put(admin(), std::move(gone)); })) << "a history without a state";
}

TEST_F(modelled, delete_by_an_action_where_a_type_has_a_life_of_its_own) {
  auto const f = fault_of([&] { admin().apply([](transaction& t) { t.erase("urn:b"); }); });
  ASSERT_TRUE(f);
  EXPECT_EQ(f->kind, fault_kind::conflict);
  EXPECT_NE(f->detail.find("drop"), std::string::npos) << f->detail;
  act(person("ada"), "urn:b", "cancel");
  act(caretaker(), "urn:b", "drop");
  EXPECT_FALSE(admin().find("urn:b"));
  put(person("bob"), booking("urn:c", "urn:room", 10, 12));
  admin().apply([](transaction& t) { t.erase("urn:room"); });
  EXPECT_FALSE(admin().find("urn:room"));
}

TEST_F(modelled, keep_what_a_device_brings_out_of_range_and_mark_it) {
  auto const device = session(city_, {.name = "meter", .role = role::device, .source = "test", .city = "test", .brings = {"urn:*"}});
  change(device, "urn:room", [](entity& e) { e.set(value("temperature", 99)); });
  auto const a = admin().find("urn:room")->find(iri("temperature"));
  ASSERT_TRUE(a);
  EXPECT_EQ(a->value, json::value(99));
  EXPECT_FALSE(a->attributes.empty());
  change(device, "urn:room", [](entity& e) { e.set(value("temperature", 20)); });
  EXPECT_TRUE(admin().find("urn:room")->find(iri("temperature"))->attributes.empty());
  EXPECT_EQ("invalid", changed(admin(), [](entity& e) { e.set(value("temperature", 99)); }, "urn:room"));
  EXPECT_EQ("conflict", changed(device, [](entity& e) { e.set(value("status", "confirmed")); }));
}

TEST_F(modelled, count_what_may_be_once_also_when_it_is_gone) {
  put(person("ada"), made("urn:v1", "Ballot", {value("credential", "x")}));
  EXPECT_EQ("conflict", outcome_of([&] { put(person("ada"), made("urn:v2", "Ballot", {value("credential", "x")})); }));
  change(admin(), "urn:v1", [](entity& e) { e.set(value("choice", 2)); });
  act(person("ada"), "urn:v1", "withdraw");
  EXPECT_EQ("conflict", outcome_of([&] { put(person("ada"), made("urn:v2", "Ballot", {value("credential", "x")})); }));
  crash();
  city_->begin_with(models_);
  EXPECT_EQ("conflict", outcome_of([&] { put(person("ada"), made("urn:v2", "Ballot", {value("credential", "x")})); }));
  EXPECT_EQ("done", outcome_of([&] { put(person("ada"), made("urn:v2", "Ballot", {value("credential", "y")})); }));
}

TEST_F(modelled, judge_the_final_images_so_that_two_may_swap) {
  put(person("bob"), booking("urn:c", "urn:room", 12, 14));
  person("ada").apply([](transaction& t) {
    auto a = entity(*t.get("urn:b")), b = entity(*t.get("urn:c"));
    for (auto const term : {"startsAt", "endsAt"}) {
      auto const x = a.find(iri(term))->value, y = b.find(iri(term))->value;
      a.set(value(term, y));
      b.set(value(term, x));
    }
    t.put(std::move(a));
    t.put(std::move(b));
  });
  EXPECT_EQ(text("urn:b", "startsAt"), at(12));
  EXPECT_EQ(text("urn:c", "startsAt"), at(10));
  EXPECT_EQ("conflict", outcome_of([&] { put(person("eve"), booking("urn:d", "urn:room", 13, 15)); }));
}

TEST_F(modelled, show_what_was_done_in_the_timeline_and_nowhere_else) {
  act(caretaker(), "urn:b", "confirm", {{"purpose", "x"}}, {.reason = "r", .via = "paper"});
  for (auto const& s : admin().series_of("urn:b")) EXPECT_NE(s.attribute.text(), "urn:dos2030:act");
  admin().apply([](transaction& t) {
    for (auto const& s : t.series_of("urn:b")) EXPECT_NE(s.attribute.text(), "urn:dos2030:act");
  });
}

TEST_F(modelled, do_what_falls_due_once_before_anybody_sees_it_undone) {
  put(person("bob"), booking("urn:c", "urn:room", 12, 14));
  clock_.us_ += std::int64_t(2) * 3'600 * us_per_second;
  EXPECT_EQ("conflict", outcome_of([&] { act(caretaker(), "urn:b", "confirm", {{"purpose", "x"}}); })) << "it has lapsed before";
  for (auto i = 0; i < 200 && city_->next_due() && *city_->next_due() <= clock_.now(); ++i) {
    city_->settle_timers();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(text("urn:b", "status"), "cancelled");
  EXPECT_EQ(text("urn:c", "status"), "cancelled");
  EXPECT_FALSE(city_->next_due());
}

TEST_F(modelled, do_what_fell_due_while_the_program_was_down) {
  city_->checkpoint();
  crash();
  clock_.us_ += std::int64_t(2) * 3'600 * us_per_second;
  city_->begin_with(models_);
  ASSERT_TRUE(city_->next_due());
  for (auto i = 0; i < 200 && city_->next_due(); ++i) {
    city_->settle_timers();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(text("urn:b", "status"), "cancelled");
}

TEST_F(modelled, hold_what_falls_due_while_the_clock_has_jumped) {
  options_.clock_is_set_by_hand = false;
  reopen();
  city_->settle_timers();  // looks at the clock
  clock_.us_ += std::int64_t(2) * 3'600 * us_per_second;
  city_->settle_timers();
  change(person("ada"), "urn:b", [](entity& e) { e.set(value("purpose", "x")); });
  EXPECT_EQ(text("urn:b", "status"), "held");
  EXPECT_NE(city_->status().trouble.find("clock"), std::string::npos);
  EXPECT_TRUE(city_->status().writable);
  city_->trust_clock();
  EXPECT_EQ("conflict", outcome_of([&] { act(caretaker(), "urn:b", "confirm", {{"purpose", "x"}}); }));
  EXPECT_TRUE(city_->status().trouble.empty());
}

TEST_F(modelled, permit_nothing_by_hand_because_an_action_was_done_before) {
  EXPECT_EQ("conflict", outcome_of([&] {
              caretaker().apply([](transaction& t) {
                t.act("urn:b", "confirm", {{"purpose", "x"}}, {});
                auto e = entity(*t.get("urn:b"));
                e.set(value("status", "cancelled"));
                t.put(std::move(e));
              });
            }));
  caretaker().apply([](transaction& t) {
    EXPECT_FALSE(t.attempt([&] { t.act("urn:b", "confirm", {{"purpose", "x"}}, {}); }));
    EXPECT_TRUE(t.attempt([&] {
      auto e = entity(*t.get("urn:b"));
      e.set(value("status", "cancelled"));
      t.put(std::move(e));
    }));
  });
  EXPECT_EQ(text("urn:b", "status"), "confirmed");
}

TEST_F(modelled, remind_once_of_what_stays_as_it_is) {
  auto with = booking_type();
  with.deadlines[0].act.clear();
  with.deadlines[0].to = "caretaker";
  admin().apply([&](transaction& t) { t.adopt(registry_of({room_type(), with, ballot_type()}, 2)); });
  clock_.us_ += std::int64_t(2) * 3'600 * us_per_second;
  for (auto i = 0; i < 200 && city_->next_due(); ++i) {
    city_->settle_timers();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_FALSE(city_->next_due());
  change(person("ada"), "urn:b", [](entity& e) { e.set(value("purpose", "x")); });
  EXPECT_FALSE(city_->next_due());
  models_ = city_->models();
  reopen();
  EXPECT_FALSE(city_->next_due()) << "it was done before the restart";
}

TEST_F(modelled, of_another_version_bring_their_deadlines_to_what_is_there) {
  auto with = booking_type();
  with.deadlines[0].after_us = 60 * us_per_second;
  auto const next = registry_of({room_type(), with, ballot_type()}, 2);
  admin().apply([&](transaction& t) { t.adopt(next); });
  EXPECT_EQ(city_->models(), next);
  ASSERT_TRUE(city_->next_due());
  EXPECT_LT(*city_->next_due() - clock_.now(), std::int64_t(120) * us_per_second);
}

TEST_F(modelled, are_refused_where_what_is_there_breaks_them) {
  auto tight = room_type();
  auto unique = constraint();
  unique.attributes = {iri("word")};
  unique.text = "unique: word";
  tight.constraints = {unique};
  put(admin(), made("urn:r1", "Room", {value("word", "a")}));
  put(admin(), made("urn:r2", "Room", {value("word", "a")}));
  auto const f = fault_of([&] { admin().apply([&](transaction& t) { t.adopt(registry_of({tight, booking_type(), ballot_type()}, 2)); }); });
  ASSERT_TRUE(f);
  EXPECT_EQ(f->kind, fault_kind::conflict);
  EXPECT_EQ(city_->models(), models_);
  change(admin(), "urn:r2", [](entity& e) { e.set(value("word", "b")); });
  admin().apply([&](transaction& t) { t.adopt(registry_of({tight, booking_type(), ballot_type()}, 2)); });
  EXPECT_EQ("conflict", outcome_of([&] { put(admin(), made("urn:r3", "Room", {value("word", "b")})); }));
}

}  // namespace
}  // namespace dos::model_world
