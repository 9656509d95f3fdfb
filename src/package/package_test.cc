#include <gtest/gtest.h>

#include "base/fault.h"
#include "package/library.h"

namespace dos::package {
namespace {

auto const root = std::string(DOS_SOURCE_DIR);

folder booking() {
  auto f = folder();
  f.files["module.yaml"] = R"(id: booking
title: {de: Buchung, en: Booking}
terms: {resource: "https://example.org/resource"}
values: {notice: {is: text, default: P2D}}
)";
  f.files["models/resource.yaml"] = R"(type: Resource
attributes:
  places: {is: integer, min: 1}
  partOf: {is: relationship, to: Resource}
actions: {retire: {by: editor, deletes: true}}
)";
  f.files["models/booking.yaml"] = R"(type: Booking
title: {de: Buchung, en: Booking}
number: "{CITY}-{year}-{n:5}"
attributes:
  startsAt: {is: time, required: true}
  endsAt: {is: time, required: true}
  resource: {is: relationship, to: Resource, fixed: true}
  bookedBy: {is: person, default: $me}
workflow:
  start: held
  states: {held: {}, confirmed: {}, cancelled: {end: true}}
  actions:
    confirm: {from: held, to: confirmed, by: [caretaker]}
    cancel: {from: [held, confirmed], to: cancelled, by: [caretaker, bookedBy], when: 'startsAt > $now', ask: {why: {is: text, required: true}}}
  deadlines:
    - {in: held, after: $value.notice, do: {act: cancel}}
constraints:
  - no_overlap: {of: resource, from: startsAt, to: endsAt, capacity: resource.places, part_of: resource.partOf, while: 'status==held|status==confirmed'}
)";
  f.files["roles.yaml"] = R"(roles:
  caretaker:
    title: {de: Hausmeister, en: Caretaker}
    grants:
      - {may: [read, change], type: Booking, where: 'resource==$my_organisations', attributes: {except: [why]}}
      - {may: act, actions: confirm, type: Booking}
)";
  return f;
}

class packages : public testing::Test {
 protected:
  // What the compiler says of one package, one text.
  std::string wrong_of(folder f, json::value values = {}) {
    auto wrong = problems();
    auto b = std::make_shared<bundle const>(read_bundle(std::move(f), rules_, values, wrong));
    if (wrong.empty()) last_ = compile({{b, 1, is_off_}}, {});
    else last_ = {};
    for (auto const& [id, all] : last_.wrong) wrong.insert(wrong.end(), all.begin(), all.end());
    auto text = std::string();
    for (auto const& p : wrong) text += to_text(p, "modules/booking") + "\n";
    return text;
  }
  // The same after words of a file have been changed.
  std::string wrong_with(std::string const& path, std::string const& from, std::string const& to) {
    auto f = booking();
    auto& content = f.files[path];
    auto const at = content.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    if (at != std::string::npos) content.replace(at, from.size(), to);
    return wrong_of(std::move(f));
  }

  schemas rules_{root + "/measures/schema"};
  compiled last_;
  bool is_off_ = false;
};

TEST_F(packages, become_types_and_roles) {
  EXPECT_EQ(wrong_of(booking()), "");
  ASSERT_TRUE(last_.is_whole());
  auto const* const t = last_.registry->find_by_term("Booking");
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->package, "booking");
  EXPECT_EQ(t->number_pattern, "{CITY}-{year}-{n:5}");
  EXPECT_EQ(t->workflow->start, "held");
  EXPECT_EQ(t->find_action("cancel")->from.size(), 2u);
  EXPECT_TRUE(t->find_action("cancel")->asks.at(0).required);
  EXPECT_FALSE(t->find_action("cancel")->when.is_empty());
  EXPECT_EQ(t->deadlines.at(0).after_us, 2 * 86'400 * us_per_second);
  EXPECT_EQ(t->constraints.at(0).of, symbol("https://example.org/resource"));
  EXPECT_TRUE(t->constraints.at(0).capacity_of);
  EXPECT_TRUE(t->find(symbol("https://example.org/resource"))->is_fixed);
  EXPECT_EQ(t->attributes.at(4).by_default, json::value("$me"));
  auto const* const r = last_.registry->find_role("caretaker");
  ASSERT_NE(r, nullptr);
  EXPECT_EQ(r->grants.at(0).may, model::grant::read | model::grant::change);
  EXPECT_EQ(r->grants.at(1).actions, std::vector<std::string>{"confirm"});
  EXPECT_EQ(last_.terms.at("resource"), "https://example.org/resource");
}

TEST_F(packages, take_the_values_of_their_city) {
  EXPECT_EQ(wrong_of(booking(), json::object{{"notice", "P5D"}}), "");
  EXPECT_EQ(last_.registry->find_by_term("Booking")->deadlines.at(0).after_us, 5 * 86'400 * us_per_second);
  EXPECT_NE(wrong_of(booking(), json::object{{"notise", "P5D"}}).find("values.notise: "), std::string::npos);
  EXPECT_NE(wrong_of(booking(), json::object{{"notice", "soon"}}).find("workflow.deadlines[0].after: "), std::string::npos);
}

TEST_F(packages, hold_their_deadlines_while_they_are_off) {
  is_off_ = true;
  EXPECT_EQ(wrong_of(booking()), "");
  EXPECT_TRUE(last_.registry->find_by_term("Booking")->deadlines.at(0).is_held);
  EXPECT_EQ(last_.registry->find_by_term("Booking")->constraints.size(), 1u);
}

struct mistake {
  char const* path;
  char const* from;
  char const* to;
  char const* told;  // begins a line
};

TEST_F(packages, with_mistakes_are_told_the_line_and_member) {
  auto const model = "models/booking.yaml";
  for (auto const& m : {
           mistake{model, "is: time, required", "iz: time, required", ":5: attributes.startsAt.iz: unknown member \"iz\"; did you mean is?"},
           mistake{model, "is: person", "is: people", ":8: attributes.bookedBy.is: \"people\" is none of text"},
           mistake{model, "start: held", "start: new", ":10: workflow.start: there is no state \"new\""},
           mistake{model, "confirmed: {}, ", "confirmed: {}, lost: {}, ", ":11: workflow.states.lost: no action leads from the start"},
           mistake{model, "cancelled: {end: true}", "cancelled: {}", ":11: workflow.states.held: from this state no way leads"},
           mistake{model, "by: [caretaker]", "by: [janitor]", ":13: workflow.actions.confirm.by: \"janitor\" is neither a role"},
           mistake{model, "by: [caretaker]", "by: [startsAt]", ":13: workflow.actions.confirm.by: the attribute startsAt is no person"},
           mistake{model, "to: confirmed, by", "to: done, by", ":13: workflow.actions.confirm.to: there is no state \"done\""},
           mistake{model, "startsAt > $now'", "startsAt >> $now'", ":14: workflow.actions.cancel.when: "},
           mistake{model, "startsAt > $now'", "startAt > $now'", ":14: workflow.actions.cancel.when: the type has no attribute startAt"},
           mistake{model, "do: {act: cancel}", "do: {act: stop}", ":16: workflow.deadlines[0].do: there is no action stop"},
           mistake{model, "status==held", "status==helt", ":18: constraints[0].no_overlap.while: status is never \"helt\""},
           mistake{model, "resource.places", "places", ":18: constraints[0].no_overlap.capacity: is an attribute of the resource"},
           mistake{model, "{n:5}", "{m:5}", ":3: number: {m:5} is none of"},
           mistake{model, "title: {de: Buchung, en: Booking}", "title: {de: Buchung}", ":2: title: en is missing"},
           mistake{model, "type: Booking\n", "type: Booking\ntype: Other\n", ":2: not valid YAML"},
           mistake{"models/resource.yaml", "type: Resource", "type: Booking", ":1: type: Booking belongs to the package booking already"},
           mistake{model, "type: Booking", "extends: Nothing", ":1: extends: no package here has a type Nothing"},
           mistake{"roles.yaml", "type: Booking, where", "type: Boking, where", ":5: roles.caretaker.grants[0].type: there is no type Boking"},
           mistake{"roles.yaml", "[why]", "[why, wherefore]", ":5: roles.caretaker.grants[0].attributes.except: Booking has no attribute wherefore"},
           mistake{"roles.yaml", "actions: confirm", "actions: explode", ":6: roles.caretaker.grants[1].actions: there is no action explode"},
           mistake{model, "startsAt: {is: time, required", "createdAt: {is: time, required", ":5: attributes.createdAt: createdAt is of every entity"},
           mistake{model, "attributes:\n", "attributes:\n  resource\u00ad: {is: text}\n", ":5: attributes.resource"},
           mistake{model, "resource: {is: relationship, to: Resource", "resource: {is: relationship, to: 'a b'", ":1: a b: a name may not be empty"},
           mistake{"module.yaml", "id: booking", "id: Booking", ":1: id: \"Booking\" does not fit"},
           mistake{"module.yaml", "title:", "needs: [nothing/else]\ntitle:", ":2: needs[0]: "},
       }) {
    auto const said = wrong_with(m.path, m.from, m.to);
    EXPECT_NE(said.find("modules/booking/" + std::string(m.path) + m.told), std::string::npos) << m.to << "\n" << said;
  }
}

TEST_F(packages, with_files_that_nobody_knows_are_refused) {
  auto f = booking();
  f.files["bin/program"] = "\x7f" "ELF";
  EXPECT_NE(wrong_of(f).find("bin/program: no file of a package is called so"), std::string::npos);
}

TEST_F(packages, that_tell_people_something_do_so_in_every_language) {
  auto f = booking();
  f.files["notices/reminder.de.md"] = "Bitte denken Sie an …";
  EXPECT_NE(wrong_of(f).find("notices/reminder.en.md is missing"), std::string::npos);
}

TEST(needs, that_go_round_are_told_once) {
  auto const make = [](std::string id, std::string other) {
    auto b = std::make_shared<bundle>();
    b->id = id;
    b->head = json::object{{"id", id}, {"needs", json::array{json::value(other)}}};
    return b;
  };
  auto const a = make("a", "b"), b = make("b", "a"), c = make("c", "nowhere");
  auto wrong = std::map<std::string, problems>();
  auto const order = in_order({"a", "c"}, [&](std::string_view id) { return id == "a" ? a.get() : id == "b" ? b.get() : id == "c" ? c.get() : nullptr;
      }, wrong);
  EXPECT_EQ(order.size(), 3u);
  EXPECT_EQ(wrong["b"].at(0).text, "packages need each other: a needs b needs a");
  EXPECT_EQ(wrong["c"].at(0).text, "there is no package nowhere");
}

TEST(an_archive, comes_out_as_it_went_in) {
  auto const f = booking();
  auto const zip = to_zip(f, "booking");
  EXPECT_EQ(read_archive(zip).files, f.files);
  EXPECT_EQ(read_archive(zip).digest(), f.digest());
  EXPECT_EQ(folder_from(to_json(f)).digest(), f.digest());
}

TEST(an_archive, that_is_damaged_or_climbs_is_refused) {
  auto zip = to_zip(booking(), "booking");
  for (auto const size : {std::size_t(0), std::size_t(10), zip.size() / 2, zip.size() - 1}) EXPECT_THROW(read_archive(zip.substr(0, size)), fault);
  zip[60] = char(zip[60] ^ 1);
  EXPECT_THROW(read_archive(zip), fault);
  for (auto const* const path : {"../x", "/etc/passwd", "a/../../b", "a\\b", "C:x"}) {
    auto f = folder();
    f.files[path] = "x";
    f.files["module.yaml"] = "id: x";
    auto bytes = to_zip(f, "x");
    EXPECT_THROW(read_archive(bytes), fault) << path;
  }
}

TEST(the_library, holds) {
  auto const all = library(root);
  ASSERT_NE(all.find("open-data"), nullptr);
  EXPECT_EQ(all.find("open-data")->in("mappings/").size(), 27u);
  auto around = surroundings();
  around.context = json::array();
  for (auto const& line : all.check(around)) ADD_FAILURE() << line;
}

}  // namespace
}  // namespace dos::package
