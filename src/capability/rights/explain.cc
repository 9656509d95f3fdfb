#include "capability/rights/explain.h"

#include <algorithm>

#include "base/fault.h"
#include "kernel/city/city.h"
#include "kernel/model/view.h"

namespace dos::rights {
namespace {

using model::grant;
using model::reason;

constexpr std::size_t grants_told_max = 200;

json::object words(std::string de, std::string en) { return {{"de", std::move(de)}, {"en", std::move(en)}}; }

std::string quoted(std::string_view s) { return "„" + std::string(s) + "“"; }

grant::verb read_verb(json::value const& question) {
  auto const text = question.text_or("verb", "");
  for (auto const& [name, verb] : {std::pair<std::string_view, grant::verb>{"read", grant::read},
                                   {"create", grant::create},
                                   {"change", grant::change},
                                   {"act", grant::act},
                                   {"administer", grant::administer}}) {
    if (text == name) return verb;
  }
  throw fault(fault_kind::invalid, "the verb is read, create, change, act or administer", "verb");
}

std::vector<std::string> read_texts(json::value const& v, std::string_view name) {
  auto out = std::vector<std::string>();
  auto const* const list = v.find(name);
  if (!list) return out;
  require(list->is_array(), fault_kind::invalid, "a list of texts", "who." + std::string(name));
  for (auto const& one : list->as_array()) {
    require(one.is_string(), fault_kind::invalid, "a list of texts", "who." + std::string(name));
    out.emplace_back(one.as_string());
  }
  return out;
}

// Whom it is about: whoever asks, or somebody with such a role.
principal read_who(session const& s, json::value const& question) {
  auto const* const who = question.find("who");
  if (!who || (who->is_string() && who->as_string() == "me")) return s.who();
  require(s.who().may_administer(), fault_kind::forbidden, "only administrators are told of others", "who");
  require(who->is_object(), fault_kind::invalid, R"("me", or {"role", "subject", "organisations", "roles"})", "who");
  auto p = principal();
  p.role = parse_role(who->text_or("role", "member"));
  p.subject = who->text_or("subject", "");
  p.organisations = read_texts(*who, "organisations");
  p.roles = read_texts(*who, "roles");
  return p;
}

symbol read_attribute(json::value const& question, entity const& e, model::registry const* r) {
  auto const text = question.text_or("attribute", "");
  if (text.empty()) return {};
  for (auto const t : e.types) {
    auto const* const type = r ? r->find(t) : nullptr;
    if (!type) continue;
    for (auto const& a : type->attributes) {
      if (a.term == text) return a.name;
    }
  }
  auto const known = symbol::find(text);
  require(bool(known), fault_kind::invalid, "there is no attribute " + std::string(text), "attribute");
  return known;
}

json::object why(reason const& r, std::string const& attribute) {
  auto const role = quoted(r.to->name);
  if (!r.is_mine) return words("nötig ist die Rolle " + role, "the role " + r.to->name + " is needed");
  if (!r.covers_attribute) return words("die Rolle " + role + " umfasst " + attribute + " nicht", "the role " + r.to->name + " does not include " + attribute);
  if (!r.holds) return words("die Bedingung der Rolle " + role + " trifft hier nicht zu", "the condition of the role " + r.to->name + " does not hold here");
  return words("die Rolle " + role + " erlaubt es", "the role " + r.to->name + " permits it");
}

struct verdict {
  bool allowed = false;
  json::object because;
};

verdict plain_verdict(principal const& who, grant::verb verb, bool is_read) {
  auto const role = std::string(to_text(who.role));
  auto const allowed = verb == grant::read ? is_read : verb == grant::administer ? who.may_administer() : who.may_write();
  return {allowed, words("Für diesen Typ gibt es keine Rechte aus Paketen; die Rolle " + quoted(role) + (allowed ? " genügt." : " genügt nicht."),
                         "No package grants anything on this type: the plain role " + role + (allowed ? " is enough." : " is not enough."))};
}

verdict verdict_of(std::vector<reason> const& all, std::vector<symbol> const& granted, model::registry const* r) {
  for (auto const t : granted) {
    auto const decides = [&](reason const& one) { return one.decides() && one.what->is_on(t); };
    if (std::any_of(all.begin(), all.end(), decides)) continue;
    auto const type = word_of(t, r);
    return {false, words("Kein Recht auf " + type + " erlaubt es.", "No grant on " + type + " permits it.")};
  }
  auto const it = std::find_if(all.begin(), all.end(), [](reason const& one) { return one.decides(); });
  return {true, words("Die Rolle " + quoted(it->to->name) + " erlaubt es (" + it->what->text + ").",
                      "The role " + it->to->name + " permits it (" + it->what->text + ").")};
}

}  // namespace

std::string word_of(symbol iri, model::registry const* r) {
  if (auto const* const type = r ? r->find(iri) : nullptr) return type->term;
  auto const text = iri.text();
  return std::string(text.substr(text.find_last_of("/#:") + 1));
}

json::object explain(session const& s, json::value const& question, timestamp now) {
  require(question.is_object(), fault_kind::invalid, "an object: {who, verb, entity, attribute}");
  auto const verb = read_verb(question);
  auto const who = std::make_shared<principal const>(read_who(s, question));
  auto const id = question.text_or("entity", "");
  require(!id.empty(), fault_kind::invalid, "say of which entity", "entity");
  s.get(id);  // of what one does not see there is nothing to say
  auto const e = s.city().entities().find(id);
  if (!e) throw fault(fault_kind::not_found, "there is no entity " + std::string(id), "entity");
  auto const policy = s.city().policy_of(*who);
  auto const* const models = policy->registry().get();
  auto const attribute = read_attribute(question, *e, models);
  auto const attribute_word = std::string(question.text_or("attribute", ""));
  auto granted = e->types;
  std::erase_if(granted, [&](symbol t) { return !policy->is_granted(t); });

  auto const all = model::reasons({*policy, *who, now}, *e, {.verb = verb, .attribute = attribute, .action = question.text_or("action", "")});
  auto v = verdict();
  if (who->may_administer()) {
    v = {true, words("Die Verwaltung liest alles und schreibt, was das Modell erlaubt.", "Administrators read everything, and write what the model permits.")};
  } else if (granted.empty()) {
    v = plain_verdict(*who, verb, s.city().view_of(who)->reads(*e));
  } else {
    v = verdict_of(all, granted, models);
  }
  auto told = json::array();
  for (auto const& r : all) {
    // Whether what others' roles ask for holds here would tell of what is hidden.
    if (!r.covers_verb || (!r.is_mine && !s.who().may_administer()) || told.size() == grants_told_max) continue;
    told.push_back(json::object{{"role", r.to->name}, {"grant", r.what->text}, {"decides", r.decides()}, {"why", why(r, attribute_word)}});
  }
  return {{"allowed", v.allowed}, {"because", std::move(v.because)}, {"grants", std::move(told)}};
}

}  // namespace dos::rights
