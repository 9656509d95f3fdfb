#include "capability/people/account_api.h"

#include <algorithm>

#include "base/fault.h"
#include "base/id.h"
#include "capability/people/invitation.h"
#include "capability/people/session_api.h"
#include "contract/list.h"
#include "kernel/access/token.h"
#include "kernel/city/city.h"
#include "kernel/model/registry.h"
#include "people/organisation.h"
#include "people/signed_in.h"

namespace dos::people {
namespace {

std::string read_name(json::value const& body) {
  auto const* const v = body.find("name");
  require(v && v->is_string() && !v->as_string().empty() && v->as_string().size() <= name_bytes_max, fault_kind::invalid,
          "name is a text of up to 200 bytes", "name");
  return std::string(v->as_string());
}

role read_role(json::value const& body) {
  auto const r = parse_role(body.text_or("role", "member"));
  require(r != role::anonymous && r != role::device, fault_kind::invalid, "an account is member, viewer, editor or admin", "role");
  return r;
}

std::vector<membership> read_memberships(session const& s, json::value const& body) {
  auto out = std::vector<membership>();
  auto const* const list = body.find("memberships");
  if (!list) return out;
  require(list->is_array() && list->as_array().size() <= memberships_max, fault_kind::invalid, "memberships is a list of up to 100", "memberships");
  auto const models = s.city().models();
  for (auto const& m : list->as_array()) {
    auto one = membership{std::string(m.text_or("organisation", "")), read_names(m.find("roles"), "roles"), read_term(m)};
    require(s.find_record(organisation_collection, one.organisation) != nullptr, fault_kind::invalid, "there is no organisation \"" + one.organisation + "\"",
            "memberships.organisation");
    for (auto const& r : one.roles) {
      require(models && models->find_role(r), fault_kind::invalid, "no package of this city has a role " + r, "memberships.roles");
    }
    out.push_back(std::move(one));
  }
  return out;
}

bool is_acting_admin(account const& a) { return a.role == role::admin && a.at != account::state::disabled; }

// Of those who can sign in.
void require_another_admin(session const& s, account const& than) {
  auto found = false;
  s.for_each_record(account_collection, "", [&](std::string_view id, record_ptr const& r) {
    found = id != than.id && r->text_or("role", "") == "admin" && r->text_or("state", "") == "active";
    return !found;
  });
  require(found, fault_kind::conflict, "this is the last administrator of the city: make another one first", "role");
}

std::string told(desk const& with, account const& a, std::string const& invitation = {}) {
  auto o = with.describe(a, with.n.clock.now());
  if (!invitation.empty()) o.push("invitation", invitation);
  return json::to_string(std::move(o));
}

}  // namespace

void list_accounts::operator()(session s, http::request r, http::reply answer) const {
  auto const now = with->n.clock.now();
  auto const organisation = std::string(r.query.text_or("organisation", ""));
  auto all = std::vector<record_ptr>();
  s.for_each_record(account_collection, "", [&](std::string_view, record_ptr const& record) {
    if (organisation.empty()) {
      all.push_back(record);
    } else {
      auto const a = read_account(*record);
      if (std::ranges::any_of(a.memberships, [&](auto const& m) { return m.organisation == organisation && m.when.holds(now); })) all.push_back(record);
    }
    return true;
  });
  auto const page = read_list_page(r);
  answer(list_response(all.size(), [&](std::size_t i) { return json::value(with->describe(read_account(*all[i]), now)); }, page));
}

void get_one_account::operator()(session s, http::request r, http::reply answer) const {
  answer(http::json(200, told(*with, get_account(s, r.param("id")))));
}

void create_account::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  auto a = account{.id = new_uuid(), .role = read_role(body), .since = with->n.clock.now()};
  a.subject = subject_of(a.id);
  auto const mail = read_mail(body);
  auto const name = read_name(body);
  a.memberships = read_memberships(s, body);
  if (auto const* const service = body.find("service")) a.is_service = service->is_bool() && service->as_bool();
  auto const lock = std::lock_guard(with->changing);
  require(s.record_count(account_collection) < accounts_max, fault_kind::too_many, "a city has up to 1,000,000 accounts");
  require(!with->find_by_mail(s, mail), fault_kind::conflict,
          "somebody has an account with this mail address already: a person has one, with several memberships", "mail");
  a.mail = with->seal(s, a, mail);
  a.name = with->seal(s, a, name);
  auto code = std::string();
  with->writer(s).apply([&](transaction& t) {
    put_account(t, a);
    code = invite(t, s, a.id);
  });
  with->n.keys->note(s.city().id(), a.subject, "mail", mail);
  answer(http::created("accounts/" + a.id, told(*with, a, link_for(with->n, s.city().id(), code))));
}

void change_account::operator()(session s, http::request r, http::reply answer) const {
  auto const body = parse_body(r);
  require(body.is_object(), fault_kind::malformed, "what is to change is an object");
  auto const lock = std::lock_guard(with->changing);
  auto a = get_account(s, r.param("id"));
  auto const was_admin = is_acting_admin(a);
  auto mail = std::string();
  for (auto const& m : body.as_object()) {
    if (m.key == "name") {
      a.name = with->seal(s, a, read_name(body));
    } else if (m.key == "mail") {
      mail = read_mail(body);
      auto const other = with->find_by_mail(s, mail);
      require(!other || other->id == a.id, fault_kind::conflict, "somebody else has this mail address", "mail");
      a.mail = with->seal(s, a, mail);
    } else if (m.key == "role") {
      a.role = read_role(body);
    } else if (m.key == "memberships") {
      a.memberships = read_memberships(s, body);
    } else if (m.key == "state") {
      auto const wanted = m.value.is_string() ? m.value.as_string() : "";
      require(wanted == "active" || wanted == "disabled", fault_kind::invalid, "state is active or disabled", "state");
      a.at = wanted == "disabled" ? account::state::disabled : a.password.empty() ? account::state::invited : account::state::active;
    } else {
      throw fault(fault_kind::invalid, "of an account name, mail, role, state and memberships can be changed; not " + m.key, m.key);
    }
  }
  if (was_admin && !is_acting_admin(a)) require_another_admin(s, a);
  with->writer(s).apply([&](transaction& t) { put_account(t, a); });
  if (!mail.empty()) {
    with->n.keys->forget_notes(s.city().id(), a.subject, "mail");
    with->n.keys->note(s.city().id(), a.subject, "mail", mail);
  }
  if (a.at == account::state::disabled) end_sessions(with->writer(s), sessions_of(s, a.id));
  answer(http::json(200, told(*with, a)));
}

void erase_account::operator()(session s, http::request r, http::reply answer) const {
  auto const lock = std::lock_guard(with->changing);
  auto a = get_account(s, r.param("id"));
  if (is_acting_admin(a)) require_another_admin(s, a);
  end_sessions(with->writer(s), sessions_of(s, a.id));
  a.at = account::state::disabled;
  with->writer(s).apply([&](transaction& t) {
    put_account(t, a);  // ends what goes on
    t.erase_record(account_collection, a.id);
  });
  auto const scopes = std::vector{seal_scope{s.city().id(), a.subject, "", "account"}};
  auto const done = with->n.keys->destroy(scopes, with->n.clock.now());
  require(done.kept.empty(), fault_kind::conflict, "this account is closed; its name and mail stay locked until a legal hold ends");
  answer(http::no_content());
}

void invite_again::operator()(session s, http::request r, http::reply answer) const {
  auto const a = get_account(s, r.param("id"));
  require(a.at != account::state::disabled, fault_kind::conflict, "this account is closed");
  auto code = std::string();
  with->writer(s).apply([&](transaction& t) { code = invite(t, s, a.id); });
  answer(http::json(201, json::to_string(json::object{{"invitation", link_for(with->n, s.city().id(), code)}})));
}

void delegate::operator()(session s, http::request r, http::reply answer) const {
  auto const whom = get_account(s, r.param("id"));
  require(s.who().may_administer() || whom.subject == s.who().subject, fault_kind::forbidden, "who stands in is said by oneself, or by an administrator");
  auto const body = parse_body(r);
  auto one = cover{whom.id, std::string(body.text_or("organisation", "")), std::string(body.text_or("reason", "")), read_term(body)};
  require(one.organisation.empty() || s.find_record(organisation_collection, one.organisation), fault_kind::invalid,
          "there is no organisation \"" + one.organisation + "\"", "organisation");
  require(!one.reason.empty() && one.reason.size() <= name_bytes_max, fault_kind::invalid, "reason is a text of up to 200 bytes", "reason");
  auto const lock = std::lock_guard(with->changing);
  auto other = find_account(s, body.text_or("to", ""));
  require(other && other->id != whom.id && other->at == account::state::active, fault_kind::invalid, "to is another account that is in use", "to");
  std::erase_if(other->covers, [&](cover const& c) { return c.whom == one.whom && c.organisation == one.organisation; });
  require(other->covers.size() < memberships_max, fault_kind::too_many, "nobody stands in for more than 100");
  other->covers.push_back(std::move(one));
  with->writer(s).apply([&](transaction& t) { put_account(t, *other); });
  answer(http::created("delegations/" + other->id, json::to_string(json::object{{"to", other->id}})));
}

void take_back_delegation::operator()(session s, http::request r, http::reply answer) const {
  auto const whom = get_account(s, r.param("id"));
  require(s.who().may_administer() || whom.subject == s.who().subject, fault_kind::forbidden, "who stands in is said by oneself, or by an administrator");
  auto const lock = std::lock_guard(with->changing);
  auto other = get_account(s, r.param("to"));
  auto const n = std::erase_if(other.covers, [&](cover const& c) { return c.whom == whom.id; });
  require(n > 0, fault_kind::not_found, "this account does not stand in for that one");
  with->writer(s).apply([&](transaction& t) { put_account(t, other); });
  answer(http::no_content());
}

}  // namespace dos::people
