#include "capability/people/organisation_api.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "contract/list.h"
#include "kernel/city/city.h"
#include "people/organisation.h"

namespace dos::people {
namespace {

record_ptr get(session const& s, std::string_view id) {
  auto r = s.find_record(organisation_collection, id);
  require(r != nullptr, fault_kind::not_found, "there is no organisation " + std::string(id));
  return r;
}

}  // namespace

void list_organisations::operator()(session s, http::request r, http::reply answer) const {
  auto items = json::array();
  s.for_each_record(organisation_collection, "", [&](std::string_view, record_ptr const& record) {
    items.push_back(*record);
    return true;
  });
  answer(list_response(std::move(items), read_list_page(r)));
}

void get_organisation::operator()(session s, http::request r, http::reply answer) const {
  answer(http::json(200, json::to_string(*get(s, r.param("id")))));
}

void create_organisation::operator()(session s, http::request r, http::reply answer) const {
  auto const lock = std::lock_guard(with->changing);
  require(s.record_count(organisation_collection) < organisations_max, fault_kind::too_many, "a city has up to 10,000 organisations");
  auto const id = "urn:ngsi-ld:Organization:" + new_uuid();
  auto const made = read_organisation(s, id, parse_body(r));
  with->writer(s).apply([&](transaction& t) { t.put_record(organisation_collection, id, made); });
  answer(http::created("organisations/" + id, json::to_string(made)));
}

void put_organisation::operator()(session s, http::request r, http::reply answer) const {
  auto const lock = std::lock_guard(with->changing);
  auto const id = std::string(r.param("id"));
  get(s, id);
  auto const made = read_organisation(s, id, parse_body(r));
  with->writer(s).apply([&](transaction& t) { t.put_record(organisation_collection, id, made); });
  answer(http::json(200, json::to_string(made)));
}

void erase_organisation::operator()(session s, http::request r, http::reply answer) const {
  auto const lock = std::lock_guard(with->changing);
  auto const id = std::string(r.param("id"));
  get(s, id);
  auto in_use = false;
  s.for_each_record(organisation_collection, "", [&](std::string_view, record_ptr const& o) { return !(in_use = o->text_or("parent", "") == id); });
  require(!in_use, fault_kind::conflict, "other organisations are parts of this one");
  s.for_each_record(account_collection, "", [&](std::string_view, record_ptr const& record) {
    auto const a = read_account(*record);
    in_use = std::ranges::any_of(a.memberships, [&](auto const& m) { return m.organisation == id; });
    return !in_use;
  });
  require(!in_use, fault_kind::conflict, "this organisation has members");
  with->writer(s).apply([&](transaction& t) { t.erase_record(organisation_collection, id); });
  answer(http::no_content());
}

}  // namespace dos::people
