#include "capability/people/desk.h"

#include <algorithm>

#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/identity/password_hash.h"
#include "kernel/city/city.h"

namespace dos::people {
namespace {

constexpr auto subject_prefix = std::string_view("urn:ngsi-ld:Person:");
constexpr auto retention = "account";

seal_scope scope_of(session const& s, account const& a) { return {s.city().id(), a.subject, "", retention}; }

std::size_t characters_in(std::string_view utf8) {
  return std::size_t(std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

desk::desk(node const& n)
    : n(n), leaked(read_file(n.resources_directory + "/web/build_server/leaked_passwords.txt")), hash_of_nobody(identity::hash_password("nobody")) {
  if (leaked.size() == 0) log::warning("the list of leaked passwords is missing: build the pages", {});
}

std::string desk::seal(session const& s, account const& a, std::string_view plain) const {
  auto sealed = n.keys->seal(scope_of(s, a), plain);
  n.keys->sync();
  return sealed;
}

std::string desk::unseal(std::string_view sealed) const { return n.keys->unseal(sealed).value_or(""); }

std::optional<account> desk::find_by_subject(session const& s, std::string_view subject) const { return find_account(s, account_of(subject)); }

std::optional<account> desk::find_by_mail(session const& s, std::string_view mail) const {
  for (auto const& subject : n.keys->find(s.city().id(), "mail", mail)) {
    if (auto a = find_by_subject(s, subject)) return a;
  }
  return std::nullopt;
}

void desk::require_good_password(std::string_view password, std::string_view member) const {
  require(characters_in(password) >= password_chars_min, fault_kind::invalid,
          "a password has at least " + std::to_string(password_chars_min) + " characters: a few words are good", member);
  require(password.size() <= password_bytes_max, fault_kind::invalid, "a password has up to 1,024 bytes", member);
  require(!leaked.has(password), fault_kind::invalid, "this password is known from leaks, or nearly one that is: take another", member);
}

json::object desk::describe(account const& a, timestamp now) const {
  auto record = to_json(a);
  auto o = json::object{{"id", a.id},
                        {"name", unseal(a.name)},
                        {"mail", unseal(a.mail)},
                        {"subject", a.subject},
                        {"service", a.is_service},
                        {"state", to_text(a.at)},
                        {"role", dos::to_text(a.role)},
                        {"secondFactor", !a.totp.empty()},
                        {"memberships", *record.find("memberships")},
                        {"covers", *record.find("covers")},
                        {"since", to_string(a.since)}};
  auto holds = json::array();
  for (auto const& m : a.memberships) {
    if (m.when.holds(now)) holds.push_back(m.organisation);
  }
  o.push("organisationsNow", std::move(holds));
  return o;
}

std::string read_mail(json::value const& body) {
  auto const mail = text::lower(text::trim(body.text_or("mail", "")));
  auto const at = mail.find('@');
  auto const is_one = at != mail.npos && at > 0 && at + 1 < mail.size() && mail.size() <= 254 && mail.find('@', at + 1) == mail.npos &&
                      std::ranges::none_of(mail, [](char c) {
                        return static_cast<unsigned char>(c) <= ' ' || std::string_view("<>,;\"").find(c) != std::string_view::npos;
                      });
  require(is_one, fault_kind::invalid, "mail is an address like ada@example.org", "mail");
  return mail;
}

std::string account_of(std::string_view subject) {
  return subject.starts_with(subject_prefix) ? std::string(subject.substr(subject_prefix.size())) : std::string();
}

std::string subject_of(std::string_view account) { return std::string(subject_prefix) + std::string(account); }

}  // namespace dos::people
