#include "people/account.h"

#include <algorithm>
#include <set>

#include "base/fault.h"
#include "kernel/city/city.h"

namespace dos::people {
namespace {

json::array texts(std::vector<std::string> const& all) { return json::array(all.begin(), all.end()); }

std::vector<std::string> read_texts(json::value const& o, std::string_view member) {
  auto out = std::vector<std::string>();
  if (auto const* const list = o.find(member)) {
    for (auto const& v : list->as_array()) out.emplace_back(v.as_string());
  }
  return out;
}

std::int64_t number_in(json::value const& o, std::string_view member) {
  auto const* const n = o.find(member);
  return n && n->is_int() ? n->as_int() : 0;
}

std::optional<timestamp> moment_in(json::value const& o, std::string_view member) {
  auto const* const v = o.find(member);
  if (!v || v->is_null()) return std::nullopt;
  auto const t = v->is_string() ? parse_timestamp(v->as_string()) : std::nullopt;
  require(t.has_value(), fault_kind::invalid, std::string(member) + " is a moment like 2026-12-01T08:00:00Z", member);
  return t;
}

// Some of the other's, as long as both hold.
void add(standing& to, std::vector<membership> const& memberships, std::string_view organisation, term const& within, timestamp now) {
  auto const next = [&](term const& t) {
    for (auto const moment : {t.from, t.until}) {
      if (moment > now) to.until = std::min(to.until, moment);
    }
  };
  next(within);
  if (!within.holds(now)) return;
  for (auto const& m : memberships) {
    if (!organisation.empty() && m.organisation != organisation) continue;
    next(m.when);
    if (!m.when.holds(now)) continue;
    to.organisations.push_back(m.organisation);
    to.roles.insert(to.roles.end(), m.roles.begin(), m.roles.end());
  }
}

void make_unique(std::vector<std::string>& v) {
  std::ranges::sort(v);
  v.erase(std::unique(v.begin(), v.end()), v.end());
}

}  // namespace

std::string_view to_text(account::state s) {
  switch (s) {
    case account::state::invited: return "invited";
    case account::state::active: return "active";
    case account::state::disabled: return "disabled";
  }
  return "disabled";
}

term read_term(json::value const& o) {
  auto const t = term{moment_in(o, "from").value_or(timestamp_min), moment_in(o, "until").value_or(timestamp_max)};
  require(t.from < t.until, fault_kind::invalid, "until is later than from", "until");
  return t;
}

void add_term(json::object& o, term const& t) {
  if (t.from != timestamp_min) o.push("from", to_string(t.from));
  if (t.until != timestamp_max) o.push("until", to_string(t.until));
}

json::value to_json(account const& a) {
  auto memberships = json::array(), covers = json::array();
  for (auto const& m : a.memberships) {
    auto o = json::object{{"organisation", m.organisation}, {"roles", texts(m.roles)}};
    add_term(o, m.when);
    memberships.push_back(std::move(o));
  }
  for (auto const& c : a.covers) {
    auto o = json::object{{"whom", c.whom}, {"organisation", c.organisation}, {"reason", c.reason}};
    add_term(o, c.when);
    covers.push_back(std::move(o));
  }
  return json::object{{"id", a.id},
                      {"service", a.is_service},
                      {"state", to_text(a.at)},
                      {"subject", a.subject},
                      {"mail", a.mail},
                      {"name", a.name},
                      {"role", dos::to_text(a.role)},
                      {"password", a.password},
                      {"totp", a.totp},
                      {"totpLast", a.totp_last},
                      {"recovery", texts(a.recovery)},
                      {"memberships", std::move(memberships)},
                      {"covers", std::move(covers)},
                      {"since", to_string(a.since)},
                      {"stamp", a.stamp}};
}

account read_account(json::value const& r) {
  auto a = account();
  a.id = r.text_or("id", "");
  a.is_service = r.find("service") && r.find("service")->as_bool();
  auto const state = r.text_or("state", "");
  a.at = state == "active" ? account::state::active : state == "invited" ? account::state::invited : account::state::disabled;
  a.subject = r.text_or("subject", "");
  a.mail = r.text_or("mail", "");
  a.name = r.text_or("name", "");
  a.role = parse_role(r.text_or("role", "member"));
  a.password = r.text_or("password", "");
  a.totp = r.text_or("totp", "");
  a.totp_last = number_in(r, "totpLast");
  a.recovery = read_texts(r, "recovery");
  if (auto const* const list = r.find("memberships")) {
    for (auto const& m : list->as_array()) a.memberships.push_back({std::string(m.text_or("organisation", "")), read_texts(m, "roles"), read_term(m)});
  }
  if (auto const* const list = r.find("covers")) {
    for (auto const& c : list->as_array()) {
      a.covers.push_back({std::string(c.text_or("whom", "")), std::string(c.text_or("organisation", "")), std::string(c.text_or("reason", "")), read_term(c)});
    }
  }
  a.since = parse_timestamp(r.text_or("since", "")).value_or(timestamp_min);
  a.stamp = r.text_or("stamp", "");
  return a;
}

std::optional<account> find_account(session const& s, std::string_view id) {
  auto const r = s.find_record(account_collection, id);
  return r ? std::optional(read_account(*r)) : std::nullopt;
}

account get_account(session const& s, std::string_view id) {
  auto found = find_account(s, id);
  require(found.has_value(), fault_kind::not_found, "there is no account " + std::string(id));
  return *found;
}

standing standing_of(session const& s, account const& a, timestamp now) {
  auto out = standing();
  add(out, a.memberships, {}, {}, now);
  for (auto const& c : a.covers) {
    auto const other = find_account(s, c.whom);
    if (other) add(out, other->memberships, c.organisation, c.when, now);  // also of who is away or has left
  }
  make_unique(out.organisations);
  make_unique(out.roles);
  return out;
}

}  // namespace dos::people
